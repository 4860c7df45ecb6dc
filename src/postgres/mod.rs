//! The only place that talks to PostgreSQL.

mod activity;
mod admin;
mod changes;
mod client;
mod cognito_user_ids;
mod connect;
mod drop;
mod failure;
mod identity;
mod inspect;
mod invented_users;
mod line;
mod load;
mod lock;
mod losses;
pub(crate) mod programs;
mod server;
mod session;
mod sql;
mod tls;
mod traced;
mod transaction;
mod url;
mod users;
mod verifier;
mod wait;

pub use activity::{Activity, Scope, server_activity};
pub use admin::{create_database, create_statement, maintenance_session, plan_create};
pub use changes::TableChange;
pub use client::Psql;
pub use cognito_user_ids::COGNITO_UPDATE;
pub use drop::{
    DropPlan, Dropped, drop_database, drop_database_by_terminating, drop_database_with_sessions, plan_drop,
};
pub use identity::session_on_server;
pub use inspect::{ClockDifference, Missing, UserCount};
pub use invented_users::UsersAdded;
pub use load::{Executed, Summary, Watch};
pub use lock::{Lock, lock_database};
pub use session::Session;
pub use sql::{
    Expanded, Lookup, Script, Statement, SyntaxError, Unset, expand, is_variable_name, quote_identifier,
    quote_literal, split,
};
pub use url::ConnectionUrl;
pub use wait::{Ready, wait};
