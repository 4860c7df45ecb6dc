//! A backup of a whole cluster while it works, whose files the caller copies.

use super::super::Session;
use crate::error::Result;

/// A backup in progress. It ends with its session, however that ends.
pub struct Backup<'a> {
    session: &'a Session,
    /// PostgreSQL 15 renamed the functions.
    is_renamed: bool,
}

/// What belongs to the files that were copied between start and stop.
pub struct Finished {
    /// The contents of the file `backup_label`, without which the copy would be broken.
    pub label: String,
    /// The first and the last file of `pg_wal` that the copy needs.
    pub wal: [String; 2],
}

impl<'a> Backup<'a> {
    /// Begins, with a checkpoint. The files of the cluster may be copied from now on.
    ///
    /// # Errors
    /// The role may not do that.
    pub async fn start(session: &'a Session) -> Result<Self> {
        let what = "cannot begin a backup";
        let row = session
            .client
            .query_one("SELECT current_setting('server_version_num')::int >= 150000", &[])
            .await
            .map_err(|error| session.error(what, error))?;
        let is_renamed = row.get(0);
        let start = if is_renamed {
            "SELECT pg_backup_start('cruddur', true)"
        } else {
            "SELECT pg_start_backup('cruddur', true, false)"
        };
        session.client.batch_execute(start).await.map_err(|error| session.error(what, error))?;
        Ok(Self { session, is_renamed })
    }

    /// Ends: the copy will be the cluster as it is at this moment.
    pub async fn stop(self) -> Result<Finished> {
        let stop = if self.is_renamed { "pg_backup_stop(false)" } else { "pg_stop_backup(false, false)" };
        let row = self
            .session
            .client
            .query_one(
                &format!(
                    "SELECT labelfile, substring(labelfile from '\\(file ([0-9A-F]{{24}})\\)'), \
                     pg_walfile_name(lsn) FROM {stop}"
                ),
                &[],
            )
            .await
            .map_err(|error| self.session.error("cannot end the backup", error))?;
        Ok(Finished { label: row.get(0), wal: [row.get(1), row.get(2)] })
    }
}
