//! The local stack: DynamoDB inside this process, PostgreSQL as a private child.

mod binaries;
mod cluster;
pub mod dynamodb;
mod exec;
mod installation;
mod paths;
mod process;
mod signals;
mod stack;
mod state;

pub use exec::exec;
