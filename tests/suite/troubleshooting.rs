//! docs/troubleshooting.md speaks of messages that there are.

use std::path::Path;

use regex_lite::Regex;

use crate::support::files_below;

#[test]
fn every_message_of_the_page_is_one_of_the_programs() {
    let page = include_str!("../../docs/troubleshooting.md");
    let sources = files_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    // As one text, in which a string that goes on in the next line is whole.
    let text: String = sources.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let text = Regex::new(r"\\\n\s*").unwrap().replace_all(&text, "").into_owned();
    let messages: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    assert!(messages.len() > 30, "{messages:?}");
    for message in messages {
        let words = message.strip_prefix('`').and_then(|rest| rest.strip_suffix('`'));
        let words = words.unwrap_or_else(|| panic!("a heading is a message in backticks: {message}"));
        let fragments: Vec<String> = words
            .split('…')
            .filter(|part| part.chars().any(char::is_alphabetic))
            .map(regex_lite::escape)
            .collect();
        // What stands for the … is in braces, a few words long at most.
        let pattern = fragments.join(r"[^\n]{0,60}?").replace("DynamoDB at", r"(?:DynamoDB|\{service\}) at");
        let found = Regex::new(&pattern).unwrap().is_match(&text);
        assert!(found, "no message says: {message}");
    }
}
