//! `cruddur local`

mod arguments;
mod at_once;
mod checkouts;
mod collation;
mod dynamodb;
mod ephemeral;
mod exec;
mod exec_cleanup;
mod exec_signals;
mod external;
mod foreground;
mod npm;
mod ownership;
mod privacy;
mod snapshots;
mod survival;
mod taken_ports;
mod terminal;
mod up_down;
mod web_pages;
