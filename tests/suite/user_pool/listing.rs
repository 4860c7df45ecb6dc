//! ListUsers: pages, filters, attributes.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Local, attribute, email};
use crate::support::{COGNITO_ENDPOINT, Run, Sandbox};

/// The handles of the users in an answer.
fn handles(answer: &Value) -> Vec<String> {
    let users = answer["Users"].as_array().unwrap().iter();
    users
        .map(|user| attribute(&user["Attributes"], "preferred_username").unwrap_or_default().to_owned())
        .collect()
}

/// Every page, from the first on.
fn pages(pool: &Local, mut arguments: Value) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    loop {
        let mut page = pool.call("list_users", &arguments);
        pages.push(handles(&page));
        match page["PaginationToken"].take() {
            Value::Null => return pages,
            token => arguments["PaginationToken"] = token,
        }
    }
}

#[test]
fn pages_hold_sixty_users_in_the_order_in_which_they_came() {
    let pool = Local::new();
    let all: Vec<String> = (0..125).map(|number| format!("walker-{number:03}")).collect();
    for handle in &all {
        pool.add(handle);
    }
    let by_default = pages(&pool, json!({}));
    assert_eq!(by_default.iter().map(Vec::len).collect::<Vec<_>>(), [60, 60, 5]);
    assert_eq!(by_default.concat(), all);
    assert_eq!(pages(&pool, json!({ "Limit": 50 })).concat(), all);
    // The last page may be full; then no empty one follows.
    assert_eq!(pages(&pool, json!({ "Limit": 25 })).len(), 5);
    let filtered = pages(&pool, json!({ "Limit": 2, "Filter": r#"preferred_username ^= "walker-12""# }));
    assert_eq!(filtered, [&all[120..122], &all[122..124], &all[124..]]);

    let sandbox = Sandbox::new();
    let mut list = sandbox.command(["cognito", "list-users", "-o", "json"]);
    list.env(COGNITO_ENDPOINT, pool.0.url()).env_remove("AWS_COGNITO_USER_POOL_ID");
    let run = Run::of(&mut list).succeeds().says("125 users in us-east-1_LocalPool");
    let document = run.json();
    let users = document["users"].as_array().unwrap().iter();
    let subs: BTreeSet<&str> = users.map(|user| user["sub"].as_str().unwrap()).collect();
    assert_eq!(subs.len(), 125);
}

#[test]
fn users_who_come_and_go_between_two_pages_move_nobody_else() {
    let pool = Local::new();
    for handle in ["nina", "oscar", "petra", "quinn"] {
        pool.add(handle);
    }
    let first = pool.call("list_users", &json!({ "Limit": 2 }));
    assert_eq!(handles(&first), ["nina", "oscar"]);
    for gone in ["nina", "oscar"] {
        pool.call("admin_delete_user", &json!({ "Username": email(gone) }));
    }
    pool.add("rosa");
    let second = pool.call("list_users", &json!({ "PaginationToken": first["PaginationToken"] }));
    assert_eq!(handles(&second), ["petra", "quinn", "rosa"]);
}

#[test]
fn a_filter_compares_the_whole_value_or_its_beginning() {
    let pool = Local::new();
    let subs = ["nina", "ninette", "oscar"].map(|handle| pool.add(handle));
    pool.call(
        "admin_update_user_attributes",
        &json!({
            "Username": email("oscar"),
            "UserAttributes": [{ "Name": "name", "Value": r#"Oscar "Oz" L\W"# }],
        }),
    );
    pool.call("admin_disable_user", &json!({ "Username": email("ninette") }));
    let password = json!({ "Username": email("nina"), "Password": "Correct-horse-7", "Permanent": true });
    pool.call("admin_set_user_password", &password);
    let cases = [
        (r#"email = "nina@example.com""#, vec!["nina"]),
        (r#"email ^= "nin""#, vec!["nina", "ninette"]),
        (r#"email="nin""#, vec![]),
        (r#"preferred_username^="nin""#, vec!["nina", "ninette"]),
        (r#""preferred_username" = "oscar""#, vec!["oscar"]),
        (r#"name = "Oscar \"Oz\" L\\W""#, vec!["oscar"]),
        (r#"status = "Disabled""#, vec!["ninette"]),
        (r#"status ^= "disabled""#, vec![]),
        (r#"cognito:user_status = "confirmed""#, vec!["nina"]),
        (r#"cognito:user_status ^= "FORCE""#, vec!["ninette", "oscar"]),
        (r#"given_name = "Nina""#, vec![]),
        ("", vec!["nina", "ninette", "oscar"]),
    ];
    for (filter, expected) in cases {
        assert_eq!(handles(&pool.call("list_users", &json!({ "Filter": filter }))), expected, "{filter}");
    }
    for name in ["sub", "username"] {
        let filter = format!("{name} = \"{}\"", subs[2]);
        assert_eq!(handles(&pool.call("list_users", &json!({ "Filter": filter }))), ["oscar"]);
    }
    for wrong in [
        r#"website = "x""#,
        r#"custom:x = "x""#,
        r#"email ~ "x""#,
        "email = nina",
        r#"email = "nina"#,
        r#"email = "nina" and"#,
        "email",
        r#"= "x""#,
    ] {
        let refusal = pool.refusal("list_users", &json!({ "Filter": wrong }));
        assert_eq!(refusal, "InvalidParameterException", "{wrong}");
    }
}

#[test]
fn attributes_by_name_are_returned_if_every_user_of_the_page_has_them() {
    let pool = Local::new();
    pool.add("nina");
    pool.call("admin_create_user", &json!({ "Username": email("nameless") }));
    let emails = pool.call("list_users", &json!({ "AttributesToGet": ["email"] }));
    assert_eq!(emails["Users"][0]["Attributes"], json!([{ "Name": "email", "Value": email("nina") }]));
    for names in [["preferred_username"], ["shoe_size"]] {
        let refusal = pool.refusal("list_users", &json!({ "AttributesToGet": names }));
        assert_eq!(refusal, "InvalidParameterException", "{names:?}");
    }
    let with_filter = json!({ "AttributesToGet": ["preferred_username"], "Filter": r#"email ^= "nina""# });
    assert_eq!(handles(&pool.call("list_users", &with_filter)), ["nina"]);
}

#[test]
fn a_limit_or_a_token_that_cannot_be_is_refused() {
    let pool = Local::new();
    for handle in ["nina", "oscar"] {
        pool.add(handle);
    }
    let first = pool.call("list_users", &json!({ "Limit": 1 }));
    let token = &first["PaginationToken"];
    let other_filter = json!({ "PaginationToken": token, "Filter": r#"email ^= "n""# });
    for wrong in [json!({ "Limit": 61 }), json!({ "PaginationToken": "nonsense" }), other_filter] {
        assert_eq!(pool.refusal("list_users", &wrong), "InvalidParameterException", "{wrong}");
    }
}
