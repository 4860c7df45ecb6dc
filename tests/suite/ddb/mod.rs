//! `cruddur ddb`

mod archive;
mod arithmetic;
mod batch_faults;
mod bulk;
mod check;
mod create_conversation;
mod create_message;
mod explain;
mod patterns;
mod reading;
mod rename_faults;
mod rename_user;
mod scan;
mod scan_parallel;
mod schema_load;
mod seed;
mod seed_again;
mod seed_invented;
mod seed_refused;
mod showing;
mod stream;
mod tables;
mod timeline;
mod transactions;
mod truncate;
mod unreachable;
