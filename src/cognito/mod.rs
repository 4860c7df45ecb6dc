//! Everything that talks to Cognito, with paging and retries. Also reads saved listings.

mod add;
mod change;
mod client;
mod list;
mod saved;

pub use add::{Added, FirstPassword};
pub use client::UserPool;
pub use list::Listing;
pub use saved::parse_saved;

use crate::messaging::Identity;

/// The identity in a user's attributes; `None` without a `sub`.
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
