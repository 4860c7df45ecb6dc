//! What an administrator does to the pool's users, compared with moto.

use serde_json::{Value, json};

use super::{Local, attempt, attribute, email, person};
use crate::support::{LOCAL_POOL, boto3, boto3_attempt, moto};

/// An answer without what each service makes anew, and without the empty lists that only moto has.
fn comparable(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .filter(|(name, value)| {
                !name.contains("MFA") && !name.contains("Mfa") && *name != "message" && !value.is_null()
            })
            .map(|(name, value)| {
                let is_anew = name == "Username" || name.ends_with("Date");
                (name.clone(), if is_anew { "anew".into() } else { comparable(value) })
            })
            .collect(),
        Value::Array(elements) => {
            let mut elements: Vec<Value> = elements.iter().map(comparable).collect();
            for element in &mut elements {
                if element["Name"] == "sub" {
                    element["Value"] = "anew".into();
                }
            }
            elements.sort_by_key(ToString::to_string);
            elements.into()
        }
        other => other.clone(),
    }
}

#[test]
fn the_same_calls_are_answered_as_by_moto() {
    let local = Local::new();
    let made = json!({ "PoolName": "cruddur", "UsernameAttributes": ["email"] });
    let made = boto3(&moto().url(), "cognito-idp", "create_user_pool", &made);
    let pool = made["UserPool"]["Id"].as_str().unwrap();
    let nina = json!({ "Username": email("nina") });
    let nobody = json!({ "Username": email("nobody") });
    let with = |user: &Value, members: Value| {
        let mut arguments = user.clone();
        arguments.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        arguments
    };
    let password = json!({ "Password": "Correct-horse-7", "Permanent": true });
    let temporary = json!({ "Password": "Correct-horse-8" });
    let name = json!({ "UserAttributes": [{ "Name": "name", "Value": "Nina O" }] });
    let taken = json!({ "UserAttributes": [{ "Name": "email", "Value": email("oscar") }] });
    let calls = [
        ("admin_create_user", person("nina")),
        ("admin_create_user", person("oscar")),
        ("admin_create_user", person("nina")),
        ("admin_create_user", json!({ "Username": "petra" })),
        ("admin_create_user", with(&nobody, json!({ "MessageAction": "RESEND" }))),
        ("admin_get_user", nina.clone()),
        ("admin_get_user", json!({ "Username": "nina" })),
        ("admin_get_user", nobody.clone()),
        ("admin_set_user_password", with(&nina, password.clone())),
        ("admin_get_user", nina.clone()),
        ("admin_set_user_password", with(&nina, temporary)),
        ("admin_get_user", nina.clone()),
        ("admin_set_user_password", with(&nina, json!({ "Password": "short", "Permanent": true }))),
        ("admin_set_user_password", with(&nobody, password)),
        ("admin_update_user_attributes", with(&nina, name.clone())),
        ("admin_update_user_attributes", with(&nina, taken)),
        ("admin_update_user_attributes", with(&nobody, name)),
        ("admin_disable_user", nina.clone()),
        ("admin_get_user", nina.clone()),
        ("list_users", json!({})),
        ("list_users", json!({ "Filter": r#"status = "Disabled""# })),
        ("list_users", json!({ "Filter": r#"email ^= "os""#, "AttributesToGet": ["email"] })),
        ("list_users", json!({ "Filter": r#"website = "x""# })),
        ("admin_enable_user", nina.clone()),
        ("admin_get_user", nina.clone()),
        ("admin_enable_user", nobody.clone()),
        ("admin_delete_user", nina.clone()),
        ("admin_delete_user", nina.clone()),
        ("admin_delete_user", nobody),
        ("list_users", json!({})),
    ];
    for (operation, arguments) in calls {
        let ours = local.attempt(operation, &arguments);
        let motos = attempt(&moto().url(), pool, operation, &arguments);
        assert_eq!(comparable(&ours), comparable(&motos), "{operation} {arguments}");
    }
}

#[test]
fn a_user_is_found_by_the_sub_and_by_the_email_whatever_its_case() {
    let pool = Local::new();
    let sub = pool.add("nina");
    for name in [&sub, &email("nina"), &email("NINA")] {
        let user = pool.call("admin_get_user", &json!({ "Username": name }));
        assert_eq!(user["Username"], sub.as_str());
        assert_eq!(attribute(&user["UserAttributes"], "sub"), Some(sub.as_str()));
    }
    assert_eq!(pool.refusal("admin_create_user", &person("Nina")), "UsernameExistsException");
}

#[test]
fn attributes_are_those_of_the_schema() {
    let pool = Local::new();
    pool.add("nina");
    let set = |name: &str, value: &str| json!({ "Username": email("nina"), "UserAttributes": [{ "Name": name, "Value": value }] });
    let user = || pool.call("admin_get_user", &json!({ "Username": email("nina") }));
    let before = user();
    for (name, value) in [
        ("sub", "1"),
        ("shoe_size", "43"),
        ("custom:shoe_size", "43"),
        ("email", "nina"),
        ("email", ""),
        ("email_verified", "maybe"),
        ("name", &"x".repeat(2049)),
    ] {
        let refusal = pool.refusal("admin_update_user_attributes", &set(name, value));
        assert_eq!(refusal, "InvalidParameterException", "{name}");
    }
    assert_eq!(user(), before);
    for (name, value) in [("website", "https://example.com"), ("email_verified", "true")] {
        pool.call("admin_update_user_attributes", &set(name, value));
        assert_eq!(attribute(&user()["UserAttributes"], name), Some(value));
    }
    pool.call("admin_update_user_attributes", &set("website", ""));
    assert_eq!(attribute(&user()["UserAttributes"], "website"), None);
    // Another address counts as unverified.
    let other = "nina.okafor@example.com";
    pool.call("admin_update_user_attributes", &set("email", other));
    let user = pool.call("admin_get_user", &json!({ "Username": other }));
    assert_eq!(attribute(&user["UserAttributes"], "email_verified"), Some("false"));
    let old = json!({ "Username": email("nina") });
    assert_eq!(pool.refusal("admin_get_user", &old), "UserNotFoundException");
}

#[test]
fn a_password_must_conform_to_the_policy() {
    let pool = Local::new();
    pool.add("nina");
    for (password, why) in [
        ("Short-1", "not long enough"),
        ("all-lowercase-1", "uppercase"),
        ("ALL-UPPERCASE-1", "lowercase"),
        ("No-Digits-here", "numeric"),
        ("NoSymbols1", "symbol"),
    ] {
        let arguments = json!({ "Username": email("nina"), "Password": password, "Permanent": true });
        let answer = pool.attempt("admin_set_user_password", &arguments);
        assert_eq!(answer["refusal"], "InvalidPasswordException");
        assert!(answer["message"].as_str().unwrap().contains(why), "{answer}");
    }
    let user = pool.call("admin_get_user", &json!({ "Username": email("nina") }));
    assert_eq!(user["UserStatus"], "FORCE_CHANGE_PASSWORD");
}

#[test]
fn there_is_one_pool_and_it_describes_itself() {
    let pool = Local::new();
    pool.add("nina");
    let described = pool.call("describe_user_pool", &json!({}));
    assert_eq!(described["UserPool"]["Id"], LOCAL_POOL);
    assert_eq!(described["UserPool"]["UsernameAttributes"], json!(["email"]));
    assert_eq!(described["UserPool"]["EstimatedNumberOfUsers"], 1);
    let url = pool.0.url();
    let list =
        |most: i64| boto3_attempt(&url, "cognito-idp", "list_user_pools", &json!({ "MaxResults": most }));
    let listed = list(60);
    assert_eq!(listed["answer"]["UserPools"].as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(listed["answer"]["UserPools"][0]["Id"], LOCAL_POOL);
    assert_eq!(list(61)["refusal"], "InvalidParameterException");
    for operation in ["list_users", "describe_user_pool"] {
        let other = attempt(&url, "us-east-1_OtherPool", operation, &json!({}));
        assert_eq!(other["refusal"], "ResourceNotFoundException", "{other}");
    }
    let unknown = boto3_attempt(&url, "cognito-idp", "create_user_pool", &json!({ "PoolName": "x" }));
    assert_eq!(unknown["refusal"], "UnknownOperationException");
}
