//! What an app asks for its users: signing up, in and out.

use std::collections::HashMap;

use aws_smithy_types::base64;
use jiff::civil::DateTime;
use num_bigint::BigUint;
use serde::Deserialize;
use serde_json::json;
use uuid::{Builder, Uuid};

use super::admin::OneUser;
use super::fault::{Answer, Fault};
use super::keys::Keys;
use super::password::Hash;
use super::srp::{self, Exchange, Verifier};
use super::store::Store;
use super::tokens;
use super::user::{Attribute, Status, User};

/// The code that confirms an address. No message is sent that could hold another one.
const CODE: &str = "123456";
const NEW_PASSWORD: &str = "NEW_PASSWORD_REQUIRED";
const PASSWORD_VERIFIER: &str = "PASSWORD_VERIFIER";
/// How a client writes the time that it signs.
const TIME: &str = "%a %b %-d %H:%M:%S UTC %Y";

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
    session: Option<String>,
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
    user.set_password(&asked.password)?;
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

pub(super) fn confirm_sign_up(store: &mut Store, asked: &ConfirmSignUp) -> Answer<User> {
    let mut user = store.user(&asked.username)?;
    must_be_unconfirmed(&user)?;
    if asked.confirmation_code != CODE {
        return Err(Fault::new(
            "CodeMismatchException",
            "Invalid verification code provided, please try again.",
        ));
    }
    user.attributes.insert("email_verified".to_owned(), "true".to_owned());
    confirm(store, user)
}

/// Confirms a user, and no address.
pub(super) fn admin_confirm_sign_up(store: &mut Store, asked: &OneUser) -> Answer<User> {
    let user = store.user(&asked.username)?;
    must_be_unconfirmed(&user)?;
    confirm(store, user)
}

fn confirm(store: &mut Store, mut user: User) -> Answer<User> {
    user.status = Status::Confirmed;
    user.touch();
    store.update(&user)?;
    Ok(user)
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
        "USER_SRP_AUTH" => by_srp(store, parameter("USERNAME")?, parameter("SRP_A")?),
        "REFRESH_TOKEN_AUTH" | "REFRESH_TOKEN" => tokens::refresh(store, parameter("REFRESH_TOKEN")?),
        other => Err(Fault::parameter(format!("{other} is not enabled for the client."))),
    }
}

fn by_password(store: &mut Store, name: &str, password: &str) -> Answer {
    let user = store.find(name)?;
    let knows = |user: &User| user.password.as_ref().is_some_and(|hash| hash.matches(password));
    let Some(mut user) = user.filter(knows) else { return Err(wrong_password()) };
    user.complete_password(password);
    go_on(store, user, Uuid::new_v4())
}

fn wrong_password() -> Fault {
    Fault::not_authorized("Incorrect username or password.")
}

/// What follows on the right password: a sign-in by this id, or the next challenge.
fn go_on(store: &mut Store, user: User, id: Uuid) -> Answer {
    user.must_be_enabled()?;
    match user.status {
        Status::Confirmed => tokens::sign_in(store, user, id),
        Status::Unconfirmed => Err(Fault::new("UserNotConfirmedException", "User is not confirmed.")),
        Status::ForceChangePassword => Ok(json!({
            "ChallengeName": NEW_PASSWORD,
            "Session": tokens::challenge(store, NEW_PASSWORD, user.sub(), None)?,
            "ChallengeParameters": {
                "USER_ID_FOR_SRP": user.sub(),
                "requiredAttributes": "[]",
                "userAttributes": json!(user.attributes).to_string(),
            },
        })),
    }
}

pub(super) fn respond(store: &mut Store, asked: &Respond) -> Answer {
    match asked.challenge_name.as_str() {
        NEW_PASSWORD => choose_password(store, asked),
        PASSWORD_VERIFIER => prove_password(store, &asked.challenge_responses),
        other => Err(Fault::parameter(format!("there is no challenge {other} here"))),
    }
}

/// Asks for a proof of the password. A name that nobody has is asked too, with the same salt each time,
/// so that nobody learns who is there.
fn by_srp(store: &mut Store, name: &str, srp_a: &str) -> Answer {
    srp::client_number(srp_a).ok_or_else(|| Fault::parameter("Invalid SRP_A"))?;
    let user = store.find(name)?;
    let user = user.as_ref().and_then(|user| Some((user.sub(), user.password.as_ref()?)));
    let (sub, verifier) = match user {
        Some((sub, hash)) => (sub.to_owned(), hash.srp_verifier().ok_or_else(set_by_an_earlier_version)?),
        None => nobody(store.keys()?, name),
    };
    let session = tokens::challenge(store, PASSWORD_VERIFIER, &sub, Some(srp_a))?;
    let exchange = exchange(store.keys()?, verifier, &session);
    Ok(json!({
        "ChallengeName": PASSWORD_VERIFIER,
        "ChallengeParameters": {
            "USERNAME": sub,
            "USER_ID_FOR_SRP": sub,
            "SALT": exchange.salt(),
            "SRP_B": exchange.public().to_str_radix(16),
            "SECRET_BLOCK": base64::encode(session),
        },
    }))
}

fn set_by_an_earlier_version() -> Fault {
    Fault::not_authorized(
        "This password was set by an earlier version of the local stack. Sign in once by \
         USER_PASSWORD_AUTH, or set it again.",
    )
}

/// Nothing is kept between the two calls: the secret number is derived from the session.
fn exchange(keys: &Keys, verifier: Verifier, session: &str) -> Exchange {
    Exchange::new(verifier, keys.derived("srp", session).as_ref())
}

/// The sub and the verifier of nobody, for a name that nobody has.
fn nobody(keys: &Keys, name: &str) -> (String, Verifier) {
    let name = name.to_ascii_lowercase();
    let (mut id, derived) = ([0; 16], keys.derived("sub and salt", &name));
    let (first, salt) = derived.as_ref().split_at(id.len());
    id.copy_from_slice(first);
    let value = BigUint::from_bytes_be(keys.derived("verifier", &name).as_ref());
    let verifier = Verifier { salt: BigUint::from_bytes_be(salt), value };
    (Builder::from_random_bytes(id).into_uuid().to_string(), verifier)
}

fn prove_password(store: &mut Store, responses: &HashMap<String, String>) -> Answer {
    let response = |name| needed(responses, name);
    let (name, time) = (response("USERNAME")?, response("TIMESTAMP")?);
    let decoded = |name| response(name).map(|value| base64::decode(value).unwrap_or_default());
    let (block, proof) = (decoded("PASSWORD_CLAIM_SECRET_BLOCK")?, decoded("PASSWORD_CLAIM_SIGNATURE")?);
    // Clients sign the time as they write it, so only AWS's way is a right one.
    if !DateTime::strptime(TIME, time).is_ok_and(|parsed| parsed.strftime(TIME).to_string() == time) {
        return Err(Fault::parameter("TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english."));
    }
    let session = String::from_utf8(block).map_err(|_| Fault::session())?;
    let challenge = tokens::challenged(store, PASSWORD_VERIFIER, &session)?;
    let user = store.find(&challenge.sub)?.filter(|user| user.is_called(name)).ok_or_else(wrong_password)?;
    let verifier = user.password.as_ref().and_then(Hash::srp_verifier).ok_or_else(wrong_password)?;
    let a = challenge.srp_a.as_deref().and_then(srp::client_number).ok_or_else(Fault::session)?;
    let exchange = exchange(store.keys()?, verifier, &session);
    if !exchange.proves(&a, user.sub(), session.as_bytes(), time, &proof) {
        return Err(wrong_password());
    }
    go_on(store, user, challenge.jti)
}

fn choose_password(store: &mut Store, asked: &Respond) -> Answer {
    let responses = &asked.challenge_responses;
    let (name, password) = (needed(responses, "USERNAME")?, needed(responses, "NEW_PASSWORD")?);
    let session =
        asked.session.as_deref().ok_or_else(|| Fault::parameter("Missing required parameter Session"))?;
    let challenge = tokens::challenged(store, NEW_PASSWORD, session)?;
    let user = store.find(&challenge.sub)?.filter(|user| user.is_called(name));
    // A session is good for one new password.
    let user = user.filter(|user| user.status == Status::ForceChangePassword);
    let mut user = user.ok_or_else(Fault::session)?;
    user.must_be_enabled()?;
    let given = responses.iter().filter_map(|(name, value)| {
        let name = name.strip_prefix("userAttributes.")?.to_owned();
        Some(Attribute { name, value: value.clone() })
    });
    user.set(given.collect())?;
    user.set_password(password)?;
    user.status = Status::Confirmed;
    tokens::sign_in(store, user, challenge.jti)
}

pub(super) fn get_user(store: &mut Store, asked: &SignedIn) -> Answer {
    let mut shown = tokens::user_of(store, &asked.access_token)?.shown("UserAttributes", None);
    Ok(json!({ "Username": shown["Username"].take(), "UserAttributes": shown["UserAttributes"].take() }))
}

/// Ends every sign-in of the user.
pub(super) fn global_sign_out(store: &mut Store, asked: &SignedIn) -> Answer {
    let mut user = tokens::user_of(store, &asked.access_token)?;
    user.sign_ins.iter_mut().for_each(|sign_in| sign_in.ended = true);
    store.update(&user)?;
    Ok(json!({}))
}

fn needed<'a>(given: &'a HashMap<String, String>, name: &str) -> Answer<&'a str> {
    let value = given.get(name).map(String::as_str);
    value.ok_or_else(|| Fault::parameter(format!("Missing required parameter {name}")))
}
