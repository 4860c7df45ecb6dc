//! What an administrator asks: the pool, its users, and changes to them.

use aws_smithy_types::base64;
use serde::Deserialize;
use serde_json::{Value, json};

use super::POOL_NAME;
use super::fault::{Answer, Fault};
use super::filter::Filter;
use super::store::Store;
use super::user::{Attribute, Status, User};
use crate::config::LOCAL_USER_POOL;

/// The page size limit of ListUsers.
const PAGE: usize = 60;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListUsers {
    attributes_to_get: Option<Vec<String>>,
    limit: Option<i64>,
    pagination_token: Option<String>,
    filter: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListUserPools {
    max_results: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateUser {
    username: String,
    #[serde(default)]
    user_attributes: Vec<Attribute>,
    temporary_password: Option<String>,
    message_action: Option<String>,
}

/// The parameters of what is done to one user.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OneUser {
    pub(super) username: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SetPassword {
    username: String,
    password: String,
    #[serde(default)]
    permanent: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateAttributes {
    username: String,
    user_attributes: Vec<Attribute>,
}

pub(super) fn list_users(store: &mut Store, asked: ListUsers) -> Answer {
    let limit = match asked.limit {
        None | Some(0) => PAGE,
        Some(limit) if limit < 0 => {
            return Err(Fault::constraint(limit, "limit", "have value greater than or equal to 0"));
        }
        Some(limit) => usize::try_from(limit)
            .ok()
            .filter(|limit| *limit <= PAGE)
            .ok_or_else(|| Fault::constraint(limit, "limit", "have value less than or equal to 60"))?,
    };
    let text = asked.filter.unwrap_or_default();
    let position = asked.pagination_token.map_or(Ok(0), |token| position(&token, &text))?;
    let filter = Filter::parse(&text)?;
    let is_wanted = |user: &User| filter.as_ref().is_none_or(|filter| filter.matches(user));
    // One more than the page holds tells whether there is another page.
    let mut found = store.after(position, limit + 1, is_wanted)?;
    let more = found.len() > limit;
    found.truncate(limit);
    let wanted = asked.attributes_to_get.as_deref();
    let lacks =
        |user: &User| wanted.is_some_and(|names| names.iter().any(|name| user.attribute(name).is_none()));
    if found.iter().any(|(_, user)| lacks(user)) {
        return Err(Fault::parameter("One or more requested attributes do not exist."));
    }
    let users: Vec<Value> = found.iter().map(|(_, user)| user.shown("Attributes", wanted)).collect();
    let mut answer = json!({ "Users": users });
    if let Some((last, _)) = found.last().filter(|_| more) {
        answer["PaginationToken"] = base64::encode(format!("{last} {text}")).into();
    }
    Ok(answer)
}

/// The position after which the next page begins. A token goes with the filter of its page.
fn position(token: &str, filter: &str) -> Answer<i64> {
    let decoded = base64::decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    decoded
        .as_deref()
        .and_then(|token| token.split_once(' '))
        .filter(|(_, of)| *of == filter)
        .and_then(|(position, _)| position.parse().ok())
        .ok_or_else(|| Fault::parameter("Invalid pagination token."))
}

pub(super) fn describe_pool(store: &mut Store) -> Answer {
    Ok(json!({ "UserPool": {
        "Id": LOCAL_USER_POOL,
        "Name": POOL_NAME,
        "Arn": format!("arn:aws:cognito-idp:us-east-1:000000000000:userpool/{LOCAL_USER_POOL}"),
        "UsernameAttributes": ["email"],
        "UsernameConfiguration": { "CaseSensitive": false },
        "MfaConfiguration": "OFF",
        "Policies": { "PasswordPolicy": {
            "MinimumLength": 8,
            "RequireUppercase": true,
            "RequireLowercase": true,
            "RequireNumbers": true,
            "RequireSymbols": true,
        } },
        "EstimatedNumberOfUsers": store.count()?,
    } }))
}

pub(super) fn list_pools(asked: &ListUserPools) -> Answer {
    match asked.max_results {
        1..=60 => Ok(json!({ "UserPools": [{ "Id": LOCAL_USER_POOL, "Name": POOL_NAME }] })),
        less if less < 1 => {
            Err(Fault::constraint(less, "maxResults", "have value greater than or equal to 1"))
        }
        more => Err(Fault::constraint(more, "maxResults", "have value less than or equal to 60")),
    }
}

pub(super) fn create_user(store: &mut Store, asked: CreateUser) -> Answer {
    match asked.message_action.as_deref() {
        None | Some("SUPPRESS") => {}
        // No message is ever sent, so there is none to repeat.
        Some("RESEND") => {
            return Ok(json!({ "User": store.user(&asked.username)?.shown("Attributes", None) }));
        }
        Some(other) => {
            return Err(Fault::constraint(
                other,
                "messageAction",
                "satisfy enum value set: [RESEND, SUPPRESS]",
            ));
        }
    }
    let mut user = User::new(&asked.username, asked.user_attributes, Status::ForceChangePassword)?;
    asked.temporary_password.map_or(Ok(()), |password| user.set_password(&password))?;
    store.insert(&user)?;
    Ok(json!({ "User": user.shown("Attributes", None) }))
}

pub(super) fn get_user(store: &mut Store, asked: &OneUser) -> Answer {
    Ok(store.user(&asked.username)?.shown("UserAttributes", None))
}

pub(super) fn set_password(store: &mut Store, asked: &SetPassword) -> Answer {
    let mut user = store.user(&asked.username)?;
    user.set_password(&asked.password)?;
    user.status = if asked.permanent { Status::Confirmed } else { Status::ForceChangePassword };
    change(store, user)
}

pub(super) fn update_attributes(store: &mut Store, asked: UpdateAttributes) -> Answer {
    let mut user = store.user(&asked.username)?;
    user.set(asked.user_attributes)?;
    change(store, user)
}

pub(super) fn set_enabled(store: &mut Store, asked: &OneUser, enabled: bool) -> Answer {
    let mut user = store.user(&asked.username)?;
    user.enabled = enabled;
    change(store, user)
}

pub(super) fn delete_user(store: &mut Store, asked: &OneUser) -> Answer {
    let user = store.user(&asked.username)?;
    store.delete(&user)?;
    Ok(json!({}))
}

/// Keeps a user who has changed.
fn change(store: &mut Store, mut user: User) -> Answer {
    user.touch();
    store.update(&user)?;
    Ok(json!({}))
}
