//! The only place that talks to PostgreSQL.

mod admin;
mod lexer;
mod script;
mod session;
mod sql;
mod url;
mod users;

pub use admin::{create_database, drop_database, quote_identifier};
pub use lexer::SyntaxError;
pub use script::{Script, Summary};
pub use session::Session;
pub use sql::{Statement, split};
pub use url::ConnectionUrl;
