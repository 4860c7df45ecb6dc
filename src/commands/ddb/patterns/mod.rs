//! `cruddur ddb patterns`: the app's access patterns.

pub(super) mod create_conversation;
pub(super) mod create_message;
pub(super) mod get_conversation;
pub(super) mod list_conversations;
mod range;
mod read;
mod write;

use clap::Subcommand;

use crate::context::Context;
use crate::error::Result;
use crate::output::Ui;

/// `cruddur ddb patterns …`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the messages of one group, by default the newest
    #[command(after_help = get_conversation::EXAMPLES)]
    GetConversation(get_conversation::GetConversationArgs),
    /// Show one user's groups, by the time of their last message
    #[command(after_help = list_conversations::EXAMPLES)]
    ListConversations(list_conversations::ListConversationsArgs),
    /// Write a message to an existing group, and update the group's rows
    #[command(after_help = create_message::EXAMPLES)]
    CreateMessage(create_message::CreateMessageArgs),
    /// Write a new group between two users, with its first message
    #[command(after_help = create_conversation::EXAMPLES)]
    CreateConversation(create_conversation::CreateConversationArgs),
}

impl Command {
    pub(super) async fn run(&self, cx: &Context, ui: &mut Ui) -> Result<()> {
        match self {
            Self::GetConversation(args) => get_conversation::run(cx, ui, args).await,
            Self::ListConversations(args) => list_conversations::run(cx, ui, args).await,
            Self::CreateMessage(args) => create_message::run(cx, ui, args).await,
            Self::CreateConversation(args) => create_conversation::run(cx, ui, args).await,
        }
    }
}
