//! The only place that talks to PostgreSQL.

mod session;
mod url;

pub use session::Session;
pub use url::ConnectionUrl;
