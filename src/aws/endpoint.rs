//! Where a service is, and what is known of it.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use super::account::{self, Caller};
use super::witness::Witness;
use crate::config::{Host, Identity, Service, Signs, Target};
use crate::error::Result;

/// Where a service is. Displays as the endpoint's URL, or as AWS with the region.
#[derive(Debug, Clone)]
pub struct Endpoint {
    pub(super) service: Service,
    pub(super) target: Target,
    pub(super) name: String,
    pub(super) region: String,
    /// The endpoint's host; `None` for AWS's own endpoint.
    pub(super) host: Option<Host>,
    pub(super) emulated: bool,
    pub(super) loopback: bool,
    pub(super) request_timeout: Duration,
    pub(super) witness: Witness,
    /// Looks up the account; `None` where there is none.
    pub(super) caller: Option<Caller>,
}

impl Endpoint {
    /// The service at this place.
    pub const fn service(&self) -> Service {
        self.service
    }

    /// The target that it belongs to.
    pub const fn target(&self) -> Target {
        self.target
    }

    /// The endpoint's URL, or the region for AWS's own endpoint; used to store a place.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The region that requests are signed for.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The service and where it is, in words for users.
    pub fn described(&self) -> String {
        let at = if self.host.is_some() { format!(" at {}", self.name) } else { String::new() };
        format!("{}{at} in {}", self.service.name(), self.region)
    }

    /// What is known so far: where it is, and whether its responses came from AWS.
    pub fn signs(&self) -> Signs {
        let service = |is_aws: bool| is_aws.then(|| format!("AWS's {}", self.service.name()));
        Signs {
            flag: self.target == Target::Prod,
            aws_own: self.host.is_none(),
            hosts: self.host.iter().cloned().collect(),
            identity: self
                .witness
                .says_aws()
                .map(|is_aws| Identity { service: service(is_aws), ..Identity::default() }),
            ..Signs::default()
        }
    }

    /// The AWS account of the credentials; `None` for an emulator and for dummy credentials. Asks
    /// STS once a day for each access key, and remembers it in the folder `state`.
    ///
    /// # Errors
    /// Why it is unknown, in a few words. Nothing depends on it.
    pub async fn account(&self, state: Option<&Path>) -> Option<Result<String, String>> {
        Some(account::account(self.caller.as_ref()?, state).await)
    }

    /// The timeout of a request with its retries, and of work in which nothing succeeds.
    pub const fn request_timeout(&self) -> Duration {
        self.request_timeout
    }

    /// Whether this is an emulator.
    pub const fn is_emulated(&self) -> bool {
        self.emulated
    }

    /// Whether the endpoint can only be on this machine.
    pub const fn is_loopback(&self) -> bool {
        self.loopback
    }
}

/// The name of AWS's own endpoints in a region.
pub(super) fn aws_in(region: &str) -> String {
    format!("AWS in {region}")
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.is_some() { f.write_str(&self.name) } else { f.write_str(&aws_in(&self.name)) }
    }
}
