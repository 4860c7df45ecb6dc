//! Every example of the README and of the tour, run as it stands.

use std::path::Path;

use regex_lite::Regex;

use crate::support::{COGNITO_ENDPOINT, Run, World};

/// A command of a `console` block, and what the page says that it prints.
struct Example {
    line: usize,
    command: String,
    output: Vec<String>,
}

#[test]
fn every_example_of_the_readme_runs_and_prints_what_it_says() {
    run("README.md", include_str!("../../README.md"), 16);
}

#[test]
fn every_example_of_the_tour_runs_and_prints_what_it_says() {
    run("docs/tour.md", include_str!("../../docs/tour.md"), 38);
}

/// Runs the examples of a page, of which there are `count`, in a world of their own.
fn run(name: &str, page: &str, count: usize) {
    let examples = examples(page);
    assert_eq!(examples.len(), count, "{name}");
    let mut world = World::new();
    world.set_url("postgres", "password", "cruddur");
    for example in &examples {
        let run = shell(&world, &example.command);
        let said: Vec<String> = run.stdout.lines().map(normal).collect();
        let mut expected: Vec<String> = example.output.iter().map(|line| normal(line)).collect();
        let mut compared = said.as_slice();
        // "..." stands for the rest.
        if expected.last().is_some_and(|line| line == "...") {
            expected.pop();
            compared = &said[..said.len().min(expected.len())];
        }
        assert_eq!(compared, expected, "{name}:{}: {}", example.line, example.command);
    }
}

/// An example's command, in a shell, with `cruddur` on the PATH.
fn shell(world: &World, command: &str) -> Run {
    let folder = Path::new(env!("CARGO_BIN_EXE_cruddur")).parent().unwrap();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let mut shell = world.command_of("sh", ["-c", &format!("{{ {command}\n}} 2>&1")]);
    // Always in the middle of a day: no conversation goes on over midnight.
    let hour = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).hour();
    shell
        .env("TZ", format!("LOC{:+}", hour - 12))
        .env("PATH", path)
        .env("AWS_ENDPOINT_URL_DYNAMODB", format!("http://localhost:{}", world.dynamodb_port))
        .env(COGNITO_ENDPOINT, format!("http://localhost:{}", world.cognito_port));
    Run::of(&mut shell)
}

fn examples(readme: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let mut inside = false;
    for (index, line) in readme.lines().enumerate() {
        if let Some(fence) = line.strip_prefix("```") {
            inside = fence == "console";
        } else if inside {
            match line.strip_prefix("$ ") {
                Some(command) => examples.push(Example {
                    line: index + 1,
                    command: command.to_owned(),
                    output: Vec::new(),
                }),
                None => examples.last_mut().unwrap().output.push(line.to_owned()),
            }
        }
    }
    examples
}

/// A line without what differs from run to run: ports, times and generated uuids.
fn normal(line: &str) -> String {
    let rules = [
        (r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}\+00:00", "TIMESTAMP"),
        (r"(just now|\d+ min ago), \d{4}-\d{2}-\d{2} \d{2}:\d{2}", "TIME"),
        (r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}", "TIME"),
        (r"^\w+day, \d{4}-\d{2}-\d{2}$", "DAY"),
        (r"^  \d{2}:\d{2}  ", "  CLOCK  "),
        (r"others: --year \d{4} ", "others: --year YEAR "),
        (r"--cursor [\w-]+$", "--cursor TOKEN"),
        (r"(localhost|127\.0\.0\.1):\d+", "$1:PORT"),
        (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID"),
    ];
    rules.iter().fold(line.to_owned(), |line, (pattern, replacement)| {
        Regex::new(pattern).unwrap().replace_all(&line, *replacement).into_owned()
    })
}
