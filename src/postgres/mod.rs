//! Everything that talks to PostgreSQL.

mod admin;
pub(crate) mod connection;
mod load;
pub(crate) mod programs;
mod psql;
mod sql;
mod users;

pub use admin::{
    Activity, Backup, ClockDifference, DropPlan, Dropped, Lock, Missing, Scope, UserCount, create_database,
    create_statement, drop_database, drop_database_by_terminating, drop_database_with_sessions,
    lock_database, maintenance_session, plan_create, plan_drop, server_activity,
};
pub use connection::{ConnectionUrl, Ready, Session, session_on_server, wait};
pub use load::{Executed, Summary, TableChange, Watch};
pub use psql::Psql;
pub use sql::{
    Expanded, Lookup, Script, Statement, SyntaxError, Unset, expand, is_variable_name, quote_identifier,
    quote_literal, split,
};
pub use users::{COGNITO_INSERT, COGNITO_UPDATE, MissingUsers, UsersAdded};
