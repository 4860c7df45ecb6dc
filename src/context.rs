//! What every command is handed: each client, built once and only when asked for.

use crate::cognito::UserPool;
use crate::config::{Config, Service, Target, UserPoolId};
use crate::dynamodb::DynamoDb;
use crate::dynamodb::stream::Streams;
use crate::error::Result;
use crate::postgres::{ConnectionUrl, Session};
use crate::security_group::Ec2;

/// The resolved configuration and the way to the services.
pub struct Context {
    config: Config,
}

impl Context {
    /// Nothing is contacted yet.
    #[must_use]
    pub const fn new(config: Config) -> Self {
        Self { config }
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

    /// A DynamoDB client for this target. No request is sent yet.
    pub async fn dynamodb(&self) -> Result<DynamoDb> {
        DynamoDb::connect(&self.config.aws(Service::DynamoDb)?).await
    }

    /// A client for a user pool. No request is sent yet.
    pub async fn cognito(&self, pool: UserPoolId) -> Result<UserPool> {
        UserPool::connect(self.config.cognito(&pool)?, pool).await
    }

    /// An EC2 client for this target. No request is sent yet.
    pub async fn ec2(&self) -> Result<Ec2> {
        Ec2::connect(&self.config.aws(Service::Ec2)?).await
    }

    /// A client of DynamoDB's streams for this target. No request is sent yet.
    pub async fn streams(&self) -> Result<Streams> {
        Streams::connect(&self.config.aws(Service::DynamoDbStreams)?).await
    }

    /// Where this target's PostgreSQL is. Nothing is contacted yet.
    pub fn connection_url(&self) -> Result<ConnectionUrl> {
        ConnectionUrl::new(&self.config.postgres()?)
    }

    /// A session on this target's PostgreSQL database.
    pub async fn postgres(&self) -> Result<Session> {
        Session::open(&self.connection_url()?).await
    }
}
