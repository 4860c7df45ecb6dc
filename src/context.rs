//! The context of every command: clients, each built only on request.

use std::sync::{Mutex, PoisonError};

use crate::aws::CallerIdentity;
use crate::cognito::UserPool;
use crate::config::{AwsConfig, Config, Service, Target, UserPoolId};
use crate::dynamodb::DynamoDb;
use crate::dynamodb::streams::Streams;
use crate::error::Result;
use crate::messages_table;
use crate::postgres::{ConnectionUrl, Session};
use crate::security_group::Ec2;

/// The resolved configuration, and access to the services.
pub struct Context {
    config: Config,
    warn: Box<dyn Fn(String) + Send + Sync>,
    /// The warnings given so far. Each is given once, when its subject is first used.
    given: Mutex<Vec<String>>,
}

impl Context {
    /// Makes a context without contacting anything. `warn` reports settings that are ignored.
    pub fn new(config: Config, warn: impl Fn(String) + Send + Sync + 'static) -> Self {
        Self { config, warn: Box::new(warn), given: Mutex::default() }
    }

    /// The resolved configuration.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The target of this run.
    pub const fn target(&self) -> Target {
        self.config.target()
    }

    /// Whether to write nothing. No client of this context writes then.
    pub const fn dry_run(&self) -> bool {
        self.config.dry_run()
    }

    /// Whether a dry run shows every request and statement.
    pub const fn full_plan(&self) -> bool {
        self.config.full_plan()
    }

    fn warn(&self, warning: Option<String>) {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(warning) = warning.filter(|warning| !given.contains(warning)) {
            given.push(warning.clone());
            (self.warn)(warning);
        }
    }

    fn aws(&self, service: Service) -> Result<AwsConfig> {
        self.warn(self.config.aws_warning(service));
        self.config.aws(service)
    }

    /// A DynamoDB client for this target. Sends no request yet.
    pub async fn dynamodb(&self) -> Result<DynamoDb> {
        Ok(DynamoDb::connect(&self.aws(Service::DynamoDb)?).await?.knowing(messages_table::index_of_key))
    }

    /// A client for a user pool. Sends no request yet.
    pub async fn cognito(&self, pool: UserPoolId) -> Result<UserPool> {
        self.aws(Service::Cognito)?;
        UserPool::connect(self.config.cognito(&pool)?, pool).await
    }

    /// An EC2 client for this target. Sends no request yet.
    pub async fn ec2(&self) -> Result<Ec2> {
        Ec2::connect(&self.aws(Service::Ec2)?).await
    }

    /// The owner of the credentials, asked of STS in the region of `pool`.
    pub async fn caller(&self, pool: Option<&UserPoolId>) -> Result<CallerIdentity> {
        self.aws(Service::Sts)?;
        CallerIdentity::ask(&self.config.sts(pool)?).await
    }

    /// A DynamoDB Streams client for this target. Sends no request yet.
    pub async fn streams(&self) -> Result<Streams> {
        Streams::connect(&self.aws(Service::DynamoDbStreams)?).await
    }

    /// The URL of this target's PostgreSQL. Makes no connection yet.
    pub fn connection_url(&self) -> Result<ConnectionUrl> {
        self.warn(self.config.postgres_warning());
        Ok(ConnectionUrl::new(&self.config.postgres()?)?.reading_only(self.dry_run()))
    }

    /// The URL of production's PostgreSQL, if known. Makes no connection.
    pub fn production_url(&self) -> Option<ConnectionUrl> {
        let production = self.config.for_target(Target::Prod).postgres().ok()?;
        Some(ConnectionUrl::new(&production).ok()?.reading_only(true))
    }

    /// Opens a session on this target's PostgreSQL database.
    pub async fn postgres(&self) -> Result<Session> {
        Session::open(&self.connection_url()?).await
    }
}
