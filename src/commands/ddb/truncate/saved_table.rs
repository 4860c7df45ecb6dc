//! Saves the definition of a table in a file while it is dropped and created again.

use std::path::PathBuf;

use crate::commands::common::shell_word;
use crate::commands::ddb::state_folder;
use crate::commands::plan::show_plan;
use crate::commands::target::{Announced, ConfirmArgs};
use crate::context::Context;
use crate::dynamodb::{DynamoDb, SavedState, SavedTable};
use crate::error::{Context as _, Error, Kind, Result};
use crate::output::Ui;
use crate::state_file::{self, StateFile};

const FILE: &str = "definition.json";

/// The path of the file, which need not exist.
fn path(cx: &Context, db: &DynamoDb, table: &str) -> Result<PathBuf> {
    Ok(state_folder(cx, "truncate", db, &[table])?.join(FILE))
}

/// The definition that an earlier run saved and did not remove.
pub(in crate::commands::ddb) fn left_over(
    cx: &Context,
    db: &DynamoDb,
    table: &str,
) -> Result<Option<(PathBuf, SavedTable)>> {
    let path = path(cx, db, table)?;
    let Some(text) = state_file::read(&path)? else { return Ok(None) };
    let what = || format!("{} is not a table definition", path.display());
    let kept = serde_json::from_str(&text).or_failed(what);
    Ok(Some((path.clone(), kept.map_err(|error| error.hint(remove(&path)))?)))
}

fn remove(path: &std::path::Path) -> String {
    format!("if you no longer need it, delete it: rm {}", shell_word(&path.display().to_string()))
}

/// The file, locked against other runs.
pub(super) struct SavedTableFile(StateFile);

impl SavedTableFile {
    /// Locks the file.
    ///
    /// # Errors
    /// [`Kind::Refused`] when another run has locked it.
    pub(super) fn open(cx: &Context, db: &DynamoDb, table: &str) -> Result<Self> {
        StateFile::open_in_state(&path(cx, db, table)?)?.map(Self).ok_or_else(|| {
            Error::refused(format!(
                "another run is recreating the table {table:?} on {}; nothing was done",
                db.endpoint()
            ))
            .hint("wait for it")
        })
    }

    /// Saves the definition. It is on disk when this returns.
    ///
    /// # Errors
    /// [`Kind::Failed`], also when the file already holds a definition of this table.
    pub(super) fn keep(&self, ui: &mut Ui, kept: &SavedTable) -> Result<()> {
        let path = self.0.path();
        if self.0.read()?.is_some() {
            return Err(Error::failed(format!(
                "{} holds another definition of this table; nothing was done",
                path.display()
            ))
            .hint(remove(path)));
        }
        self.0.save(kept)?;
        ui.status(format!("its definition is saved in {}", path.display()));
        Ok(())
    }

    /// Removes the file if `done` is `Ok` or the table is unchanged, else adds how to resume to the error.
    pub(super) async fn conclude(
        &self,
        cx: &Context,
        db: &DynamoDb,
        table: &str,
        kept: &SavedTable,
        done: Result<()>,
    ) -> Result<()> {
        let Err(error) = done else { return self.0.remove() };
        let is_whole = || async { matches!(db.state_of_saved(table, kept).await, Ok(SavedState::Whole)) };
        if error.kind() != Kind::Partial && is_whole().await {
            self.0.remove()?;
            return Err(error);
        }
        let flag = format!(" --table {}{}", shell_word(table), cx.target().flag());
        Err(error
            .hint(format!("its definition is saved in {}", self.0.path().display()))
            .hint(format!("to finish run: cruddur ddb truncate --recreate{flag}")))
    }
}

/// Finishes what an earlier run began. True if nothing is left to do: the table exists again and is empty.
pub(super) async fn go_on(
    cx: &Context,
    ui: &mut Ui,
    db: &DynamoDb,
    table: &str,
    (at, confirm): (&Announced, &ConfirmArgs),
) -> Result<bool> {
    let Some((path, kept)) = left_over(cx, db, table)? else { return Ok(false) };
    if is_of_another_account(cx, db, &kept).await {
        return Ok(false);
    }
    // Only a run that writes has to lock it.
    let file = if cx.dry_run() { None } else { Some(SavedTableFile::open(cx, db, table)?) };
    let state = db.state_of_saved(table, &kept).await?;
    let kept_in = format!("its definition is saved in {}", path.display());
    match (state, file) {
        (SavedState::Whole, None) => Ok(false),
        (SavedState::Whole, Some(file)) => {
            file.0.remove()?;
            ui.status(format!("removed {}: the table is as it was", path.display()));
            Ok(false)
        }
        (SavedState::Another, _) => {
            ui.warn(format!("{} holds another definition of this table", path.display()));
            ui.hint(remove(&path));
            Ok(false)
        }
        (SavedState::Incomplete, file) => {
            ui.status(format!("an earlier run recreated the table {table:?} without its settings"));
            ui.status(kept_in);
            let setting = db.set_again(table, &kept);
            let Some(file) = file else {
                return show_plan(ui, db.rehearse(table, setting).await?).map(|()| false);
            };
            file.conclude(cx, db, table, &kept, setting.await).await?;
            ui.status("restored its settings");
            Ok(false)
        }
        (SavedState::Missing, file) => {
            ui.status(format!("an earlier run dropped the table {table:?} and was interrupted"));
            ui.status(kept_in);
            let creating = db.create_again(table, &kept);
            let Some(file) = file else {
                return show_plan(ui, db.rehearse(table, creating).await?).map(|()| true);
            };
            let consequence = format!("this recreates the table {table:?} on {}, empty", db.endpoint());
            confirm.check(ui, at, table, &consequence)?;
            file.conclude(cx, db, table, &kept, creating.await).await?;
            ui.status(format!("recreated the table {table:?}; it is empty and ACTIVE"));
            Ok(true)
        }
    }
}

/// Needed because the place's name is the same for every account.
async fn is_of_another_account(cx: &Context, db: &DynamoDb, kept: &SavedTable) -> bool {
    let of_kept = kept.arn.as_deref().and_then(|arn| arn.split(':').nth(4));
    let state = cx.config().state_dir().ok();
    match (of_kept, db.endpoint().account(state.as_deref()).await) {
        (Some(of_kept), Some(Ok(account))) => of_kept != account,
        _ => false,
    }
}
