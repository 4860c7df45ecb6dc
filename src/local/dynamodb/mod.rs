//! The embedded DynamoDB, served over HTTP on a loopback port.

mod exchange;
mod expiry;
mod hidden;
mod order;
mod streams;
mod throttle;

use std::path::Path;

use axum::body::Body;
use dynoxide::Database;
use http::{Request, Response, StatusCode};

use self::exchange::Engine;
use super::http::{Access, Api, Listening, Server, error};
use super::private;
use crate::error::{Context as _, Error, Result};

/// Serves the clients that `access` allows on 127.0.0.1:`port` (0 for any free port), from the
/// SQLite file `file` or from memory. Needs a tokio runtime.
///
/// # Errors
/// The port is taken, or the file cannot be opened.
pub async fn start(port: u16, file: Option<&Path>, access: Access) -> Result<Server> {
    let listening = Listening::on(port).await?;
    let database = match file {
        None => Database::memory().or_failed(|| "cannot open DynamoDB in memory".to_owned())?,
        Some(file) => open(file)?,
    };
    let engine = Engine::new(database, access.units_per_second);
    Ok(listening.serve(access, engine))
}

impl Api for Engine {
    const CONTENT_TYPE: &'static str = "application/x-amz-json-1.0";

    async fn answer(&self, request: Request<Body>) -> Response<Body> {
        self.exchange(request).await.unwrap_or_else(|cause| {
            let reason = format!("the embedded DynamoDB does not answer: {cause}");
            error(Self::CONTENT_TYPE, StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", &reason)
        })
    }
}

fn open(file: &Path) -> Result<Database> {
    let what = || format!("cannot open the DynamoDB file {}", file.display());
    private::prepare_sqlite(file)?;
    let path = file.to_str().ok_or_else(|| Error::failed(what()).because(anyhow::Error::msg("not UTF-8")))?;
    let database = Database::new(path).or_failed(what)?;
    // This sets SQLite's synchronous = NORMAL: three times the writes per second; safe when the
    // process is killed, but not in a power failure.
    database.disable_bulk_loading().or_failed(what)?;
    Ok(database)
}
