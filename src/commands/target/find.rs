//! Collects signs until they tell what a target is: first names, then addresses, then what the
//! server itself says, and last what production says.

use std::net::IpAddr;
use std::time::Duration;

use tokio::time::timeout;

use crate::config::{Host, Signs, Standing, Target};
use crate::context::Context;
use crate::dynamodb::DynamoDb;
use crate::error::Result;
use crate::postgres::{ConnectionUrl, Session, maintenance_session, session_on_server};
use crate::remembered::Remembered;

/// The limit for resolving a name, and for asking production which cluster it is.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Production is asked for its identifier again after this time, since a server may be replaced.
const KEPT: Duration = Duration::from_hours(24);
/// When production does not answer, an identifier up to this old is used.
const KEPT_AT_MOST: Duration = Duration::from_hours(24 * 365);
/// The identifiers of production's clusters, by host and port.
const FILE: &str = "clusters.json";

/// The result.
pub(in crate::commands) struct Found {
    pub(in crate::commands) standing: Standing,
    /// The session on which the server was asked, if the work itself can use it. An error if the
    /// server had to be asked and could not be.
    pub(in crate::commands) asked: Result<Option<Session>>,
}

/// How to ask a PostgreSQL server what it is.
#[derive(Clone, Copy)]
pub(in crate::commands) enum Ask<'a> {
    /// In a session on the URL's database.
    Database,
    /// In a session on another database.
    Server,
    /// In this session.
    On(&'a Session),
    /// Not at all: it does not answer.
    Nothing,
}

/// Whether to ask production which cluster it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::commands) enum AskProduction {
    /// In a session, unless the answer is remembered.
    Yes,
    /// Uses only a remembered answer.
    No,
}

/// Finds out what is at `db`'s endpoint.
pub(in crate::commands) async fn of_dynamodb(db: &DynamoDb) -> Found {
    let mut signs = db.endpoint().signs();
    if !matches!(signs.standing(), Standing::Production(_)) {
        look_up(&mut signs.hosts).await;
    }
    let mut asked = Ok(None);
    if signs.standing().is_local() {
        asked = db.identify().await.map(|()| None);
        signs.identity = db.endpoint().signs().identity;
    }
    Found { standing: signs.standing(), asked }
}

/// Finds out what `url` leads to.
pub(in crate::commands) async fn of_postgres(
    cx: &Context,
    url: &ConnectionUrl,
    ask: Ask<'_>,
    ask_production: AskProduction,
) -> Found {
    let mut signs =
        Signs { flag: url.target() == Target::Prod, hosts: url.hosts().to_vec(), ..Signs::default() };
    let production = if signs.flag { None } else { cx.production_url() };
    signs.production = production.as_ref().map(|url| url.hosts().to_vec()).unwrap_or_default();
    let asked = match gather(&mut signs, url, ask).await {
        Ok(session) => {
            if let Some(production) = production.filter(|_| signs.standing().is_local()) {
                signs.production_cluster = cluster_of(cx, &production, ask_production).await;
            }
            Ok(session)
        }
        Err(error) => Err(error),
    };
    Found { standing: signs.standing(), asked }
}

/// Collects everything that can be known without contacting production.
async fn gather(signs: &mut Signs, url: &ConnectionUrl, ask: Ask<'_>) -> Result<Option<Session>> {
    if matches!(signs.standing(), Standing::Production(_)) {
        return Ok(None);
    }
    look_up(&mut signs.hosts).await;
    let ports: Vec<u16> = signs.hosts.iter().map(|host| host.port).collect();
    look_up_production(signs, &ports).await;
    if !signs.standing().is_local() {
        return Ok(None);
    }
    let opened = match ask {
        Ask::Database => Some(session_on_server(url).await?),
        Ask::Server => Some(maintenance_session(url).await?),
        Ask::On(_) => None,
        Ask::Nothing => return Ok(None),
    };
    let session = if let Ask::On(session) = ask { Some(session) } else { opened.as_ref() };
    let Some(session) = session else { return Ok(None) };
    let identity = session.identity().await?;
    let own_port: Vec<u16> = identity.address.iter().map(|(_, port)| *port).collect();
    signs.identity = Some(identity);
    if signs.standing().is_local() {
        look_up_production(signs, &own_port).await;
    }
    let is_usable = |session: &Session| match (ask, session.url().database()) {
        // A session on it blocks CREATE DATABASE.
        (Ask::Server, database) => database != "template1",
        // If the database is missing, another one was asked.
        (_, database) => database == url.database(),
    };
    Ok(opened.filter(is_usable))
}

/// Resolves production's hosts on one of `ports`: another port means another server. AWS names are
/// skipped, since an RDS server says that it is RDS.
async fn look_up_production(signs: &mut Signs, ports: &[u16]) {
    let hosts = signs.production.iter_mut();
    let mut hosts: Vec<&mut Host> =
        hosts.filter(|host| ports.contains(&host.port) && !host.is_aws()).collect();
    for host in &mut hosts {
        look_up(std::slice::from_mut(*host)).await;
    }
}

/// Resolves names to addresses. A name that does not resolve in time is judged by itself.
async fn look_up(hosts: &mut [Host]) {
    for host in hosts {
        let Some(name) = host.unresolved().map(str::to_owned) else { continue };
        let found = timeout(TIMEOUT, tokio::net::lookup_host((name, host.port))).await;
        let addresses: Vec<IpAddr> =
            found.ok().and_then(Result::ok).into_iter().flatten().map(|found| found.ip()).collect();
        *host = host.clone().at(addresses);
    }
}

/// The identifier of production's cluster, remembered or from production itself. RDS needs none:
/// its servers say what they are.
async fn cluster_of(cx: &Context, production: &ConnectionUrl, ask: AskProduction) -> Option<String> {
    if production.hosts().iter().all(Host::is_aws) {
        return None;
    }
    let about = format!("{}:{}", production.host(), production.port());
    let mut known = Remembered::read(cx.config().state_dir().ok().as_deref(), FILE);
    if let Some(cluster) = known.get(&about, KEPT) {
        return Some(cluster.to_owned());
    }
    let asking = async { session_on_server(production).await?.identity().await };
    let answer = if ask == AskProduction::Yes { timeout(TIMEOUT, asking).await.ok() } else { None };
    match answer {
        Some(Ok(identity)) => {
            let cluster = identity.cluster?;
            known.keep(&about, &cluster);
            Some(cluster)
        }
        _ => known.get(&about, KEPT_AT_MOST).map(str::to_owned),
    }
}
