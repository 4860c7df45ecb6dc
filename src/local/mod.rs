//! The local stack: DynamoDB inside this process, PostgreSQL as a private child.

mod binaries;
#[expect(dead_code, reason = "what starts it comes with the stack")]
mod cluster;
pub mod dynamodb;
mod installation;
mod paths;
mod process;
mod state;
