//! `cruddur rds update-sg-rule`

use clap::Args;
use serde::Serialize;

use crate::commands::common::OutputArgs;
use crate::commands::plan::{requests_json, show_requests};
use crate::commands::target::announce;
use crate::config::{Service, Target};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::output::{Column, Record, Ui};
use crate::security_group::{Mode, Rule, SourceAddress};

/// The default port of PostgreSQL on RDS.
const POSTGRES_PORT: u16 = 5432;

pub(super) const EXAMPLES: &str = "\
Examples:
  # would AWS allow it?
  cruddur rds update-sg-rule --prod --ip 1.1.1.1 --dry-run
  # let the address in GITPOD_IP into the production database
  cruddur rds update-sg-rule --prod";

#[derive(Debug, Args)]
pub struct UpdateSgRuleArgs {
    /// The security group [env: DB_SG_ID]
    #[arg(long, value_name = "ID")]
    group_id: Option<String>,
    /// Its ingress rule [env: DB_SG_RULE_ID]
    #[arg(long, value_name = "ID")]
    security_group_rule_id: Option<String>,
    /// The public address to let in, IPv4 or IPv6, without a prefix length [env: GITPOD_IP]
    #[arg(long, value_name = "ADDRESS")]
    ip: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
}

/// What happened to the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum UpdateOutcome {
    Updated,
    Unchanged,
    WouldUpdate,
}

#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    rule: Rule,
    old_cidr: String,
    new_cidr: String,
    outcome: UpdateOutcome,
}

impl Record for Row {
    const COLUMNS: &'static [Column] = &[
        Column::keep("RULE"),
        Column::keep("PROTOCOL"),
        Column::keep("PORTS"),
        Column::keep("CIDR"),
        Column::cut("DESCRIPTION"),
    ];

    fn cells(&self) -> Vec<String> {
        let cidr = match self.outcome {
            UpdateOutcome::Unchanged => self.old_cidr.clone(),
            UpdateOutcome::Updated | UpdateOutcome::WouldUpdate => {
                format!("{} → {}", self.old_cidr, self.new_cidr)
            }
        };
        vec![
            self.rule.id.clone(),
            self.rule.protocol().to_owned(),
            self.rule.ports(),
            cidr,
            self.rule.description.clone().unwrap_or_default(),
        ]
    }
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &UpdateSgRuleArgs) -> Result<()> {
    let config = cx.config();
    if config.target() == Target::Local && !config.aws(Service::Ec2)?.is_emulated() {
        return Err(Error::usage("there is no local security group: this command changes one on AWS")
            .hint("to change it, add: --prod")
            .hint("name an emulator with --endpoint-url or AWS_ENDPOINT_URL_EC2"));
    }
    let group_id = config.security_group_id(args.group_id.as_deref())?;
    let rule_id = config.security_group_rule_id(args.security_group_rule_id.as_deref())?;
    let address = SourceAddress::parse(&config.source_address(args.ip.as_deref())?)?;

    let ec2 = cx.ec2().await?;
    announce(cx, ui, ec2.endpoint()).await?;
    let rule = ec2.ingress_rule(&group_id, &rule_id).await?;
    let (old, new) = rule.cidr_for(address)?;
    if !rule.includes_tcp_port(POSTGRES_PORT) {
        ui.warn(format!(
            "the rule is for {} {}, which leaves out PostgreSQL's tcp {POSTGRES_PORT}",
            rule.protocol(),
            rule.ports()
        ));
    }
    if old.prefix_len() < old.max_prefix_len() {
        ui.warn(format!("the rule lets in all of {old}; {new} replaces it"));
    }
    let mode = if cx.dry_run() { Mode::DryRun } else { Mode::Apply };
    let (outcome, said) = if old == new {
        (UpdateOutcome::Unchanged, format!("the rule {rule_id:?} already lets in {new}; nothing was done"))
    } else {
        ec2.set_source(&rule, address, mode).await?;
        match mode {
            Mode::Apply => (UpdateOutcome::Updated, format!("updated the rule {rule_id:?}")),
            Mode::DryRun => {
                (UpdateOutcome::WouldUpdate, "AWS would allow it; a dry run changes nothing".to_owned())
            }
        }
    };
    let mut plan = (outcome == UpdateOutcome::WouldUpdate).then(|| ec2.plan(&rule, address)).transpose()?;
    let row = Row { rule, old_cidr: old.to_string(), new_cidr: new.to_string(), outcome };
    let mut records = ui.records::<Row>(args.output.output, "rules");
    records.push(&row)?;
    records.finish(&match &mut plan {
        Some(plan) => serde_json::json!({ "count": 1, "plan": requests_json(plan)? }),
        None => serde_json::json!({ "count": 1 }),
    })?;
    if let Some(plan) = &mut plan {
        show_requests(ui, args.output.output, plan)?;
    }
    ui.status(said);
    Ok(())
}
