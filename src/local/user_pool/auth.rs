//! What an app asks for its users: signing up, in and out.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::json;

use super::admin::{OneUser, change};
use super::fault::{Answer, Fault};
use super::password::Hash;
use super::store::Store;
use super::tokens;
use super::user::{Attribute, Status, User};

/// The code that confirms an address. No message is sent that could hold another one.
const CODE: &str = "123456";
const NEW_PASSWORD: &str = "NEW_PASSWORD_REQUIRED";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SignUp {
    username: String,
    password: String,
    #[serde(default)]
    user_attributes: Vec<Attribute>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ConfirmSignUp {
    username: String,
    confirmation_code: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Initiate {
    auth_flow: String,
    #[serde(default)]
    auth_parameters: HashMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Respond {
    challenge_name: String,
    session: String,
    #[serde(default)]
    challenge_responses: HashMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SignedIn {
    access_token: String,
}

pub(super) fn sign_up(store: &mut Store, asked: SignUp) -> Answer {
    let mut user = User::new(&asked.username, asked.user_attributes, Status::Unconfirmed)?;
    user.password = Some(Hash::of(&asked.password)?);
    user.attributes.insert("email_verified".to_owned(), "false".to_owned());
    store.insert(&user)?;
    Ok(json!({
        "UserConfirmed": false,
        "UserSub": user.sub(),
        "CodeDeliveryDetails": {
            "Destination": masked(user.email()),
            "DeliveryMedium": "EMAIL",
            "AttributeName": "email",
        },
    }))
}

/// `n***@e***`
fn masked(email: &str) -> String {
    let parts: Vec<String> =
        email.split('@').map(|part| part.chars().take(1).chain("***".chars()).collect()).collect();
    parts.join("@")
}

pub(super) fn confirm_sign_up(store: &mut Store, asked: &ConfirmSignUp) -> Answer {
    let mut user = store.user(&asked.username)?;
    must_be_unconfirmed(&user)?;
    if asked.confirmation_code != CODE {
        return Err(Fault::new(
            "CodeMismatchException",
            "Invalid verification code provided, please try again.",
        ));
    }
    user.attributes.insert("email_verified".to_owned(), "true".to_owned());
    user.status = Status::Confirmed;
    change(store, user)
}

/// Confirms a user, and no address.
pub(super) fn admin_confirm_sign_up(store: &mut Store, asked: &OneUser) -> Answer {
    let mut user = store.user(&asked.username)?;
    must_be_unconfirmed(&user)?;
    user.status = Status::Confirmed;
    change(store, user)
}

fn must_be_unconfirmed(user: &User) -> Answer<()> {
    if user.status == Status::Unconfirmed {
        return Ok(());
    }
    Err(Fault::not_authorized(format!("User cannot be confirmed. Current status is {}", user.status)))
}

pub(super) fn initiate(store: &mut Store, asked: &Initiate, is_admin: bool) -> Answer {
    let parameter = |name| needed(&asked.auth_parameters, name);
    match asked.auth_flow.as_str() {
        "USER_PASSWORD_AUTH" => by_password(store, parameter("USERNAME")?, parameter("PASSWORD")?),
        "ADMIN_USER_PASSWORD_AUTH" | "ADMIN_NO_SRP_AUTH" if is_admin => {
            by_password(store, parameter("USERNAME")?, parameter("PASSWORD")?)
        }
        "REFRESH_TOKEN_AUTH" | "REFRESH_TOKEN" => tokens::refresh(store, parameter("REFRESH_TOKEN")?),
        other => Err(Fault::parameter(format!("{other} is not enabled for the client."))),
    }
}

fn by_password(store: &mut Store, name: &str, password: &str) -> Answer {
    let user = store.find(name)?;
    let knows = |user: &User| user.password.as_ref().is_some_and(|hash| hash.matches(password));
    let Some(user) = user.filter(knows) else {
        return Err(Fault::not_authorized("Incorrect username or password."));
    };
    user.must_be_enabled()?;
    match user.status {
        Status::Confirmed => tokens::sign_in(store, user),
        Status::Unconfirmed => Err(Fault::new("UserNotConfirmedException", "User is not confirmed.")),
        Status::ForceChangePassword => Ok(json!({
            "ChallengeName": NEW_PASSWORD,
            "Session": tokens::challenge(store, &user)?,
            "ChallengeParameters": {
                "USER_ID_FOR_SRP": user.sub(),
                "requiredAttributes": "[]",
                "userAttributes": json!(user.attributes).to_string(),
            },
        })),
    }
}

pub(super) fn respond(store: &mut Store, asked: &Respond) -> Answer {
    if asked.challenge_name != NEW_PASSWORD {
        return Err(Fault::parameter(format!("there is no challenge {} here", asked.challenge_name)));
    }
    let responses = &asked.challenge_responses;
    let (name, password) = (needed(responses, "USERNAME")?, needed(responses, "NEW_PASSWORD")?);
    let mut user = tokens::challenged(store, &asked.session)?;
    let is_the_user = name == user.sub() || name.eq_ignore_ascii_case(user.email());
    // A session is good for one new password.
    if !is_the_user || user.status != Status::ForceChangePassword {
        return Err(Fault::not_authorized("Invalid session for the user."));
    }
    user.must_be_enabled()?;
    let given = responses.iter().filter_map(|(name, value)| {
        let name = name.strip_prefix("userAttributes.")?.to_owned();
        Some(Attribute { name, value: value.clone() })
    });
    user.set(given.collect())?;
    user.password = Some(Hash::of(password)?);
    user.status = Status::Confirmed;
    tokens::sign_in(store, user)
}

pub(super) fn get_user(store: &mut Store, asked: &SignedIn) -> Answer {
    let mut shown = tokens::user_of(store, &asked.access_token)?.shown("UserAttributes", None);
    Ok(json!({ "Username": shown["Username"].take(), "UserAttributes": shown["UserAttributes"].take() }))
}

/// Ends every sign-in of the user.
pub(super) fn global_sign_out(store: &mut Store, asked: &SignedIn) -> Answer {
    let mut user = tokens::user_of(store, &asked.access_token)?;
    user.sign_ins.clear();
    store.update(&user)?;
    Ok(json!({}))
}

fn needed<'a>(given: &'a HashMap<String, String>, name: &str) -> Answer<&'a str> {
    let value = given.get(name).map(String::as_str);
    value.ok_or_else(|| Fault::parameter(format!("Missing required parameter {name}")))
}
