//! The embedded DynamoDB, served over HTTP on a loopback port.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use dynoxide::Database;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::error::{Context as _, Error, Result};

/// How long running requests may take to finish at the end. A client that sent
/// half a request must not hold up `local down`.
const GRACE: Duration = Duration::from_secs(2);

/// A DynamoDB that serves until it is stopped or dropped.
pub struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), String>>,
}

impl Server {
    /// Serves on 127.0.0.1:`port` (0 is any free one), from the SQLite file
    /// `file`, or from memory. Needs a tokio runtime.
    ///
    /// # Errors
    /// The port is taken, or the file cannot be opened.
    pub async fn start(port: u16, file: Option<&Path>) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .or_failed(|| format!("cannot listen on 127.0.0.1:{port}"))?;
        let address = listener.local_addr().or_failed(|| "cannot tell the port".to_owned())?;
        let database = match file {
            None => Database::memory().or_failed(|| "cannot open DynamoDB in memory".to_owned())?,
            Some(file) => open(file)?,
        };
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, async {
            // Stopped or dropped: either way it ends.
            let _ = stopped.await;
        }));
        Ok(Self { address, stop, task })
    }

    /// The port it listens on.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.address.port()
    }

    /// The endpoint to give to an SDK.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lets running requests finish, then ends.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        let abort = self.task.abort_handle();
        if tokio::time::timeout(GRACE, self.task).await.is_err() {
            abort.abort();
        }
    }
}

fn open(file: &Path) -> Result<Database> {
    let what = || format!("cannot open the DynamoDB file {}", file.display());
    let path = file.to_str().ok_or_else(|| Error::failed(what()).because(anyhow::Error::msg("not UTF-8")))?;
    let database = Database::new(path).or_failed(what)?;
    // SQLite's synchronous = NORMAL: three times the writes a second, safe when
    // the process is killed, not when the power fails.
    database.disable_bulk_loading().or_failed(what)?;
    Ok(database)
}
