//! `ddb schema-load`

mod apply;
mod broken_off;
mod load;
mod print;
