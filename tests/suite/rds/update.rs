//! What changes, what stays, and what is shown.

use serde_json::json;

use super::{Group, NEW, OLD, described, postgres};
use crate::support::{Proxy, Run, moto};

/// A proxy before the emulator that only counts and records.
fn watched() -> Proxy {
    Proxy::new(moto().url(), "ModifySecurityGroupRules", |_| None)
}

#[test]
fn the_cidr_alone_changes() {
    let group = Group::new();
    let rule = group.developers_rule();
    let other = group.allow(&postgres(&json!({ "IpRanges": [{ "CidrIp": "8.8.8.8/32" }] })));
    let before = (described(&rule), described(&other));
    let run = group.run(&rule, &["--ip", NEW]).succeeds();
    let mut expected = before.0;
    assert_eq!(expected["CidrIpv4"], "9.9.9.9/32");
    expected["CidrIpv4"] = "1.1.1.1/32".into();
    assert_eq!(described(&rule), expected);
    assert_eq!(described(&other), before.1);
    assert_eq!(
        run.stdout,
        format!(
            "RULE                   PROTOCOL  PORTS  CIDR                     DESCRIPTION\n\
             {rule:<23}tcp       5432   9.9.9.9/32 → 1.1.1.1/32  GITPOD\n"
        )
    );
    assert_eq!(
        run.stderr,
        format!("LOCAL EC2 at {} in us-east-1\nupdated the rule {rule:?}\n", moto().url()),
        "no warning, and nothing else"
    );
}

#[test]
fn json_and_ndjson_hold_the_same_fields() {
    let group = Group::new();
    let rule = group.developers_rule();
    let row = json!({
        "security_group_rule_id": rule, "group_id": group.id, "ip_protocol": "tcp", "from_port": 5432,
        "to_port": 5432, "description": "GITPOD", "old_cidr": "9.9.9.9/32", "new_cidr": "1.1.1.1/32",
        "outcome": "would-update",
    });
    let run = group.run(&rule, &["--ip", NEW, "--dry-run", "-o", "json"]).succeeds();
    let mut document = run.json();
    let plan = document.as_object_mut().unwrap().remove("plan").unwrap();
    assert_eq!(document, json!({ "rules": [row], "count": 1 }));
    let request = json!({
        "service": "EC2",
        "operation": "ModifySecurityGroupRules",
        "request": {
            "GroupId": group.id,
            "SecurityGroupRule.1.SecurityGroupRuleId": rule,
            "SecurityGroupRule.1.SecurityGroupRule.IpProtocol": "tcp",
            "SecurityGroupRule.1.SecurityGroupRule.FromPort": "5432",
            "SecurityGroupRule.1.SecurityGroupRule.ToPort": "5432",
            "SecurityGroupRule.1.SecurityGroupRule.Description": "GITPOD",
            "SecurityGroupRule.1.SecurityGroupRule.CidrIpv4": "1.1.1.1/32",
        },
    });
    assert_eq!(plan["requests"], json!([request]));
    let lines = group.run(&rule, &["--ip", NEW, "--dry-run", "-o", "ndjson"]).succeeds().ndjson();
    assert_eq!(lines, [row, request]);
}

#[test]
fn the_same_address_again_changes_nothing() {
    let group = Group::new();
    let rule = group.developers_rule();
    let proxy = watched();
    for flags in [&["--ip", OLD, "-o", "json"][..], &["--ip", OLD, "-o", "json", "--dry-run"]] {
        let run = Run::of(&mut group.update_on(proxy.url(), &rule, flags)).succeeds();
        assert_eq!(run.json()["rules"][0]["outcome"], "unchanged");
        run.says("already lets in 9.9.9.9/32; nothing was done");
    }
    assert_eq!(proxy.calls(), 0, "nothing is sent for what is so already");
    let run = Run::of(&mut group.update_on(proxy.url(), &rule, &["--ip", OLD])).succeeds();
    assert!(run.stdout.ends_with("5432   9.9.9.9/32  GITPOD\n"), "{}", run.stdout);
}

#[test]
fn a_dry_run_asks_aws_and_changes_nothing() {
    let group = Group::new();
    let rule = group.developers_rule();
    let before = described(&rule);
    let proxy = watched();
    Run::of(&mut group.update_on(proxy.url(), &rule, &["--ip", NEW, "--dry-run"]))
        .succeeds()
        .says("AWS would allow it; a dry run changes nothing");
    assert_eq!(proxy.calls(), 1);
    assert!(proxy.requests()[1].body.contains("&DryRun=true"), "{:?}", proxy.requests());
    assert_eq!(described(&rule), before);
}

#[test]
fn a_rule_without_a_description_stays_so() {
    let group = Group::new();
    let rule = group.allow(&postgres(&json!({ "IpRanges": [{ "CidrIp": "9.9.9.9/32" }] })));
    let proxy = watched();
    let run = Run::of(&mut group.update_on(proxy.url(), &rule, &["--ip", NEW, "-o", "json"])).succeeds();
    assert_eq!(run.json()["rules"][0]["description"], json!(null));
    assert!(!proxy.requests()[1].body.contains("Description"));
    let after = described(&rule);
    assert_eq!((&after["CidrIpv4"], after.get("Description")), (&json!("1.1.1.1/32"), None));
}

#[test]
fn every_character_of_a_description_is_kept() {
    let group = Group::new();
    // All that EC2 allows in one, and more.
    let description = "Nina's & <Oscar>; a+b=100% ._-:/()#,@[]{}!$* \u{e9}";
    let sources = json!({ "IpRanges": [{ "CidrIp": "9.9.9.9/32", "Description": description }] });
    let rule = group.allow(&postgres(&sources));
    let run = group.run(&rule, &["--ip", NEW, "-o", "json"]).succeeds();
    assert_eq!(run.json()["rules"][0]["description"], description);
    assert_eq!(described(&rule)["Description"], description);
}

#[test]
fn protocol_and_ports_are_the_rules_own() {
    let group = Group::new();
    for (protocol, from, to, shown, warned) in [
        ("tcp", 5432, 5432, "tcp       5432  ", None),
        ("tcp", 5000, 6000, "tcp       5000-6000  ", None),
        ("tcp", 0, 65535, "tcp       0-65535  ", None),
        (
            "tcp",
            22,
            22,
            "tcp       22     ",
            Some("the rule is for tcp 22, which leaves out PostgreSQL's tcp 5432"),
        ),
        ("tcp", 5433, 6000, "tcp       5433-6000  ", Some("for tcp 5433-6000, which leaves out")),
        ("tcp", 22, 5431, "tcp       22-5431  ", Some("for tcp 22-5431, which leaves out")),
        ("udp", 5432, 5432, "udp       5432  ", Some("for udp 5432, which leaves out")),
    ] {
        let rule = group.allow(&json!({
            "IpProtocol": protocol, "FromPort": from, "ToPort": to, "IpRanges": [{ "CidrIp": "9.9.9.9/32" }],
        }));
        let run = group.run(&rule, &["--ip", NEW]).succeeds();
        assert!(run.stdout.contains(shown), "{}", run.stdout);
        let after = described(&rule);
        assert_eq!(
            (&after["IpProtocol"], &after["FromPort"], &after["ToPort"], &after["CidrIpv4"]),
            (&json!(protocol), &json!(from), &json!(to), &json!("1.1.1.1/32"))
        );
        match warned {
            Some(warning) => assert!(run.stderr.contains(warning), "{}", run.stderr),
            None => assert!(!run.stderr.contains("Warning"), "{}", run.stderr),
        }
    }
}

#[test]
fn a_rule_for_every_protocol_stays_for_every_protocol() {
    let group = Group::new();
    let rule = group.allow(&json!({ "IpProtocol": "-1", "IpRanges": [{ "CidrIp": "9.9.9.9/32" }] }));
    let proxy = watched();
    let run = Run::of(&mut group.update_on(proxy.url(), &rule, &["--ip", NEW])).succeeds();
    assert!(run.stdout.contains("all       all    9.9.9.9/32 → 1.1.1.1/32"), "{}", run.stdout);
    assert!(!run.stderr.contains("Warning"), "{}", run.stderr);
    assert_eq!(described(&rule)["IpProtocol"], "-1");
}

#[test]
fn a_rule_for_many_is_narrowed_with_a_warning() {
    let group = Group::new();
    for wide in ["0.0.0.0/0", "8.8.0.0/16"] {
        let rule = group.allow(&postgres(&json!({ "IpRanges": [{ "CidrIp": wide }] })));
        let run = group
            .run(&rule, &["--ip", NEW, "-o", "json"])
            .succeeds()
            .says(&format!("Warning: the rule lets in all of {wide}; 1.1.1.1/32 replaces it"));
        assert_eq!(run.json()["rules"][0]["old_cidr"], wide);
        assert_eq!(described(&rule)["CidrIpv4"], "1.1.1.1/32");
    }
}

#[test]
fn the_address_is_the_flags_then_the_environments_then_the_files() {
    let group = Group::new();
    let rule = group.developers_rule();
    group.sandbox.write(".env", "GITPOD_IP=1.0.0.1\n");
    let now = || described(&rule)["CidrIpv4"].clone();
    group.run(&rule, &[]).succeeds();
    assert_eq!(now(), "1.0.0.1/32");
    Run::of(group.update(&rule, &[]).env("GITPOD_IP", "1.0.0.2")).succeeds();
    assert_eq!(now(), "1.0.0.2/32");
    Run::of(group.update(&rule, &["--ip", " 1.0.0.3 "]).env("GITPOD_IP", "1.0.0.2")).succeeds();
    assert_eq!(now(), "1.0.0.3/32");
}

#[test]
fn flags_name_another_group_and_rule_than_the_environment() {
    let mine = Group::new();
    let other = mine.another();
    let (rule, untouched) = (mine.developers_rule(), other.developers_rule());
    let flags = ["--ip", NEW, "--group-id", &mine.id, "--security-group-rule-id", &rule];
    other.run(&untouched, &flags).succeeds();
    assert_eq!(described(&rule)["CidrIpv4"], "1.1.1.1/32");
    assert_eq!(described(&untouched)["CidrIpv4"], "9.9.9.9/32");
}
