//! The users and the key that signs their tokens, in one SQLite file or in memory. A change of a user
//! is one statement, so it is made whole or not at all.

use std::path::PathBuf;

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, params};

use super::fault::{Answer, Fault};
use super::keys::Keys;
use super::user::User;
use crate::local::private;

/// Who was there first is listed first; a position is never given twice.
const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS users (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    sub TEXT NOT NULL UNIQUE,
    email TEXT NOT NULL UNIQUE COLLATE NOCASE,
    record TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS signing_key (id INTEGER PRIMARY KEY CHECK (id = 1), pkcs8 BLOB NOT NULL) STRICT";

/// The users. Nothing is opened before the first request.
pub(super) struct Store {
    /// `None` keeps everything in memory.
    file: Option<PathBuf>,
    /// The URL of the pool, which tokens name.
    issuer: String,
    connection: Option<Connection>,
    keys: Option<Keys>,
}

impl Store {
    pub(super) const fn new(file: Option<PathBuf>, issuer: String) -> Self {
        Self { file, issuer, connection: None, keys: None }
    }

    /// The URL of the pool.
    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The key that signs tokens, made when it is first needed.
    pub(super) fn keys(&mut self) -> Answer<&Keys> {
        let keys = match self.keys.take() {
            Some(keys) => keys,
            None => Keys::new(&self.pkcs8()?)?,
        };
        Ok(self.keys.insert(keys))
    }

    fn pkcs8(&mut self) -> Answer<Vec<u8>> {
        let connection = self.connection()?;
        let kept = connection.query_row("SELECT pkcs8 FROM signing_key", [], |row| row.get(0)).optional()?;
        if let Some(kept) = kept {
            return Ok(kept);
        }
        let made = Keys::generate()?;
        connection.execute("INSERT INTO signing_key VALUES (1, ?1)", [&made])?;
        Ok(made)
    }

    fn connection(&mut self) -> Answer<&Connection> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.open()?,
        };
        Ok(self.connection.insert(connection))
    }

    fn open(&self) -> Answer<Connection> {
        let connection = match &self.file {
            None => Connection::open_in_memory()?,
            Some(file) => {
                private::prepare_sqlite(file)
                    .map_err(|error| Fault::new("InternalErrorException", error.message()))?;
                let connection = Connection::open(file)?;
                // As for DynamoDB: safe when the process is killed, but not in a power failure.
                connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")?;
                connection
            }
        };
        connection.execute_batch(SCHEMA)?;
        Ok(connection)
    }

    /// The user with this sub or email address.
    pub(super) fn find(&mut self, name: &str) -> Answer<Option<User>> {
        let record: Option<String> = self
            .connection()?
            .prepare_cached("SELECT record FROM users WHERE sub = ?1 OR email = ?1")?
            .query_row([name], |row| row.get(0))
            .optional()?;
        Ok(record.map(|record| serde_json::from_str(&record)).transpose()?)
    }

    /// The same, who must exist.
    pub(super) fn user(&mut self, name: &str) -> Answer<User> {
        self.find(name)?.ok_or_else(|| Fault::new("UserNotFoundException", "User does not exist."))
    }

    /// Adds a user.
    pub(super) fn insert(&mut self, user: &User) -> Answer<()> {
        let insert = "INSERT INTO users (sub, email, record) VALUES (?1, ?2, ?3)";
        self.write(insert, user, "UsernameExistsException")
    }

    /// Replaces a user.
    pub(super) fn update(&mut self, user: &User) -> Answer<()> {
        let update = "UPDATE users SET email = ?2, record = ?3 WHERE sub = ?1";
        self.write(update, user, "AliasExistsException")
    }

    /// Runs a statement with a user's sub, address and record; `if_taken` is the error if another user
    /// has the address.
    fn write(&mut self, statement: &str, user: &User, if_taken: &'static str) -> Answer<()> {
        let record = serde_json::to_string(user)?;
        let mut statement = self.connection()?.prepare_cached(statement)?;
        match statement.execute(params![user.sub(), user.email(), record]) {
            Err(cause) if cause.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                Err(Fault::new(if_taken, "An account with the given email already exists."))
            }
            written => written.map(drop).map_err(Fault::from),
        }
    }

    /// Removes a user.
    pub(super) fn delete(&mut self, user: &User) -> Answer<()> {
        self.connection()?.execute("DELETE FROM users WHERE sub = ?1", [user.sub()])?;
        Ok(())
    }

    /// How many users there are.
    pub(super) fn count(&mut self) -> Answer<i64> {
        Ok(self.connection()?.query_row("SELECT count(*) FROM users", [], |row| row.get(0))?)
    }

    /// At most `limit` users after `position` for whom `wanted` holds, each with its position.
    pub(super) fn after(
        &mut self,
        position: i64,
        limit: usize,
        wanted: impl Fn(&User) -> bool,
    ) -> Answer<Vec<(i64, User)>> {
        let mut statement = self
            .connection()?
            .prepare_cached("SELECT position, record FROM users WHERE position > ?1 ORDER BY position")?;
        let mut rows = statement.query([position])?;
        let mut found = Vec::new();
        while found.len() < limit
            && let Some(row) = rows.next()?
        {
            let user: User = serde_json::from_str(row.get_ref(1)?.as_str().unwrap_or_default())?;
            if wanted(&user) {
                found.push((row.get(0)?, user));
            }
        }
        Ok(found)
    }
}
