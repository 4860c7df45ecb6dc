//! `cruddur ddb explain`: what a pattern sends and costs, and the alternatives.

mod create_conversation;
mod create_message;
mod get_conversation;
mod list_conversations;
mod refresh_group;
mod show;

use clap::{Args, Subcommand};

use super::patterns;
use crate::context::Context;
use crate::error::Result;
use crate::output::Ui;

/// `cruddur ddb explain …`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Explain reading one group's messages
    #[command(after_help = get_conversation::EXAMPLES)]
    GetConversation(ExplainArgs<patterns::get_conversation::GetConversationArgs>),
    /// Explain reading one user's groups
    #[command(after_help = list_conversations::EXAMPLES)]
    ListConversations(ExplainArgs<patterns::list_conversations::ListConversationsArgs>),
    /// Explain writing a message to an existing group; nothing is written
    #[command(after_help = create_message::EXAMPLES)]
    CreateMessage(ExplainArgs<patterns::create_message::CreateMessageArgs>),
    /// Explain writing a new group with its first message; nothing is written
    #[command(after_help = create_conversation::EXAMPLES)]
    CreateConversation(ExplainArgs<patterns::create_conversation::CreateConversationArgs>),
    /// Explain how the stream's handler updates a group's rows to its newest message; nothing is
    /// written
    #[command(after_help = refresh_group::EXAMPLES)]
    RefreshGroup(ExplainArgs<refresh_group::RefreshGroupArgs>),
}

/// A pattern's own arguments, and how much may be spent on finding out.
#[derive(Debug, Args)]
pub struct ExplainArgs<P: Args> {
    #[command(flatten)]
    pattern: P,
    /// Measure the alternatives too, instead of computing or estimating them; reads the whole
    /// table, and costs what it reports
    #[arg(long)]
    measure: bool,
}

impl Command {
    pub(super) async fn run(&self, cx: &Context, ui: &mut Ui) -> Result<()> {
        match self {
            Self::GetConversation(args) => get_conversation::run(cx, ui, args).await,
            Self::ListConversations(args) => list_conversations::run(cx, ui, args).await,
            Self::CreateMessage(args) => create_message::run(cx, ui, args).await,
            Self::CreateConversation(args) => create_conversation::run(cx, ui, args).await,
            Self::RefreshGroup(args) => refresh_group::run(cx, ui, args).await,
        }
    }
}
