//! `cruddur cognito`

mod errors;
mod list_users;
mod target;
