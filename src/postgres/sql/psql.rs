//! Rejects psql's own commands, which are not SQL, and says what to do instead.

use super::lexer::SyntaxError;
use super::variables::is_variable_name;

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
        message: format!("\\{name} is a command of psql's, not SQL; nothing was run").into(),
        hint: Some(advice(name, argument).into()),
    }
}

/// The equivalent without psql.
fn advice(name: &str, argument: &str) -> String {
    match name {
        "set" | "prompt" | "getenv" if is_variable_name(argument) => format!(
            "take the line out, and give the variable as --set {argument}=VALUE or in the environment variable {argument}"
        ),
        "set" | "prompt" | "getenv" | "unset" => {
            "take the line out; variables come from --set NAME=VALUE and from the environment".to_owned()
        }
        "i" | "ir" | "include" | "include_relative" => {
            "take the line out, and load the files one after another: cruddur db seed FILE".to_owned()
        }
        "copy" => "write COPY … FROM stdin; with the rows after it and a line \\. at their end".to_owned(),
        "." => "this line ends the rows of a COPY … FROM stdin; and there is none before it".to_owned(),
        "c" | "connect" => {
            "the connection URL names the database that the file is loaded into; take the line out, or dump one \
             database without --create (-C), and not with pg_dumpall"
                .to_owned()
        }
        "if" | "elif" | "else" | "endif" | "gexec" | "gset" | "watch" => {
            "a file runs from top to bottom; decide in the shell, or in SQL with DO $$ … $$".to_owned()
        }
        "g" | "gx" | "gdesc" | "crosstabview" | ";" => "end the statement with ; alone".to_owned(),
        "!" | "cd" | "setenv" => "take the line out, and do this in the shell before".to_owned(),
        "restrict" | "unrestrict" => "put it between two statements, as pg_dump does".to_owned(),
        "q" | "quit" => "end the file here".to_owned(),
        "echo" | "qecho" | "warn" | "pset" | "timing" | "x" | "a" | "t" | "o" | "out" | "f" | "H" | "r"
        | "reset" | "p" | "print" | "encoding" | "errverbose" => {
            "take the line out; it changes only what psql itself shows".to_owned()
        }
        _ => "take it out: only SQL is sent to the server".to_owned(),
    }
}
