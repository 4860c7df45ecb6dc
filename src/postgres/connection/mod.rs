//! Connects: URLs, TLS, sessions, and the reasons for a failure.

mod connect;
pub(crate) mod failure;
mod identity;
mod line;
mod server;
pub(crate) mod session;
mod shown;
pub(crate) mod tls;
pub(crate) mod traced;
pub(crate) mod url;
mod verifier;
mod wait;

pub use identity::session_on_server;
pub use session::Session;
pub use url::ConnectionUrl;
pub use wait::{Ready, wait};
