//! `cruddur ddb patterns create-conversation`

use clap::Args;

use super::write::WriteArgs;
use crate::commands::common::shell_word;
use crate::commands::ddb::args::usage::Bill;
use crate::commands::plan::show_plan;
use crate::commands::target::announce;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::messages_table::{Created, MessagesTable};
use crate::messaging::Timestamp;
use crate::output::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  # nina starts a conversation with petra
  cruddur ddb patterns create-conversation --from nina --to petra 'Hello, Petra!'
  # another conversation between two users who have one, as JSON
  cruddur ddb patterns create-conversation --from nina --to oscar --allow-duplicate \\
    'About the other boat' -o json";

#[derive(Debug, Args)]
pub struct CreateConversationArgs {
    #[command(flatten)]
    pub(in crate::commands::ddb) write: WriteArgs,
    /// The other participant
    #[arg(long, value_name = "HANDLE")]
    pub(in crate::commands::ddb) to: String,
    /// Write it even if the two already have a conversation
    #[arg(long)]
    pub(in crate::commands::ddb) allow_duplicate: bool,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &CreateConversationArgs) -> Result<()> {
    let (from, to) = (&args.write.from, &args.to);
    if from == to {
        return Err(Error::usage("--from and --to name the same user"));
    }
    let text = args.write.text(ui)?;
    let table = args.write.table.name(cx);
    let postgres = cx.postgres().await?;
    let sender = postgres.user_by_handle(from).await?;
    let recipient = postgres.user_by_handle(to).await?;

    let db = cx.dynamodb().await?;
    announce(cx, ui, &db).await?;
    let messages = MessagesTable::new(&db, &table);
    let now = Timestamp::now();
    if cx.dry_run() {
        let plan = if args.allow_duplicate {
            db.rehearse(&table, messages.create_conversation(&sender, &recipient, &text, now)).await?
        } else {
            db.rehearse(&table, messages.create_only_conversation(&sender, &recipient, &text, now)).await?
        };
        return show_plan(ui, plan);
    }
    let sent = if args.allow_duplicate {
        messages.create_conversation(&sender, &recipient, &text, now).await?
    } else {
        match messages.create_only_conversation(&sender, &recipient, &text, now).await? {
            Created::Sent(sent) => sent,
            Created::Exists { group, read, written } => {
                args.write.usage.show(ui, &db.usage(read, written), Bill::Calls);
                let group = group.message_group_uuid;
                let prod = cx.target().flag();
                let flag = match &args.write.table.table {
                    Some(table) => format!(" --table {}", shell_word(table)),
                    None => String::new(),
                };
                return Err(Error::failed(format!(
                    "{from} and {to} already have a conversation on {}",
                    db.endpoint()
                ))
                .hint(format!(
                    "to write into it run: cruddur ddb patterns create-message --message-group-uuid {group} --from {} TEXT{flag}{prod}",
                    shell_word(from)
                ))
                .hint("to create another one add: --allow-duplicate"));
            }
        }
    };
    args.write.show(ui, &db, &sent, " and")
}
