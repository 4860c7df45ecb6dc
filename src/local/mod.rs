//! The local stack: DynamoDB inside this process, PostgreSQL as a private child.

mod access;
mod binaries;
mod cluster;
mod daemon;
pub mod dynamodb;
mod exec;
mod installation;
mod lock;
mod paths;
mod private;
mod probe;
mod process;
mod signals;
mod stack;
mod state;

pub use access::{Access, Host, Origin};
pub use daemon::{News, Up, abandoned, down, speak_to_log, status, up, up_detached};
pub use exec::exec;
pub use paths::data_dir;
pub use stack::{Ports, StackConfig};
pub use state::{Report, Service, ServiceState};
