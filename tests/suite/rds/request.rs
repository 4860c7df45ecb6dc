//! The requests themselves, by the word of botocore.

use serde_json::{Map, Value, json};

use super::{Group, NEW, postgres};
use crate::support::{Fault, Proxy, Recorded, Run, botocore_form, botocore_signature, moto};

fn form(body: &str) -> Value {
    let pairs = form_urlencoded::parse(body.as_bytes());
    Value::Object(pairs.map(|(name, value)| (name.into_owned(), value.into_owned().into())).collect())
}

/// The requests of a run on `rule`.
#[track_caller]
fn requests(group: &Group, rule: &str, ip: &str, variables: &[(&str, &str)]) -> (Proxy, Vec<Recorded>) {
    let proxy = Proxy::new(moto().url(), "ModifySecurityGroupRules", |_| None);
    let mut command = group.update_on(proxy.url(), rule, &["--ip", ip]);
    Run::of(command.envs(variables.iter().copied())).succeeds();
    let requests = proxy.requests();
    assert_eq!(requests.len(), 2, "{requests:?}");
    (proxy, requests)
}

#[test]
fn the_forms_are_those_of_botocore() {
    let group = Group::new();
    let six = postgres(&json!({
        "Ipv6Ranges": [{ "CidrIpv6": "2606:4700::1/128", "Description": "Nina's laptop" }],
    }));
    let all = json!({ "IpProtocol": "-1", "IpRanges": [{ "CidrIp": "9.9.9.9/32" }] });
    for (rule, ip, expected) in [
        (
            group.developers_rule(),
            NEW,
            json!({
                "IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "CidrIpv4": "1.1.1.1/32",
                "Description": "GITPOD",
            }),
        ),
        (
            group.allow(&six),
            "2606:4700:4700:0::1111",
            json!({
                "IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432,
                "CidrIpv6": "2606:4700:4700::1111/128", "Description": "Nina's laptop",
            }),
        ),
        (
            group.allow(&all),
            NEW,
            json!({ "IpProtocol": "-1", "FromPort": -1, "ToPort": -1, "CidrIpv4": "1.1.1.1/32" }),
        ),
    ] {
        let (_proxy, requests) = requests(&group, &rule, ip, &[]);
        let describe = json!({ "SecurityGroupRuleIds": [rule] });
        assert_eq!(form(&requests[0].body), botocore_form("ec2", "DescribeSecurityGroupRules", &describe));
        let update = json!({ "SecurityGroupRuleId": rule, "SecurityGroupRule": expected });
        let modify = json!({ "GroupId": group.id, "SecurityGroupRules": [update] });
        assert_eq!(form(&requests[1].body), botocore_form("ec2", "ModifySecurityGroupRules", &modify));
    }
}

#[test]
fn the_signatures_are_those_of_botocore_session_token_included() {
    let group = Group::new();
    for token in [None, Some("a+session/token==")] {
        let rule = group.developers_rule();
        let mut variables =
            vec![("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "not+a/secret")];
        variables.push(("AWS_REGION", "us-east-1"));
        variables.extend(token.map(|token| ("AWS_SESSION_TOKEN", token)));
        let (proxy, requests) = requests(&group, &rule, NEW, &variables);
        for request in requests {
            let header = |name: &str| request.headers[name].to_str().unwrap();
            let authorization = header("authorization");
            assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"), "{authorization}");
            assert!(authorization.contains("/us-east-1/ec2/aws4_request, "), "{authorization}");
            let (_, signed) = authorization.split_once("SignedHeaders=").unwrap();
            let (signed, signature) = signed.split_once(", Signature=").unwrap();
            let signed: Vec<&str> = signed.split(';').collect();
            for needed in ["host", "content-type", "x-amz-date"] {
                assert!(signed.contains(&needed), "{needed}: {authorization}");
            }
            assert_eq!(signed.contains(&"x-amz-security-token"), token.is_some());
            assert_eq!(
                request.headers.get("x-amz-security-token").map(|_| header("x-amz-security-token")),
                token
            );
            let mut headers: Map<String, Value> =
                signed.iter().map(|name| ((*name).to_owned(), header(name).into())).collect();
            headers.insert("authorization".to_owned(), authorization.into());
            let expected = botocore_signature(
                "ec2",
                "us-east-1",
                ("not+a/secret", token),
                &format!("{}/", proxy.url()),
                &headers.into(),
                &request.body,
            );
            assert_eq!(signature, expected);
        }
        super::ec2(
            "revoke_security_group_ingress",
            &json!({ "GroupId": group.id, "SecurityGroupRuleIds": [rule] }),
        );
    }
}

#[test]
fn production_takes_the_profiles_credentials_and_shows_none_of_them() {
    let group = Group::new();
    let rule = group.developers_rule();
    let profile = "[profile nina]\nregion = us-east-1\naws_access_key_id = AKIDNINA\n\
                   aws_secret_access_key = hunter2secret\naws_session_token = hunter2token\n";
    let file = group.sandbox.write("config", profile);
    // Refused in the end, so that an error is shown too.
    let refusal = Fault::Error(403, "UnauthorizedOperation");
    let proxy =
        Proxy::new(moto().url(), "ModifySecurityGroupRules", move |call| (call > 0).then_some(refusal));
    for (ip, code) in [(NEW, 0), ("1.0.0.1", 4)] {
        let mut command =
            group.update(&rule, &["--prod", "--endpoint-url", proxy.url(), "--profile", "nina"]);
        command.args(["--ip", ip]).env("AWS_CONFIG_FILE", &file).env("AWS_EC2_METADATA_DISABLED", "true");
        let run =
            Run::of(&mut command).exits_with(code).says(&format!("*** PROD *** EC2 at {} in ", proxy.url()));
        for secret in ["AKIDNINA", "hunter2"] {
            assert!(!run.stdout.contains(secret) && !run.stderr.contains(secret), "{run:?}");
        }
    }
    let requests = proxy.requests();
    assert_eq!(requests.len(), 4);
    for request in requests {
        assert!(request.headers["authorization"].to_str().unwrap().contains("Credential=AKIDNINA/"));
        assert_eq!(request.headers["x-amz-security-token"], "hunter2token");
        assert!(!request.body.contains("hunter2"));
    }
}

#[test]
fn the_region_is_signed_for() {
    let group = Group::new();
    let rule = group.developers_rule();
    let proxy = Proxy::new(moto().url(), "ModifySecurityGroupRules", |_| None);
    // The emulator keeps each region's rules apart, and finds the region in the signature.
    Run::of(group.update_on(proxy.url(), &rule, &["--ip", NEW]).args(["--region", "eu-north-1"]))
        .exits_with(1)
        .says("[InvalidSecurityGroupRuleId.NotFound]");
    let authorization = proxy.requests()[0].headers["authorization"].to_str().unwrap().to_owned();
    assert!(authorization.contains("/eu-north-1/ec2/aws4_request"), "{authorization}");
}
