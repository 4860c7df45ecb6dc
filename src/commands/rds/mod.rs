//! `cruddur rds`: who can reach the production database.

mod update_sg_rule;

use clap::Subcommand;

use crate::context::Context;
use crate::error::Result;
use crate::output::Ui;

/// `cruddur rds …`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Let your address in, through one ingress rule of the database's security group
    ///
    /// Only the rule's CIDR changes, to the address with /32, or /128 for IPv6; its protocol, ports
    /// and description stay. A rule that already has this CIDR is left alone.
    #[command(after_help = update_sg_rule::EXAMPLES)]
    UpdateSgRule(update_sg_rule::UpdateSgRuleArgs),
}

impl Command {
    pub(super) async fn run(&self, cx: &Context, ui: &mut Ui) -> Result<()> {
        match self {
            Self::UpdateSgRule(args) => update_sg_rule::run(cx, ui, args).await,
        }
    }
}
