//! What the commands print, kept for a reviewer to read: in files of
//! `tests/suite/snapshots`, with what differs from run to run filtered out here.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use regex_lite::{Captures, Regex};

use super::command::quoted;
use super::{ENCODED_PASSWORD, Run, names};

/// The variables that a test sets, and nobody types.
const AMBIENT: &[&str] = &[
    "AWS_ACCESS_KEY_ID",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_ENDPOINT_URL_EC2",
    "AWS_SECRET_ACCESS_KEY",
    "CRUDDUR_DATA_DIR",
    "CRUDDUR_POSTGRES_BINDIR",
    "HOME",
    "PATH",
    "TMPDIR",
    "TZ",
];

/// A folder of snapshots, all of them made by one test.
pub struct Book {
    folder: PathBuf,
    pages: BTreeSet<String>,
    different: Vec<String>,
}

/// Command lines, and what came of them.
#[derive(Default)]
pub struct Page {
    text: String,
    seen: Seen,
    /// The data of the last run.
    data: String,
}

impl Book {
    pub fn open(folder: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/snapshots").join(folder);
        Self { folder, pages: BTreeSet::new(), different: Vec::new() }
    }

    /// Compares `text` with the file `name`. What differs is shown, and fails at the end.
    pub fn text(&mut self, name: &str, text: &str) {
        assert!(self.pages.insert(name.to_owned()), "{name} is taken");
        let mut settings = insta::Settings::new();
        settings.set_snapshot_path(&self.folder);
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        let compare = || settings.bind(|| insta::assert_snapshot!(name, text));
        if catch_unwind(AssertUnwindSafe(compare)).is_err() {
            self.different.push(name.to_owned());
        }
    }

    /// The same with what was run.
    pub fn page(&mut self, name: &str, page: &Page) {
        self.text(name, &page.text);
    }

    /// Fails if a page was different, or if there is one that nobody writes any more.
    #[track_caller]
    pub fn close(self) {
        assert!(self.different.is_empty(), "different from {}: {:?}", self.folder.display(), self.different);
        let files = names(&self.folder);
        let kept: BTreeSet<String> =
            files.iter().filter_map(|name| name.strip_suffix(".snap")).map(ToOwned::to_owned).collect();
        assert_eq!(kept, self.pages, "the files in {}, and the pages of the test", self.folder.display());
    }
}

impl Page {
    /// Runs `command`, and writes down what it prints.
    pub fn run(&mut self, command: &mut Command) -> Run {
        let run = Run::of(command);
        self.record(&variables(command), &run);
        run
    }

    /// Writes down what has run, and hands it back.
    pub fn add(&mut self, run: Run) -> Run {
        self.record("", &run);
        run
    }

    /// Compares what was run with the file of this name, `runs/FILE/TEST`.
    #[track_caller]
    pub fn matches(&self, name: &str) {
        let (folder, name) = name.rsplit_once('/').expect("a folder");
        let mut book = Book::open(folder);
        book.page(name, self);
        assert!(book.different.is_empty(), "different from the snapshot: {name}");
    }

    fn record(&mut self, variables: &str, run: &Run) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        let command = format!("$ {variables}{}\n", run.command);
        self.text.push_str(&self.seen.filter(&command));
        let data = self.seen.filter(&run.stdout);
        match repetition(&self.data, &data) {
            Some(words) => writeln!(self.text, "--- {words}").unwrap(),
            None => push(&mut self.text, &data),
        }
        self.data = data;
        if !run.stderr.is_empty() {
            self.text.push_str("--- stderr\n");
            push(&mut self.text, &self.seen.filter(&run.stderr));
        }
        if run.code != 0 {
            writeln!(self.text, "--- exit code {}", run.code).unwrap();
        }
    }
}

/// Says how `data` repeats what was printed before, if it does. Both are filtered: what differs from
/// run to run may be equal by chance.
fn repetition(before: &str, data: &str) -> Option<&'static str> {
    if data.is_empty() {
        return None;
    }
    let lines: Vec<&str> = before.lines().collect();
    let records = match lines.as_slice() {
        [_, records @ .., _] => records.iter().map(|line| line.strip_suffix(',').unwrap_or(line)).collect(),
        _ => Vec::new(),
    };
    if data == before {
        Some("the same as above")
    } else if data.ends_with('\n') && data.lines().eq(records.iter().copied()) {
        Some("the records above, one a line")
    } else {
        None
    }
}

/// A stream, whose end can be seen.
fn push(text: &mut String, stream: &str) {
    text.push_str(stream);
    if !stream.is_empty() && !stream.ends_with('\n') {
        text.push_str("\n--- no line ends here\n");
    }
}

/// The variables that one would type before the command.
fn variables(command: &Command) -> String {
    let variables = command.get_envs().filter_map(|(name, value)| {
        let (name, value) = (name.to_str().unwrap(), value?.to_str().unwrap());
        // The shared server is in nobody's command line, nor is a sandbox that has no user pool.
        let is_ambient = AMBIENT.contains(&name) || (name, value) == ("AWS_COGNITO_USER_POOL_ID", "");
        let is_typed = !is_ambient && !value.contains(ENCODED_PASSWORD);
        is_typed.then(|| format!("{name}={} ", quoted(value)))
    });
    variables.collect()
}

/// What differs from run to run, and what stands for it: as wide, so that tables keep their
/// columns, and with a number where it matters which is which.
#[derive(Default)]
struct Seen {
    values: HashMap<&'static str, Vec<String>>,
}

/// uuids that are the same in each run.
const FIXED: &[&str] = &[
    "00000000-0000-4000-8000-",
    "0b7f4a52-6d0c-4c8e-9d53-7a1f2e9c4b10",
    "20b3b6f7-c8bb-4623-a2c5-159b3940ae52",
    "21d15e52-31e9-4d96-9895-eaa0e12f3f0e",
    "264ac1ec-36e6-409c-8b84-f83878b9fa2d",
    "5ae290ed-55d1-47a0-bc6d-fe2bc2700399",
];

/// What is volatile, and where: what is named `value`, and nothing around it.
const FILTERS: &[(&str, &str)] = &[
    (":year", r":year\x22:\s*\{\s*\x22S\x22:\s*\x22(?<value>\d{4})\x22"),
    ("folder", r"(?<value>/[^\s:'\x22]*/\.tmp[A-Za-z0-9]{6})\b"),
    ("database", r"\btest_(?<value>[0-9a-f]{32})"),
    ("uuid", r"\b(?<value>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b"),
    ("port", r"(?:localhost|127\.0\.0\.1)[-:](?<value>\d{5})\b"),
    ("port", r"\bport (?<value>\d{5})\b"),
    ("port", r"\x22(?:asked|port)\x22:(?<value>\d{5})\b"),
    ("port", r"-port=(?<value>\d{5})\b"),
    ("second", r"\b(?<value>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.000000\+00:00"),
    ("time", r"\b(?<value>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6})\+00:00"),
    ("second", r"\b(?<value>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\b"),
    ("minute", r"\b(?<value>\d{4}-\d\d-\d\d \d\d:\d\d)\b"),
    ("years", r"\b(?<value>\d\d?) years ago\b"),
    ("pid", r"\x22pid\x22:(?<value>\d+)"),
    ("pid", r"\(process (?<value>\d+)\)"),
    ("PID column", r"(?<value>PID +)USER\b"),
    ("pid column", r"\n(?<value>\d+ +)cruddurroot\b"),
    ("age column", r" idle +(?<value>\d+s +)\b"),
    ("age", r"\x22age_seconds\x22:(?<value>\d+\.\d+(?:e-\d+)?)"),
    ("clock", r"clock (?<value>[+-]\d+\.\d{3}) s\b"),
    ("clock", r"\x22clock_difference_seconds\x22:(?<value>-?\d+(?:\.\d+)?(?:e-?\d+)?)"),
    ("server", r"\bPostgreSQL (?<value>\d+(?:\.\d+)?)"),
    ("programs", r"\bPostgreSQL <server> from (?<value>/[^\s\x22]+)"),
    ("programs", r"\x22postgres_folder\x22:\x22(?<value>[^\x22]+)\x22"),
    ("version", r"\bversion (?<value>\d+\.\d+\.\d+)\b"),
    ("version", r"version\x22:\x22(?<value>\d+(?:\.\d+)+)\x22"),
    ("label", r"\bstream/(?<value>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})\b"),
    ("label", r"\x22label\x22:\x22(?<value>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})\x22"),
    ("shard", r"\bshardId-(?<value>\d{20}-[0-9a-f]{8})\b"),
    ("sequence", r"\b(?<value>\d{21})\b"),
    ("size", r"\bseeded\b.* (?<value>\d+) MiB\b"),
    ("bytes", r"\x22bytes\x22:(?<value>\d{8})\b"),
    // Refused: 111 on Linux, 61 on macOS.
    ("errno", r"\(os error (?<value>111|61)\)"),
    ("sha256", r"\x22sha256\x22:\x22(?<value>[0-9a-f]{64})\x22"),
    ("rule", r"\bsgr-(?<value>[0-9a-f]{17})\b"),
    ("group", r"\bsg-(?<value>[0-9a-f]{17})\b"),
    ("epoch", r"\x22(?:auth_time|exp|iat)\x22:(?<value>\d{10})\b"),
    ("key", r"\x22key\x22:\x22(?<value>[A-Za-z0-9_-]{43})\x22"),
    ("key", r"hh:mm  (?<value>[A-Za-z0-9_-]{43})\n"),
    ("pool", r"\b[a-z]+-[a-z]+-\d_(?<value>[0-9a-f]{32})\b"),
];

impl Seen {
    fn filter(&mut self, text: &str) -> String {
        const PROGRAM: &str = env!("CARGO_BIN_EXE_cruddur");
        static WITHOUT_LINKS: OnceLock<String> = OnceLock::new();
        static REGEXES: OnceLock<Vec<(&str, Regex)>> = OnceLock::new();
        let compiled = || FILTERS.iter().map(|(kind, regex)| (*kind, Regex::new(regex).unwrap())).collect();
        // It names itself by the path without links.
        let without_links = WITHOUT_LINKS
            .get_or_init(|| Path::new(PROGRAM).canonicalize().unwrap().to_str().unwrap().to_owned());
        let mut text = text.replace(PROGRAM, "<cruddur>").replace(without_links, "<cruddur>");
        // Said after three seconds: a busy machine may take that long.
        text = text.split_inclusive('\n').filter(|line| !line.starts_with("still waiting for ")).collect();
        for (kind, regex) in REGEXES.get_or_init(compiled) {
            let replaced = regex.replace_all(&text, |found: &Captures<'_>| {
                let value = found.name("value").unwrap();
                let (whole, start) = (found.get(0).unwrap(), value.start() - found.get(0).unwrap().start());
                let mut whole = whole.as_str().to_owned();
                if let Some(stand_in) = self.stand_in(kind, value.as_str()) {
                    whole.replace_range(start..start + value.len(), &stand_in);
                }
                whole
            });
            text = replaced.into_owned();
        }
        text
    }

    /// What stands for a value of this kind; `None` for what is always the same.
    fn stand_in(&mut self, kind: &'static str, value: &str) -> Option<String> {
        let is_volatile = match kind {
            "uuid" => !FIXED.iter().any(|fixed| value.starts_with(fixed)),
            "time" | "second" | "minute" => is_recent(value),
            _ => true,
        };
        if !is_volatile {
            return None;
        }
        let seen = self.values.entry(kind).or_default();
        let number = seen.iter().position(|known| known == value).unwrap_or_else(|| {
            seen.push(value.to_owned());
            seen.len() - 1
        }) + 1;
        Some(match kind {
            "uuid" => format!("{number:08}-uuid-uuid-uuid-uuiduuiduuid"),
            "database" | "rule" | "group" | "label" | "pool" => {
                format!("{number:0>width$}", width = value.len())
            }
            "sequence" => format!("sequence{number:0>13}"),
            "port" => format!("port{number}"),
            "time" => format!("yyyy-mm-ddThh:mm:ss.ffff{number:02}"),
            "second" => "yyyy-mm-dd hh:mm:ss".replace(' ', &value[10..11]),
            "minute" => "yyyy-mm-dd hh:mm".to_owned(),
            "PID column" => "PID    ".to_owned(),
            "pid column" => "<pid>  ".to_owned(),
            "age column" => format!("{:<width$}", "N", width = value.len()),
            "years" => "N".to_owned(),
            other => format!("<{other}>"),
        })
    }
}

/// Whether a time is of this run: within two days of now.
fn is_recent(time: &str) -> bool {
    let time: jiff::civil::DateTime = time.parse().unwrap();
    let time = time.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
    let distance = time.duration_since(jiff::Timestamp::now()).abs();
    distance < jiff::SignedDuration::from_hours(48)
}
