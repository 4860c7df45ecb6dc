//! `ddb schema-load`

mod apply;
mod broken_off;
pub mod load;
mod print;
