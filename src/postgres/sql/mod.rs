//! SQL as text: psql's variables replaced, cut into statements, and judged. Nothing here
//! talks to a server.

mod destructive;
mod lexer;
mod psql;
mod quote;
mod script;
mod statement;
mod variables;

pub use lexer::SyntaxError;
pub(super) use lexer::{Lexer, Token};
pub use quote::{quote_identifier, quote_literal};
pub use script::Script;
pub use statement::{Statement, split};
pub use variables::{Expanded, Lookup, Unset, expand, is_variable_name};
