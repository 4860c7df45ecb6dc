//! Everything that talks to EC2: reads and changes one rule of a security group.

mod address;
mod query;
mod rule;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::ErrorMetadata;

use self::query::Query;
use crate::aws::{Aws, Endpoint, Plan, UnsentRequest, code};
use crate::config::AwsConfig;
use crate::error::{Error, Reason, Result};

pub use address::SourceAddress;
pub use rule::{Rule, Source};

/// The error code of a successful DryRun.
const WOULD_SUCCEED: &str = "DryRunOperation";

const MODIFY: &str = "ModifySecurityGroupRules";

/// A client for one region's EC2.
pub struct Ec2 {
    query: Query,
}

/// Whether to change a rule, or only ask AWS whether that is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Change the rule.
    Apply,
    /// EC2's own `DryRun`: checks permissions and parameters, and changes nothing.
    DryRun,
}

impl Ec2 {
    /// Builds the client; sends no request.
    ///
    /// # Errors
    /// [`crate::error::Kind::Config`] when there is no region, or it cannot be part of a host name.
    pub async fn connect(config: &AwsConfig) -> Result<Self> {
        Ok(Self { query: Query::new(Aws::load(config).await?)? })
    }

    /// Where it is.
    pub const fn endpoint(&self) -> &Endpoint {
        self.query.place()
    }

    /// The rule `rule_id`, which must be an ingress rule of the group `group_id`.
    ///
    /// Asks EC2 for the rule alone, so that a rule in another group and a missing rule are
    /// different errors.
    pub async fn ingress_rule(&self, group_id: &str, rule_id: &str) -> Result<Rule> {
        let what = format!("cannot read the rule {rule_id:?}");
        let form = [("SecurityGroupRuleId.1".to_owned(), rule_id.to_owned())];
        let rules = self
            .query
            .send("DescribeSecurityGroupRules", &form, Rule::read_all)
            .await
            .map_err(|error| self.error(&what, &error))?;
        let Some(rule) = rules.into_iter().find(|rule| rule.id == rule_id) else {
            return Err(Error::failed(format!("{what} on {}: it does not exist", self.endpoint()))
                .hint(Reason::MissingRule));
        };
        if rule.group_id != group_id {
            return Err(Error::failed(format!(
                "the rule {rule_id:?} belongs to the security group {:?}, not to {group_id:?}",
                rule.group_id
            ))
            .hint(Reason::MissingRule));
        }
        if rule.is_egress {
            return Err(Error::failed(format!("the rule {rule_id:?} is an egress rule: it lets nobody in"))
                .hint(Reason::UnusableRule));
        }
        Ok(rule)
    }

    /// Makes `rule` let in `address` instead of its present source. Keeps its protocol, ports and
    /// description.
    ///
    /// EC2 replaces the whole rule: whatever is not sent is lost. The request is idempotent, so it
    /// may be retried.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`] when the rule cannot take the address ([`Rule::cidr_for`]);
    /// nothing is sent then.
    pub async fn set_source(&self, rule: &Rule, address: SourceAddress, mode: Mode) -> Result<()> {
        let what = match mode {
            Mode::Apply => format!("cannot change the rule {:?}", rule.id),
            Mode::DryRun => format!("the dry run for the rule {:?} failed", rule.id),
        };
        let mut form = rule.form(address)?;
        if mode == Mode::DryRun {
            form.push(("DryRun".to_owned(), "true".to_owned()));
        }
        // The response does not contain the rule, and reading it may return the old one for a
        // while, because EC2 is eventually consistent. So EC2's answer has to be trusted.
        let done =
            self.query.send(MODIFY, &form, |answer| query::text(answer, "return").map(|word| word == "true"));
        match (done.await, mode) {
            (Ok(true), Mode::Apply) => Ok(()),
            (Ok(true), Mode::DryRun) => Err(Error::failed(format!(
                "{what}: {} does not support dry runs, and may have changed the rule",
                self.endpoint()
            ))),
            (Ok(false), _) => Err(Error::failed(format!("{what} on {}: no reason given", self.endpoint()))),
            (Err(error), Mode::DryRun) if code(&error) == Some(WOULD_SUCCEED) => Ok(()),
            (Err(error), Mode::Apply) if code(&error).is_none() => Err(self
                .error(&what, &error)
                .hint("the rule may have been changed; run the same again, which is safe if it was")),
            (Err(error), _) => Err(self.error(&what, &error)),
        }
    }

    /// The request with which [`Self::set_source`] would change the rule.
    ///
    /// # Errors
    /// As there, for a rule that cannot take the address.
    pub fn plan(&self, rule: &Rule, address: SourceAddress) -> Result<Plan> {
        let parameters =
            rule.form(address)?.into_iter().map(|(name, value)| (name, serde_json::Value::String(value)));
        let request = UnsentRequest {
            service: self.endpoint().service().name().into(),
            operation: MODIFY.to_owned(),
            request: serde_json::Value::Object(parameters.collect()),
        };
        Ok(Plan::of(request))
    }

    fn error(&self, what: &str, error: &SdkError<ErrorMetadata, HttpResponse>) -> Error {
        let shown = self.endpoint().error(what, error);
        match code(error) {
            Some("InvalidSecurityGroupRuleId.NotFound" | "InvalidGroup.NotFound") => {
                shown.hint(Reason::MissingRule)
            }
            Some("UnauthorizedOperation") => shown.hint(
                "the caller needs ec2:DescribeSecurityGroupRules and ec2:ModifySecurityGroupRules (docs/iam.md)",
            ),
            _ => shown,
        }
    }
}
