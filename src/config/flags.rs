//! The flags that decide where a command works, and how much it says.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, ValueEnum};

use super::parse_duration;

/// When to use colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal; NO_COLOR and CLICOLOR_FORCE apply
    #[default]
    Auto,
    /// Everywhere
    Always,
    /// Nowhere
    Never,
}

impl Color {
    /// The name of the value; `None` for the default.
    pub(super) fn given(self) -> Option<String> {
        let word = self.to_possible_value().filter(|_| self != Self::default());
        word.map(|word| word.get_name().to_owned())
    }

    /// The value of `--color` in arguments that clap rejects or has not parsed yet: its help and
    /// its errors have colours too.
    pub fn in_words(words: &[OsString]) -> Self {
        let words = words.iter().map_while(|word| word.to_str().filter(|word| *word != "--"));
        let mut color = Self::default();
        let mut is_value = false;
        for word in words {
            let value = if is_value { Some(word) } else { word.strip_prefix("--color=") };
            color = value.and_then(|value| Self::from_str(value, false).ok()).unwrap_or(color);
            is_value = word == "--color";
        }
        color
    }
}

/// How much of a dry run's plan to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanSize {
    /// The first requests and statements, and their number.
    First,
    /// All of them.
    Full,
}

/// Flags that every command takes, before or after its name.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Global options")]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Flags {
    /// Work on AWS and the production database instead of the local stack
    #[arg(long, global = true)]
    pub prod: bool,

    /// AWS service endpoint [default: AWS's own with --prod; else the service's AWS_ENDPOINT_URL_…,
    /// and for DynamoDB AWS_ENDPOINT_URL or localhost:8000]
    #[arg(long, global = true, value_name = "URL")]
    pub endpoint_url: Option<String>,

    /// AWS region [env: AWS_REGION, AWS_DEFAULT_REGION]
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,

    /// AWS profile, used only for AWS itself [env: AWS_PROFILE]
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,

    /// Take unset environment variables from FILE [default: the nearest .env upward]
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "no_env_file")]
    pub env_file: Option<PathBuf>,

    /// Show exactly what would be written, and write nothing
    #[arg(long, global = true)]
    pub dry_run: bool,

    /// With --dry-run: show every request and statement, not just the first ones
    #[arg(long, global = true, requires = "dry_run")]
    pub full: bool,

    /// Give up after this long without an answer or progress, such as 90s or 2m [default: 30s; 1m
    /// for AWS with --prod]
    #[arg(long, global = true, value_name = "TIME", value_parser = parse_duration)]
    pub timeout: Option<Duration>,

    /// Read no .env file
    #[arg(long, global = true)]
    pub no_env_file: bool,

    /// Hide progress and hints; keep data, warnings and errors
    #[arg(short, long, global = true)]
    pub quiet: bool,

    /// Log each request to stderr; -vv shows the wire traffic, without secrets
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,

    /// When to use colour: auto, always or never [env: NO_COLOR, CLICOLOR_FORCE]
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub color: Color,
}

impl Flags {
    /// How much of the plan to show, in a dry run.
    pub(super) fn plan(&self) -> Option<PlanSize> {
        self.dry_run.then_some(if self.full { PlanSize::Full } else { PlanSize::First })
    }

    /// The same flags without those that say where a service is.
    pub(super) fn elsewhere(&self) -> Self {
        Self { endpoint_url: None, region: None, profile: None, ..self.clone() }
    }
}
