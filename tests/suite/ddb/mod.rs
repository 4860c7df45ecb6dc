//! `cruddur ddb`

mod scan;
mod schema_load;
mod tables;
