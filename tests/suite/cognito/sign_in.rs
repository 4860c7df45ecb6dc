//! Signing in, and what is verified of the tokens: held against a library of JWTs.

use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::People;
use crate::support::{
    COGNITO_ENDPOINT, Fault, LOCAL_POOL, Proxy, Run, boto3, jwt_claims, jwt_signed, typed_at,
};
use crate::user_pool::{attempt, attribute, email, jwks_of};

const SECRET: &str = "Correct-horse-7";

impl People {
    /// With a user who has this password.
    fn with_quinn(self) -> Self {
        let words = ["create-user", "quinn", "--email", "quinn@example.com", "--name", "Quinn Abara"];
        self.with_password(&words, SECRET).succeeds();
        self
    }

    /// `cruddur cognito sign-in …` through the app client.
    fn signing_in(&self, words: &[&str]) -> Command {
        let mut command = self.command(&[&["sign-in"], words].concat());
        command.env("AWS_COGNITO_USER_POOL_CLIENT_ID", &self.client);
        command
    }

    fn signs_in(&self, words: &[&str]) -> Run {
        Run::with_input(self.signing_in(words).arg("--password-stdin"), format!("{SECRET}\n"))
    }

    fn both() -> [Self; 2] {
        [Self::of_ours().with_quinn(), Self::of_moto().with_quinn()]
    }
}

#[test]
fn who_signs_in_gets_tokens_that_others_verify() {
    for people in People::both() {
        let keys = jwks_of(&people.endpoint, &people.pool);
        let sub = people.get(&email("quinn"))["answer"]["UserAttributes"].clone();
        let sub = attribute(&sub, "sub").unwrap().to_owned();
        for name in ["quinn", "quinn@example.com", &sub] {
            let run = people.signs_in(&[name]).succeeds();
            run.says(&format!("signed in \"quinn\" to {} on {}", people.pool, people.endpoint))
                .says(&format!("verified by {}/{}/.well-known/jwks.json", people.endpoint, people.pool));
        }
        for kind in ["access", "id"] {
            let run = people.signs_in(&["quinn", "--token", kind]).succeeds();
            let [token] = run.stdout.lines().collect::<Vec<_>>()[..] else { panic!("{}", run.stdout) };
            let claims = jwt_claims(&json!(token), &keys);
            assert_eq!((&claims["token_use"], &claims["sub"]), (&json!(kind), &json!(sub)));
            assert!(!run.stderr.contains(token));

            let run = people.signs_in(&["quinn", "--token", kind, "-o", "ndjson"]).succeeds();
            for row in run.ndjson() {
                if row["token_use"] == kind {
                    assert_eq!(jwt_claims(&row["token"], &keys), row["claims"]);
                } else {
                    assert_eq!(row.get("token"), None);
                }
                assert_eq!(row["claims"]["sub"], json!(sub));
                assert!(keys["keys"].as_array().unwrap().iter().any(|key| key["kid"] == row["key"]));
            }
        }
        let refresh = people.signs_in(&["quinn", "--token", "refresh"]).succeeds().stdout;
        let renew = json!({
            "ClientId": people.client, "AuthFlow": "REFRESH_TOKEN_AUTH",
            "AuthParameters": { "REFRESH_TOKEN": refresh.trim_end() },
        });
        let renewed = boto3(&people.endpoint, "cognito-idp", "initiate_auth", &renew);
        assert_eq!(jwt_claims(&renewed["AuthenticationResult"]["AccessToken"], &keys)["sub"], json!(sub));
    }
}

#[test]
fn neither_a_token_nor_the_password_is_shown_unless_asked_for() {
    for people in People::both() {
        for words in [&["quinn", "-vv"][..], &["quinn", "-o", "json", "-vv"], &["quinn", "--dry-run", "-vv"]]
        {
            let run = people.signs_in(words).succeeds();
            let text = format!("{}{}", run.stdout, run.stderr);
            // How the second part of every JWT begins. The pool's key may hold the same letters, but no dot.
            assert!(!text.contains(SECRET) && !text.contains(".eyJ"), "{text}");
            assert!(text.contains("\"PASSWORD\":\"***\""), "{text}");
            assert_eq!(text.contains("\"RefreshToken\":\"***\""), !words.contains(&"--dry-run"), "{text}");
        }
    }
}

#[test]
fn in_the_stacks_own_pool_the_password_is_the_one_of_setup() {
    let people = People::of_ours();
    people.run(&["create-user", "nina", "--email", "nina@example.com"]).succeeds();
    // Nobody has to name the first of the two people, nor the client.
    people.run(&["sign-in"]).succeeds().says("signed in \"nina\" to ");
    Run::of(people.command(&["sign-in"]).env("user1_username", "quinn"))
        .exits_with(1)
        .says("no user \"quinn\"");
    people.with_password(&["set-password", "nina"], SECRET).succeeds();
    people
        .run(&["sign-in"])
        .exits_with(1)
        .says("the password was setup's; to give another add: --password-stdin");
    people.with_password(&["sign-in"], SECRET).succeeds();
    // Elsewhere it is asked for.
    let people = People::of_moto().with_quinn();
    Run::of(&mut people.signing_in(&["quinn"])).exits_with(2).says("the password is missing");
    let run = typed_at(&people.signing_in(&["quinn"]), "Password:", b"Correct-horse-7\n").exits_with(0);
    assert!(
        run.stdout.contains("signed in \"quinn\" to ") && !run.stdout.contains("Correct"),
        "{}",
        run.stdout
    );
}

#[test]
fn who_is_not_let_in_learns_why() {
    for people in People::both() {
        let place = format!("\"quinn\" cannot sign in to {}", people.pool);
        let run = people.with_password(&["sign-in", "quinn", "--client-id", &people.client], "Wrong-horse-7");
        run.exits_with(1)
            .says(&place)
            .says("[NotAuthorizedException]")
            .says("to set another password run: cruddur cognito set-password quinn");
        let run = people.signs_in(&["quinn", "--client-id", "anotherclient0000000000000"]).exits_with(1);
        run.says("[ResourceNotFoundException]")
            .says("the app client \"anotherclient0000000000000\" is from --client-id");
        people.signs_in(&["nobody"]).exits_with(1).says("has no user \"nobody\"");

        people.with_password(&["set-password", "quinn", "--temporary"], SECRET).succeeds();
        let run = people.signs_in(&["quinn", "-vv"]).exits_with(1);
        let run = run
            .says(&format!("{place} by the password alone: it asks for NEW_PASSWORD_REQUIRED"))
            .says("to set it run: cruddur cognito set-password quinn")
            .says("\"Session\":\"***\"");
        assert_eq!(run.stdout, "");
        people.with_password(&["set-password", "quinn"], SECRET).succeeds();
        let disable = json!({ "Username": email("quinn") });
        attempt(&people.endpoint, &people.pool, "admin_disable_user", &disable);
        people.signs_in(&["quinn"]).exits_with(1).says("User is disabled.");
    }
    let people = People::of_ours();
    let sign_up = json!({
        "ClientId": people.client, "Username": email("rosa"), "Password": SECRET,
        "UserAttributes": [{ "Name": "preferred_username", "Value": "rosa" }],
    });
    boto3(&people.endpoint, "cognito-idp", "sign_up", &sign_up);
    people.signs_in(&["rosa"]).exits_with(1).says("the sign-up must be confirmed first");
}

#[test]
fn a_client_must_be_named_and_have_no_secret() {
    let people = People::of_moto().with_quinn();
    people
        .with_password(&["sign-in", "quinn"], SECRET)
        .exits_with(4)
        .says("no app client of the user pool ")
        .says("give --client-id, or set AWS_COGNITO_USER_POOL_CLIENT_ID in .env");
    // As AWS words it.
    for (code, message) in [
        ("NotAuthorizedException", "Client abc is configured with secret but SECRET_HASH was not received"),
        ("InvalidParameterException", "USER_PASSWORD_AUTH flow not enabled for this client"),
    ] {
        let body = json!({ "__type": code, "message": message }).to_string().leak();
        let proxy = Proxy::new(people.endpoint.clone(), "InitiateAuth", |_| Some(Fault::Broken(400, body)));
        let mut command = people.signing_in(&["quinn", "--password-stdin"]);
        let run = Run::with_input(command.env(COGNITO_ENDPOINT, proxy.url()), SECRET).exits_with(1);
        run.says(message)
            .says("is from AWS_COGNITO_USER_POOL_CLIENT_ID")
            .says("it must belong to the pool, have no secret, and allow USER_PASSWORD_AUTH");
    }
}

/// A run whose tokens are these.
fn with_tokens(people: &People, endpoint: &str, tokens: &Value) -> Run {
    let body = json!({ "AuthenticationResult": tokens, "ChallengeParameters": {} }).to_string().leak();
    let proxy = Proxy::new(endpoint.to_owned(), "InitiateAuth", |_| Some(Fault::Broken(200, body)));
    let mut command = people.signing_in(&["quinn", "--password-stdin", "-o", "json"]);
    Run::with_input(command.env(COGNITO_ENDPOINT, proxy.url()), SECRET)
}

#[test]
fn a_token_that_an_app_would_not_take_is_not_taken_here() {
    let people = People::of_ours().with_quinn();
    let other = People::of_ours().with_quinn();
    people.run(&["create-user", "rosa", "--email", "rosa@example.com"]).succeeds();
    let tokens_of = |people: &People, name: &str, password: &str| {
        let arguments = json!({
            "ClientId": people.client, "AuthFlow": "USER_PASSWORD_AUTH",
            "AuthParameters": { "USERNAME": email(name), "PASSWORD": password },
        });
        boto3(&people.endpoint, "cognito-idp", "initiate_auth", &arguments)["AuthenticationResult"].take()
    };
    let good = tokens_of(&people, "quinn", SECRET);
    with_tokens(&people, &people.endpoint, &good).succeeds();
    let with = |name: &str, value: &Value| {
        let mut tokens = good.clone();
        tokens[name] = value.clone();
        tokens
    };
    let (access, id) = (good["AccessToken"].as_str().unwrap(), good["IdToken"].as_str().unwrap());
    let (text, signature) = access.rsplit_once('.').unwrap();
    let claims = text.split_once('.').unwrap().1;
    let no_key = "no key of the pool has signed it";
    for (tokens, why) in [
        (tokens_of(&other, "quinn", SECRET), no_key),
        (
            with("AccessToken", &json!(format!("{text}.{}", signature.chars().rev().collect::<String>()))),
            no_key,
        ),
        // Of the algorithm "none", and no JWT at all.
        (with("AccessToken", &json!(format!("eyJhbGciOiJub25lIn0.{claims}."))), no_key),
        (with("AccessToken", &json!("nonsense")), no_key),
        (with("AccessToken", &json!(id)), "token_use is \"id\", not \"access\""),
        (with("IdToken", &json!(access)), "token_use is \"access\", not \"id\""),
        (tokens_of(&people, "rosa", "Cruddur-local-1"), "sub is "),
    ] {
        let run = with_tokens(&people, &people.endpoint, &tokens)
            .exits_with(1)
            .says(" token of \"quinn\" is not valid: ")
            .says(why);
        assert_eq!(run.stdout, "");
    }
    with_tokens(&people, &people.endpoint, &json!({})).exits_with(1).says("returned no tokens");
    // The client is asked for by its name, and the tokens are another's.
    let body = json!({ "AuthenticationResult": good }).to_string().leak();
    let proxy = Proxy::new(people.endpoint.clone(), "InitiateAuth", |_| Some(Fault::Broken(200, body)));
    let mut command = people.signing_in(&["quinn", "--password-stdin", "--client-id", "another"]);
    let run = Run::with_input(command.env(COGNITO_ENDPOINT, proxy.url()), SECRET).exits_with(1);
    run.says("client_id is \"cruddurlocalclient00000000\", not \"another\"");
}

#[test]
fn every_claim_that_an_app_checks_is_checked() {
    let people = People::of_ours().with_quinn();
    let attributes = people.get(&email("quinn"))["answer"]["UserAttributes"].clone();
    let sub = attribute(&attributes, "sub").unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let sign = |kind: &str, (name, value): (&str, Value), header: &Value| {
        let mut claims = json!({
            "sub": sub, "iss": format!("http://localhost:1/{LOCAL_POOL}"), "token_use": kind, "exp": now + 600,
        });
        claims[if kind == "id" { "aud" } else { "client_id" }] = people.client.clone().into();
        claims[name] = value;
        jwt_signed(header, &claims)
    };
    let run = |id: (&'static str, Value), header: Value| {
        let good = json!({ "alg": "RS256", "kid": "test" });
        let access = sign("access", ("scope", json!("any")), &good);
        let tokens = json!({ "AccessToken": access["token"], "IdToken": sign("id", id, &header)["token"] });
        let keys = access["keys"].to_string().leak();
        let proxy = Proxy::new(people.endpoint.clone(), "GET", |_| Some(Fault::Broken(200, keys)));
        with_tokens(&people, proxy.url(), &tokens)
    };
    let header = || json!({ "alg": "RS256", "kid": "test" });
    run(("email", json!("quinn@example.com")), header()).succeeds();
    for (claim, why) in [
        (("iss", json!("http://localhost:1/us-east-1_Another")), "iss is "),
        (("iss", json!(null)), "iss is null"),
        (("aud", json!("another")), "aud is \"another\""),
        (("token_use", json!("access")), "token_use is \"access\""),
        (("sub", json!("somebody")), "sub is \"somebody\""),
        (("exp", json!(now - 1)), "it has expired"),
        (("exp", json!(null)), "it has expired"),
        (("exp", json!(i64::MAX)), "it has expired"),
    ] {
        run(claim, header()).exits_with(1).says("the id token of \"quinn\" is not valid: ").says(why);
    }
    for header in [
        json!({ "alg": "RS256", "kid": "another" }),
        json!({ "alg": "RS256" }),
        json!({ "alg": "RS512", "kid": "test" }),
        json!({ "alg": "PS256", "kid": "test" }),
    ] {
        run(("email", json!("quinn@example.com")), header)
            .exits_with(1)
            .says("the id token of \"quinn\" is not valid: no key of the pool has signed it");
    }
}

#[test]
fn keys_that_cannot_be_read_are_told_of() {
    let people = People::of_ours().with_quinn();
    for (status, body) in [(200, "{}"), (200, "<html>"), (404, "{\"keys\":[]}")] {
        let proxy = Proxy::new(people.endpoint.clone(), "GET", move |_| Some(Fault::Broken(status, body)));
        let mut command = people.signing_in(&["quinn", "--password-stdin"]);
        let run = Run::with_input(command.env(COGNITO_ENDPOINT, proxy.url()), SECRET).exits_with(1);
        run.says(&format!("cannot read {}/{}/.well-known/jwks.json", proxy.url(), people.pool));
    }
    // One failure is made up for.
    let proxy =
        Proxy::new(people.endpoint.clone(), "GET", |call| (call == 0).then_some(Fault::Broken(503, "")));
    let mut command = people.signing_in(&["quinn", "--password-stdin"]);
    Run::with_input(command.env(COGNITO_ENDPOINT, proxy.url()), SECRET).succeeds();
    assert_eq!(proxy.calls(), 2);
}
