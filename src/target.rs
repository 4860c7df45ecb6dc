//! The environment that a command works on: the local stack, or production.

/// The environment that a command works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The local stack.
    Local,
    /// AWS and the production database.
    Prod,
}

impl Target {
    /// The name to show.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Local => "LOCAL",
            Self::Prod => "PROD",
        }
    }
}
