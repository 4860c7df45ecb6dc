//! Adds users to the local pool.

use aws_sdk_cognitoidentityprovider::types::{AttributeType, MessageActionType};

use super::UserPool;
use crate::aws::code;
use crate::error::{Error, Result};
use crate::messaging::{Identity, Newcomer};

impl UserPool {
    /// Adds a user who can sign in by email with `password`. Sends no message to anybody. `None` if
    /// the pool does not take the address, or another user has it.
    ///
    /// If it is interrupted between its two requests, the password is a temporary one.
    pub async fn add(&self, person: &Newcomer, password: &str) -> Result<Option<Identity>> {
        let what = format!("cannot add {} to {}", person.handle, self.id);
        let attributes = [
            ("email", person.email.as_str()),
            ("email_verified", "true"),
            ("name", &person.display_name),
            ("preferred_username", &person.handle),
        ];
        let attributes: Vec<AttributeType> = attributes
            .into_iter()
            .map(|(name, value)| AttributeType::builder().name(name).value(value).build())
            .collect::<std::result::Result<_, _>>()
            .map_err(|cause| Error::failed(what.clone()).because(cause))?;
        let create = self
            .client
            .admin_create_user()
            .user_pool_id(&self.id)
            .username(&person.email)
            .temporary_password(password)
            .set_user_attributes(Some(attributes))
            .message_action(MessageActionType::Suppress);
        let user = match create.send().await {
            Err(error)
                if matches!(code(&error), Some("InvalidParameterException" | "UsernameExistsException")) =>
            {
                return Ok(None);
            }
            created => created.map_err(|error| self.endpoint().error(&what, &error))?.user,
        };
        let sub = user.and_then(|user| user.username).unwrap_or_default();
        let set = self.client.admin_set_user_password().user_pool_id(&self.id).username(&sub);
        set.password(password)
            .permanent(true)
            .send()
            .await
            .map_err(|error| self.endpoint().error(&what, &error))?;
        Ok(Some(Identity { handle: Some(person.handle.clone()), sub, email: Some(person.email.clone()) }))
    }
}
