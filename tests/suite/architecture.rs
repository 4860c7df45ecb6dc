//! The shape of `src/`, and the page about it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use crate::support::{commands, files_below, names};

/// What one can read in a sitting.
const MAX_LINES: usize = 400;
/// Files of a folder, beside its subfolders.
const MAX_FILES: usize = 15;

/// What `scripts/arrows.py` prints.
fn arrows(arguments: &[&str]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/arrows.py");
    let output = Command::new("python3").arg(script).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_picture_of_the_modules_is_that_of_the_code() {
    let page = include_str!("../../docs/architecture.md");
    let (_, rest) = page.split_once("```mermaid\n").unwrap();
    let (picture, _) = rest.split_once("```").unwrap();
    assert_eq!(picture, arrows(&[]), "paste what scripts/arrows.py prints into docs/architecture.md");
    assert!(picture.contains("commands --> archive"), "{picture}");
}

#[test]
fn the_page_lists_every_module() {
    let page = include_str!("../../docs/architecture.md");
    let (_, rest) = page.split_once("```text\n").unwrap();
    let (list, _) = rest.split_once("```").unwrap();
    let first_word = |line: &str| line.split(' ').next().unwrap().trim_end_matches('/').to_owned();
    let mut listed: Vec<String> = list.lines().map(first_word).filter(|word| !word.is_empty()).collect();
    listed.sort();
    assert_eq!(listed, names(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")));
}

#[test]
fn no_files_depend_on_each_other_in_a_circle() {
    assert_eq!(arrows(&["--circle"]), "");
}

#[test]
fn only_the_commands_know_flags_and_commands() {
    let commands = commands();
    let flags =
        commands.iter().flat_map(|(_, command)| command.get_arguments().filter_map(clap::Arg::get_long));
    // PostgreSQL's programs have these too.
    let flags = flags.filter(|flag| !["help", "version"].contains(flag)).map(|flag| format!("--{flag}"));
    let words: BTreeSet<String> =
        commands.iter().map(|(path, _)| format!("cruddur {path}")).chain(flags).collect();
    assert!(words.contains("--measure") && words.contains("cruddur ddb scan"), "{words:?}");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let is_whole = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || "-_".contains(c));
    for file in files_below(&source) {
        // `config` says where a setting comes from, and a flag is such a place.
        if ["commands", "config", "cli.rs"].iter().any(|above| file.starts_with(source.join(above))) {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            let named = |word: &&String| {
                line.match_indices(word.as_str()).any(|(at, _)| is_whole(&line[at + word.len()..]))
            };
            let found: Vec<&String> = words.iter().filter(named).collect();
            assert!(
                found.is_empty(),
                "{}: {line}\nnames {found:?}, which is for src/commands/hints.rs",
                file.display()
            );
        }
    }
}

#[test]
fn files_and_folders_can_be_taken_in() {
    let mut folders: BTreeMap<_, usize> = BTreeMap::new();
    let files = files_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    assert!(files.len() > 200, "{}", files.len());
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "rs")) {
        let lines = std::fs::read_to_string(file).unwrap().lines().count();
        assert!(lines <= MAX_LINES, "{} has {lines} lines", file.display());
        *folders.entry(file.parent().unwrap().to_owned()).or_default() += 1;
    }
    let full: Vec<_> = folders.iter().filter(|(_, files)| **files > MAX_FILES).collect();
    assert!(full.is_empty(), "{full:?}");
}
