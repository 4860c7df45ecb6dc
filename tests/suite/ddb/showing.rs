//! How conversations look, in a terminal and elsewhere.

use cruddur::output::text::width;
use regex_lite::Regex;

use crate::support::{GROUP, Run, Sandbox, at_a_terminal};

const GET: [&str; 4] = ["ddb", "patterns", "get-conversation", "--utc"];
const LIST: [&str; 4] = ["ddb", "patterns", "list-conversations", "--utc"];

/// A conversation over midnight: time, handle, text.
const TALK: [(&str, &str, &str); 6] = [
    ("2024-02-28T23:58:00Z", "nina", "Are you awake?"),
    ("2024-02-28T23:59:00Z", "nina", "I am."),
    ("2024-02-28T23:59:30+00:00", "oscar", "So am I.\nSince\tthree."),
    ("2024-02-29T00:01:00Z", "oscar", "日本語の本を読んでいるから、眠れない。 👩‍👩‍👧‍👦 🇫🇷"),
    (
        "2024-02-29T00:02:00+00:00",
        "nina",
        "Goodnight, then. See you at the lighthouse in the morning, after breakfast.",
    ),
    ("in the morning", "nina", "\u{1b}[2JWhere are you?"),
];

fn talk() -> Sandbox {
    let sandbox = Sandbox::set_up();
    for (time, handle, said) in TALK {
        let name = if handle == "nina" { "Nina Okafor" } else { "Oscar Lindqvist" };
        sandbox.put(&[
            ("pk", &format!("MSG#{GROUP}")),
            ("sk", time),
            ("message", said),
            ("user_display_name", name),
            ("user_handle", handle),
        ]);
    }
    sandbox
}

/// What `arguments` show in a terminal of so many columns: with and without colour.
fn in_terminal(sandbox: &Sandbox, arguments: &[&str], columns: u16) -> (String, String) {
    let mut command = sandbox.command(arguments);
    command.env("TERM", "xterm-256color");
    let mut script = at_a_terminal(&command, columns);
    let run = Run::of(&mut script).succeeds();
    let shown = run.stdout.replace('\r', "").replace("^D\u{8}\u{8}", "");
    // The rest is for stderr, which is the same terminal.
    let data: Vec<&str> = shown
        .lines()
        .take_while(|line| !line.contains("Warning:") && !line.starts_with("estimated"))
        .collect();
    let shown = data.join("\n");
    let plain = Regex::new("\u{1b}\\[[0-9;]*m").unwrap().replace_all(&shown, "").into_owned();
    (shown, plain)
}

#[test]
fn a_conversation_is_grouped_by_day_and_speaker() {
    let shown = talk().cruddur(GET).succeeds().stdout;
    let expected = "\
Wednesday, 2024-02-28 UTC
Nina Okafor (nina)
  23:58  Are you awake?
  23:59  I am.
Oscar Lindqvist (oscar)
  23:59  So am I.
         Since    three.

Thursday, 2024-02-29 UTC
Oscar Lindqvist (oscar)
  00:01  日本語の本を読んでいるから、眠れない。 👩‍👩‍👧‍👦 🇫🇷
Nina Okafor (nina)
  00:02  Goodnight, then. See you at the lighthouse in the morning, after breakfast.

Date unknown
Nina Okafor (nina)
  in the morning  \\u{1b}[2JWhere are you?
";
    assert_eq!(shown, expected);
}

#[test]
fn a_conversation_is_wrapped_to_the_terminal() {
    let sandbox = talk();
    let (coloured, shown) = in_terminal(&sandbox, &GET, 40);
    let expected = "\
Wednesday, 2024-02-28 UTC
Nina Okafor (nina)
  23:58  Are you awake?
  23:59  I am.
Oscar Lindqvist (oscar)
  23:59  So am I.
         Since    three.

Thursday, 2024-02-29 UTC
Oscar Lindqvist (oscar)
  00:01  日本語の本を読んでいるから、眠
         れない。 👩‍👩‍👧‍👦 🇫🇷
Nina Okafor (nina)
  00:02  Goodnight, then. See you at the
         lighthouse in the morning,
         after breakfast.

Date unknown
Nina Okafor (nina)
  in the morning
         \\u{1b}[2JWhere are you?";
    assert_eq!(shown, expected);
    assert!(coloured.contains("\u{1b}[1mNina Okafor (nina)\u{1b}[0m"), "{coloured:?}");
    assert!(!coloured.contains("\u{1b}[2J"), "{coloured:?}");
    for columns in [20, 57, 100] {
        let (_, shown) = in_terminal(&sandbox, &GET, columns);
        for line in shown.lines().filter(|line| line.starts_with("         ") || line.starts_with("  00:")) {
            assert!(width(line) <= usize::from(columns), "{columns}: {line}");
        }
    }
}

#[test]
fn colour_is_for_terminals_and_for_those_who_insist() {
    let sandbox = talk();
    let escape = '\u{1b}';
    for (variable, forced) in [("CLICOLOR_FORCE", true), ("NO_COLOR", false)] {
        let run = Run::of(sandbox.command(GET).env(variable, "1")).succeeds();
        assert_eq!(run.stdout.contains(escape), forced, "{variable}");
        // Data that another program reads is never coloured.
        let run = Run::of(sandbox.command(GET.iter().chain(&["-o", "json"])).env(variable, "1")).succeeds();
        assert!(!run.stdout.contains(escape), "{variable}");
    }
    let mut command = sandbox.command(GET);
    command.env("NO_COLOR", "1").env("TERM", "xterm-256color");
    let run = Run::of(&mut at_a_terminal(&command, 80));
    assert!(!run.stdout.contains("\u{1b}["), "{:?}", run.stdout);
}

/// An inbox: time, display name, handle, last message.
fn inbox(sandbox: &Sandbox, rows: &[(&str, &str, &str, &str)]) {
    let nina = sandbox.sql("SELECT uuid FROM public.users WHERE handle = 'nina'")[0][0].clone();
    for (time, name, handle, said) in rows {
        sandbox.put(&[
            ("pk", &format!("GRP#{nina}")),
            ("sk", time),
            ("message_group_uuid", GROUP),
            ("message", said),
            ("user_display_name", name),
            ("user_handle", handle),
        ]);
    }
}

#[test]
fn an_inbox_tells_who_when_and_what() {
    let sandbox = Sandbox::set_up();
    let now = jiff::Timestamp::now();
    let ago =
        |minutes| (now - jiff::SignedDuration::from_mins(minutes)).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    // In the middle of the hour and of the day: the test may take its time.
    let (days, hours) = (ago(5 * 24 * 60 + 700), ago(3 * 60 + 30));
    inbox(
        &sandbox,
        &[
            ("2001-02-03T04:05:06Z", "Petra Novak", "petra", "One\nTwo\tthree"),
            (&days, "", "oscar", "日本語の本を読んでいるから、眠れない。👩‍👩‍👧‍👦🇫🇷"),
            (&hours, "Anneliese Margarethe von Hohenstein", "annie", "Short."),
            ("someday", "", "", "Long? Yes, this one is longer than the line that it has got."),
        ],
    );
    let minute = |time: &str| format!("{} {} UTC", &time[..10], &time[11..16]);
    let (days, hours) = (minute(&days), minute(&hours));
    let shown = sandbox.cruddur(LIST).succeeds().stdout;
    let lines: Vec<&str> = shown.lines().collect();
    let first = Regex::new(r"^Petra Novak \(petra\)  \d\d years ago, 2001-02-03 04:05 UTC$").unwrap();
    assert!(first.is_match(lines[0]), "{}", lines[0]);
    assert_eq!(
        lines[1..],
        [
            "  One Two three".to_owned(),
            format!("  {GROUP}"),
            format!("oscar  5 days ago, {days}"),
            "  日本語の本を読んでいるから、眠れない。👩‍👩‍👧‍👦🇫🇷".to_owned(),
            format!("  {GROUP}"),
            format!("Anneliese Margarethe von Hohenstein (annie)  3 h ago, {hours}"),
            "  Short.".to_owned(),
            format!("  {GROUP}"),
            "(unknown)  someday".to_owned(),
            "  Long? Yes, this one is longer than the line that it has got.".to_owned(),
            format!("  {GROUP}"),
        ]
    );

    let (_, shown) = in_terminal(&sandbox, &LIST, 50);
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines[4], "  日本語の本を読んでいるから、眠れない。👩‍👩‍👧‍👦🇫🇷");
    assert_eq!(lines[6], format!("Anneliese Margaret…  3 h ago, {hours}"));
    assert_eq!(lines[10], "  Long? Yes, this one is longer than the line tha…");
    let (_, shown) = in_terminal(&sandbox, &LIST, 30);
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines[4], "  日本語の本を読んでいるから…");
    assert_eq!(lines[5], format!("  {GROUP}"), "what one copies is never cut");
}
