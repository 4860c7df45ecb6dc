//! `.env` files: what is written is read back, by cruddur and by a shell.

use std::process::Command;

use cruddur::config::{Environment, dotenv_value};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::read::Written;
use crate::support::cases;

/// A value that a variable can have.
fn value() -> impl Strategy<Value = String> {
    prop_oneof!["[^\\x00]{0,12}", "[-'\"\\\\$`#= \\na{}!~é]{0,12}"]
}

#[test]
fn every_value_is_read_back_by_cruddur_and_by_a_shell() {
    let config = cases(1000);
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..config.clone() });
    let values: Vec<String> =
        (0..config.cases).map(|_| value().new_tree(&mut runner).unwrap().current()).collect();
    let lines =
        values.iter().enumerate().map(|(number, value)| format!("v{number}={}\n", dotenv_value(value)));
    let file = Written::new(lines.collect::<String>().as_bytes());

    let environment = Environment::load(Some(&file.path()), false).unwrap();
    for (number, value) in values.iter().enumerate() {
        let read = environment.get(&format!("v{number}")).map_or(String::new(), |setting| setting.value);
        assert_eq!(read, *value, "v{number}");
    }

    let script = format!(
        ". \"$0\"; for n in $(seq 0 {}); do eval 'printf \"%s\\0\" \"$v'$n'\"'; done",
        values.len() - 1
    );
    let shell = Command::new("sh").args(["-euc", &script]).arg(file.path()).output().unwrap();
    assert!(shell.status.success(), "{}", String::from_utf8_lossy(&shell.stderr));
    let read = String::from_utf8(shell.stdout).unwrap();
    let read: Vec<&str> = read.split_terminator('\0').collect();
    assert_eq!(read, values);
}

#[test]
fn values_that_repeat_each_other_do_not_outgrow_memory() {
    let growing = |n: u32| {
        format!("{}={}\n", "A".repeat(n as usize + 1), format!("${}", "A".repeat(n as usize)).repeat(10))
    };
    let lines: String = (1..40).map(growing).collect();
    let file = Written::new(format!("A=xxxxxxxxxx\n{lines}").as_bytes());
    let error = Environment::load(Some(&file.path()), false).unwrap_err();
    assert!(file.error(&error).ends_with(": too long with the values that its $ stand for"), "{error}");
    // In single quotes a $ stands for itself, and a few repetitions are nobody's concern.
    let file = Written::new(format!("A='{}'\nB=\"${{A}}${{A}} ${{A}}\"\n", "$x".repeat(100)).as_bytes());
    let environment = Environment::load(Some(&file.path()), false).unwrap();
    assert_eq!(environment.get("B").unwrap().value.len(), 601);
}

#[test]
fn a_line_is_where_its_variable_begins() {
    let text = "\u{feff}# A=0\n\nA='one\ntwo'\r\n  export B=2\n   \n#\nA=3\nC=\"\n\n\"\nD=4";
    let file = Written::new(text.as_bytes());
    let environment = Environment::load(Some(&file.path()), false).unwrap();
    let place = |name: &str| environment.get(name).unwrap().source.to_string();
    for (name, line) in [("A", 3), ("B", 5), ("C", 9), ("D", 12)] {
        assert!(place(name).ends_with(&format!("input:{line})")), "{}", place(name));
    }
    for (text, line) in [("A=1\n\n# B\nB\nC=", 4), ("A=1\nB='x\n\n", 2), ("A=1\n#\0\nB=2", 2), ("A=1 2", 1)] {
        let file = Written::new(text.as_bytes());
        let error = Environment::load(Some(&file.path()), false).unwrap_err();
        assert_eq!(file.error(&error), format!("input:{line}: not a NAME=value line"), "{text:?}");
    }
}
