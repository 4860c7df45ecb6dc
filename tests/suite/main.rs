//! Everything is tried from outside: through the built `cruddur`, against the
//! embedded DynamoDB over HTTP and a private PostgreSQL, or through the library.
#![allow(unreachable_pub, missing_docs, reason = "nobody else uses a test")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods
)]

mod architecture;
mod at_once;
mod bench;
mod cognito;
mod config;
mod consumed;
mod db;
mod ddb;
mod demo;
mod doctor;
mod examples;
mod expression;
mod external_sort;
mod identity;
mod item_json;
mod layout;
mod local;
mod model;
mod parsers;
mod place;
mod prices;
mod rds;
mod readme;
mod relink;
mod safety;
mod script;
mod setup;
mod shell;
mod size;
mod snapshot;
mod sql;
mod state_file;
mod support;
mod target;
mod timestamp;
mod transcript;
mod troubleshooting;
mod url;
mod user_pool;
mod variables;
