//! What a test has run, and what its world is like, for whoever reads why it failed.
//!
//! libtest keeps what a test prints to itself unless the test fails.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use regex_lite::Regex;

use super::command::{Log, quoted};
use super::stack::{ENCODED_PASSWORD, PASSWORD};
use super::{dynamodb_client, processes_in, runtime};

/// A command that a test has started.
struct Started {
    line: String,
    said: Noted,
}

/// What is known of a command.
#[derive(Clone)]
pub struct Noted(Arc<Mutex<Said>>);

enum Said {
    UnderWay(u32, Log, Log),
    Ended(String, String, String),
}

impl Noted {
    /// The command has ended, in words. Its files are let go: there may be many.
    pub fn ended(&self, how: String, stdout: &Log, stderr: &Log) {
        let mut said = self.0.lock().unwrap();
        if matches!(*said, Said::UnderWay(..)) {
            *said = Said::Ended(how, shortened(&stdout.text()), shortened(&stderr.text()));
        }
    }
}

/// Where a test works.
#[derive(Clone)]
pub struct Place {
    pub folder: PathBuf,
    /// Of a database, if the test has one by now.
    pub url: String,
    pub endpoint: String,
    /// Whether its processes and their logs are its own.
    pub has_processes: bool,
}

#[derive(Default)]
struct Record {
    started: Vec<Started>,
    places: Vec<Place>,
}

thread_local! {
    static RECORD: RefCell<Record> = RefCell::default();
}

/// What the servers that all tests share have said.
static SERVERS: Mutex<Vec<(&str, Log)>> = Mutex::new(Vec::new());

/// Notes a command that this thread's test has started.
pub fn note(command: &Command, pid: u32, stdout: &Log, stderr: &Log) -> Noted {
    show_when_a_test_fails();
    let said = Noted(Arc::new(Mutex::new(Said::UnderWay(pid, stdout.clone(), stderr.clone()))));
    let started = Started { line: line(command), said: said.clone() };
    RECORD.with_borrow_mut(|record| record.started.push(started));
    said
}

/// Notes where this thread's test works from now on.
pub fn enter(place: Place) {
    show_when_a_test_fails();
    RECORD.with_borrow_mut(|record| record.places.push(place));
}

/// The test does not work there any more. Without a place, the test is over: with one
/// thread, the next one has the same record.
pub fn leave(folder: &Path) {
    RECORD.with_borrow_mut(|record| {
        record.places.retain(|place| place.folder != folder);
        if record.places.is_empty() {
            record.started.clear();
        }
    });
}

/// Keeps what a server says that all tests share.
pub fn note_server(name: &'static str, log: Log) {
    SERVERS.lock().unwrap().push((name, log));
}

/// A panic is told of while everything is still as it was.
#[expect(clippy::print_stdout, reason = "libtest shows it if the test fails")]
fn show_when_a_test_fails() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let told = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            told(panic);
            let record = RECORD.with(|record| record.try_borrow_mut().map(|mut record| record.take()));
            if let Ok((started, places)) = record
                && !(started.is_empty() && places.is_empty())
            {
                // On a thread of its own, which may wait for a runtime and may panic.
                let shown = std::thread::spawn(move || shown(&started, &places)).join();
                println!("{}", without_secrets(&shown.unwrap_or_else(|_| "the state cannot be told".into())));
            }
        }));
    });
}

impl Record {
    /// What is told of a failure is not told again of the next one.
    fn take(&mut self) -> (Vec<Started>, Vec<Place>) {
        (std::mem::take(&mut self.started), self.places.clone())
    }
}

fn shown(started: &[Started], places: &[Place]) -> String {
    let mut text = String::new();
    for run in started {
        let (how, stdout, stderr) = match &*run.said.0.lock().unwrap() {
            Said::UnderWay(pid, stdout, stderr) => {
                (format!("process {pid} has not ended"), shortened(&stdout.text()), shortened(&stderr.text()))
            }
            Said::Ended(how, stdout, stderr) => (how.clone(), stdout.clone(), stderr.clone()),
        };
        let _ = writeln!(text, "\n$ {}\n[{how}]", run.line);
        show(&mut text, "stdout", &stdout);
        show(&mut text, "stderr", &stderr);
    }
    for place in places {
        let _ = writeln!(text, "\n--- {} ---", place.folder.display());
        show(&mut text, "files", &files(&place.folder));
        show(&mut text, "PostgreSQL", &in_time(tables(&place.url)));
        show(&mut text, "DynamoDB", &in_time(items(&place.endpoint)));
        if place.has_processes {
            let processes = processes_in(&place.folder);
            let lines: Vec<String> = processes.iter().map(|(pid, line)| format!("{pid} {line}")).collect();
            show(&mut text, "processes", &lines.join("\n"));
            for log in ["stack.log", "postgres.log", "postgres/log"] {
                let said = fs::read_to_string(place.folder.join("data").join(log)).unwrap_or_default();
                show(&mut text, log, &shortened(&said));
            }
        }
    }
    for (name, log) in SERVERS.lock().unwrap().iter() {
        show(&mut text, &format!("the end of what {name} has said"), tail(&log.text()));
    }
    text
}

/// Adds `text` under a heading, if there is any.
fn show(all: &mut String, heading: &str, text: &str) {
    if !text.trim().is_empty() {
        let _ = writeln!(all, "{heading}:\n  {}", text.trim_end().replace('\n', "\n  "));
    }
}

/// The beginning and the end of a long text.
fn shortened(text: &str) -> String {
    const PART: usize = 4_000;
    if text.len() <= 2 * PART {
        return text.to_owned();
    }
    let (head, end) = (text.floor_char_boundary(PART), text.ceil_char_boundary(text.len() - PART));
    format!("{}\n[{} bytes are left out]\n{}", &text[..head], end - head, &text[end..])
}

fn tail(text: &str) -> &str {
    let start = text.trim_end().rmatch_indices('\n').nth(19).map_or(0, |(at, _)| at + 1);
    &text[start..]
}

/// The names in a folder and in those in it, without what PostgreSQL keeps.
fn files(folder: &Path) -> String {
    fn visit(folder: &Path, depth: usize, names: &mut Vec<String>, root: &Path) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            names.push(path.strip_prefix(root).unwrap_or(&path).display().to_string());
            if path.is_dir() && depth > 0 && !path.join("PG_VERSION").exists() {
                visit(&path, depth - 1, names, root);
            }
        }
    }
    let mut names = Vec::new();
    visit(folder, 2, &mut names, folder);
    names.sort();
    names.join("\n")
}

/// What a service says of its state, or that it does not answer.
fn in_time(told: impl Future<Output = Result<String, Box<dyn std::error::Error + Send + Sync>>>) -> String {
    match runtime().block_on(async { tokio::time::timeout(Duration::from_secs(20), told).await }) {
        Ok(Ok(text)) => text,
        Ok(Err(error)) => format!("{error}"),
        Err(_) => "no answer within 20 s".to_owned(),
    }
}

/// The tables of a database and how many rows each has.
async fn tables(url: &str) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    let connection = tokio::spawn(connection);
    // What the test has locked stays locked.
    client.batch_execute("SET statement_timeout = '3s'").await?;
    let names = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables \
                 WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1";
    let mut text = String::new();
    for row in client.query(names, &[]).await? {
        let name: String = row.get(0);
        let count = client.query_one(&format!("SELECT count(*) FROM {name}"), &[]).await;
        let _ = match count {
            Ok(count) => writeln!(text, "{name}: {} rows", count.get::<_, i64>(0)),
            Err(error) => writeln!(text, "{name}: {error}"),
        };
    }
    drop(client);
    let _ = connection.await;
    Ok(text)
}

/// The tables of a DynamoDB, how many items each has, and the first of them.
async fn items(endpoint: &str) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let client = dynamodb_client(endpoint);
    let mut text = String::new();
    for table in client.list_tables().send().await.map_err(|_| "no DynamoDB answers")?.table_names() {
        let mut pages = client.scan().table_name(table).into_paginator().items().send();
        let (mut count, mut first) = (0, Vec::new());
        while let Some(item) = pages.try_next().await? {
            count += 1;
            if count <= 3 {
                first.push(format!("  {item:?}"));
            }
        }
        let _ = writeln!(text, "{table}: {count} items\n{}", first.join("\n"));
    }
    Ok(text)
}

/// The command as one would type it: the folder, the variables that are its own, the words.
fn line(command: &Command) -> String {
    let mut words = Vec::new();
    if let Some(folder) = command.get_current_dir() {
        words.push(format!("cd {};", quoted(&folder.to_string_lossy())));
    }
    for (name, value) in command.get_envs() {
        if let Some(value) = value
            && name != "TZ"
            && std::env::var_os(name).as_deref() != Some(value)
        {
            words.push(format!("{}={}", name.display(), quoted(&value.to_string_lossy())));
        }
    }
    let program = std::iter::once(command.get_program());
    words.extend(program.chain(command.get_args()).map(|word| quoted(&word.to_string_lossy())));
    words.join(" ")
}

/// The text with no password of a URL, no secret key and no token in it.
fn without_secrets(text: &str) -> String {
    let text = text.replace(PASSWORD, "***").replace(ENCODED_PASSWORD, "***");
    let in_url = Regex::new(r"(://[^:/@\s]*:)[^@\s']*@").unwrap().replace_all(&text, "${1}***@").into_owned();
    let variable = Regex::new(r"(\w*(?:PASSWORD|SECRET|TOKEN)\w*=)('[^']*'|[^\s']+)").unwrap();
    variable.replace_all(&in_url, "${1}***").into_owned()
}
