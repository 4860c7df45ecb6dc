//! `cruddur ddb`

mod schema_load;
