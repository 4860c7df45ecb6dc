//! The app's post-confirmation trigger: who has confirmed a sign-up gets a row in the users table.

use super::fault::{Answer, Fault};
use super::user::User;
use crate::error::Error;
use crate::messaging::Identity;
use crate::postgres::{ConnectionUrl, Session};

/// Adds the row. The user stays confirmed even if that fails, as on AWS.
pub(super) async fn run(url: &ConnectionUrl, user: &User) -> Answer<()> {
    let attribute = |name| user.attribute(name).map(str::to_owned);
    let identity = Identity {
        handle: attribute("preferred_username"),
        sub: user.sub().to_owned(),
        email: attribute("email"),
        name: attribute("name"),
        status: Some(user.status.to_string()),
    };
    let added = async { Session::open(url).await?.add_user(identity).await };
    added.await.map_err(|error: Error| {
        let why = [error.message().to_owned()].into_iter().chain(error.causes());
        let why = why.collect::<Vec<_>>().join(": ");
        Fault::new("UserLambdaValidationException", format!("PostConfirmation failed with error {why}."))
    })
}
