//! `cruddur local env`

use clap::{Args, ValueEnum};
use serde_json::{Map, Value};

use super::DataArgs;
use crate::commands::common::shell_word;
use crate::config::dotenv_value;
use crate::context::Context;
use crate::error::Result;
use crate::local::{self, Ports, StackConfig, data_dir};
use crate::output::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  # let every program that this shell starts find the stack
  eval \"$(cruddur local env)\"
  # for an app that reads .env files
  cruddur local env --format dotenv > .env.local";

#[derive(Debug, Args)]
pub struct EnvArgs {
    /// Format of the variables on stdout
    #[arg(short = 'o', long, visible_alias = "output", value_name = "FORMAT", default_value = "shell")]
    format: VariableFormat,
    #[command(flatten)]
    data: DataArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum VariableFormat {
    /// Commands for sh, bash, zsh and the like
    Shell,
    /// Lines for a .env file
    Dotenv,
    /// One object
    Json,
}

pub(super) fn run(cx: &Context, ui: &mut Ui, args: &EnvArgs) -> Result<()> {
    let data_dir = data_dir(cx.config(), args.data.data_dir.as_deref())?;
    let plan = StackConfig::new(cx.config(), data_dir, Ports::default(), false)?;
    let variables = local::variables_of(cx.config(), &plan)?;
    let set = variables.iter().filter_map(|(name, value)| Some((*name, value.as_ref()?)));
    let lines: Vec<String> = match args.format {
        VariableFormat::Shell => {
            // Those that are in the way, if they are there.
            let is_set = |name: &str| cx.config().environment().get(name).is_some();
            let removed = variables.iter().filter(|(name, value)| value.is_none() && is_set(name));
            let removed = removed.map(|(name, _)| format!("unset {name}\n"));
            removed.chain(set.map(|(name, value)| format!("export {name}={}\n", shell_word(value)))).collect()
        }
        VariableFormat::Dotenv => {
            set.map(|(name, value)| format!("{name}={}\n", dotenv_value(value))).collect()
        }
        VariableFormat::Json => {
            let object: Map<String, Value> =
                set.map(|(name, value)| (name.to_owned(), value.as_str().into())).collect();
            ui.document(&object)?;
            Vec::new()
        }
    };
    ui.data(&lines.concat())?;
    if !local::is_served(plan.data_dir())? {
        ui.status("the stack is not running; cruddur local up starts it");
    }
    Ok(())
}
