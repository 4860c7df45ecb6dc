//! What loads an SQL file: `schema-load`, `seed` and `setup` share it.

use std::collections::BTreeMap;
use std::path::Path;

use clap::Args;

use super::{announce, count};
use crate::commands::common::{ConfirmArgs, read_text};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::output::Ui;
use crate::postgres::{ConnectionUrl, Script, is_variable_name};

/// A built-in SQL file.
pub(super) struct BuiltIn {
    name: &'static str,
    text: &'static str,
}

pub(super) const SCHEMA: BuiltIn =
    BuiltIn { name: "db/schema.sql", text: include_str!("../../../db/schema.sql") };
pub(super) const SEED: BuiltIn = BuiltIn { name: "db/seed.sql", text: include_str!("../../../db/seed.sql") };

/// The variables of SQL files.
#[derive(Debug, Args)]
pub(super) struct VariableArgs {
    /// Give the file's psql variable NAME this value; one that is not given comes from the
    /// environment. In the file it is :NAME, :'NAME' as a string, :"NAME" as an identifier
    // Taken apart by hand: clap's own error would repeat the value, which may be secret.
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
}

/// The values in force.
pub(super) struct Variables<'a> {
    set: BTreeMap<&'a str, &'a str>,
    cx: &'a Context,
    url: ConnectionUrl,
}

impl VariableArgs {
    /// The values given here, then those that psql sets itself, then the environment.
    ///
    /// # Errors
    /// [`crate::error::Kind::Usage`] for what is not `NAME=VALUE`.
    pub(super) fn resolve<'a>(&'a self, cx: &'a Context) -> Result<Variables<'a>> {
        let mut set = BTreeMap::new();
        for given in &self.set {
            let (name, value) = given.split_once('=').ok_or_else(|| {
                Error::usage("--set takes NAME=VALUE, and in one of them there is no =")
                    .hint("an empty value is --set NAME=")
            })?;
            if !is_variable_name(name) {
                return Err(Error::usage(format!("--set {name}=…: {name:?} is no name of a variable"))
                    .hint("a name has letters, digits and underscores"));
            }
            set.insert(name, value);
        }
        Ok(Variables { set, cx, url: cx.connection_url()? })
    }
}

impl Variables<'_> {
    fn value(&self, name: &str) -> Option<String> {
        if let Some(value) = self.set.get(name) {
            return Some((*value).to_owned());
        }
        match name {
            // In the environment, USER and HOST would be those of this machine.
            "DBNAME" => Some(self.url.database().to_owned()),
            "HOST" => Some(self.url.host()),
            "PORT" => Some(self.url.port().to_string()),
            "USER" => Some(self.url.user().to_owned()),
            _ => self.cx.config().environment().get(name).map(|setting| setting.value),
        }
    }

    /// `file`, else the built-in one, checked before anything is sent.
    pub(super) fn script(&self, file: Option<&Path>, built_in: &BuiltIn) -> Result<Script> {
        let lookup = |name: &str| self.value(name);
        match file {
            Some(file) => Script::parse(file.display().to_string(), read_text(file)?, &lookup),
            None => Script::parse(built_in.name, built_in.text, &lookup),
        }
    }

    /// Tells of values that no file asks for: the name may be mistyped.
    pub(super) fn warn_of_unused(&self, ui: &mut Ui, scripts: &[&Script]) {
        for name in self.set.keys() {
            if !scripts.iter().any(|script| script.variables().contains(*name)) {
                let names: Vec<&str> = scripts.iter().map(|script| script.name()).collect();
                ui.warn(format!("--set {name}: no such variable in {}", names.join(" or ")));
            }
        }
    }
}

pub(super) async fn load(cx: &Context, ui: &mut Ui, script: &Script) -> Result<()> {
    let summary = script.run(&cx.postgres().await?).await?;
    ui.status(format!("ran {} of {}", count(summary.statements, "statement"), script.name()));
    Ok(())
}

/// Runs `file`, else the built-in one; what destroys data asks first in production.
pub(super) async fn load_confirmed(
    cx: &Context,
    ui: &mut Ui,
    (file, built_in): (Option<&Path>, &BuiltIn),
    variables: &VariableArgs,
    confirm: &ConfirmArgs,
) -> Result<()> {
    let variables = variables.resolve(cx)?;
    let script = variables.script(file, built_in)?;
    announce(ui, &variables.url);
    variables.warn_of_unused(ui, &[&script]);
    if let Some((line, words)) = script.first_destructive() {
        let url = &variables.url;
        let consequence = format!("{}:{line} says {words}, on {url}", script.name());
        confirm.check(cx, ui, url.database(), &consequence)?;
    }
    load(cx, ui, &script).await
}
