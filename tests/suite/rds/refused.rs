//! Rules that are not to be changed, and settings that lead nowhere.

use serde_json::json;

use super::{Group, NEW, described, ec2, postgres};
use crate::support::{Page, Proxy, Recorder, Run, moto};

const IPV6: &str = "2606:4700:4700::1111";

/// Runs on `rule`; it is refused with exit code 1, says `why`, and stays as it is.
#[track_caller]
fn refused(group: &Group, rule: &str, ip: &str, why: &str) -> Run {
    let before = described(rule);
    let proxy = Proxy::new(moto().url(), "ModifySecurityGroupRules", |_| None);
    let run = Run::of(&mut group.update_on(proxy.url(), rule, &["--ip", ip])).exits_with(1).says(why);
    assert_eq!(run.stdout, "");
    assert_eq!(proxy.calls(), 0, "no change is asked for");
    assert_eq!(described(rule), before);
    run
}

#[test]
fn a_rule_that_lets_in_a_group_or_a_prefix_list() {
    let group = Group::new();
    let members = group.another();
    let rule = group.allow(&postgres(&json!({ "UserIdGroupPairs": [{ "GroupId": members.id }] })));
    let why = format!("the rule {rule:?} lets in the security group {}, not an address", members.id);
    refused(&group, &rule, NEW, &why);

    let list = ec2(
        "create_managed_prefix_list",
        &json!({ "PrefixListName": "office", "MaxEntries": 1, "AddressFamily": "IPv4" }),
    );
    let list = list["PrefixList"]["PrefixListId"].as_str().unwrap().to_owned();
    let rule = group.allow(&postgres(&json!({ "PrefixListIds": [{ "PrefixListId": list }] })));
    refused(&group, &rule, NEW, &format!("the rule {rule:?} lets in the prefix list {list}, not an address"));
}

#[test]
fn a_rule_of_the_other_family() {
    let mut page = Page::default();
    let group = Group::new();
    let four = group.developers_rule();
    let six = group.allow(&postgres(&json!({ "Ipv6Ranges": [{ "CidrIpv6": "2606:4700::/32" }] })));
    page.add(refused(&group, &four, IPV6, "is for IPv4 (9.9.9.9/32), and AWS cannot change a rule to IPv6"));
    page.add(refused(
        &group,
        &six,
        NEW,
        "is for IPv6 (2606:4700::/32), and AWS cannot change a rule to IPv4",
    ));
    page.matches("runs/rds/refused/a_rule_of_the_other_family");
}

#[test]
fn a_rule_for_egress() {
    let group = Group::new();
    let rules = ec2(
        "describe_security_group_rules",
        &json!({ "Filters": [{ "Name": "group-id", "Values": [group.id] }] }),
    );
    let egress = &rules["SecurityGroupRules"][0];
    assert_eq!(egress["IsEgress"], true, "a new group has one rule, which lets everything out");
    let rule = egress["SecurityGroupRuleId"].as_str().unwrap();
    refused(&group, rule, NEW, "is an egress rule: it lets nobody in");
}

#[test]
fn a_rule_of_another_group() {
    let group = Group::new();
    let other = group.another();
    let rule = other.developers_rule();
    refused(
        &group,
        &rule,
        NEW,
        &format!("the rule {rule:?} belongs to the security group {:?}, not to {:?}", other.id, group.id),
    );
}

#[test]
fn a_rule_that_is_not_there() {
    let mut page = Page::default();
    let group = Group::new();
    page.add(group.run("sgr-0123456789abcdef0", &["--ip", NEW]).exits_with(1));
    page.matches("runs/rds/refused/a_rule_that_is_not_there");
}

/// An EC2 that nothing may reach.
fn unreached(command: &mut std::process::Command) -> Run {
    let server = Recorder::start();
    let run = Run::of(command.env("AWS_ENDPOINT_URL_EC2", server.url()));
    assert_eq!(server.connections(), 0, "{}", run.stderr);
    assert_eq!(run.stdout, "");
    run
}

#[test]
fn ids_that_are_missing_or_of_another_kind() {
    let group = Group::new();
    let rule = "sgr-0123456789abcdef0";
    for (flag, variable, other, like) in [
        ("--group-id", "DB_SG_ID", rule, "sg-"),
        ("--security-group-rule-id", "DB_SG_RULE_ID", "sg-0123456789abcdef0", "sgr-"),
    ] {
        for empty in ["", " "] {
            let run = unreached(group.update(rule, &["--ip", NEW]).env(variable, empty)).exits_with(4);
            run.says(variable);
        }
        unreached(group.update(rule, &["--ip", NEW]).env_remove(variable))
            .exits_with(4)
            .says(&format!("Error: {variable} is not set, or empty"))
            .says(&format!("Hint: give {flag}, or set {variable} in the environment or in .env"));
        unreached(group.update(rule, &["--ip", NEW]).env(variable, other))
            .exits_with(4)
            .says(&format!("Error: {variable}: {other:?} is not an id such as {like}0123456789abcdef0"));
        for bad in [other, "", like, "sg_1", "default"] {
            unreached(&mut group.update(rule, &["--ip", NEW, flag, bad]))
                .exits_with(2)
                .says(&format!("Error: {flag}: {bad:?} is not an id such as {like}0123456789abcdef0"));
        }
    }
}

#[test]
fn aws_is_reached_with_prod_only() {
    let mut page = Page::default();
    let group = Group::new();
    let generic = Recorder::start();
    for endpoint in ["", "https://ec2.eu-west-1.amazonaws.com", "https://ec2.eu-west-1.api.aws"] {
        let mut command = group.update("sgr-0123456789abcdef0", &["--ip", NEW]);
        page.add(
            Run::of(command.env("AWS_ENDPOINT_URL_EC2", endpoint).env("AWS_ENDPOINT_URL", generic.url()))
                .exits_with(2),
        );
    }
    assert_eq!(generic.connections(), 0, "it is DynamoDB's");
    page.matches("runs/rds/refused/aws_is_reached_with_prod_only");
}

#[test]
fn production_needs_a_region_and_credentials() {
    let group = Group::new();
    let leftover = Recorder::start();
    let on_prod = |flags: &[&str]| {
        let mut command = group.update("sgr-0123456789abcdef0", &["--prod", "--ip", NEW]);
        command
            .args(flags)
            .env("AWS_ENDPOINT_URL_EC2", leftover.url())
            .env("AWS_ENDPOINT_URL", leftover.url())
            .env("AWS_EC2_METADATA_DISABLED", "true");
        Run::of(&mut command)
    };
    on_prod(&[]).exits_with(4).says("no AWS region is set");
    on_prod(&["--region", "eu-west-1"])
        .exits_with(4)
        .says("*** PROD *** EC2 in eu-west-1 · account unknown (no credentials)\n")
        .says("on AWS in eu-west-1: no valid AWS credentials");
    for region in ["eu west 1", "eu-west-1/x", "127.0.0.1:1#", "eu-west-1.example.com"] {
        on_prod(&["--region", region]).exits_with(4).says(&format!("{region:?} is not an AWS region"));
    }
    assert_eq!(leftover.connections(), 0);
}
