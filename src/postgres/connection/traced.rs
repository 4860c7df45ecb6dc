//! Sessions that trace their statements.

use std::io::Cursor;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use futures_util::SinkExt as _;
use tokio_postgres::types::ToSql;
use tokio_postgres::{
    CancelToken, Client, CopyInSink, Error, GenericClient, Row, SimpleQueryMessage, Statement, ToStatement,
    Transaction,
};

use super::connect::Dialer;
use super::failure::Failure;
use super::line::Line;
use super::shown::{cut, shown};
use crate::trace::{Trace, since};

/// The driver's client, or a transaction of it, that traces each statement.
pub(crate) struct Traced<C> {
    inner: C,
    trace: Trace,
    place: Arc<str>,
    line: Arc<Line>,
}

/// An open COPY.
pub(crate) struct Rows {
    sink: Pin<Box<CopyInSink<Cursor<Vec<u8>>>>>,
    sql: String,
    line: Arc<Line>,
}

impl Rows {
    /// Sends some of its rows.
    pub(crate) async fn send(&mut self, rows: Vec<u8>) -> Result<(), Error> {
        let Self { sink, sql, line } = self;
        line.attend(sql, sink.send(Cursor::new(rows))).await
    }

    pub(crate) async fn finish(mut self) -> Result<u64, Error> {
        self.line.attend(&self.sql, self.sink.as_mut().finish()).await
    }
}

/// A statement to run, and its text if it has one.
pub(crate) trait Sql: ToStatement + Sync + Send {
    fn text(&self) -> &str;
}

impl Sql for str {
    fn text(&self) -> &str {
        self
    }
}

impl Sql for String {
    fn text(&self) -> &str {
        self
    }
}

impl Sql for Statement {
    fn text(&self) -> &'static str {
        "EXECUTE"
    }
}

type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

impl<C> Traced<C> {
    pub(crate) fn new(inner: C, trace: Trace, place: &str, line: Line) -> Self {
        Self { inner, trace, place: place.into(), line: Arc::new(line) }
    }

    /// The connection.
    pub(crate) fn line(&self) -> &Line {
        &self.line
    }

    /// Waits for `work`; traces the statement and its row count.
    async fn tell<T>(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
        work: impl Future<Output = Result<T, Error>>,
        rows: impl FnOnce(&T) -> Option<u64>,
    ) -> Result<T, Error> {
        let work = self.line.attend(sql, work);
        if !self.trace.is_on() {
            return work.await;
        }
        let sql = shown(sql);
        self.trace.wire(|| {
            let values =
                parameters.iter().enumerate().map(|(at, value)| format!("\n> ${} = {value:?}", at + 1));
            format!("> {sql}{}", values.collect::<String>())
        });
        let start = Instant::now();
        let result = work.await;
        self.trace.request(|| {
            let outcome = match &result {
                Ok(done) => match rows(done) {
                    None => String::new(),
                    Some(1) => "1 row, ".to_owned(),
                    Some(rows) => format!("{rows} rows, "),
                },
                Err(error) => {
                    format!("{}, ", error.code().map_or("no answer", tokio_postgres::error::SqlState::code))
                }
            };
            format!("PostgreSQL {} at {}: {outcome}{}", cut(&sql), self.place, since(start))
        });
        result
    }
}

impl<C: GenericClient + Sync> Traced<C> {
    pub(crate) async fn query<S: Sql + ?Sized>(
        &self,
        sql: &S,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, Error> {
        let rows = |rows: &Vec<Row>| Some(rows.len() as u64);
        self.tell(sql.text(), parameters, self.inner.query(sql, parameters), rows).await
    }

    pub(crate) async fn query_one<S: Sql + ?Sized>(
        &self,
        sql: &S,
        parameters: Parameters<'_>,
    ) -> Result<Row, Error> {
        self.tell(sql.text(), parameters, self.inner.query_one(sql, parameters), |_| Some(1)).await
    }

    pub(crate) async fn query_opt<S: Sql + ?Sized>(
        &self,
        sql: &S,
        parameters: Parameters<'_>,
    ) -> Result<Option<Row>, Error> {
        let rows = |row: &Option<Row>| Some(u64::from(row.is_some()));
        self.tell(sql.text(), parameters, self.inner.query_opt(sql, parameters), rows).await
    }

    pub(crate) async fn execute<S: Sql + ?Sized>(
        &self,
        sql: &S,
        parameters: Parameters<'_>,
    ) -> Result<u64, Error> {
        self.tell(sql.text(), parameters, self.inner.execute(sql, parameters), |rows| Some(*rows)).await
    }

    /// Begins a COPY. Its rows are not traced.
    pub(crate) async fn copy_in(&self, sql: &str) -> Result<Rows, Error> {
        let sink = self.tell(sql, &[], self.inner.client().copy_in(sql), |_| None).await?;
        Ok(Rows { sink: Box::pin(sink), sql: sql.to_owned(), line: Arc::clone(&self.line) })
    }

    /// Runs one statement; the server refuses several.
    pub(crate) async fn execute_one(&self, sql: &str) -> Result<u64, Error> {
        self.tell(sql, &[], self.inner.client().execute_typed(sql, &[]), |_| None).await
    }

    /// Runs statements without tracing them.
    pub(crate) async fn simple_query(&self, sql: &str) -> Result<Vec<SimpleQueryMessage>, Error> {
        self.line.attend(sql, self.inner.client().simple_query(sql)).await
    }

    /// Prepares a statement. Only its execution is traced.
    pub(crate) async fn prepare(&self, sql: &str) -> Result<Statement, Error> {
        self.line.attend(sql, self.inner.client().prepare(sql)).await
    }

    pub(crate) async fn batch_execute(&self, sql: &str) -> Result<(), Error> {
        self.tell(sql, &[], self.inner.batch_execute(sql), |()| None).await
    }
}

impl Traced<Client> {
    pub(crate) fn cancel_token(&self) -> CancelToken {
        self.inner.cancel_token()
    }

    /// Begins a transaction, which rolls back unless it is committed.
    pub(crate) async fn transaction(&mut self) -> Result<Traced<Transaction<'_>>, Error> {
        let (trace, place) = (self.trace.clone(), Arc::clone(&self.place));
        trace.wire(|| "> BEGIN".to_owned());
        let line = Arc::clone(&self.line);
        let inner = line.attend("START TRANSACTION", self.inner.transaction()).await?;
        Ok(Traced { inner, trace, place, line })
    }
}

impl Traced<Transaction<'_>> {
    pub(crate) async fn commit(self) -> Result<(), Error> {
        let Self { inner, trace, place, line } = self;
        let session = Traced { inner: (), trace, place, line };
        session.tell("COMMIT", &[], inner.commit(), |()| None).await
    }
}

impl Dialer<'_> {
    /// [`Dialer::dial_servers`], traced.
    pub(crate) async fn dial(&self) -> Result<Traced<Client>, Failure> {
        let trace = self.url.trace.clone();
        let start = Instant::now();
        let dialed = self.dial_servers().await;
        trace.request(|| {
            let outcome = if dialed.is_ok() { "" } else { "failed, " };
            format!("PostgreSQL connect at {}: {outcome}{}", self.url, since(start))
        });
        let (client, connection) = dialed?;
        Ok(Traced::new(client, trace, &self.url.to_string(), Line::new(self.url, connection)))
    }
}
