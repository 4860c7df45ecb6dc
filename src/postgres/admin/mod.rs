//! Administers databases: creates, drops and locks them, and lists who is connected.

pub(crate) mod activity;
mod backup;
pub(crate) mod create;
mod drop;
mod inspect;
mod lock;

pub use activity::{Activity, Scope, server_activity};
pub use backup::Backup;
pub use create::{create_database, create_statement, maintenance_session, plan_create};
pub use drop::{
    DropPlan, Dropped, drop_database, drop_database_by_terminating, drop_database_with_sessions, plan_drop,
};
pub use inspect::{ClockDifference, Missing, UserCount};
pub use lock::{Lock, lock_database};
