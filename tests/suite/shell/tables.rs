//! Tables in terminals that are narrow.

use cruddur::output::text::width;

use crate::support::{Run, Sandbox, at_a_terminal};

fn lines(sandbox: &Sandbox, words: &[&str], columns: u16) -> Vec<String> {
    let run = Run::of(&mut at_a_terminal(&sandbox.command(words), columns)).succeeds();
    run.stdout.replace('\r', "").lines().map(ToOwned::to_owned).collect()
}

#[test]
fn text_that_would_be_squeezed_goes_below_its_row() {
    let sandbox = Sandbox::seeded();
    let words = ["ddb", "explain", "list-conversations", "-q"];
    for columns in [50, 60, 70] {
        let lines = lines(&sandbox, &words, columns);
        let from = lines.iter().position(|line| line.starts_with("WAY ")).expect("a table");
        let table = &lines[from..];
        // What one copies is whole, however wide that is.
        let text = table.iter().filter(|line| columns == 70 || line.starts_with("    "));
        assert!(text.clone().all(|line| width(line) <= columns.into()), "{table:#?}");
        let row = table.iter().position(|line| line.starts_with("the app ")).unwrap();
        assert_eq!(table[row + 1], "    eventually consistent", "{table:#?}");
        assert!(!table[0].contains('…'), "a header that is there is whole: {}", table[0]);
    }
    // With room enough it is a column like any other.
    let lines = lines(&sandbox, &words, 200);
    let row = lines.iter().find(|line| line.starts_with("the app ")).unwrap();
    assert!(row.ends_with("eventually consistent"), "{row}");
}

#[test]
fn rows_of_tables_that_cut_stay_one_line_however_narrow() {
    let sandbox = Sandbox::seeded();
    for columns in [40, 80, 120] {
        let lines = lines(&sandbox, &["ddb", "scan", "--limit", "5", "-q"], columns);
        assert_eq!(lines.len(), 6, "{lines:#?}");
        assert!(lines.iter().all(|line| width(line) <= columns.into()), "{lines:#?}");
    }
}
