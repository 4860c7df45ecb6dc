//! Everything that talks to Cognito, with paging and retries. Also reads saved listings.

mod add;
mod change;
mod client;
pub(crate) mod jwt;
mod list;
mod saved;
mod sign_in;

pub use add::{Added, FirstPassword};
pub use client::UserPool;
pub use list::Listing;
pub use saved::parse_saved;
pub use sign_in::{SignedIn, Token};

use crate::messaging::Identity;

/// The identity in a user's attributes, which do not have the status; `None` without a `sub`.
fn identity(attributes: impl Iterator<Item = (String, Option<String>)>) -> Option<Identity> {
    let (mut handle, mut sub, mut email, mut display_name) = (None, None, None, None);
    for (name, value) in attributes {
        match name.as_str() {
            "preferred_username" => handle = value,
            "sub" => sub = value,
            "email" => email = value,
            "name" => display_name = value,
            _ => {}
        }
    }
    let sub = sub.filter(|sub| !sub.trim().is_empty())?;
    Some(Identity { handle, sub, email, name: display_name, status: None })
}
