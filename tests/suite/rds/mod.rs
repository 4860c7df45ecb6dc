//! `cruddur rds`

mod address;
mod faults;
mod refused;
mod request;
mod update;

use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::support::{Run, Sandbox, boto3, moto};

const OLD: &str = "9.9.9.9";
const NEW: &str = "1.1.1.1";

/// A security group on the emulator, made and read by boto3.
pub struct Group {
    pub id: String,
    pub sandbox: Sandbox,
    /// One test at a time: moto fails to list rules while another thread adds one.
    alone: Option<MutexGuard<'static, ()>>,
}

static ALONE: Mutex<()> = Mutex::new(());

impl Group {
    pub fn new() -> Self {
        Self::made(Some(ALONE.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Another group for the same test.
    pub fn another(&self) -> Self {
        assert!(self.alone.is_some());
        Self::made(None)
    }

    fn made(alone: Option<MutexGuard<'static, ()>>) -> Self {
        let sandbox = Sandbox::new();
        let arguments = json!({ "GroupName": sandbox.database(), "Description": "the database's" });
        let answer = ec2("create_security_group", &arguments);
        Self { id: answer["GroupId"].as_str().unwrap().to_owned(), sandbox, alone }
    }

    /// An ingress rule for `permission`, an IpPermission; its id.
    fn allow(&self, permission: &Value) -> String {
        let arguments = json!({ "GroupId": self.id, "IpPermissions": [permission] });
        let answer = ec2("authorize_security_group_ingress", &arguments);
        answer["SecurityGroupRules"][0]["SecurityGroupRuleId"].as_str().unwrap().to_owned()
    }

    /// A rule as a developer would have it.
    pub fn developers_rule(&self) -> String {
        self.allow(&postgres(&json!({ "IpRanges": [{ "CidrIp": "9.9.9.9/32", "Description": "GITPOD" }] })))
    }

    /// `update-sg-rule` of `rule`, still to be run, with the emulator for EC2.
    pub fn update(&self, rule: &str, flags: &[&str]) -> Command {
        self.update_on(&moto().url(), rule, flags)
    }

    fn update_on(&self, endpoint: &str, rule: &str, flags: &[&str]) -> Command {
        let mut command = self.sandbox.command(["rds", "update-sg-rule"]);
        command
            .args(flags)
            .env("AWS_ENDPOINT_URL_EC2", endpoint)
            .env("DB_SG_ID", &self.id)
            .env("DB_SG_RULE_ID", rule);
        command
    }

    fn run(&self, rule: &str, flags: &[&str]) -> Run {
        Run::of(&mut self.update(rule, flags))
    }
}

/// tcp 5432 from `sources`.
fn postgres(sources: &Value) -> Value {
    let mut permission = json!({ "IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432 });
    permission.as_object_mut().unwrap().extend(sources.as_object().unwrap().clone());
    permission
}

#[track_caller]
fn ec2(operation: &str, arguments: &Value) -> Value {
    boto3(&moto().url(), "ec2", operation, arguments)
}

/// The rule, by boto3's word.
#[track_caller]
pub fn described(rule: &str) -> Value {
    ec2("describe_security_group_rules", &json!({ "SecurityGroupRuleIds": [rule] }))["SecurityGroupRules"][0]
        .take()
}
