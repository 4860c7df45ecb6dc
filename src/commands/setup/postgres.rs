//! The steps in PostgreSQL: the database, its schema, its people, and their Cognito ids.

use super::Setup;
use super::steps::{StepOutcome, Steps};
use crate::commands::common::count;
use crate::commands::db::{drop, in_one_transaction, one_at_a_time, summary, tell_who_is_connected};
use crate::commands::local_people::{Joined, PoolOfSetup};
use crate::commands::project::{ProjectFile, SCHEMA, SEED};
use crate::error::{Error, Result};
use crate::messaging::Tally;
use crate::output::Ui;
use crate::postgres::{
    COGNITO_UPDATE, MissingUsers, Script, Session, create_database, create_statement, plan_create, plan_drop,
};
use StepOutcome::{Already, Done, LeftOut};

/// The database that later steps use.
pub(super) enum Base {
    Ready(Box<Session>),
    /// In a dry run: an earlier step would have created it.
    Later,
    Missing,
}

impl Setup<'_> {
    fn script(&self, file: &ProjectFile) -> Result<Script> {
        self.variables.script(file.read(None, self.args.built_in)?)
    }

    /// Checks that the files can be read and split into statements.
    pub(super) fn check_scripts(&self) -> Result<()> {
        self.script(&SCHEMA)?;
        self.script(&SEED)?;
        Ok(())
    }

    /// Drops the database and the table, if they exist.
    pub(super) async fn begin_anew(&self, ui: &mut Ui, steps: &mut Steps) -> Result<()> {
        let (url, db, table) = (self.url, self.db, self.table);
        let has_table = db.deletion_protection(table).await?.is_some();
        if self.cx.dry_run() {
            if let Some(plan) = plan_drop(url, self.args.force.is_given()).await? {
                tell_who_is_connected(ui, &plan, self.args.force);
                steps.statements(plan.statements);
                ui.status(format!("would drop the database {:?}", url.database()));
            }
            if has_table {
                ui.status(format!("would drop the table {table:?}"));
                steps.plan(db.rehearse(table, db.drop_table(table)).await?);
            }
            return Ok(());
        }
        drop(ui, url, self.args.force, "setup --fresh").await?;
        if has_table {
            db.drop_table(table).await?;
            ui.status(format!("dropped the table {table:?}"));
        }
        Ok(())
    }

    /// Whether to act as if nothing existed: a dry run of `--fresh`.
    pub(super) const fn is_gone(&self) -> bool {
        self.args.fresh && self.cx.dry_run()
    }

    /// Creates the database, in the session that holds its lock if there is one.
    pub(super) async fn database(&self, ui: &mut Ui, steps: &mut Steps, lock: Option<&Session>) -> Base {
        match self.make_database(steps, lock).await {
            Ok((outcome, base)) => {
                steps.tell(ui, "database", Ok(outcome));
                base
            }
            Err(error) => {
                steps.tell(ui, "database", Err(error));
                Base::Missing
            }
        }
    }

    async fn make_database(&self, steps: &mut Steps, lock: Option<&Session>) -> Result<(StepOutcome, Base)> {
        let name = format!("{:?}", self.url.database());
        if !self.cx.dry_run() {
            let is_new = create_database(self.url, lock).await?;
            let session = Box::new(self.cx.postgres().await?);
            return Ok((if is_new { Done(name) } else { Already(name) }, Base::Ready(session)));
        }
        if !self.is_gone() && plan_create(self.url).await?.is_none() {
            return Ok((Already(name), Base::Ready(Box::new(self.cx.postgres().await?))));
        }
        steps.statements([create_statement(self.url)]);
        Ok((Done(name), Base::Later))
    }

    /// Loads the schema and the people. Returns whether there are users.
    pub(super) async fn people(&self, ui: &mut Ui, steps: &mut Steps, base: Base) -> Base {
        if matches!(base, Base::Missing) {
            steps.tell(ui, "schema", Ok(LeftOut("there is no database".to_owned())));
            steps.tell(ui, "people", Ok(LeftOut("there is no database".to_owned())));
            return base;
        }
        let made = match self.lock_users(ui, &base).await {
            Ok(()) => self.make_schema(steps, &base).await,
            Err(error) => Err(error),
        };
        let is_new = matches!(made, Ok(Done(_)));
        if !steps.tell(ui, "schema", made) {
            steps.tell(ui, "people", Ok(LeftOut("there is no users table".to_owned())));
            return Base::Missing;
        }
        let made = self.make_people(steps, &base, is_new).await;
        let is_new = self.cx.dry_run() && matches!(made, Ok(Done(_)));
        match (steps.tell(ui, "people", made), is_new) {
            (false, _) => Base::Missing,
            (true, true) => Base::Later,
            (true, false) => base,
        }
    }

    /// Keeps other runs from adding users until this one ends.
    async fn lock_users(&self, ui: &mut Ui, base: &Base) -> Result<()> {
        match base {
            Base::Ready(session) if !self.cx.dry_run() => one_at_a_time(session, ui).await,
            _ => Ok(()),
        }
    }

    async fn make_schema(&self, steps: &mut Steps, base: &Base) -> Result<StepOutcome> {
        if let Base::Ready(session) = base {
            if session.has_table("users").await? {
                return Ok(Already("already exists".to_owned()));
            }
            if session.has_tables().await? {
                return Err(Error::failed("there are tables, but no users table; nothing was changed")
                    .hint("to load it run: cruddur db schema-load"));
            }
        }
        let script = self.script(&SCHEMA)?;
        self.run_script(steps, base, &script).await?;
        Ok(Done(script.name().to_owned()))
    }

    async fn make_people(&self, steps: &mut Steps, base: &Base, is_new: bool) -> Result<StepOutcome> {
        let is_unseen = is_new && self.cx.dry_run();
        if let Base::Ready(session) = base
            && !is_unseen
        {
            if !session.has_table("users").await? {
                return Ok(LeftOut("the schema has no users table".to_owned()));
            }
            let users = session.count_users().await?.total;
            if users > 0 {
                return Ok(Already(format!("has {}", count(users, "user"))));
            }
        }
        let script = self.script(&SEED)?;
        self.run_script(steps, base, &script).await?;
        Ok(Done(script.name().to_owned()))
    }

    async fn run_script(&self, steps: &mut Steps, base: &Base, script: &Script) -> Result<()> {
        if self.cx.dry_run() {
            let statements = script.statements();
            steps.statements(in_one_transaction(script.begin(), &statements));
            return Ok(());
        }
        let Base::Ready(session) = base else { return Ok(()) };
        script.run(session).await.map(|_| ())
    }

    /// Updates the users' Cognito ids; adds the users themselves to the local stack's pool.
    pub(super) async fn cognito(
        &self,
        ui: &mut Ui,
        steps: &mut Steps,
        people: &Base,
        pool: Result<Option<PoolOfSetup>>,
    ) {
        let outcome = match pool {
            Ok(Some(pool)) => self.make_cognito_ids(ui, steps, people, &pool).await,
            Ok(None) => Ok(LeftOut("AWS_COGNITO_USER_POOL_ID is empty".to_owned())),
            Err(error) => Err(error),
        };
        steps.tell(ui, "Cognito ids", outcome);
    }

    async fn make_cognito_ids(
        &self,
        ui: &mut Ui,
        steps: &mut Steps,
        people: &Base,
        pool: &PoolOfSetup,
    ) -> Result<StepOutcome> {
        let session = match people {
            Base::Missing => return Ok(LeftOut("there are no users".to_owned())),
            Base::Later => return Ok(Done(format!("those in {}", pool.pool().id()))),
            Base::Ready(session) => session,
        };
        let Some(joined) = pool.join(self.cx, session).await? else {
            return Ok(LeftOut(pool.nobody_serves_it()));
        };
        joined.warn_of_refused(ui);
        let Joined { identities, added, .. } = joined;
        let matches = if self.cx.dry_run() {
            session.match_cognito_user_ids(identities, MissingUsers::Leave).await?
        } else {
            session.update_cognito_user_ids(identities, MissingUsers::Leave, None).await?
        };
        let tally = Tally::of(&matches);
        let text = match (added, self.cx.dry_run()) {
            // They have no ids yet that the statement could be shown for.
            (1.., true) => {
                return Ok(Done(format!("{} added to {}", count(added, "user"), pool.pool().id())));
            }
            (1.., false) => format!("{}, {added} new in the pool", summary(tally, false)),
            (0, is_dry) => summary(tally, is_dry),
        };
        if tally.updated + added == 0 {
            return Ok(Already(text));
        }
        if self.cx.dry_run() {
            steps.statements([COGNITO_UPDATE]);
        }
        Ok(Done(text))
    }
}
