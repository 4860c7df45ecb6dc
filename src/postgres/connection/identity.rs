//! What a server says about itself.

use tokio_postgres::Row;
use tokio_postgres::error::SqlState;

use super::connect::Dialer;
use crate::config::Identity;
use crate::error::Result;
use crate::postgres::admin::create::maintenance_session;
use crate::postgres::{ConnectionUrl, Session};

/// Selects one row: whether it is RDS, whether it is Aurora, its own address and port, its cluster.
///
/// RDS has settings of its own, and a superuser role that customers never get. A role of that name
/// that is not a superuser may come from a dump. `pg_settings` lacks settings that no library
/// defines; `current_setting` finds those too.
macro_rules! identity {
    ($cluster:literal) => {
        concat!(
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_settings WHERE name LIKE 'rds.%') \
             OR pg_catalog.current_setting('rds.extensions', true) IS NOT NULL \
             OR EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'rdsadmin' AND rolsuper), \
             pg_catalog.to_regproc('pg_catalog.aurora_version') IS NOT NULL, \
             pg_catalog.host(pg_catalog.inet_server_addr()), pg_catalog.inet_server_port(), ",
            $cluster
        )
    };
}

const IDENTITY: &str = identity!("(SELECT system_identifier::text FROM pg_catalog.pg_control_system())");
/// For a server that lacks `pg_control_system`, or denies it to this role.
const WITHOUT_CLUSTER: &str = identity!("NULL");

impl Session {
    /// Asks the server for its identity.
    pub async fn identity(&self) -> Result<Identity> {
        let row = match self.client.query_one(IDENTITY, &[]).await {
            Err(error)
                if matches!(
                    error.code(),
                    Some(&SqlState::UNDEFINED_FUNCTION | &SqlState::INSUFFICIENT_PRIVILEGE)
                ) =>
            {
                self.client.query_one(WITHOUT_CLUSTER, &[]).await
            }
            answer => answer,
        };
        row.map(|row| read(&row)).map_err(|error| self.error("cannot identify the server", error))
    }
}

fn read(row: &Row) -> Identity {
    let (is_rds, is_aurora): (bool, bool) = (row.get(0), row.get(1));
    let service = if is_aurora { Some("Amazon Aurora") } else { is_rds.then_some("Amazon RDS") };
    let address = row.get::<_, Option<&str>>(2).and_then(|address| address.parse().ok());
    let port = row.get::<_, Option<i32>>(3).and_then(|port| u16::try_from(port).ok());
    Identity { service: service.map(str::to_owned), cluster: row.get(4), address: address.zip(port) }
}

/// A session that can ask for the identity: on the database of `url`, or on another one while that
/// does not exist.
///
/// # Errors
/// Those of [`Session::open`].
pub async fn session_on_server(url: &ConnectionUrl) -> Result<Session> {
    match Dialer::new(url)?.dial().await {
        Ok(client) => Session::with(client, url).await,
        Err(failure) if failure.is_missing_database => {
            maintenance_session(url).await.map_err(|_| failure.into())
        }
        Err(failure) => Err(failure.into()),
    }
}
