//! The rule that lets this machine in, or not.

use super::Examined;
use crate::rds::Group;
use crate::support::{DOCTOR, Sandbox, moto};

/// A doctor whose EC2 is the emulator.
fn doctor(group: &Group, rule: &str, flags: &[&str], code: i32) -> Examined {
    let sandbox = Sandbox::healthy();
    let mut command = sandbox.command(DOCTOR);
    command
        .args(flags)
        .env("AWS_ENDPOINT_URL_EC2", moto().url())
        .env("DB_SG_ID", &group.id)
        .env("DB_SG_RULE_ID", rule);
    Examined::of(&mut command, code)
}

#[test]
fn a_rule_is_held_against_this_machines_address() {
    let group = Group::new();
    let rule = group.developers_rule();
    let examined = doctor(&group, &rule, &["--ip", "9.9.9.9"], 0);
    examined
        .finding("security group", &format!("the rule {rule} lets in 9.9.9.9/32, including this machine"));

    let examined = doctor(&group, &rule, &["--ip", "1.1.1.1"], 1);
    let finding = examined.only_failure("security group", "lets in 9.9.9.9/32, not this machine's 1.1.1.1");
    assert_eq!(finding.is("fail", "cruddur rds update-sg-rule --ip 1.1.1.1").value("address"), "1.1.1.1");
    assert_eq!(crate::rds::described(&rule)["CidrIpv4"], "9.9.9.9/32", "it is as it was");

    let examined = doctor(&group, &rule, &[], 0);
    assert_eq!(examined.finding("security group", "GITPOD_IP is not set").status(), "warn");
    examined.finding("old scripts", "the CIDR block /32 is malformed");
}

#[test]
fn a_rule_that_is_not_there_and_an_address_that_is_none() {
    let group = Group::new();
    let rule = group.developers_rule();
    let examined = doctor(&group, "sgr-0123456789abcdef0", &["--ip", "9.9.9.9"], 1);
    examined.only_failure("security group", "sgr-0123456789abcdef0");
    let examined = doctor(&group, &rule, &["--ip", "10.0.0.1"], 4);
    examined.only_failure("security group", "10.0.0.1 cannot come from the internet");
}

#[test]
fn on_aws_it_is_left_to_prod() {
    let sandbox = Sandbox::healthy();
    let mut command = sandbox.command(DOCTOR);
    command.env("DB_SG_ID", "sg-0123456789abcdef0").env("DB_SG_RULE_ID", "sgr-0123456789abcdef0");
    let examined = Examined::of(&mut command, 0);
    examined.finding("security group", "is on AWS").is("skip", "cruddur doctor --prod");
    let mut command = sandbox.command(DOCTOR);
    let examined = Examined::of(command.env("DB_SG_ID", "sg-0123456789abcdef0"), 4);
    examined.only_failure("security group", "DB_SG_RULE_ID is not set");
}
