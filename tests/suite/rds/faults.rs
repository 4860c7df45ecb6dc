//! Answers other than yes.

use super::{Group, NEW, described};
use crate::support::{Fault, Proxy, Run, moto, silent_port};

const DESCRIBE: &str = "DescribeSecurityGroupRules";
const MODIFY: &str = "ModifySecurityGroupRules";

/// An emulator whose first `times` answers to `operation` are `fault`.
fn failing(operation: &'static str, times: usize, fault: Fault) -> Proxy {
    Proxy::new(moto().url(), operation, move |call| (call < times).then_some(fault))
}

#[test]
fn throttled_twice_is_tried_again() {
    let group = Group::new();
    for operation in [DESCRIBE, MODIFY] {
        for fault in [
            Fault::Error(503, "RequestLimitExceeded"),
            Fault::Error(400, "Throttling"),
            Fault::Error(500, "InternalError"),
            Fault::Broken(502, "<html>Bad Gateway</html>"),
            Fault::Broken(503, ""),
        ] {
            let rule = group.developers_rule();
            let proxy = failing(operation, 2, fault);
            Run::of(&mut group.update_on(proxy.url(), &rule, &["--ip", NEW])).succeeds();
            assert_eq!(proxy.calls(), 3, "{operation}, {fault:?}");
            assert_eq!(described(&rule)["CidrIpv4"], "1.1.1.1/32");
            let last = proxy.requests().pop().unwrap();
            assert_eq!(last.operation, MODIFY);
            super::ec2(
                "revoke_security_group_ingress",
                &serde_json::json!({ "GroupId": group.id, "SecurityGroupRuleIds": [rule] }),
            );
        }
    }
}

#[test]
fn throttled_for_good_is_an_error_and_nothing_changes() {
    let group = Group::new();
    let rule = group.developers_rule();
    let proxy = failing(MODIFY, usize::MAX, Fault::Error(503, "RequestLimitExceeded"));
    let flags = ["--ip", NEW, "--timeout", "2s"];
    let run = Run::of(&mut group.update_on(proxy.url(), &rule, &flags)).exits_with(1);
    assert_eq!(run.stdout, "");
    run.says(&format!("Error: cannot change the rule {rule:?} on "))
        .says("not now, please [RequestLimitExceeded]");
    assert!(proxy.calls() > 3, "{}", proxy.calls());
    assert_eq!(described(&rule)["CidrIpv4"], "9.9.9.9/32");
}

#[test]
fn a_refusal_is_tried_once_and_its_code_decides() {
    let group = Group::new();
    let rule = group.developers_rule();
    for (operation, flags, code, exit, says) in [
        (DESCRIBE, &[][..], "UnauthorizedOperation", 4, "the caller needs ec2:DescribeSecurityGroupRules"),
        (MODIFY, &[], "UnauthorizedOperation", 4, "ec2:ModifySecurityGroupRules (docs/iam.md)"),
        (MODIFY, &["--dry-run"], "UnauthorizedOperation", 4, "the dry run for the rule"),
        (DESCRIBE, &[], "AuthFailure", 4, "cannot read the rule"),
        (DESCRIBE, &[], "RequestExpired", 4, "cannot read the rule"),
        (MODIFY, &[], "InvalidPermission.Duplicate", 1, "cannot change the rule"),
        (MODIFY, &["--dry-run"], "InvalidPermission.Duplicate", 1, "the dry run for the rule"),
        (MODIFY, &[], "DryRunOperation", 1, "cannot change the rule"),
    ] {
        let proxy = failing(operation, usize::MAX, Fault::Error(403, code));
        let run = Run::of(group.update_on(proxy.url(), &rule, &["--ip", NEW]).args(flags))
            .exits_with(exit)
            .says(says)
            .says(&format!("not now, please [{code}]"));
        assert_eq!(run.stdout, "");
        assert_eq!(proxy.calls(), 1, "{code}");
    }
    assert_eq!(described(&rule)["CidrIpv4"], "9.9.9.9/32");
}

#[test]
fn what_is_not_ec2_is_called_so() {
    let group = Group::new();
    let rule = group.developers_rule();
    for answer in [
        "",
        "<html>Hello</html>",
        "{\"TableNames\":[]}",
        "<DescribeSecurityGroupRulesResponse",
        "<DescribeSecurityGroupRulesResponse/>",
        "<DescribeSecurityGroupsResponse><securityGroupRuleSet/></DescribeSecurityGroupsResponse>",
        "<DescribeSecurityGroupRulesResponse><securityGroupRuleSet><item><groupId>sg-1</groupId></item>\
         </securityGroupRuleSet></DescribeSecurityGroupRulesResponse>",
        "<!DOCTYPE a [<!ENTITY b 'b'>]><DescribeSecurityGroupRulesResponse>&b;</DescribeSecurityGroupRulesResponse>",
    ] {
        let proxy = failing(DESCRIBE, usize::MAX, Fault::Answer(answer));
        let run = Run::of(&mut group.update_on(proxy.url(), &rule, &["--ip", NEW])).exits_with(1);
        run.says(&format!(
            "cannot read the rule {rule:?}: what answers at {} is not an EC2 API",
            proxy.url()
        ));
    }
    let none =
        "<DescribeSecurityGroupRulesResponse><securityGroupRuleSet/></DescribeSecurityGroupRulesResponse>";
    let proxy = failing(DESCRIBE, usize::MAX, Fault::Answer(none));
    Run::of(&mut group.update_on(proxy.url(), &rule, &["--ip", NEW]))
        .exits_with(1)
        .says(": it does not exist");
}

#[test]
fn a_change_that_ec2_does_not_confirm_is_an_error() {
    let group = Group::new();
    let rule = group.developers_rule();
    let no = "<ModifySecurityGroupRulesResponse><return>false</return></ModifySecurityGroupRulesResponse>";
    let yes = "<ModifySecurityGroupRulesResponse><return>true</return></ModifySecurityGroupRulesResponse>";
    for (answer, flags, says) in [
        (no, &[][..], "no reason given"),
        (no, &["--dry-run"], "no reason given"),
        ("<html/>", &[], "Hint: the rule may have been changed; run the same again"),
        (yes, &["--dry-run"], "does not support dry runs, and may have changed the rule"),
    ] {
        let proxy = failing(MODIFY, usize::MAX, Fault::Answer(answer));
        let run =
            Run::of(group.update_on(proxy.url(), &rule, &["--ip", NEW]).args(flags)).exits_with(1).says(says);
        assert_eq!(run.stdout, "");
    }
}

#[test]
fn an_endpoint_where_nothing_listens() {
    let group = Group::new();
    let endpoint = format!("http://127.0.0.1:{}", silent_port());
    Run::of(&mut group.update_on(&endpoint, "sgr-0123456789abcdef0", &["--ip", NEW]))
        .exits_with(1)
        .says(&format!("cannot reach EC2 at {endpoint}"))
        .says("Hint: check the network, --region and --endpoint-url");
}
