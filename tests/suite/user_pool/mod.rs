//! The user pool of the local stack, asked by boto3.

mod admin;
mod listing;
mod people;
mod post_confirmation;
mod sign_in;
mod srp;
mod stack;

use cruddur::local::{Access, Server, user_pool};
use serde_json::{Value, json};

pub use self::sign_in::jwks_of;

use crate::support::{LOCAL_POOL, boto3_attempt, runtime};

/// A pool in memory.
pub struct Local(pub Server);

impl Local {
    pub fn new() -> Self {
        Self(runtime().block_on(user_pool::start(0, None, Access::default(), None)).unwrap())
    }

    /// What an operation answers; `arguments` without the pool's id.
    #[track_caller]
    fn attempt(&self, operation: &str, arguments: &Value) -> Value {
        attempt(&self.0.url(), LOCAL_POOL, operation, arguments)
    }

    #[track_caller]
    pub fn call(&self, operation: &str, arguments: &Value) -> Value {
        let mut attempt = self.attempt(operation, arguments);
        assert_eq!(attempt.get("refusal"), None, "{operation} {arguments}: {attempt}");
        attempt["answer"].take()
    }

    /// The name of the error that an operation ends with.
    #[track_caller]
    fn refusal(&self, operation: &str, arguments: &Value) -> String {
        let attempt = self.attempt(operation, arguments);
        let refusal = attempt["refusal"].as_str();
        refusal.unwrap_or_else(|| panic!("{operation} {arguments}: {attempt}")).to_owned()
    }

    /// Adds a user of this handle. Gives the sub.
    #[track_caller]
    pub fn add(&self, handle: &str) -> String {
        let mut user = self.call("admin_create_user", &person(handle));
        user["User"]["Username"].take().as_str().unwrap().to_owned()
    }
}

/// What an operation on this pool answers, as [`boto3_attempt`] has it.
#[track_caller]
pub fn attempt(endpoint: &str, pool: &str, operation: &str, arguments: &Value) -> Value {
    let mut arguments = arguments.clone();
    arguments["UserPoolId"] = pool.into();
    boto3_attempt(endpoint, "cognito-idp", operation, &arguments)
}

pub fn email(handle: &str) -> String {
    format!("{handle}@example.com")
}

/// The arguments that create a user.
fn person(handle: &str) -> Value {
    let attributes = [("email", email(handle)), ("preferred_username", handle.to_owned())];
    json!({
        "Username": email(handle),
        "UserAttributes": attributes.map(|(name, value)| json!({ "Name": name, "Value": value })),
        "MessageAction": "SUPPRESS",
    })
}

/// An attribute in an answer's list.
pub fn attribute<'a>(listed: &'a Value, name: &str) -> Option<&'a str> {
    let mut listed = listed.as_array().expect("a list of attributes").iter();
    listed.find(|attribute| attribute["Name"] == name)?["Value"].as_str()
}
