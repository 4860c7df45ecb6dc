//! `cruddur`: calls [`cruddur::run`] and exits with its code.

use std::process::ExitCode;

fn main() -> ExitCode {
    cruddur::run(std::env::args_os())
}
