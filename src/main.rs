//! `cruddur`: turns the result of [`cruddur::run`] into an exit code, nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    cruddur::run(std::env::args_os())
}
