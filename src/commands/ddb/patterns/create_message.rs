//! `cruddur ddb patterns create-message`

use clap::Args;
use uuid::Uuid;

use super::write::WriteArgs;
use crate::commands::common::announce;
use crate::context::Context;
use crate::error::Result;
use crate::messaging::Timestamp;
use crate::output::Ui;

#[derive(Debug, Args)]
pub struct CreateMessageArgs {
    /// The group to write into
    #[arg(long, value_name = "UUID")]
    message_group_uuid: Uuid,
    #[command(flatten)]
    write: WriteArgs,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &CreateMessageArgs) -> Result<()> {
    let text = args.write.text(ui)?;
    let table = args.write.table.name(cx);
    let sender = cx.postgres().await?.user_by_handle(&args.write.from).await?;
    let db = cx.dynamodb().await?;
    announce(ui, db.place());
    let sent = db.create_message(&table, args.message_group_uuid, &sender, &text, Timestamp::now()).await?;
    args.write.show(ui, &db, &sent, "moved")
}
