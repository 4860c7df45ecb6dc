//! User pools in moto.

use std::process::Command;
use std::sync::OnceLock;

use aws_sdk_cognitoidentityprovider::Client;
use aws_sdk_cognitoidentityprovider::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_cognitoidentityprovider::types::{AttributeType, MessageActionType};
use tokio::task::JoinSet;

use super::{Run, Sandbox, moto, runtime};

/// The variable that leads cruddur to a Cognito of ours.
pub const COGNITO_ENDPOINT: &str = "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER";

/// The id of the local stack's pool.
pub const LOCAL_POOL: &str = "us-east-1_LocalPool";

/// A pool in moto, and a client of it other than cruddur's own.
pub struct Pool {
    client: Client,
    pub id: String,
}

impl Pool {
    /// An empty pool in us-east-1.
    pub fn new() -> Self {
        Self::within("us-east-1")
    }

    pub fn within(region: &'static str) -> Self {
        let client = cognito_client(&moto().url(), region);
        let made = runtime().block_on(client.create_user_pool().pool_name("people").send()).unwrap();
        Self { client, id: made.user_pool.unwrap().id.unwrap() }
    }

    /// Adds users, each of a user name and a handle, if it has one; many at a time.
    pub fn add<'a>(&self, users: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) {
        let requests: Vec<_> = users
            .into_iter()
            .map(|(name, handle)| {
                self.client
                    .admin_create_user()
                    .user_pool_id(&self.id)
                    .username(name)
                    .message_action(MessageActionType::Suppress)
                    .set_user_attributes(Some(attributes(name, handle)))
            })
            .collect();
        runtime().block_on(async {
            let mut running = JoinSet::new();
            for request in requests {
                running.spawn(async move { request.send().await.map(drop).unwrap() });
                if running.len() == 8 {
                    running.join_next().await.unwrap().unwrap();
                }
            }
            running.join_all().await;
        });
    }

    /// Adds a user as the app does: signed up, and not confirmed yet.
    pub fn sign_up(&self, name: &str, handle: &str) {
        runtime().block_on(async {
            let app = self.client.create_user_pool_client().user_pool_id(&self.id).client_name("app");
            let app = app.send().await.unwrap().user_pool_client.unwrap().client_id.unwrap();
            self.client
                .sign_up()
                .client_id(app)
                .username(name)
                .password("Correct-horse-7")
                .set_user_attributes(Some(attributes(name, Some(handle))))
                .send()
                .await
                .unwrap();
        });
    }

    pub fn disable(&self, name: &str) {
        let request = self.client.admin_disable_user().user_pool_id(&self.id).username(name);
        runtime().block_on(request.send()).unwrap();
    }

    /// The sub of a user, by the service's own word.
    pub fn sub(&self, name: &str) -> String {
        let request = self.client.admin_get_user().user_pool_id(&self.id).username(name);
        let user = runtime().block_on(request.send()).unwrap();
        let sub = user.user_attributes.unwrap().into_iter().find(|attribute| attribute.name == "sub");
        sub.unwrap().value.unwrap()
    }
}

/// A client of the user pools at `endpoint`, other than cruddur's own.
pub fn cognito_client(endpoint: &str, region: &'static str) -> Client {
    Client::from_conf(
        aws_sdk_cognitoidentityprovider::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(endpoint)
            .region(Region::new(region))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build(),
    )
}

fn attributes(name: &str, handle: Option<&str>) -> Vec<AttributeType> {
    let attribute =
        |name: &str, value: &str| AttributeType::builder().name(name).value(value).build().unwrap();
    let email = attribute("email", &format!("{name}@example.com"));
    handle.map(|handle| attribute("preferred_username", handle)).into_iter().chain([email]).collect()
}

/// How many users [`big_pool`] has.
pub const BIG: usize = 134;

/// A pool of three pages, to be read only: 125 users `walker-000` and so on; `twin-a`
/// and `twin-b` with the handle `twin`; `fresh`, who has not confirmed; `gone`, who is
/// disabled; `nameless-0` to `-3` without a handle; and `nina`, as in the seed.
pub fn big_pool() -> &'static Pool {
    static POOL: OnceLock<Pool> = OnceLock::new();
    POOL.get_or_init(|| {
        let pool = Pool::new();
        let walkers: Vec<String> = (0..125).map(|number| format!("walker-{number:03}")).collect();
        pool.add(walkers.iter().map(|name| (name.as_str(), Some(name.as_str()))));
        pool.add([("twin-a", Some("twin")), ("twin-b", Some("twin")), ("gone", Some("gone"))]);
        pool.add(["nameless-0", "nameless-1", "nameless-2", "nameless-3"].map(|name| (name, None)));
        pool.add([("nina", Some("nina"))]);
        pool.sign_up("fresh", "fresh");
        pool.disable("gone");
        pool
    })
}

impl Sandbox {
    /// `cruddur`, with moto for its Cognito and `pool` as the user pool.
    pub fn with_pool(&self, pool: &Pool, arguments: &[&str]) -> Command {
        let mut command = self.command(arguments);
        command.env(COGNITO_ENDPOINT, moto().url()).env("AWS_COGNITO_USER_POOL_ID", &pool.id);
        command
    }

    /// Runs it.
    pub fn cruddur_with_pool(&self, pool: &Pool, arguments: &[&str]) -> Run {
        Run::of(&mut self.with_pool(pool, arguments))
    }
}
