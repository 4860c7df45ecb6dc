//! Each parser by the library, and what it makes of an input in words.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use cruddur::archive::{Change, ImportCheckpoint, KeyPart, Reading, Source};
use cruddur::config::{Environment, Setting, Source as From, Target};
use cruddur::dynamodb::Item;
use cruddur::dynamodb::item::expression::{Condition, Placeholders, Projection};
use cruddur::dynamodb::item::json::{Problem, Typed, plain_item, plain_value, typed_item};
use cruddur::dynamodb::streams::{Checkpoint, Saved};
use cruddur::error::Error;
use cruddur::messages_table::{Direction, MessagesTable, Span};
use cruddur::messaging::{Timestamp, Transcript};
use cruddur::postgres::{ConnectionUrl, Script, expand, split};
use tempfile::TempDir;

use crate::support::{GROUP, TABLE, scratch, store_at};

/// What an input means, or why it means nothing.
pub type Outcome = Result<String, String>;

/// A file with this input, in a folder that goes with it. Its name is `input`.
pub struct Written {
    folder: TempDir,
}

impl Written {
    pub fn new(input: &[u8]) -> Self {
        let folder = scratch();
        std::fs::write(folder.path().join("input"), input).unwrap();
        Self { folder }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("input")
    }

    /// An error of its, without the folder.
    pub fn error(&self, error: &Error) -> String {
        error.message().replace(&format!("{}/", self.folder.path().display()), "")
    }
}

fn lines(lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().flat_map(|line| [line, "\n".to_owned()]).collect()
}

pub fn transcript(input: &[u8]) -> Outcome {
    match Transcript::parse(&String::from_utf8_lossy(input)) {
        Ok(read) => Ok(lines(read.lines().iter().map(|line| format!("{:?}: {:?}", line.person, line.text)))),
        Err(error) => Err(error.line.map_or(String::new(), |line| format!("line {line}: ")) + error.why),
    }
}

/// The values of psql's variables.
fn value_of(name: &str) -> Option<String> {
    match name {
        "unset" => None,
        "n" => Some("7".to_owned()),
        "twice" => Some(":'n' :'n'".to_owned()),
        "loops" => Some(":loops".to_owned()),
        name => Some(format!("{name}'s")),
    }
}

pub fn sql(input: &[u8]) -> Outcome {
    let script =
        Script::parse("input", input.to_vec(), &value_of).map_err(|error| error.message().to_owned())?;
    Ok(lines(script.statements().iter().map(|statement| format!("{statement:?}"))))
}

pub fn variables(input: &[u8]) -> Outcome {
    let text = String::from_utf8_lossy(input);
    let expanded = expand(text.clone().into_owned(), &value_of);
    assert_eq!(expanded.original(), text);
    if let Some(error) = expanded.error() {
        return Err(format!("at byte {}: {}", error.at, error.message));
    }
    let unset =
        expanded.unset().iter().map(|unset| format!("at byte {}: {} is not set", unset.at, unset.name));
    let cut = match split(expanded.sql()) {
        Ok(statements) => format!("{} statements", statements.len()),
        Err(error) => format!("at byte {}: {}", expanded.origin(error.at), error.message),
    };
    Ok(format!("{}\n{}{cut}", expanded.sql(), lines(unset)))
}

pub fn url(input: &[u8]) -> Outcome {
    let value = String::from_utf8_lossy(input).trim_end_matches('\n').to_owned();
    let setting = Setting { value, source: From::Variable("CONNECTION_URL".to_owned()) };
    let url = ConnectionUrl::parse(&setting, Target::Local).map_err(|error| error.message().to_owned())?;
    let (user, password) = (url.user(), url.password().unwrap_or_default());
    assert!(password.len() < 4 || !url.to_string().contains(password) || url.database().contains(password));
    Ok(format!("user {user:?}\npassword {password:?}\n{url}"))
}

/// Values only of names that no environment has, and no library reads.
pub fn env(input: &[u8]) -> Outcome {
    let file = Written::new(&quiet(input));
    let environment = Environment::load(Some(&file.path()), false).map_err(|error| file.error(&error))?;
    Ok(lines(environment.in_file().map(|name| match environment.get(name) {
        Some(Setting { value, source: From::EnvFile(_, _, line) }) => format!("{line}: {name}={value:?}"),
        _ => format!("{name} is empty"),
    })))
}

/// Without names that the process would get: other tests are under way in it.
fn quiet(input: &[u8]) -> Vec<u8> {
    let mut quiet = input.to_vec();
    for name in ["AWS_", "CLICOLOR", "NO_COLOR", "TZ"] {
        while let Some(at) = quiet.windows(name.len()).position(|part| part == name.as_bytes()) {
            quiet[at] = b'q';
        }
    }
    quiet
}

pub fn timestamp(input: &[u8]) -> Outcome {
    let text = String::from_utf8_lossy(input);
    let time: Timestamp = text.trim_end_matches('\n').parse().map_err(|_| "no time".to_owned())?;
    assert_eq!(time.to_string().parse::<Timestamp>().ok(), Some(time));
    Ok(time.to_string())
}

/// For the group of the seed, in a table that is not asked.
pub fn cursor(input: &[u8]) -> Outcome {
    let table = MessagesTable::new(&store_at(1), TABLE);
    let token = String::from_utf8_lossy(input);
    let span = Span { cursor: Some(&token), ..Span::default() };
    let timeline = table.messages(GROUP.parse().unwrap(), Direction::Backward, span);
    let timeline = timeline.map_err(|error| error.message().to_owned())?;
    Ok(format!("flags {:?}, exact: {}", timeline.flags(), timeline.is_exact()))
}

/// As a file of each kind. What they have in common: JSON, or an error with a line.
pub fn checkpoint(input: &[u8]) -> Outcome {
    const ARN: &str =
        "arn:aws:dynamodb:us-east-1:000000000000:table/cruddur-messages/stream/2026-11-22T00:00:00.000";
    let file = Written::new(input);
    let said = |error: Error| file.error(&error);
    let stream = match Checkpoint::peek(&file.path()).and_then(|checkpoint| checkpoint.load(ARN)) {
        // It is too old in any case.
        Ok(Saved::Here { positions, .. }) => Ok(format!("stream: {positions:?}")),
        Ok(saved) => Ok(format!("stream: {saved:?}")),
        Err(error) => Err(said(error)),
    };
    std::fs::rename(file.path(), file.path().with_extension("json")).unwrap();
    let folder = file.path().parent().map(Path::to_owned).unwrap();
    match ImportCheckpoint::of(&folder, "input", true) {
        Ok(ImportCheckpoint { saved: Some(saved), .. }) => Ok(format!("import: {saved:?}")),
        _ => stream,
    }
}

pub fn item(input: &[u8]) -> Outcome {
    let plain = plain_item(input, true)
        .map(|item| format!("plain: {}", serde_json::to_string(&Typed(&item)).unwrap()));
    let _ = plain_value(&String::from_utf8_lossy(input));
    let read = match typed_item(input) {
        Ok(item) => Ok(format!("typed: {}", serde_json::to_string(&Typed(&item)).unwrap())),
        Err(typed) if typed.message.contains("typed") => plain,
        Err(typed) => Err(typed),
    };
    read.map_err(|Problem { line, message }| format!("line {line}: {message}"))
}

pub fn expression(input: &[u8]) -> Outcome {
    let text = String::from_utf8_lossy(input).trim_end_matches('\n').to_owned();
    let mut placeholders = Placeholders::default();
    let _ = text
        .parse::<Projection>()
        .map(|paths| paths.write(&mut placeholders))
        .map_err(|error| error.to_string());
    let mut placeholders = Placeholders::default();
    let condition: Condition =
        text.parse().map_err(|error: cruddur::dynamodb::item::expression::SyntaxError| error.to_string())?;
    Ok(condition.write(&mut placeholders))
}

/// The key of the messages table.
pub fn key() -> Vec<KeyPart> {
    ["pk", "sk"].map(|name| KeyPart { name: name.to_owned(), kind: "S".to_owned() }).into()
}

pub fn archive(input: &[u8]) -> Outcome {
    let file = Written::new(input);
    let mut text = String::new();
    let json = |item: &Item| serde_json::to_string(&Typed(item)).unwrap();
    let read = Source::open(&file.path()).and_then(|source| {
        source.read(&Reading { key: key(), ..Reading::default() }, |entry| {
            let (place, line) = (
                entry.place(),
                match &entry.change {
                    Change::Put(item) => format!("put {}", json(item)),
                    Change::Delete(key) => format!("delete {}", json(key)),
                },
            );
            let _ = writeln!(text, "{}: {line}", place.rsplit_once(':').unwrap().1);
            Ok(true)
        })
    });
    let read = read.map_err(|error| text.clone() + &file.error(&error))?;
    Ok(format!("{text}{:?}, counted: {}, more: {}", read.format, read.is_counted, read.has_more))
}
