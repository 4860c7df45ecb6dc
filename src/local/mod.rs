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
mod plan;
mod private;
mod probe;
mod process;
mod signals;
mod snapshots;
mod stack;
mod stacks;
mod state;
pub mod user_pool;

pub use daemon::{News, Up, abandoned, down, is_served, speak_to_log, status, up, up_detached};
pub use exec::{exec, variables_of};
pub use http::{Access, Host, Origin, Server};
pub use installation::postgres_programs;
pub use paths::data_dir;
pub use plan::{PortChoice, Ports, StackConfig};
pub use snapshots::{Kept, Snapshot, delete, list, restore, running, take};
pub use stacks::{KnownStack, StackState, owner_of, stacks};
pub use state::{Moved, Report, Service, ServiceState};
