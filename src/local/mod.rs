//! The local stack: DynamoDB and a Cognito user pool inside this process, PostgreSQL as a private child.

mod binaries;
mod cluster;
mod daemon;
pub mod dynamodb;
mod exec;
mod http;
mod installation;
mod lock;
mod paths;
mod private;
mod probe;
mod process;
mod signals;
mod snapshots;
mod stack;
mod state;
pub mod user_pool;

pub use daemon::{News, Up, abandoned, down, speak_to_log, status, up, up_detached};
pub use exec::exec;
pub use http::{Access, Host, Origin, Server};
pub use installation::postgres_programs;
pub use paths::data_dir;
pub use snapshots::{Kept, Snapshot, delete, list, restore, running, take};
pub use stack::{Ports, StackConfig};
pub use state::{Report, Service, ServiceState};
