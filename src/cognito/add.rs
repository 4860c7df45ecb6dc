//! Adds users.

use aws_sdk_cognitoidentityprovider::types::{
    AttributeType, DeliveryMediumType, MessageActionType, UserStatusType,
};

use super::UserPool;
use crate::aws::{Tries, code, is_not_sent};
use crate::error::{Error, Kind, Reason, Result};
use crate::messaging::{Identity, Newcomer};

/// What a new user first signs in with.
#[derive(Clone, Copy)]
pub enum FirstPassword<'a> {
    /// This password, which stays.
    Permanent(&'a str),
    /// This one, and must then choose another.
    Temporary(&'a str),
    /// One that the service makes up and sends to the email address.
    Sent,
}

/// The outcome of adding a user.
pub enum Added {
    /// The user is in the pool.
    Done(Identity),
    /// The pool does not take the user, and why: the address is none, or another user has it.
    Refused(Error),
}

impl UserPool {
    /// Adds a user who signs in by email. Nobody gets a message, except with [`FirstPassword::Sent`].
    ///
    /// # Errors
    /// [`Kind::Partial`] if the user was added and the password is still a temporary one.
    pub async fn add(&self, person: &Newcomer, password: FirstPassword<'_>) -> Result<Added> {
        let what = format!("cannot add {:?} to {}", person.handle, self.id);
        let attributes = attributes(person)
            .into_iter()
            .map(|(name, value)| AttributeType::builder().name(name).value(value).build())
            .collect::<std::result::Result<_, _>>()
            .map_err(|cause| Error::failed(what.clone()).because(cause))?;
        let create = self
            .client
            .admin_create_user()
            .user_pool_id(&self.id)
            .username(&person.email)
            .set_user_attributes(Some(attributes));
        let (create, secret) = match password {
            FirstPassword::Permanent(password) | FirstPassword::Temporary(password) => {
                (create.temporary_password(password).message_action(MessageActionType::Suppress), password)
            }
            FirstPassword::Sent => (create.desired_delivery_mediums(DeliveryMediumType::Email), ""),
        };
        self.conceal(secret);
        let tries = Tries::default();
        let (identity, is_certain) = match create.customize().interceptor(tries.clone()).send().await {
            Ok(created) => match created.user {
                Some(user) => (Some(self.user(user)?.identity), true),
                None => return Err(Error::failed(format!("{what}: Cognito returned no user"))),
            },
            // The rest of the plan follows.
            Err(error) if is_not_sent(&error) && !matches!(password, FirstPassword::Sent) => (None, true),
            Err(error) => {
                let refusal = self.error_without(secret, &what, &error);
                match code(&error) {
                    Some("InvalidParameterException") => return Ok(Added::Refused(refusal)),
                    Some("UsernameExistsException") => {
                        // An earlier try may have added the user, but its response was lost.
                        let found = if tries.went_unanswered() { self.find_new(person).await? } else { None };
                        if found.is_none() {
                            let taken = Reason::AddressTaken(person.email.clone(), self.endpoint().target());
                            return Ok(Added::Refused(refusal.hint(taken)));
                        }
                        (found, false)
                    }
                    _ => return Err(refusal),
                }
            }
        };
        let set = match password {
            FirstPassword::Permanent(password) => Some((password, true)),
            // Somebody else may have added the user, with another password.
            FirstPassword::Temporary(password) if !is_certain => Some((password, false)),
            _ => None,
        };
        if let Some((password, permanent)) = set {
            self.set_password(&person.email, password, permanent).await.map_err(|error| {
                let message = format!("added {:?}, but {}", person.handle, error.message());
                let temporary = Reason::TemporaryPassword(person.handle.clone(), self.endpoint().target());
                error.with(Kind::Partial, message).hint(temporary)
            })?;
        }
        identity.map(Added::Done).ok_or_else(|| Error::failed(what).hint(Reason::NotSent))
    }

    /// The user with this address, if it is as the first request of [`Self::add`] leaves it.
    async fn find_new(&self, person: &Newcomer) -> Result<Option<Identity>> {
        let get = self.client.admin_get_user().user_pool_id(&self.id).username(&person.email);
        let user = get.send().await.map_err(|error| {
            self.endpoint().error(&format!("cannot read {:?} in {}", person.email, self.id), &error)
        })?;
        let found = user.user_attributes.unwrap_or_default();
        let has = |(name, value)| {
            found.iter().any(|attribute| attribute.name == name && attribute.value.as_deref() == Some(value))
        };
        let is_new = user.user_status == Some(UserStatusType::ForceChangePassword)
            && attributes(person).into_iter().all(has);
        let values = found.iter().map(|attribute| (attribute.name.clone(), attribute.value.clone()));
        Ok(super::identity(values).filter(|_| is_new))
    }
}

/// The attributes of a new user.
fn attributes(person: &Newcomer) -> [(&'static str, &str); 4] {
    [
        ("email", &person.email),
        ("email_verified", "true"),
        ("name", &person.display_name),
        ("preferred_username", &person.handle),
    ]
}
