//! Whether the security group's rule lets in this machine's address.

use super::DoctorArgs;
use super::finding::Findings;
use crate::config::{Service, Target};
use crate::context::Context;
use crate::error::Result;
use crate::security_group::SourceAddress;

/// PostgreSQL's port.
const PORT: u16 = 5432;

pub(super) async fn check(cx: &Context, args: &DoctorArgs, found: &mut Findings) -> Result<()> {
    let config = cx.config();
    let prod = cx.target().flag();
    let ids = ["DB_SG_ID", "DB_SG_RULE_ID"].map(|name| config.environment().get(name).is_some());
    if !ids.contains(&true) {
        found.skip("no security group is configured (DB_SG_ID, DB_SG_RULE_ID)");
        return Ok(());
    }
    let group_id = config.security_group_id(None)?;
    let rule_id = config.security_group_rule_id(None)?;
    let address = config.source_address(args.ip.as_deref());
    if address.is_err() {
        found.script(
            "rds/update-sg-rule would have said that the CIDR block /32 is malformed: GITPOD_IP is not set",
            format!("cruddur rds update-sg-rule{prod} --ip ADDRESS"),
        );
    }
    if config.target() == Target::Local && !config.aws(Service::Ec2)?.is_emulated() {
        found.skip(format!("the rule {rule_id} is on AWS")).mend("cruddur doctor --prod");
        return Ok(());
    }
    found.wait_for("the AWS credential chain");
    let ec2 = cx.ec2().await?;
    found.wait_for(format!("EC2 at {}", ec2.endpoint()));
    let rule = ec2.ingress_rule(&group_id, &rule_id).await?;
    if !rule.includes_tcp_port(PORT) {
        found
            .warn(format!(
                "the rule {rule_id} is for {} {}, not for tcp {PORT}",
                rule.protocol(),
                rule.ports()
            ))
            .mend("name another rule in DB_SG_RULE_ID");
    }
    let Ok(setting) = address else {
        found
            .warn(format!(
                "the rule {rule_id} exists; whether it lets this machine in is unknown: GITPOD_IP is not set"
            ))
            .mend(format!("cruddur doctor{prod} --ip \"$(curl -s https://checkip.amazonaws.com)\""));
        return Ok(());
    };
    let address = SourceAddress::parse(&setting)?;
    let (old, new) = rule.cidr_for(address)?;
    let finding = if old.contains(&new) {
        found.ok(format!("the rule {rule_id} lets in {old}, including this machine"))
    } else {
        found
            .fail(format!("the rule {rule_id} lets in {old}, not this machine's {}", new.addr()))
            .mend(format!("cruddur rds update-sg-rule{prod} --ip {}", new.addr()))
    };
    finding.value("rule", &rule_id).value("cidr", old.to_string()).value("address", new.addr().to_string());
    Ok(())
}
