//! `cruddur db wait`

use std::time::Duration;

use clap::Args;

use crate::commands::signals::Signals;
use crate::context::Context;
use crate::error::Result;
use crate::output::Ui;
use crate::postgres::Ready;
use crate::postgres::connection::wait;

pub(super) const EXAMPLES: &str = "\
Examples:
  # in CI: continue once the server is up
  cruddur db wait --timeout 2m && cruddur db setup
  # is production reachable?
  cruddur db wait --prod --timeout 5s";

#[derive(Debug, Args)]
pub struct WaitArgs {}

/// The default timeout.
const TIMEOUT: Duration = Duration::from_secs(30);

pub(super) async fn run(cx: &Context, ui: &mut Ui, _: &WaitArgs) -> Result<()> {
    let url = cx.connection_url()?;
    let timeout = cx.config().timeout().unwrap_or(TIMEOUT);
    let mut signals = Signals::catch()?;
    let ready = tokio::select! {
        ready = wait(&url, timeout, |reason| ui.status(format!("waiting for PostgreSQL at {url}: {reason}"))) => ready,
        stop = signals.next() => Err(stop.unfinished()),
    }?;
    ui.status(format!("PostgreSQL at {url} accepts connections"));
    if ready == Ready::ServerOnly {
        ui.status(format!("there is no database {:?} yet", url.database()));
        ui.hint(format!("run: cruddur db create{}", cx.target().flag()));
    }
    Ok(())
}
