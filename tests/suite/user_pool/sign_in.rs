//! Signing up, in and out, and tokens as a library of others reads them.

use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::{Value, json};

use super::{Local, attribute, email};
use crate::support::{COGNITO_ENDPOINT, LOCAL_POOL, Run, Sandbox, World, boto3, jwt_claims, send_http};

pub const CLIENT: &str = "cruddurlocalclient00000000";
pub const PASSWORD: &str = "Correct-horse-7";

pub fn jwks(endpoint: &str) -> Value {
    jwks_of(endpoint, LOCAL_POOL)
}

/// The keys of a pool.
pub fn jwks_of(endpoint: &str, pool: &str) -> Value {
    let url = format!("{endpoint}/{pool}/.well-known/jwks.json");
    let answer = send_http(Request::get(url).body(Body::empty()).unwrap());
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    serde_json::from_str(&answer.body).unwrap()
}

/// The arguments of a sign-in by password.
pub fn by_password(name: &str, password: &str) -> Value {
    json!({
        "ClientId": CLIENT,
        "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": { "USERNAME": name, "PASSWORD": password },
    })
}

impl Local {
    /// What an operation for an app answers, which names no pool.
    #[track_caller]
    pub fn app(&self, operation: &str, arguments: &Value) -> Value {
        boto3(&self.0.url(), "cognito-idp", operation, arguments)
    }

    #[track_caller]
    pub fn app_refusal(&self, operation: &str, arguments: &Value) -> (String, String) {
        let answer = crate::support::boto3_attempt(&self.0.url(), "cognito-idp", operation, arguments);
        let text = |name: &str| {
            let text = answer[name].as_str();
            text.unwrap_or_else(|| panic!("{operation} {arguments}: {answer}")).to_owned()
        };
        (text("refusal"), text("message"))
    }

    /// A confirmed user of this handle, and the sub.
    pub fn member(&self, handle: &str) -> String {
        let sub = self.add(handle);
        let password = json!({ "Username": email(handle), "Password": PASSWORD, "Permanent": true });
        self.call("admin_set_user_password", &password);
        sub
    }

    /// The tokens of somebody who signs in.
    #[track_caller]
    pub fn sign_in(&self, handle: &str) -> Value {
        self.app("initiate_auth", &by_password(&email(handle), PASSWORD))["AuthenticationResult"].take()
    }
}

#[test]
fn tokens_hold_the_claims_of_the_real_ones_and_others_verify_them() {
    let pool = Local::new();
    let sub = pool.member("nina");
    let verified = json!({
        "Username": email("nina"),
        "UserAttributes": [{ "Name": "email_verified", "Value": "true" }, { "Name": "name", "Value": "Nina" }],
    });
    pool.call("admin_update_user_attributes", &verified);
    let tokens = pool.sign_in("nina");
    assert_eq!((&tokens["TokenType"], &tokens["ExpiresIn"]), (&json!("Bearer"), &json!(3600)));
    let keys = jwks(&pool.0.url());
    let id = jwt_claims(&tokens["IdToken"], &keys);
    let access = jwt_claims(&tokens["AccessToken"], &keys);
    let issuer = format!("http://localhost:{}/{LOCAL_POOL}", pool.0.port());
    for claims in [&id, &access] {
        assert_eq!((&claims["iss"], &claims["sub"]), (&json!(issuer), &json!(sub)));
        let time = |name: &str| claims[name].as_u64().unwrap();
        assert_eq!(time("exp"), time("iat") + 3600);
        assert!(time("auth_time") <= time("iat"));
        assert_eq!(claims["origin_jti"], id["origin_jti"]);
    }
    assert_ne!(id["jti"], access["jti"]);
    for (name, value) in [
        ("aud", json!(CLIENT)),
        ("token_use", json!("id")),
        ("cognito:username", json!(sub)),
        ("email", json!("nina@example.com")),
        ("email_verified", json!(true)),
        ("preferred_username", json!("nina")),
        ("name", json!("Nina")),
    ] {
        assert_eq!(id[name], value, "{name}");
    }
    for (name, value) in [
        ("client_id", json!(CLIENT)),
        ("token_use", json!("access")),
        ("username", json!(sub)),
        ("scope", json!("aws.cognito.signin.user.admin")),
        ("aud", json!(null)),
        ("email", json!(null)),
    ] {
        assert_eq!(access[name], value, "{name}");
    }
    let user = pool.app("get_user", &json!({ "AccessToken": tokens["AccessToken"] }));
    assert_eq!(user["Username"], sub.as_str());
    assert_eq!(attribute(&user["UserAttributes"], "email"), Some("nina@example.com"));
}

#[test]
fn only_an_access_token_of_this_pool_says_who_somebody_is() {
    let (pool, other) = (Local::new(), Local::new());
    for pool in [&pool, &other] {
        pool.member("nina");
    }
    let tokens = pool.sign_in("nina");
    let access = tokens["AccessToken"].as_str().unwrap();
    let (text, _) = access.rsplit_once('.').unwrap();
    let (_, signature) = access.split_once('.').unwrap().1.split_once('.').unwrap();
    let foreign = other.sign_in("nina")["AccessToken"].clone();
    let none = format!("{}.{}.", "eyJhbGciOiJub25lIn0", access.split('.').nth(1).unwrap());
    for wrong in [
        tokens["IdToken"].clone(),
        tokens["RefreshToken"].clone(),
        foreign,
        json!(none),
        json!(format!("{text}.")),
        json!(format!("{text}.{}", signature.chars().rev().collect::<String>())),
        json!("nonsense"),
    ] {
        let (refusal, _) = pool.app_refusal("get_user", &json!({ "AccessToken": wrong }));
        assert_eq!(refusal, "NotAuthorizedException", "{wrong}");
    }
    pool.app("get_user", &json!({ "AccessToken": access }));
}

#[test]
fn who_signs_up_confirms_and_signs_in() {
    let pool = Local::new();
    let sign_up = json!({
        "ClientId": CLIENT,
        "Username": email("rosa"),
        "Password": PASSWORD,
        "UserAttributes": [{ "Name": "preferred_username", "Value": "rosa" }],
    });
    let signed_up = pool.app("sign_up", &sign_up);
    assert_eq!(signed_up["UserConfirmed"], false);
    assert_eq!(signed_up["CodeDeliveryDetails"]["Destination"], "r***@e***");
    assert_eq!(pool.app_refusal("sign_up", &sign_up).0, "UsernameExistsException");
    let status = || pool.call("admin_get_user", &json!({ "Username": email("rosa") }))["UserStatus"].take();
    assert_eq!(status(), "UNCONFIRMED");
    let sign_in = by_password(&email("rosa"), PASSWORD);
    assert_eq!(pool.app_refusal("initiate_auth", &sign_in).0, "UserNotConfirmedException");

    let confirm =
        |code: &str| json!({ "ClientId": CLIENT, "Username": email("rosa"), "ConfirmationCode": code });
    assert_eq!(pool.app_refusal("confirm_sign_up", &confirm("654321")).0, "CodeMismatchException");
    assert_eq!(status(), "UNCONFIRMED");
    pool.app("confirm_sign_up", &confirm("123456"));
    assert_eq!(status(), "CONFIRMED");
    assert_eq!(pool.app_refusal("confirm_sign_up", &confirm("123456")).0, "NotAuthorizedException");
    let tokens = pool.app("initiate_auth", &sign_in)["AuthenticationResult"].take();
    let id = jwt_claims(&tokens["IdToken"], &jwks(&pool.0.url()));
    assert_eq!((&id["sub"], &id["email_verified"]), (&signed_up["UserSub"], &json!(true)));

    let mut another = sign_up;
    another["Username"] = email("sven").into();
    pool.app("sign_up", &another);
    pool.call("admin_confirm_sign_up", &json!({ "Username": email("sven") }));
    pool.sign_in("sven");
}

#[test]
fn a_wrong_password_and_an_unknown_user_look_alike_and_who_is_disabled_stays_out() {
    let pool = Local::new();
    let sub = pool.member("nina");
    for (name, password) in
        [(email("nina"), "Wrong-horse-7"), (email("nobody"), PASSWORD), ("nina".to_owned(), PASSWORD)]
    {
        let refusal = pool.app_refusal("initiate_auth", &by_password(&name, password));
        let expected = ("NotAuthorizedException".to_owned(), "Incorrect username or password.".to_owned());
        assert_eq!(refusal, expected);
    }
    for name in [sub, email("NINA")] {
        pool.app("initiate_auth", &by_password(&name, PASSWORD));
    }
    let admin = json!({
        "UserPoolId": LOCAL_POOL,
        "ClientId": CLIENT,
        "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
        "AuthParameters": { "USERNAME": email("nina"), "PASSWORD": PASSWORD },
    });
    pool.app("admin_initiate_auth", &admin);
    let with = |name: &str, value: &str| {
        let mut arguments = by_password(&email("nina"), PASSWORD);
        arguments[name] = value.into();
        pool.app_refusal("initiate_auth", &arguments).0
    };
    assert_eq!(with("ClientId", "anotherclient0000000000000"), "ResourceNotFoundException");
    assert_eq!(with("AuthFlow", "ADMIN_USER_PASSWORD_AUTH"), "InvalidParameterException");
    assert_eq!(with("AuthFlow", "CUSTOM_AUTH"), "InvalidParameterException");

    let access = pool.sign_in("nina")["AccessToken"].take();
    pool.call("admin_disable_user", &json!({ "Username": email("nina") }));
    let (refusal, why) = pool.app_refusal("initiate_auth", &by_password(&email("nina"), PASSWORD));
    assert_eq!((refusal.as_str(), why.as_str()), ("NotAuthorizedException", "User is disabled."));
    assert_eq!(pool.app_refusal("get_user", &json!({ "AccessToken": access })).0, "NotAuthorizedException");
}

#[test]
fn a_temporary_password_is_replaced_at_the_first_sign_in() {
    let pool = Local::new();
    pool.add("nina");
    let temporary = "Temporary-1";
    pool.call("admin_set_user_password", &json!({ "Username": email("nina"), "Password": temporary }));
    let challenge = pool.app("initiate_auth", &by_password(&email("nina"), temporary));
    assert_eq!(challenge["ChallengeName"], "NEW_PASSWORD_REQUIRED");
    assert_eq!(challenge.get("AuthenticationResult"), None);
    let respond = |session: &Value, name: &str, password: &str| {
        json!({
            "ClientId": CLIENT,
            "ChallengeName": "NEW_PASSWORD_REQUIRED",
            "Session": session,
            "ChallengeResponses": {
                "USERNAME": name, "NEW_PASSWORD": password, "userAttributes.name": "Nina O",
            },
        })
    };
    let session = &challenge["Session"];
    let refused = |arguments: &Value| pool.app_refusal("respond_to_auth_challenge", arguments).0;
    assert_eq!(refused(&respond(session, &email("nina"), "short")), "InvalidPasswordException");
    assert_eq!(refused(&respond(session, &email("oscar"), PASSWORD)), "NotAuthorizedException");
    let forged = json!("x".repeat(40));
    assert_eq!(refused(&respond(&forged, &email("nina"), PASSWORD)), "NotAuthorizedException");
    let answer = pool.app("respond_to_auth_challenge", &respond(session, &email("nina"), PASSWORD));
    let id = jwt_claims(&answer["AuthenticationResult"]["IdToken"], &jwks(&pool.0.url()));
    assert_eq!(id["name"], "Nina O");
    // The session is used up, and the old password is gone.
    assert_eq!(refused(&respond(session, &email("nina"), "Another-horse-8")), "NotAuthorizedException");
    let old = pool.app_refusal("initiate_auth", &by_password(&email("nina"), temporary));
    assert_eq!(old.0, "NotAuthorizedException");
    pool.sign_in("nina");
}

#[test]
fn signing_out_ends_every_sign_in_and_no_later_one() {
    let pool = Local::new();
    pool.member("nina");
    let [first, second] = [(); 2].map(|()| pool.sign_in("nina"));
    let refresh = |tokens: &Value| {
        json!({
            "ClientId": CLIENT,
            "AuthFlow": "REFRESH_TOKEN_AUTH",
            "AuthParameters": { "REFRESH_TOKEN": tokens["RefreshToken"] },
        })
    };
    let renewed = pool.app("initiate_auth", &refresh(&first))["AuthenticationResult"].take();
    let keys = jwks(&pool.0.url());
    let origin = |tokens: &Value| jwt_claims(&tokens["AccessToken"], &keys)["origin_jti"].take();
    assert_eq!(origin(&renewed), origin(&first));
    assert_eq!(renewed.get("RefreshToken"), None);

    pool.app("global_sign_out", &json!({ "AccessToken": first["AccessToken"] }));
    for tokens in [&first, &second, &renewed] {
        let (refusal, why) = pool.app_refusal("get_user", &json!({ "AccessToken": tokens["AccessToken"] }));
        assert_eq!((refusal.as_str(), why.contains("revoked")), ("NotAuthorizedException", true));
    }
    for tokens in [&first, &second] {
        assert_eq!(pool.app_refusal("initiate_auth", &refresh(tokens)).0, "NotAuthorizedException");
    }
    let third = pool.sign_in("nina");
    pool.app("get_user", &json!({ "AccessToken": third["AccessToken"] }));
}

#[test]
fn a_refresh_token_that_is_revoked_ends_its_sign_in_alone() {
    let pool = Local::new();
    pool.member("nina");
    let [first, second] = [(); 2].map(|()| pool.sign_in("nina"));
    let with = |name: &str, tokens: &Value| json!({ "ClientId": CLIENT, name: tokens["RefreshToken"] });
    let renewed = pool.app("get_tokens_from_refresh_token", &with("RefreshToken", &first));
    let access = &renewed["AuthenticationResult"]["AccessToken"];
    for _ in 0..2 {
        pool.app("revoke_token", &with("Token", &first));
    }
    for access in [access, &first["AccessToken"]] {
        let (refusal, why) = pool.app_refusal("get_user", &json!({ "AccessToken": access }));
        assert_eq!((refusal.as_str(), why.contains("revoked")), ("NotAuthorizedException", true));
    }
    let refused = pool.app_refusal("get_tokens_from_refresh_token", &with("RefreshToken", &first));
    assert_eq!(refused.0, "NotAuthorizedException");
    pool.app("get_user", &json!({ "AccessToken": second["AccessToken"] }));
    pool.app("get_tokens_from_refresh_token", &with("RefreshToken", &second));
    let access = json!({ "ClientId": CLIENT, "Token": second["AccessToken"] });
    assert_eq!(pool.app_refusal("revoke_token", &access).0, "UnsupportedTokenTypeException");
}

#[test]
fn the_key_is_made_once_and_survives_the_stack() {
    let world = World::new();
    world.up(&[]).succeeds();
    let before = jwks(&world.cognito());
    assert_eq!(before["keys"].as_array().unwrap().len(), 1);
    assert_eq!(jwks(&world.cognito()), before);
    world.down().succeeds();
    world.up(&[]).succeeds();
    assert_eq!(jwks(&world.cognito()), before);
}

#[test]
fn the_people_of_setup_sign_in_with_the_password_in_the_docs() {
    let (sandbox, pool) = (Sandbox::new(), Local::new());
    let mut setup = sandbox.command(["db", "setup"]);
    setup.env(COGNITO_ENDPOINT, pool.0.url()).env_remove("AWS_COGNITO_USER_POOL_ID");
    Run::of(&mut setup).succeeds();
    let docs = include_str!("../../../docs/user-pool.md").replace('\n', " ");
    let password = docs.split_once("The password is `").unwrap().1.split_once('`').unwrap().0;
    let answer = pool.app("initiate_auth", &by_password(&email("petra"), password));
    let id = jwt_claims(&answer["AuthenticationResult"]["IdToken"], &jwks(&pool.0.url()));
    let query = format!("SELECT handle FROM users WHERE cognito_user_id = '{}'", id["sub"].as_str().unwrap());
    assert_eq!(sandbox.sql(&query), [["petra"]]);
}
