//! Shared by the patterns that write.

use std::io::{IsTerminal as _, Read as _};

use clap::Args;
use serde::Serialize;

use crate::commands::common::OutputArgs;
use crate::commands::ddb::TableArgs;
use crate::commands::ddb::args::usage::{Bill, UsageArgs};
use crate::dynamodb::{DynamoDb, MAX_ITEM_BYTES};
use crate::error::{Error, Result};
use crate::messages_table::{Sent, check_text};
use crate::messaging::Message;
use crate::output::{Column, Record, Ui};

/// Who writes what, into which table, and how that is printed.
#[derive(Debug, Clone, Args)]
pub(in crate::commands::ddb) struct WriteArgs {
    /// The sender
    #[arg(long, value_name = "HANDLE")]
    pub(in crate::commands::ddb) from: String,
    /// The message; "-" reads it from stdin
    #[arg(value_name = "TEXT")]
    text: String,
    #[command(flatten)]
    pub(in crate::commands::ddb) table: TableArgs,
    #[command(flatten)]
    pub(in crate::commands::ddb) output: OutputArgs,
    #[command(flatten)]
    pub(in crate::commands::ddb) usage: UsageArgs,
}

impl WriteArgs {
    /// The message's text. Line ends at the end of stdin are dropped. Sends no request.
    ///
    /// # Errors
    /// [`crate::error::Kind::Usage`] when it is empty, and [`crate::error::Kind::Failed`] when it
    /// is too long for an item.
    pub(in crate::commands::ddb) fn text(&self, ui: &mut Ui) -> Result<String> {
        let text = if self.text == "-" { read_stdin(ui)? } else { self.text.clone() };
        if text.trim().is_empty() {
            return Err(Error::usage("the message is empty"));
        }
        check_text(&text)?;
        Ok(text)
    }

    /// Prints the message, what was done with the group's rows, and what it all consumed.
    pub(super) fn show(&self, ui: &mut Ui, db: &DynamoDb, sent: &Sent, rows: &str) -> Result<()> {
        let usage = db.usage(sent.read.clone(), sent.written.clone());
        let mut records = ui.records::<Written<'_>>(self.output.output, "messages");
        records.push(&Written(&sent.message))?;
        records.finish(&serde_json::json!({
            "count": 1,
            "group_rows": sent.rows,
            "overtaken": sent.overtaken,
            "consumed_capacity": self.usage.json(&usage),
        }))?;
        ui.status(format!("wrote 1 message{rows} {} group rows", sent.rows));
        if sent.rows == 0 {
            ui.status("the group's rows show a newer message and stay where they are");
        }
        match sent.overtaken {
            0 => {}
            1 => ui.status("another writer was first once; tried again"),
            times => ui.status(format!("other writers were first {times} times; tried again")),
        }
        self.usage.show(ui, &usage, Bill::Calls);
        Ok(())
    }
}

/// A message as its writer sees it.
#[derive(Serialize)]
#[serde(transparent)]
struct Written<'a>(&'a Message);

impl Record for Written<'_> {
    const COLUMNS: &'static [Column] = &[
        Column::keep("FROM"),
        Column::keep("SENT AT"),
        Column::keep("MESSAGE GROUP UUID"),
        Column::cut("MESSAGE"),
    ];

    fn cells(&self) -> Vec<String> {
        let Message { message_group_uuid, sent_at, message, sender, .. } = self.0;
        // Not in local time: group and time are the message's key.
        vec![sender.user_handle.clone(), sent_at.clone(), message_group_uuid.clone(), message.clone()]
    }
}

/// Reads stdin as text, and no more than an item can hold.
fn read_stdin(ui: &mut Ui) -> Result<String> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        ui.status("type the message; Ctrl-D on an empty line ends it");
    }
    let mut bytes = Vec::new();
    stdin
        .lock()
        .take(MAX_ITEM_BYTES as u64)
        .read_to_end(&mut bytes)
        .map_err(|cause| Error::failed("cannot read the message from stdin").because(cause))?;
    if bytes.len() == MAX_ITEM_BYTES {
        return Err(Error::failed(format!(
            "the message on stdin is too long: with its other attributes it exceeds DynamoDB's {} KB",
            MAX_ITEM_BYTES / 1024
        )));
    }
    let text =
        String::from_utf8(bytes).map_err(|_| Error::failed("the message on stdin is not UTF-8 text"))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
