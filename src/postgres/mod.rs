//! The only place that talks to PostgreSQL.

mod script;
mod session;
mod sql;
mod url;

pub use script::{Script, Summary};
pub use session::Session;
pub use sql::{Statement, SyntaxError, split};
pub use url::ConnectionUrl;
