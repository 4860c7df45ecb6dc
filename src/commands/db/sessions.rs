//! `cruddur db sessions`

use clap::Args;

use crate::commands::common::OutputArgs;
use crate::context::Context;
use crate::error::Result;
use crate::messaging::Zone;
use crate::output::{Column, Record, Ui};
use crate::postgres::{Activity, Scope, server_activity};

pub(super) const EXAMPLES: &str = "\
Examples:
  # who is connected to the local database
  cruddur db sessions
  # everyone on the production server, as JSON
  cruddur db sessions --prod --all -o json";

#[derive(Debug, Args)]
pub struct SessionsArgs {
    /// List sessions on this database of the server [default: the connection URL's]
    #[arg(long, value_name = "NAME", conflicts_with = "all")]
    database: Option<String>,
    /// List sessions on every database of the server
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    output: OutputArgs,
}

impl Record for Activity {
    const COLUMNS: &'static [Column] = &[
        Column::keep("PID"),
        Column::keep("USER"),
        Column::keep("DATABASE"),
        Column::keep("CLIENT"),
        Column::cut("APPLICATION"),
        Column::keep("STATE"),
        Column::keep("AGE"),
        Column::keep("QUERY START"),
    ];

    fn cells(&self) -> Vec<String> {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        vec![
            self.pid.to_string(),
            text(&self.user),
            text(&self.database),
            text(&self.client),
            text(&self.application),
            text(&self.state),
            self.age_seconds.map(age).unwrap_or_default(),
            self.query_start.map(|time| Zone::local().second(time)).unwrap_or_default(),
        ]
    }
}

/// Formats seconds in the two largest units they fill.
fn age(seconds: f64) -> String {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
    let seconds = seconds as u64;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    if days > 0 {
        format!("{days}d {}h", hours % 24)
    } else if hours > 0 {
        format!("{hours}h {}m", minutes % 60)
    } else if minutes > 0 {
        format!("{minutes}m {}s", seconds % 60)
    } else {
        format!("{seconds}s")
    }
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &SessionsArgs) -> Result<()> {
    let url = cx.connection_url()?;
    let server = format!("{}:{}", url.host(), url.port());
    let (sessions, place) = match &args.database {
        Some(name) => (
            server_activity(&url, Scope::Database(name)).await?,
            format!("the database {name:?} on {server}"),
        ),
        None if args.all => (server_activity(&url, Scope::All).await?, server),
        None => (cx.postgres().await?.activity(Scope::Database(url.database())).await?, url.to_string()),
    };
    let mut records = ui.records::<Activity>(args.output.output, "sessions");
    for session in &sessions {
        records.push(session)?;
    }
    records.finish(&serde_json::json!({ "count": sessions.len() }))?;
    if sessions.is_empty() {
        ui.status(format!("no other session on {place}"));
    }
    tell_what_is_hidden(ui, &sessions);
    Ok(())
}

/// Explains why some cells are blank.
pub(super) fn tell_what_is_hidden(ui: &mut Ui, sessions: &[Activity]) {
    if sessions.iter().any(Activity::is_hidden) {
        ui.hint("only members of pg_monitor see what other roles' sessions do");
    }
}
