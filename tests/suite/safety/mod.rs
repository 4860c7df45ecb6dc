//! What keeps a command from writing where, or when, it must not.

mod account;
mod clients;
mod destructive;
mod dry_run;
mod endless;
mod losses;
mod plans;
mod protection;
mod prove;
mod silence;
mod standing;
mod stop;
mod terminal;

use std::process::Command;

use crate::support::Sandbox;

/// `cruddur` on a production that is this sandbox, still to be run.
pub fn on_prod(sandbox: &Sandbox, words: &[&str]) -> Command {
    let mut command = sandbox.command(words);
    command
        .env_remove("AWS_ENDPOINT_URL_DYNAMODB")
        .args(["--prod", "--endpoint-url", &sandbox.endpoint(), "--region", "us-east-1"])
        .env("AWS_ACCESS_KEY_ID", "local")
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("PROD_CONNECTION_URL", sandbox.production_url());
    command
}
