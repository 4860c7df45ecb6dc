//! What keeps a command from writing where, or when, it must not.

mod account;
mod clients;
