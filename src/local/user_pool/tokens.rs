//! What a user who has signed in gets, and how long it holds.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::fault::{Answer, Fault};
use super::store::Store;
use super::user::{SignIn, User, now};
use crate::config::LOCAL_CLIENT;

/// How long id and access tokens hold, in seconds, as in every pool by default.
const HOUR: u64 = 60 * 60;
/// How long refresh tokens hold, in milliseconds.
const REFRESH: u64 = 30 * 24 * HOUR * 1000;
/// How long the session of a challenge holds, in seconds.
const CHALLENGE: u64 = 3 * 60;
/// How many sign-ins of one user hold at a time.
const SIGN_INS: usize = 100;

/// The session of a challenge: all that the pool knows of it until it is answered.
#[derive(Serialize, Deserialize)]
pub(super) struct Challenge {
    /// The name of the challenge.
    token_use: String,
    /// Seconds since 1970.
    exp: u64,
    /// Whose it is.
    pub(super) sub: String,
    /// The id of the sign-in that it leads to.
    pub(super) jti: Uuid,
    /// The client's public number, for SRP.
    pub(super) srp_a: Option<String>,
}

/// Signs a user in: notes it by this id, which must be a new one, and gives all three tokens.
pub(super) fn sign_in(store: &mut Store, mut user: User, id: Uuid) -> Answer {
    if user.sign_ins.iter().any(|sign_in| sign_in.id == id) {
        return Err(Fault::session());
    }
    let time = now();
    user.sign_ins.retain(|sign_in| time < sign_in.time + REFRESH);
    let excess = (user.sign_ins.len() + 1).saturating_sub(SIGN_INS);
    user.sign_ins.drain(..excess);
    let sign_in = SignIn { id, time, ended: false };
    user.sign_ins.push(sign_in.clone());
    store.update(&user)?;
    let claims = json!({
        "sub": user.sub(),
        "token_use": "refresh",
        "origin_jti": sign_in.id,
        "exp": (time + REFRESH) / 1000,
    });
    let refresh = store.keys()?.sign(&claims)?;
    let mut answer = tokens(store, &user, &sign_in)?;
    answer["AuthenticationResult"]["RefreshToken"] = refresh.into();
    Ok(answer)
}

/// New id and access tokens for a refresh token.
pub(super) fn refresh(store: &mut Store, token: &str) -> Answer {
    let invalid = || Fault::not_authorized("Invalid Refresh Token");
    let claims = valid(store, token, "refresh")?.ok_or_else(invalid)?;
    let user = store.find(text(&claims, "sub"))?.ok_or_else(invalid)?;
    let sign_in = user.sign_in_of(&claims).cloned();
    let sign_in = sign_in.ok_or_else(|| Fault::not_authorized("Refresh Token has been revoked"))?;
    user.must_be_enabled()?;
    tokens(store, &user, &sign_in)
}

/// Ends the sign-in that a refresh token comes from.
pub(super) fn revoke(store: &mut Store, token: &str) -> Answer {
    let unsupported = || Fault::new("UnsupportedTokenTypeException", "Unsupported token type");
    let claims = valid(store, token, "refresh")?.ok_or_else(unsupported)?;
    if let Some(mut user) = store.find(text(&claims, "sub"))? {
        let theirs = user.sign_ins.iter_mut().filter(|one| claims["origin_jti"] == one.id.to_string());
        theirs.for_each(|sign_in| sign_in.ended = true);
        store.update(&user)?;
    }
    Ok(json!({}))
}

/// The user of an access token.
pub(super) fn user_of(store: &mut Store, token: &str) -> Answer<User> {
    let invalid = || Fault::not_authorized("Invalid Access Token");
    let claims = valid(store, token, "access")?.ok_or_else(invalid)?;
    let user = store.user(text(&claims, "sub"))?;
    if user.sign_in_of(&claims).is_none() {
        return Err(Fault::not_authorized("Access Token has been revoked"));
    }
    user.must_be_enabled()?;
    Ok(user)
}

/// The session of a challenge of this name for the user with this sub.
pub(super) fn challenge(store: &mut Store, name: &str, sub: &str, srp_a: Option<&str>) -> Answer<String> {
    let challenge = Challenge {
        token_use: name.to_owned(),
        exp: now() / 1000 + CHALLENGE,
        sub: sub.to_owned(),
        jti: Uuid::new_v4(),
        srp_a: srp_a.map(str::to_owned),
    };
    store.keys()?.sign(&serde_json::to_value(challenge)?)
}

/// What the session of a challenge of this name holds.
pub(super) fn challenged(store: &mut Store, name: &str, session: &str) -> Answer<Challenge> {
    let claims = valid(store, session, name)?.ok_or_else(Fault::session)?;
    Ok(serde_json::from_value(claims)?)
}

/// The claims of a token of this kind, if it is one of ours and has not expired.
fn valid(store: &mut Store, token: &str, kind: &str) -> Answer<Option<Value>> {
    let claims = store.keys()?.claims(token).filter(|claims| claims["token_use"] == kind);
    let has_expired = |claims: &Value| claims["exp"].as_u64().is_none_or(|exp| exp <= now() / 1000);
    let name = match kind {
        "access" => Some("Access"),
        "refresh" => Some("Refresh"),
        _ => None,
    };
    if let Some(name) = name.filter(|_| claims.as_ref().is_some_and(has_expired)) {
        return Err(Fault::not_authorized(format!("{name} Token has expired")));
    }
    Ok(claims.filter(|claims| !has_expired(claims)))
}

fn tokens(store: &mut Store, user: &User, sign_in: &SignIn) -> Answer {
    let iat = now() / 1000;
    let common = json!({
        "sub": user.sub(),
        "iss": store.issuer(),
        "origin_jti": sign_in.id,
        "event_id": Uuid::new_v4(),
        "auth_time": sign_in.time / 1000,
        "iat": iat,
        "exp": iat + HOUR,
    });
    let of_use = |token_use: &str| {
        let mut claims = common.clone();
        claims["token_use"] = token_use.into();
        claims["jti"] = Uuid::new_v4().to_string().into();
        claims
    };
    let mut id = of_use("id");
    id["aud"] = LOCAL_CLIENT.into();
    id["cognito:username"] = user.sub().into();
    for (name, value) in &user.attributes {
        id[name] = match name.as_str() {
            "email_verified" | "phone_number_verified" => (value == "true").into(),
            _ => value.as_str().into(),
        };
    }
    let mut access = of_use("access");
    access["client_id"] = LOCAL_CLIENT.into();
    access["username"] = user.sub().into();
    access["scope"] = "aws.cognito.signin.user.admin".into();
    let keys = store.keys()?;
    Ok(json!({
        "ChallengeParameters": {},
        "AuthenticationResult": {
            "AccessToken": keys.sign(&access)?,
            "IdToken": keys.sign(&id)?,
            "ExpiresIn": HOUR,
            "TokenType": "Bearer",
        },
    }))
}

fn text<'a>(claims: &'a Value, name: &str) -> &'a str {
    claims[name].as_str().unwrap_or_default()
}

impl User {
    /// The sign-in that a token comes from, unless the user has signed out since.
    fn sign_in_of(&self, claims: &Value) -> Option<&SignIn> {
        let of_token = |sign_in: &&SignIn| claims["origin_jti"] == sign_in.id.to_string();
        self.sign_ins.iter().find(of_token).filter(|sign_in| !sign_in.ended)
    }

    pub(super) fn must_be_enabled(&self) -> Answer<()> {
        if self.enabled { Ok(()) } else { Err(Fault::not_authorized("User is disabled.")) }
    }
}
