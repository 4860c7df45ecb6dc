//! The only place that talks to Cognito: paging and retries live here, and what
//! a listing that was saved looks like.

mod client;
mod list;
mod saved;

pub use client::UserPool;
pub use list::Listing;
pub use saved::parse_saved;

use crate::messaging::Identity;

/// What a user's attributes say; `None` when there is no `sub` among them.
fn identity(attributes: impl Iterator<Item = (String, Option<String>)>) -> Option<Identity> {
    let (mut handle, mut sub, mut email) = (None, None, None);
    for (name, value) in attributes {
        match name.as_str() {
            "preferred_username" => handle = value,
            "sub" => sub = value,
            "email" => email = value,
            _ => {}
        }
    }
    Some(Identity { handle, sub: sub.filter(|sub| !sub.trim().is_empty())?, email })
}
