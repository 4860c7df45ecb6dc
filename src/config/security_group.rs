//! The security group rule that lets a developer in, and from which address.

use super::{Config, Setting, Source};
use crate::error::{Error, Result};

impl Config {
    /// The security group: `flag`, or else `DB_SG_ID`.
    ///
    /// # Errors
    /// [`crate::error::Kind::Config`] when neither is set; [`crate::error::Kind::Usage`] when
    /// `flag` is not such an id.
    pub fn security_group_id(&self, flag: Option<&str>) -> Result<String> {
        self.security_group_setting(flag, "--group-id", "DB_SG_ID").and_then(|setting| id(&setting, "sg-"))
    }

    /// The security group's rule: `flag`, or else `DB_SG_RULE_ID`.
    ///
    /// # Errors
    /// As [`Self::security_group_id`].
    pub fn security_group_rule_id(&self, flag: Option<&str>) -> Result<String> {
        self.security_group_setting(flag, "--security-group-rule-id", "DB_SG_RULE_ID")
            .and_then(|setting| id(&setting, "sgr-"))
    }

    /// The address to let in, as given: `flag`, or else `GITPOD_IP`.
    ///
    /// # Errors
    /// [`crate::error::Kind::Config`] when neither is set.
    pub fn source_address(&self, flag: Option<&str>) -> Result<Setting> {
        self.security_group_setting(flag, "--ip", "GITPOD_IP")
    }

    fn security_group_setting(
        &self,
        flag: Option<&str>,
        flag_name: &'static str,
        variable: &str,
    ) -> Result<Setting> {
        flag.map(|value| Setting { value: value.to_owned(), source: Source::Flag(flag_name) })
            .or_else(|| self.environment.get(variable))
            .ok_or_else(|| {
                Error::config(format!("{variable} is not set, or empty"))
                    .hint(format!("give {flag_name}, or set {variable} in the environment or in .env"))
            })
    }
}

/// An id that begins with `prefix`. If the two ids were swapped, AWS would only report a missing one.
fn id(setting: &Setting, prefix: &str) -> Result<String> {
    let value = setting.value.trim();
    match value.strip_prefix(prefix) {
        Some(rest) if !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            Ok(value.to_owned())
        }
        _ => Err(setting.source.error(format!("{value:?} is not an id such as {prefix}0123456789abcdef0"))),
    }
}
