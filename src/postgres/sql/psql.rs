//! Rejects psql's own commands, which are not SQL, and says what to do instead.

use super::lexer::SyntaxError;
use super::variables::is_variable_name;
use crate::error::{Hint, Reason};

/// The error for the backslash at `at`; `rest` is the text after it.
pub(super) fn refuse(at: usize, rest: &str) -> SyntaxError {
    let line = rest.lines().next().unwrap_or_default();
    let name = match line.chars().next() {
        Some(c) if c.is_ascii_alphabetic() => {
            &line[..line.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(line.len())]
        }
        Some(c) if !c.is_whitespace() => &line[..c.len_utf8()],
        _ => "",
    };
    let argument = line[name.len()..].split_whitespace().next().unwrap_or_default();
    SyntaxError {
        at,
        message: format!("\\{name} is a psql command, not SQL; nothing was run").into(),
        hint: Some(advice(name, argument)),
    }
}

/// The equivalent without psql.
fn advice(name: &str, argument: &str) -> Hint {
    let advice = match name {
        "set" | "prompt" | "getenv" | "unset" => {
            let is_named = name != "unset" && is_variable_name(argument);
            return Reason::SetsVariable(is_named.then(|| argument.to_owned())).into();
        }
        "i" | "ir" | "include" | "include_relative" => return Reason::IncludesFile.into(),
        "copy" => "write COPY … FROM stdin; with the rows after it and a line \\. at their end",
        "." => "this line ends the rows of a COPY … FROM stdin; but there is none before it",
        "c" | "connect" => {
            "the connection URL names the database that the file is loaded into; remove the line, or dump one \
             database without --create (-C), not with pg_dumpall"
        }
        "if" | "elif" | "else" | "endif" | "gexec" | "gset" | "watch" => {
            "a file runs from top to bottom; decide in the shell, or in SQL with DO $$ … $$"
        }
        "g" | "gx" | "gdesc" | "crosstabview" | ";" => "end the statement with ; alone",
        "!" | "cd" | "setenv" => "remove the line, and do this in the shell first",
        "restrict" | "unrestrict" => "put it between two statements, as pg_dump does",
        "q" | "quit" => "end the file here",
        "echo" | "qecho" | "warn" | "pset" | "timing" | "x" | "a" | "t" | "o" | "out" | "f" | "H" | "r"
        | "reset" | "p" | "print" | "encoding" | "errverbose" => {
            "remove the line; it changes only what psql itself shows"
        }
        _ => "remove it: only SQL is sent to the server",
    };
    advice.into()
}
