//! Manual pages.

use std::fs;
use std::iter::once;

use crate::support::{Sandbox, names, shown_commands};

#[test]
fn every_command_has_a_page_with_its_examples() {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["man", "--dir", "share/man1"]).succeeds().says("pages to share/man1");
    let folder = sandbox.path().join("share/man1");
    let mut expected = Vec::new();
    for (path, command) in once((String::new(), cruddur::cli::command())).chain(shown_commands()) {
        let name = format!("cruddur {path}").trim_end().replace(' ', "-");
        expected.push(format!("{name}.1"));
        let page = fs::read_to_string(folder.join(format!("{name}.1"))).unwrap();
        assert!(page.contains(&format!(".TH {name} 1")), "{page}");
        assert!(page.contains(".SH SYNOPSIS"), "{page}");
        let examples = command.get_after_help().is_some_and(|help| help.to_string().contains("Examples:"));
        assert_eq!(page.contains(".SH EXAMPLES\n.nf\n# "), examples, "{name}:\n{page}");
    }
    expected.sort();
    assert_eq!(names(&folder), expected);
}

#[test]
fn a_page_can_be_printed() {
    let sandbox = Sandbox::new();
    let run = sandbox.cruddur(["man", "ddb", "patterns", "create-message"]).succeeds();
    assert!(run.stdout.contains(".TH cruddur-ddb-patterns-create-message 1"), "{}", run.stdout);
    // As it is typed: neither dashes nor quotes nor backslashes are made prettier.
    let typed = r"cruddur ddb patterns create\-message \-\-from nina \(aqSee you at the ferry!\(aq \e";
    assert!(run.stdout.contains(typed), "{}", run.stdout);
    assert!(sandbox.cruddur(["man"]).succeeds().stdout.contains(".TH cruddur 1"));
    sandbox.cruddur(["man", "ddb", "scna"]).exits_with(2).says("no command \"scna\"");
    sandbox.cruddur(["man", "__complete"]).exits_with(2);
}
