//! The flags that decide where a command works.

use std::path::PathBuf;

use clap::Args;

/// Flags that every command takes, before or after its name.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct Flags {
    /// Work on AWS and the production database instead of the local stack
    #[arg(long, global = true)]
    pub prod: bool,

    /// Endpoint of the AWS service [default: AWS's own with --prod; else the service's
    /// AWS_ENDPOINT_URL_…, and for DynamoDB AWS_ENDPOINT_URL, localhost:8000]
    #[arg(long, global = true, value_name = "URL")]
    pub endpoint_url: Option<String>,

    /// AWS region [env: AWS_REGION, AWS_DEFAULT_REGION]
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,

    /// AWS profile, for what is AWS's own only [env: AWS_PROFILE]
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,

    /// Read variables that the environment lacks from FILE [default: the nearest .env upward]
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "no_env_file")]
    pub env_file: Option<PathBuf>,

    /// Read no .env file
    #[arg(long, global = true)]
    pub no_env_file: bool,
}
