//! What every command is handed: each client, built once and only when asked for.

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

/// The resolved configuration and the way to the services.
pub struct Context {
    config: Config,
    warn: Box<dyn Fn(String) + Send + Sync>,
    /// Each warning is given once, when what it is about is first used.
    given: Mutex<Vec<String>>,
}

impl Context {
    /// Nothing is contacted yet. `warn` tells people of settings that are ignored.
    #[must_use]
    pub fn new(config: Config, warn: impl Fn(String) + Send + Sync + 'static) -> Self {
        Self { config, warn: Box::new(warn), given: Mutex::default() }
    }

    /// The resolved configuration.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The world this run works on.
    #[must_use]
    pub const fn target(&self) -> Target {
        self.config.target()
    }

    /// Whether nothing is to be written. No client of this context does then.
    #[must_use]
    pub const fn dry_run(&self) -> bool {
        self.config.dry_run()
    }

    /// Whether a dry run is to show every request and statement.
    #[must_use]
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

    /// A DynamoDB client for this target. No request is sent yet.
    pub async fn dynamodb(&self) -> Result<DynamoDb> {
        Ok(DynamoDb::connect(&self.aws(Service::DynamoDb)?).await?.knowing(messages_table::index_of_key))
    }

    /// A client for a user pool. No request is sent yet.
    pub async fn cognito(&self, pool: UserPoolId) -> Result<UserPool> {
        self.aws(Service::Cognito)?;
        UserPool::connect(self.config.cognito(&pool)?, pool).await
    }

    /// An EC2 client for this target. No request is sent yet.
    pub async fn ec2(&self) -> Result<Ec2> {
        Ec2::connect(&self.aws(Service::Ec2)?).await
    }

    /// Whose the credentials are, which STS is asked now; for `pool`, in its region.
    pub async fn caller(&self, pool: Option<&UserPoolId>) -> Result<CallerIdentity> {
        self.aws(Service::Sts)?;
        CallerIdentity::ask(&self.config.sts(pool)?).await
    }

    /// A client of DynamoDB's streams for this target. No request is sent yet.
    pub async fn streams(&self) -> Result<Streams> {
        Streams::connect(&self.aws(Service::DynamoDbStreams)?).await
    }

    /// Where this target's PostgreSQL is. Nothing is contacted yet.
    pub fn connection_url(&self) -> Result<ConnectionUrl> {
        self.warn(self.config.postgres_warning());
        Ok(ConnectionUrl::new(&self.config.postgres()?)?.reading_only(self.dry_run()))
    }

    /// Where production's PostgreSQL is, if that is known. Nothing is contacted.
    #[must_use]
    pub fn production_url(&self) -> Option<ConnectionUrl> {
        let production = self.config.for_target(Target::Prod).postgres().ok()?;
        Some(ConnectionUrl::new(&production).ok()?.reading_only(true))
    }

    /// A session on this target's PostgreSQL database.
    pub async fn postgres(&self) -> Result<Session> {
        Session::open(&self.connection_url()?).await
    }
}
