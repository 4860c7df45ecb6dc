//! A security group's rule, as EC2 describes it and as it should become.

use ipnet::IpNet;
use roxmltree::Node;
use serde::Serialize;

use super::SourceAddress;
use super::query::{child, children, text};
use crate::error::{Error, Reason, Result};

/// EC2's name for all protocols.
const ALL_PROTOCOLS: &str = "-1";
/// PostgreSQL's protocol, by name and by number.
const TCP: [&str; 2] = ["tcp", "6"];

/// A rule of a security group.
///
/// Source: SecurityGroupRule in the EC2 API reference, 2016-11-15.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// `sgr-…`
    #[serde(rename = "security_group_rule_id")]
    pub id: String,
    /// `sg-…`
    pub group_id: String,
    /// Whether it is for outgoing traffic.
    #[serde(skip)]
    pub is_egress: bool,
    /// `tcp`, `udp`, `icmp`, `icmpv6`, a number, or `-1` for all.
    pub ip_protocol: String,
    /// The first port, or the ICMP type; `-1` for all.
    pub from_port: Option<i32>,
    /// The last port, or the ICMP code; `-1` for all.
    pub to_port: Option<i32>,
    /// Its description, as entered by its author.
    pub description: Option<String>,
    /// What it lets in.
    #[serde(skip)]
    pub source: Source,
}

/// What a rule lets in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A range of addresses.
    Cidr(IpNet),
    /// The members of another security group.
    Group(String),
    /// The ranges of a prefix list.
    PrefixList(String),
}

impl Rule {
    /// The rules in a DescribeSecurityGroupRulesResponse; `None` when it is not one.
    pub(super) fn read_all(answer: Node) -> Option<Vec<Self>> {
        children(child(answer, "securityGroupRuleSet")?, "item").map(Self::read).collect()
    }

    fn read(item: Node) -> Option<Self> {
        let number = |name| text(item, name).map(str::parse).transpose().ok();
        let owned = |name| text(item, name).map(ToOwned::to_owned);
        let source = if let Some(cidr) = text(item, "cidrIpv4").or_else(|| text(item, "cidrIpv6")) {
            Source::Cidr(cidr.parse().ok()?)
        } else if let Some(list) = owned("prefixListId") {
            Source::PrefixList(list)
        } else {
            Source::Group(text(child(item, "referencedGroupInfo")?, "groupId")?.to_owned())
        };
        Some(Self {
            id: owned("securityGroupRuleId")?,
            group_id: owned("groupId")?,
            is_egress: text(item, "isEgress")? == "true",
            ip_protocol: owned("ipProtocol")?,
            from_port: number("fromPort")?,
            to_port: number("toPort")?,
            description: owned("description"),
            source,
        })
    }

    /// Whether it covers `port` over TCP, alone or among others.
    pub fn includes_tcp_port(&self, port: u16) -> bool {
        let port = i32::from(port);
        self.ip_protocol == ALL_PROTOCOLS
            || TCP.contains(&self.ip_protocol.as_str())
                && (self.from_port.is_none_or(|from| from <= port)
                    && self.to_port.is_none_or(|to| port <= to))
    }

    /// The protocol, in words for users.
    pub fn protocol(&self) -> &str {
        if self.ip_protocol == ALL_PROTOCOLS { "all" } else { &self.ip_protocol }
    }

    /// The ports, in words for users.
    pub fn ports(&self) -> String {
        match (self.from_port, self.to_port) {
            (None | Some(-1), _) => "all".to_owned(),
            (Some(from), Some(to)) if from != to => format!("{from}-{to}"),
            (Some(from), _) => from.to_string(),
        }
    }

    /// The range that it lets in now, and the one with `address`; often the same.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`] when it lets in another group or a prefix list, or addresses
    /// of the other family: a modified rule keeps its type.
    /// Source: SecurityGroupRuleRequest in the EC2 API reference.
    pub fn cidr_for(&self, address: SourceAddress) -> Result<(IpNet, IpNet)> {
        let not_an_address = |what: &str, id: &str| {
            Error::failed(format!("the rule {:?} lets in {what} {id}, not an address", self.id))
                .hint(Reason::UnusableRule)
        };
        let old = match &self.source {
            Source::Cidr(old) => *old,
            Source::Group(id) => return Err(not_an_address("the security group", id)),
            Source::PrefixList(id) => return Err(not_an_address("the prefix list", id)),
        };
        let new = address.cidr();
        match (old, new) {
            (IpNet::V4(_), IpNet::V4(_)) | (IpNet::V6(_), IpNet::V6(_)) => Ok((old, new)),
            _ => Err(Error::failed(format!(
                "the rule {:?} is for {} ({old}), and AWS cannot change a rule to {}",
                self.id,
                family(old),
                family(new)
            ))
            .hint(format!(
                "give an {} address, or name a rule for {}",
                family(old),
                family(new)
            ))),
        }
    }

    /// The parameters of ModifySecurityGroupRules for this rule with `address` let in.
    pub(super) fn form(&self, address: SourceAddress) -> Result<Vec<(String, String)>> {
        let (_, new) = self.cidr_for(address)?;
        let cidr = match new {
            IpNet::V4(_) => "CidrIpv4",
            IpNet::V6(_) => "CidrIpv6",
        };
        let kept = [
            ("IpProtocol", Some(self.ip_protocol.clone())),
            ("FromPort", self.from_port.map(|port| port.to_string())),
            ("ToPort", self.to_port.map(|port| port.to_string())),
            ("Description", self.description.clone()),
            (cidr, Some(new.to_string())),
        ];
        let mut form = vec![
            ("GroupId".to_owned(), self.group_id.clone()),
            ("SecurityGroupRule.1.SecurityGroupRuleId".to_owned(), self.id.clone()),
        ];
        form.extend(kept.into_iter().filter_map(|(name, value)| {
            Some((format!("SecurityGroupRule.1.SecurityGroupRule.{name}"), value?))
        }));
        Ok(form)
    }
}

const fn family(cidr: IpNet) -> &'static str {
    match cidr {
        IpNet::V4(_) => "IPv4",
        IpNet::V6(_) => "IPv6",
    }
}
