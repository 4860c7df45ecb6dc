//! Both services together.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use super::cluster::{Cluster, ClusterPlan};
use super::dynamodb::Server;
use super::installation::Installation;
use super::state::{Scratch, remove};
use crate::config::Config;
use crate::error::{Context as _, Result};
use crate::postgres::ConnectionUrl;

/// A running stack.
pub(super) struct Stack {
    dynamodb: Server,
    postgres: Cluster,
    scratch: Scratch,
}

impl Stack {
    /// A stack of its own on free ports, gone when it stops.
    pub(super) async fn start_private(
        config: &Config,
        url: &ConnectionUrl,
    ) -> Result<(Self, String, ConnectionUrl)> {
        /// Another process may take a free port before PostgreSQL does.
        const TRIES: usize = 5;
        sweep(config).await;
        let scratch = Scratch::new()?;
        let dynamodb = Server::start(0, None).await?;
        let mut tries = 0;
        let postgres = loop {
            let port = free_port()?;
            let plan = ClusterPlan::new(config, scratch.path(), url, true)?.on_port(port);
            match plan.start().await {
                Err(_) if tries < TRIES && is_taken(port) => tries += 1,
                started => break started?,
            }
        };
        let endpoint = dynamodb.url();
        let url = postgres.url().clone();
        Ok((Self { dynamodb, postgres, scratch }, endpoint, url))
    }

    /// Stops both; their data goes.
    pub(super) async fn stop(self) {
        tokio::join!(self.dynamodb.stop(), self.postgres.stop());
        drop(self.scratch);
    }
}

/// Stops and removes what killed ephemeral runs have left behind.
async fn sweep(config: &Config) {
    for folder in Scratch::abandoned() {
        stop_leftover(config, &folder, true).await;
        remove(&folder);
    }
}

/// Stops a PostgreSQL that a killed stack has left running on `home`.
async fn stop_leftover(config: &Config, home: &Path, ephemeral: bool) {
    // Looking for the binaries runs them; most of the time nothing is left.
    if !Installation::pid_file_in(home).exists() {
        return;
    }
    if let Ok(installation) = Installation::new(config, home) {
        // What cannot be stopped shows up as a port that is taken.
        let _ = installation.stop_leftover(ephemeral).await;
    }
}

fn free_port() -> Result<u16> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .or_failed(|| "cannot find a free port".to_owned())
}

fn is_taken(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err()
}
