//! Finds out what listens on a port.

use std::io::ErrorKind;
use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::cognito::UserPool;
use crate::config::{AwsConfig, Endpoint, UserPoolId};
use crate::dynamodb::DynamoDb;
use crate::error::{Error, Reason, Result};
use crate::postgres::{ConnectionUrl, Session};

/// How long a listener may take to identify itself.
const TIMEOUT: Duration = Duration::from_secs(3);

/// What a port leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing: the port is free.
    Nothing,
    /// The expected service.
    Service,
}

/// Looks for a DynamoDB API on `port`.
///
/// # Errors
/// Something else listens there.
pub(super) async fn dynamodb(config: &AwsConfig, port: u16) -> Result<Found> {
    if is_free(port).await {
        return Ok(Found::Nothing);
    }
    let mut config = config.clone();
    config.endpoint = Some(Endpoint::loopback(port));
    let db = DynamoDb::connect(&config).await?;
    if timeout(TIMEOUT, db.answers()).await.unwrap_or(false) {
        return Ok(Found::Service);
    }
    Err(Error::failed(format!("port {port} is taken by something that is not a DynamoDB API"))
        .hint(Reason::DynamoDbPortTaken))
}

/// Looks for a user pool API on `port`.
///
/// # Errors
/// Something else listens there.
pub(super) async fn cognito(config: &AwsConfig, pool: &UserPoolId, port: u16) -> Result<Found> {
    if is_free(port).await {
        return Ok(Found::Nothing);
    }
    let config = AwsConfig { endpoint: Some(Endpoint::loopback(port)), ..config.clone() };
    let pool = UserPool::connect(config, pool.clone()).await?;
    if timeout(TIMEOUT, pool.answers()).await.unwrap_or(false) {
        return Ok(Found::Service);
    }
    Err(Error::failed(format!("port {port} is taken by something that is not a Cognito API"))
        .hint(Reason::CognitoPortTaken))
}

/// Looks for a PostgreSQL on `port` that accepts the role and password of `url`.
///
/// # Errors
/// Something else listens there.
pub(super) async fn postgres(url: &ConnectionUrl, port: u16) -> Result<Found> {
    if is_free(port).await {
        return Ok(Found::Nothing);
    }
    let url = url.on_loopback_port(port);
    let mut refusal = None;
    // Its database may not exist yet.
    for url in [url.with_database("postgres"), url] {
        match timeout(TIMEOUT, Session::open(&url)).await {
            Ok(Ok(_)) => return Ok(Found::Service),
            Ok(Err(error)) => refusal = Some(error),
            Err(_) => {}
        }
    }
    let error =
        Error::failed(format!("port {port} is taken by something that does not accept CONNECTION_URL"))
            .hint(Reason::PostgresPortTaken);
    Err(match refusal {
        Some(refusal) => error.because(refusal),
        None => error,
    })
}

async fn is_free(port: u16) -> bool {
    match timeout(TIMEOUT, TcpStream::connect((Ipv4Addr::LOCALHOST, port))).await {
        Ok(Err(error)) => error.kind() == ErrorKind::ConnectionRefused,
        Ok(Ok(_)) | Err(_) => false,
    }
}
