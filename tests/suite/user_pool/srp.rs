//! Signing in by SRP, with pycognito as the client.

use rusqlite::Connection;
use serde_json::{Value, json};

use cruddur::local::{Access, user_pool};

use super::sign_in::{CLIENT, PASSWORD, by_password, jwks};
use super::{Local, email};
use crate::support::{
    LOCAL_POOL, boto3, boto3_attempt, jwt_claims, moto, pycognito, runtime, scratch, srp_answer,
};

const IDS: (&str, &str) = (LOCAL_POOL, CLIENT);
/// The prime of the group, from RFC 5054.
const PRIME: &str = "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E34\
    04DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BF\
    B5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C\
    62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3BE39E772C180E86039B2783A2EC07A\
    28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33A85521AB\
    DF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12\
    FFA06D98A0864D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD10\
    8E4B82D120A93AD2CAFFFFFFFFFFFFFFFF";

impl Local {
    /// The URL that is in the tokens, by which pycognito verifies them.
    fn named(&self) -> String {
        format!("http://localhost:{}", self.0.port())
    }

    /// What pycognito has after a call.
    #[track_caller]
    fn client(&self, name: &str, method: &str, arguments: &[&str], tokens: &Value) -> Value {
        pycognito(&self.named(), IDS, name, (method, arguments), tokens)
    }

    #[track_caller]
    fn srp(&self, name: &str, password: &str) -> Value {
        self.client(name, "authenticate", &[password], &json!({}))
    }

    /// What an answer to the challenge leads to.
    #[track_caller]
    fn answer(&self, answer: &Value) -> Value {
        let arguments = json!({
            "ClientId": CLIENT, "ChallengeName": "PASSWORD_VERIFIER", "ChallengeResponses": answer,
        });
        boto3_attempt(&self.0.url(), "cognito-idp", "respond_to_auth_challenge", &arguments)
    }
}

/// The arguments that begin a sign-in with the client's number `a`.
fn by_srp(name: &str, a: &str) -> Value {
    json!({
        "ClientId": CLIENT,
        "AuthFlow": "USER_SRP_AUTH",
        "AuthParameters": { "USERNAME": name, "SRP_A": a },
    })
}

#[track_caller]
fn assert_wrong_password(attempt: &Value) {
    let expected = json!({
        "refusal": "NotAuthorizedException", "message": "Incorrect username or password.",
    });
    assert_eq!(*attempt, expected);
}

#[test]
fn a_client_of_others_signs_in_refreshes_and_signs_out() {
    let pool = Local::new();
    let sub = pool.member("nina");
    for name in [email("nina"), email("NINA"), sub.clone()] {
        let signed_in = pool.srp(&name, PASSWORD);
        let id = jwt_claims(&signed_in["answer"]["id_token"], &jwks(&pool.0.url()));
        assert_eq!(id["sub"], sub.as_str(), "{name}: {signed_in}");
    }
    let tokens = pool.srp(&email("nina"), PASSWORD)["answer"].take();
    let renewed = pool.client(&sub, "renew_access_token", &[], &tokens)["answer"].take();
    let origin =
        |tokens: &Value| jwt_claims(&tokens["access_token"], &jwks(&pool.0.url()))["origin_jti"].take();
    assert_ne!(renewed["access_token"], tokens["access_token"]);
    assert_eq!(origin(&renewed), origin(&tokens));
    assert!(pool.client(&sub, "logout", &[], &tokens).get("answer").is_some());
    assert_eq!(pool.client(&sub, "renew_access_token", &[], &tokens)["refusal"], "NotAuthorizedException");
}

#[test]
fn the_numbers_may_have_any_length_and_first_bit() {
    let pool = Local::new();
    pool.add("nina");
    for round in 0..24 {
        // Another salt each time, and other numbers of both sides.
        let password = json!({ "Username": email("nina"), "Password": PASSWORD, "Permanent": true });
        pool.call("admin_set_user_password", &password);
        let signed_in = pool.srp(&email("nina"), PASSWORD);
        assert!(signed_in.get("answer").is_some(), "round {round}: {signed_in}");
    }
}

#[test]
fn a_wrong_password_an_unknown_user_and_one_without_password_look_alike() {
    let pool = Local::new();
    pool.member("nina");
    pool.add("oscar");
    for (handle, password) in [("nina", "Wrong-horse-7"), ("nobody", PASSWORD), ("oscar", PASSWORD)] {
        assert_wrong_password(&pool.srp(&email(handle), password));
    }
    let challenge = |name: &str| pool.app("initiate_auth", &by_srp(name, "2"))["ChallengeParameters"].take();
    for (one, again) in [("nina", "NINA"), ("nobody", "NOBODY")] {
        let [first, second] = [one, again].map(|handle| challenge(&email(handle)));
        for name in ["SALT", "USERNAME", "USER_ID_FOR_SRP"] {
            assert_eq!(first[name], second[name], "{one}: {name}");
        }
        for name in ["SRP_B", "SECRET_BLOCK"] {
            assert_ne!(first[name], second[name], "{one}: {name}");
        }
        uuid::Uuid::try_parse(first["USER_ID_FOR_SRP"].as_str().unwrap()).unwrap();
    }
}

#[test]
fn moto_takes_any_password() {
    let made = boto3(&moto().url(), "cognito-idp", "create_user_pool", &json!({ "PoolName": "srp" }));
    let id = made["UserPool"]["Id"].as_str().unwrap();
    let app = json!({ "UserPoolId": id, "ClientName": "app" });
    let app = boto3(&moto().url(), "cognito-idp", "create_user_pool_client", &app);
    let app = app["UserPoolClient"]["ClientId"].as_str().unwrap();
    let nina = json!({ "UserPoolId": id, "Username": "nina" });
    boto3(&moto().url(), "cognito-idp", "admin_create_user", &nina);
    let password = json!({ "UserPoolId": id, "Username": "nina", "Password": PASSWORD, "Permanent": true });
    boto3(&moto().url(), "cognito-idp", "admin_set_user_password", &password);
    let answer = srp_answer(&moto().url(), (id, app), "nina", "Wrong-horse-7");
    let arguments =
        json!({ "ClientId": app, "ChallengeName": "PASSWORD_VERIFIER", "ChallengeResponses": answer });
    let answer = boto3(&moto().url(), "cognito-idp", "respond_to_auth_challenge", &arguments);
    assert!(answer["AuthenticationResult"]["AccessToken"].is_string(), "{answer}");
    let mut unknown = by_srp("nobody", "2");
    unknown["ClientId"] = app.into();
    let attempt = |operation: &str, arguments: &Value| {
        boto3_attempt(&moto().url(), "cognito-idp", operation, arguments)["refusal"].take()
    };
    assert_eq!(attempt("initiate_auth", &unknown), "UserNotFoundException");
    let mut by_admin = by_srp("nina", "2");
    by_admin["ClientId"] = app.into();
    by_admin["UserPoolId"] = id.into();
    assert_eq!(attempt("admin_initiate_auth", &by_admin), "InvalidParameterException");
}

#[test]
fn a_number_by_which_anybody_would_know_the_key_is_refused() {
    let pool = Local::new();
    pool.member("nina");
    let refuse = |a: &str| pool.app_refusal("initiate_auth", &by_srp(&email("nina"), a)).0;
    for a in ["0", "000", PRIME, &format!("{PRIME}0"), "", "-1", "xyz"] {
        assert_eq!(refuse(a), "InvalidParameterException", "{a}");
    }
    let without = json!({
        "ClientId": CLIENT, "AuthFlow": "USER_SRP_AUTH", "AuthParameters": { "USERNAME": email("nina") },
    });
    assert_eq!(pool.app_refusal("initiate_auth", &without).0, "InvalidParameterException");
}

#[test]
fn an_answer_is_good_for_one_sign_in_of_its_user_by_the_password_that_holds() {
    let (pool, other) = (Local::new(), Local::new());
    let sub = pool.member("nina");
    pool.member("oscar");
    other.member("nina");
    let answered = |pool: &Local| srp_answer(&pool.0.url(), IDS, &email("nina"), PASSWORD);
    let with = |answer: &Value, name: &str, value: &str| {
        let mut answer = answer.clone();
        answer[name] = value.into();
        answer
    };
    let answer = answered(&pool);
    assert_wrong_password(&pool.answer(&with(&answer, "USERNAME", &email("oscar"))));
    assert_wrong_password(&pool.answer(&with(&answer, "PASSWORD_CLAIM_SIGNATURE", "bm9uc2Vuc2U=")));
    assert_wrong_password(&pool.answer(&with(&answer, "TIMESTAMP", "Sun Nov 22 08:09:10 UTC 2026")));
    for time in ["Sun Nov 02 08:09:10 UTC 2026", "Mon Nov 22 08:09:10 UTC 2026", "2026-11-22T08:09:10Z", ""] {
        let refused = pool.answer(&with(&answer, "TIMESTAMP", time));
        assert_eq!(refused["refusal"], "InvalidParameterException", "{time:?}: {refused}");
    }
    let foreign = answered(&other);
    for block in [foreign["PASSWORD_CLAIM_SECRET_BLOCK"].as_str().unwrap(), "bm9uc2Vuc2U=", "?"] {
        let refused = pool.answer(&with(&answer, "PASSWORD_CLAIM_SECRET_BLOCK", block));
        assert_eq!(refused["message"], "Invalid session for the user.", "{block}: {refused}");
    }
    let missing = pool.answer(&json!({ "USERNAME": sub }));
    assert_eq!(missing["refusal"], "InvalidParameterException");
    // A challenge is no session of one that comes after the password.
    let session = json!({
        "ClientId": CLIENT,
        "ChallengeName": "NEW_PASSWORD_REQUIRED",
        "Session": answer["PASSWORD_CLAIM_SECRET_BLOCK"],
        "ChallengeResponses": { "USERNAME": sub, "NEW_PASSWORD": "Another-horse-8" },
    });
    assert_eq!(pool.app_refusal("respond_to_auth_challenge", &session).0, "NotAuthorizedException");

    // None of that has used it up.
    let signed_in = pool.answer(&answer);
    assert!(signed_in["answer"]["AuthenticationResult"]["RefreshToken"].is_string(), "{signed_in}");
    assert_eq!(pool.answer(&answer)["message"], "Invalid session for the user.");
    let tokens = &signed_in["answer"]["AuthenticationResult"];
    pool.app("global_sign_out", &json!({ "AccessToken": tokens["AccessToken"] }));
    assert_eq!(pool.answer(&answer)["message"], "Invalid session for the user.");

    let answer = answered(&pool);
    let password = json!({ "Username": email("nina"), "Password": PASSWORD, "Permanent": true });
    pool.call("admin_set_user_password", &password);
    assert_wrong_password(&pool.answer(&answer));
    let answer = answered(&pool);
    pool.call("admin_disable_user", &json!({ "Username": email("nina") }));
    assert_eq!(pool.answer(&answer)["message"], "User is disabled.");
}

#[test]
fn an_administrator_begins_and_ends_it_too() {
    let pool = Local::new();
    let sub = pool.member("nina");
    let mut asked = by_srp(&email("nina"), "2");
    asked["UserPoolId"] = LOCAL_POOL.into();
    let challenge = pool.app("admin_initiate_auth", &asked);
    assert_eq!(challenge["ChallengeName"], "PASSWORD_VERIFIER");
    assert_eq!(challenge["ChallengeParameters"]["USER_ID_FOR_SRP"], sub.as_str());
    let answer = json!({
        "ClientId": CLIENT,
        "UserPoolId": LOCAL_POOL,
        "ChallengeName": "PASSWORD_VERIFIER",
        "ChallengeResponses": srp_answer(&pool.0.url(), IDS, &email("nina"), PASSWORD),
    });
    let signed_in = pool.app("admin_respond_to_auth_challenge", &answer);
    assert!(signed_in["AuthenticationResult"]["IdToken"].is_string(), "{signed_in}");
}

#[test]
fn who_has_not_confirmed_or_has_a_temporary_password_learns_it_after_the_proof() {
    let pool = Local::new();
    let sign_up = json!({ "ClientId": CLIENT, "Username": email("rosa"), "Password": PASSWORD });
    pool.app("sign_up", &sign_up);
    assert_eq!(pool.srp(&email("rosa"), PASSWORD)["refusal"], "UserNotConfirmedException");
    assert_wrong_password(&pool.srp(&email("rosa"), "Wrong-horse-7"));

    pool.add("nina");
    pool.call("admin_set_user_password", &json!({ "Username": email("nina"), "Password": "Temporary-1" }));
    assert_eq!(pool.srp(&email("nina"), "Temporary-1")["refusal"], "ForceChangePasswordException");
    let chosen =
        pool.client(&email("nina"), "new_password_challenge", &["Temporary-1", PASSWORD], &json!({}));
    assert!(chosen["answer"]["id_token"].is_string(), "{chosen}");
    assert!(pool.srp(&email("nina"), PASSWORD).get("answer").is_some());
    assert_wrong_password(&pool.srp(&email("nina"), "Temporary-1"));
}

#[test]
fn a_password_that_an_earlier_version_kept_must_be_given_once() {
    let folder = scratch();
    let file = folder.path().join("user-pool.sqlite");
    let server = user_pool::start(0, Some(&file), Access::default(), None);
    let pool = Local(runtime().block_on(server).unwrap());
    pool.member("nina");
    let kept = Connection::open(&file).unwrap();
    let removed = "UPDATE users SET record = json_remove(record, '$.password.srp_verifier')";
    assert_eq!(kept.execute(removed, []).unwrap(), 1);
    let (refusal, why) = pool.app_refusal("initiate_auth", &by_srp(&email("nina"), "2"));
    assert_eq!(refusal, "NotAuthorizedException");
    assert!(why.contains("Sign in once by USER_PASSWORD_AUTH"), "{why}");
    // A wrong password leaves none.
    pool.app_refusal("initiate_auth", &by_password(&email("nina"), "Wrong-horse-7"));
    assert_eq!(pool.app_refusal("initiate_auth", &by_srp(&email("nina"), "2")).1, why);
    pool.sign_in("nina");
    assert!(pool.srp(&email("nina"), PASSWORD).get("answer").is_some());
}
