//! `cruddur cognito sign-in`

use clap::{Args, ValueEnum};
use serde::Serialize;
use serde_json::Value;

use super::password::PasswordArgs;
use crate::cognito::Token;
use crate::commands::common::{OutputArgs, PoolArgs};
use crate::commands::ddb::my_handle;
use crate::commands::plan::show_plan;
use crate::commands::target::announce;
use crate::config::LOCAL_PASSWORD;
use crate::context::Context;
use crate::error::{Error, Reason, Result};
use crate::messaging::{Timestamp, Zone};
use crate::output::{Column, Format, Record, Ui};

pub(super) const EXAMPLES: &str = "\
Examples:
  # that Person 1 can sign in to the local stack
  cruddur cognito sign-in
  # an access token for a request to the backend
  token=$(cruddur cognito sign-in nina --token access)
  # what the backend reads in the tokens
  cruddur cognito sign-in nina@example.com -o json";

#[derive(Debug, Args)]
pub struct SignInArgs {
    /// The user's handle, email address or sub [env: user1_username] [default: nina]
    #[arg(value_name = "HANDLE")]
    handle: Option<String>,
    /// The app client to sign in through, which has no secret; by default the local pool's
    /// [env: AWS_COGNITO_USER_POOL_CLIENT_ID]
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    #[command(flatten)]
    password: PasswordArgs,
    /// Print this token; with -o json or ndjson, beside the claims
    #[arg(long, value_name = "TOKEN")]
    token: Option<Wanted>,
    #[command(flatten)]
    pool: PoolArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Which token to print.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Wanted {
    /// For the backend
    Access,
    /// Who the user is
    Id,
    /// For new tokens
    Refresh,
}

/// The names of the tokens, in that order.
const USES: [&str; 3] = ["access", "id", "refresh"];

/// A token as a row.
#[derive(Serialize)]
struct Row<'a> {
    token_use: &'static str,
    handle: &'a str,
    expires_at: Option<Timestamp>,
    /// The `kid` of the key that verified it.
    key: Option<&'a str>,
    claims: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
}

impl<'a> Row<'a> {
    fn of(token_use: &'static str, handle: &'a str, token: Option<&'a Token>) -> Self {
        Self {
            token_use,
            handle,
            expires_at: token.map(|token| token.expires),
            key: token.map(|token| token.key.as_str()),
            claims: token.map(|token| &token.claims),
            token: None,
        }
    }
}

impl Record for Row<'_> {
    const COLUMNS: &'static [Column] =
        &[Column::keep("TOKEN"), Column::keep("HANDLE"), Column::keep("SUB"), Column::keep("EXPIRES")];

    fn cells(&self) -> Vec<String> {
        let sub = self.claims.and_then(|claims| claims["sub"].as_str());
        vec![
            self.token_use.to_owned(),
            self.handle.to_owned(),
            sub.unwrap_or_default().to_owned(),
            self.expires_at.map(|time| Zone::local().minute(time)).unwrap_or_default(),
        ]
    }
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &SignInArgs) -> Result<()> {
    let id = args.pool.needed(cx)?;
    let client = cx.config().app_client(args.client_id.as_deref(), &id)?;
    let is_local_pool = id.is_local();
    let pool = cx.cognito(id).await?;
    // A password is sent there.
    let is_ours = announce(cx, ui, pool.endpoint()).await?.is_local() && is_local_pool;
    let user = pool.find_one(&my_handle(cx, "HANDLE", args.handle.as_deref()).value).await?;
    let is_known = is_ours && !args.password.password_stdin;
    let password =
        if cx.dry_run() || is_known { LOCAL_PASSWORD.to_owned() } else { args.password.read(ui)? };
    if cx.dry_run() {
        return show_plan(ui, pool.rehearse(pool.sign_in(&user, &client, &password)).await?);
    }
    let handle = user.name();
    let signed_in = pool.sign_in(&user, &client, &password).await.map_err(|error| {
        if is_known && error.is(&Reason::WrongPassword(handle.to_owned(), cx.target())) {
            error.hint("the password was setup's; to give another add: --password-stdin")
        } else {
            error
        }
    })?;
    ui.status(format!("signed in {handle:?} to {} on {}", pool.id(), pool.endpoint()));
    ui.status(format!("verified by {}", signed_in.keys));
    let tokens = [Some(&signed_in.access), Some(&signed_in.id), None];
    let mut rows: Vec<Row> =
        USES.into_iter().zip(tokens).map(|(kind, token)| Row::of(kind, handle, token)).collect();
    if let Some(wanted) = args.token {
        let text = match wanted {
            Wanted::Access => Some(&signed_in.access.text),
            Wanted::Id => Some(&signed_in.id.text),
            Wanted::Refresh => signed_in.refresh.as_ref(),
        };
        let text = text.ok_or_else(|| Error::failed("the pool returned no refresh token"))?;
        if args.output.output == Format::Table {
            return ui.data(&format!("{text}\n"));
        }
        rows[wanted as usize].token = Some(text);
    }
    // Nothing can be read in a refresh token.
    rows.retain(|row| row.claims.is_some() || row.token.is_some());
    let mut records = ui.records::<Row>(args.output.output, "tokens");
    rows.iter().try_for_each(|row| records.push(row))?;
    records.finish(&serde_json::json!({ "count": rows.len(), "keys": signed_in.keys }))
}
