//! SQL as text: replaces psql's variables, splits into statements, and judges them. Nothing here
//! talks to a server.

mod checks;
mod copy;
mod destructive;
mod encoding;
mod expand;
mod lexer;
mod psql;
mod quote;
mod restrict;
mod script;
mod statement;
mod variables;

pub use expand::expand;
pub use lexer::SyntaxError;
pub(super) use lexer::{Lexer, Token};
pub use quote::{quote_identifier, quote_literal};
pub use script::Script;
pub(super) use statement::Piece;
pub use statement::{Statement, split};
pub use variables::{Expanded, Lookup, Unset, is_variable_name};
