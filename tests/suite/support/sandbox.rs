//! A test's own world: a folder, a database, a DynamoDB.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::Read as _;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Once, OnceLock};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use cruddur::config::{
    AwsConfig, Credentials as SigningCredentials, DUMMY_CREDENTIAL, DUMMY_REGION, Endpoint, Service, Target,
};
use cruddur::dynamodb::DynamoDb;
use cruddur::dynamodb::streams::Streams;
use cruddur::local::{Access, Server, dynamodb};
use cruddur::messages_table::{Definition, MessagesTable};
use cruddur::messaging::User;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_postgres::config::Host;
use tokio_postgres::{NoTls, SimpleQueryMessage};

use super::command::{Run, bare};
use super::record::{Place, enter, leave};
use super::scratch::scratch;
use super::stack::{Stack, stack};

pub const TABLE: &str = "cruddur-messages";

/// The message group that `ddb seed` writes.
pub const GROUP: &str = "5ae290ed-55d1-47a0-bc6d-fe2bc2700399";

pub type Item = HashMap<String, AttributeValue>;

/// A test's own world; nothing of it is shared with another test but the
/// PostgreSQL server, on which it has a database of its own.
pub struct Sandbox {
    folder: TempDir,
    server: Server,
    stack: &'static Stack,
    database: String,
    client: OnceLock<Client>,
}

/// The runtime that serves the sandboxes' DynamoDBs.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().expect("a runtime"))
}

impl Sandbox {
    /// An empty folder, an empty DynamoDB, and the name of a database that is
    /// still to be created.
    pub fn new() -> Self {
        Self::on(stack())
    }

    fn on(stack: &'static Stack) -> Self {
        let folder = scratch();
        // The nearest .env is the one that counts.
        std::fs::write(folder.path().join(".env"), "").unwrap();
        let server = runtime().block_on(dynamodb::start(0, None, Access::default())).unwrap();
        let database = format!("test_{}", uuid::Uuid::new_v4().simple());
        let sandbox = Self { folder, server, stack, database, client: OnceLock::new() };
        enter(Place {
            folder: sandbox.path().to_owned(),
            url: sandbox.connection_url(),
            endpoint: sandbox.endpoint(),
            has_processes: false,
        });
        sandbox
    }

    /// The same with schema and users in PostgreSQL, and the messages table.
    pub fn set_up() -> Self {
        let sandbox = Self::with_database_on(stack(), Some(database_set_up()));
        assert!(runtime().block_on(sandbox.messages_table().create_table(&Definition::default())).unwrap());
        sandbox
    }

    /// The same as new, with an empty database.
    pub fn with_database() -> Self {
        Self::with_database_on(stack(), None)
    }

    /// The same as new, with a copy of another's database.
    pub fn with_copy_of(other: &Self) -> Self {
        Self::with_database_on(other.stack, Some(&other.database))
    }

    /// The same as new, with a database on this server, empty or a copy.
    pub fn with_database_on(stack: &'static Stack, template: Option<&str>) -> Self {
        let sandbox = Self::on(stack);
        stack.create_database(&sandbox.database, template);
        sandbox
    }

    /// The same, seeded.
    pub fn seeded() -> Self {
        let sandbox = Self::set_up();
        sandbox.cruddur(["ddb", "seed"]).succeeds();
        sandbox
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn endpoint(&self) -> String {
        self.server.url()
    }

    /// The port of this world's DynamoDB.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    pub fn database(&self) -> &str {
        &self.database
    }

    pub fn connection_url(&self) -> String {
        self.stack.url(&self.database)
    }

    /// The same as production: there, going without TLS must be asked for.
    pub fn production_url(&self) -> String {
        format!("{}?sslmode=disable", self.connection_url())
    }

    /// Writes a file into the folder.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// `cruddur` in this world, still to be run.
    pub fn command<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, arguments: I) -> Command {
        self.command_of(env!("CARGO_BIN_EXE_cruddur"), arguments)
    }

    /// Any program in this world, still to be run.
    pub fn command_of<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(
        &self,
        program: &str,
        arguments: I,
    ) -> Command {
        let mut command = bare(program, arguments);
        command
            .current_dir(self.path())
            .env("HOME", self.path())
            .env("CRUDDUR_DATA_DIR", self.path().join("data"))
            .env("CONNECTION_URL", self.connection_url())
            .env("AWS_ENDPOINT_URL_DYNAMODB", self.endpoint())
            // There is no user pool, unless a test names one.
            .env("AWS_COGNITO_USER_POOL_ID", "");
        command
    }

    /// Runs `cruddur` in this world.
    pub fn cruddur<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, arguments: I) -> Run {
        Run::of(&mut self.command(arguments))
    }

    /// A client of this world's DynamoDB, other than cruddur's own.
    pub fn dynamodb(&self) -> Client {
        self.client.get_or_init(|| dynamodb_client(&self.endpoint())).clone()
    }

    /// cruddur's own access to this world's DynamoDB.
    pub fn store(&self) -> DynamoDb {
        store_at(self.port())
    }

    /// cruddur's own access to the messages table.
    pub fn messages_table(&self) -> MessagesTable {
        messages_table_at(self.port())
    }

    /// A table that is nothing to cruddur.
    pub fn create_table(&self, name: &str) {
        let request = self
            .dynamodb()
            .create_table()
            .table_name(name)
            .attribute_definitions(
                AttributeDefinition::builder()
                    .attribute_name("id")
                    .attribute_type(ScalarAttributeType::S)
                    .build()
                    .unwrap(),
            )
            .key_schema(
                KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash).build().unwrap(),
            )
            .billing_mode(BillingMode::PayPerRequest)
            .send();
        runtime().block_on(request).unwrap();
    }

    /// Puts an item of strings into the messages table.
    pub fn put(&self, attributes: &[(&str, &str)]) {
        let item = attributes
            .iter()
            .map(|(name, value)| ((*name).to_owned(), AttributeValue::S((*value).to_owned())))
            .collect();
        self.put_item(item);
    }

    /// Puts an item into the messages table.
    pub fn put_item(&self, item: Item) {
        let request = self.dynamodb().put_item().table_name(TABLE).set_item(Some(item)).send();
        runtime().block_on(request).unwrap();
    }

    /// Deletes an item of the messages table.
    pub fn delete(&self, pk: &str, sk: &str) {
        let request = self.dynamodb().delete_item().table_name(TABLE);
        let key = |value: &str| AttributeValue::S(value.to_owned());
        runtime().block_on(request.key("pk", key(pk)).key("sk", key(sk)).send()).unwrap();
    }

    /// Every item of the messages table, in no order.
    pub fn items(&self) -> Vec<Item> {
        let pages = self.dynamodb().scan().table_name(TABLE).into_paginator().items().send();
        runtime().block_on(pages.try_collect()).unwrap()
    }

    /// The items of the messages table whose `pk` begins with `prefix`, by `sk`.
    pub fn items_of(&self, prefix: &str) -> Vec<Item> {
        let mut items: Vec<Item> =
            self.items().into_iter().filter(|item| text(item, "pk").starts_with(prefix)).collect();
        items.sort_by_key(|item| text(item, "sk"));
        items
    }

    /// The rows that `query` gives on this world's database, as text.
    pub fn sql(&self, query: &str) -> Vec<Vec<String>> {
        sql(&self.connection_url(), query)
    }

    /// Lets several users have one handle, as in schemas without the constraint.
    pub fn allow_twins(&self) {
        self.sql("ALTER TABLE users DROP CONSTRAINT users_handle_key");
    }

    /// The user with this handle, by the database's own word.
    #[track_caller]
    pub fn user(&self, handle: &str) -> User {
        let rows = self.sql(&format!("SELECT uuid, display_name FROM users WHERE handle = '{handle}'"));
        let [row] = rows.as_slice() else { panic!("{handle}: {rows:?}") };
        User { uuid: row[0].parse().unwrap(), display_name: row[1].clone(), handle: handle.to_owned() }
    }

    /// Whether this world's database is there, by the server's own word.
    pub fn database_exists(&self) -> bool {
        let query = format!("SELECT 1 FROM pg_database WHERE datname = '{}'", self.database);
        !self.stack.administrate(&query).is_empty()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        leave(self.path());
        if !std::thread::panicking() {
            self.stack.administrate(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.database));
        }
    }
}

/// The name of a database as `cruddur db setup` leaves it, which runs once for all.
fn database_set_up() -> &'static str {
    const NAME: &str = "set_up";
    static DONE: Once = Once::new();
    DONE.call_once(|| {
        let sandbox = Sandbox::new();
        Run::of(sandbox.command(["db", "setup"]).env("CONNECTION_URL", stack().url(NAME))).succeeds();
    });
    NAME
}

/// cruddur's own access to the DynamoDB on a port of this machine.
pub fn store_at(port: u16) -> DynamoDb {
    runtime().block_on(DynamoDb::connect(&loopback(Service::DynamoDb, port))).unwrap()
}

/// The same to its messages table.
pub fn messages_table_at(port: u16) -> MessagesTable {
    MessagesTable::new(&store_at(port), TABLE)
}

/// cruddur's own access to its streams; to be called within a runtime.
pub async fn streams_at(port: u16) -> Streams {
    Streams::connect(&loopback(Service::DynamoDbStreams, port)).await.unwrap()
}

pub fn loopback(service: Service, port: u16) -> AwsConfig {
    AwsConfig {
        service,
        target: Target::Local,
        endpoint: Some(Endpoint::loopback(port)),
        region: Some(DUMMY_REGION.to_owned()),
        credentials: SigningCredentials::Static {
            access_key_id: DUMMY_CREDENTIAL.to_owned(),
            secret_access_key: DUMMY_CREDENTIAL.to_owned(),
            session_token: None,
        },
        dry_run: None,
        request_timeout: Duration::from_secs(30),
        trace: cruddur::trace::Trace::default(),
        sts: None,
    }
}

/// A client of the DynamoDB at `endpoint`, other than cruddur's own.
pub fn dynamodb_client(endpoint: &str) -> Client {
    Client::from_conf(
        aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(endpoint)
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build(),
    )
}

/// A string attribute.
#[track_caller]
pub fn text(item: &Item, name: &str) -> String {
    item.get(name)
        .and_then(|value| value.as_s().ok())
        .unwrap_or_else(|| panic!("no string {name} in {item:?}"))
        .clone()
}

/// The rows that `query` gives, as text; NULL is `∅`. The server has no session of it any more.
pub fn sql(url: &str, query: &str) -> Vec<Vec<String>> {
    let config: tokio_postgres::Config = url.parse().unwrap();
    let [Host::Tcp(host)] = config.get_hosts() else { panic!("{url} has no host") };
    let mut stream = TcpStream::connect((host.as_str(), config.get_ports()[0])).unwrap();
    let answer = runtime().block_on(async {
        let own = stream.try_clone().unwrap();
        own.set_nonblocking(true).unwrap();
        let own = tokio::net::TcpStream::from_std(own).unwrap();
        let (client, connection) = config.connect_raw(own, NoTls).await.unwrap();
        let connection = tokio::spawn(connection);
        let answer = client.simple_query(query).await.unwrap();
        drop(client);
        let _ = connection.await.unwrap();
        answer
    });
    // The process of a session closes the connection when it is gone from every list.
    stream.set_nonblocking(false).unwrap();
    let _ = stream.read_to_end(&mut Vec::new());
    rows(answer)
}

pub fn rows(answer: Vec<SimpleQueryMessage>) -> Vec<Vec<String>> {
    answer
        .into_iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => {
                Some((0..row.len()).map(|column| row.get(column).unwrap_or("∅").to_owned()).collect())
            }
            _ => None,
        })
        .collect()
}
