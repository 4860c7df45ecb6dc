//! `cruddur cognito`

mod errors;
mod faults;
mod list_users;
mod passwords;
mod people;
mod sign_in;
mod target;

use std::process::Command;

use serde_json::{Value, json};

use crate::support::{COGNITO_ENDPOINT, LOCAL_POOL, Run, Sandbox, boto3, moto};
use crate::user_pool::{Local, attempt, attribute};

/// A pool whose users sign in by email, with an app client, in a server that boto3 asks too.
struct People {
    sandbox: Sandbox,
    endpoint: String,
    pool: String,
    client: String,
    local: Option<Local>,
}

impl People {
    /// The local stack's own pool.
    fn of_ours() -> Self {
        let local = Local::new();
        let client = "cruddurlocalclient00000000".to_owned();
        let (endpoint, pool) = (local.0.url(), LOCAL_POOL.to_owned());
        Self { sandbox: Sandbox::new(), endpoint, pool, client, local: Some(local) }
    }

    /// A pool in moto.
    fn of_moto() -> Self {
        let endpoint = moto().url();
        let ask = |operation: &str, arguments: Value| boto3(&endpoint, "cognito-idp", operation, &arguments);
        let made = ask("create_user_pool", json!({ "PoolName": "people", "UsernameAttributes": ["email"] }));
        let pool = made["UserPool"]["Id"].as_str().unwrap().to_owned();
        let made = ask("create_user_pool_client", json!({ "UserPoolId": pool, "ClientName": "app" }));
        let client = made["UserPoolClient"]["ClientId"].as_str().unwrap().to_owned();
        Self { sandbox: Sandbox::new(), endpoint, pool, client, local: None }
    }

    /// `cruddur cognito …` on this pool.
    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.sandbox.command(["cognito"].iter().chain(words));
        command.env(COGNITO_ENDPOINT, &self.endpoint).env_remove("AWS_COGNITO_USER_POOL_ID");
        if self.local.is_none() {
            command.env("AWS_COGNITO_USER_POOL_ID", &self.pool);
        }
        command
    }

    fn run(&self, words: &[&str]) -> Run {
        Run::of(&mut self.command(words))
    }

    /// The same with a password on stdin.
    fn with_password(&self, words: &[&str], password: &str) -> Run {
        Run::with_input(self.command(words).arg("--password-stdin"), format!("{password}\n"))
    }

    /// What boto3 gets for a user, or is refused with.
    fn get(&self, name: &str) -> Value {
        attempt(&self.endpoint, &self.pool, "admin_get_user", &json!({ "Username": name }))
    }

    /// The user's status, and the value of each of the attributes that cruddur gives.
    fn seen(&self, name: &str) -> [String; 5] {
        let user = &self.get(name)["answer"];
        let of = |attribute_name| {
            attribute(&user["UserAttributes"], attribute_name).unwrap_or_default().to_owned()
        };
        let status = user["UserStatus"].as_str().unwrap().to_owned();
        [status, of("preferred_username"), of("name"), of("email"), of("email_verified")]
    }

    /// Signs in: `None` for tokens, or else the challenge or the error.
    fn sign_in(&self, name: &str, password: &str) -> Option<String> {
        let arguments = json!({
            "ClientId": self.client, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
            "AuthParameters": { "USERNAME": name, "PASSWORD": password },
        });
        let attempt = attempt(&self.endpoint, &self.pool, "admin_initiate_auth", &arguments);
        let other = attempt["refusal"].as_str().or(attempt["answer"]["ChallengeName"].as_str());
        assert_eq!(other.is_none(), attempt["answer"]["AuthenticationResult"].is_object(), "{attempt}");
        other.map(str::to_owned)
    }

    fn count(&self) -> usize {
        let listed = attempt(&self.endpoint, &self.pool, "list_users", &json!({}));
        listed["answer"]["Users"].as_array().unwrap().len()
    }
}
