//! `cruddur ddb`

mod batch_faults;
mod patterns;
mod scan;
mod schema_load;
mod seed;
mod seed_again;
mod seed_refused;
mod tables;
mod transactions;
mod unreachable;
