//! Which Cognito user pool.

use super::{AwsConfig, Config, Service, Setting, Source};
use crate::error::{Error, Result};

/// The flag that names the pool.
const FLAG: &str = "--user-pool-id";
/// The variables that name it, first wins.
pub const USER_POOL_VARIABLES: [&str; 2] = ["AWS_COGNITO_USER_POOL_ID", "AWS_COGNITO_USER_POOL"];

/// The id of a user pool, such as `us-east-1_AbCdEfGhI`, and who named it.
#[derive(Debug, Clone)]
pub struct UserPoolId {
    id: String,
    source: Source,
}

impl UserPoolId {
    /// Takes what looks like a pool's id. What it must look like is
    /// `UserPoolIdType` in the Cognito user pools API reference.
    fn parse(setting: Setting) -> Result<Self> {
        let Setting { value: id, source } = setting;
        let valid = id.len() <= 55
            && id.rsplit_once('_').is_some_and(|(region, rest)| {
                !region.is_empty()
                    && region.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
                    && !rest.is_empty()
                    && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
            });
        if valid {
            return Ok(Self { id, source });
        }
        Err(source
            .error(format!("{id:?} is not the id of a user pool"))
            .hint("it looks like us-east-1_AbCdEfGhI: the pool's region, an underscore, letters and digits"))
    }

    /// The id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The region that the pool was made in: ids begin with it.
    #[must_use]
    pub fn region(&self) -> &str {
        self.id.rsplit_once('_').map_or("", |(region, _)| region)
    }

    /// Who named it.
    #[must_use]
    pub const fn source(&self) -> &Source {
        &self.source
    }
}

impl Config {
    /// The user pool: `flag`, else `AWS_COGNITO_USER_POOL_ID`, else
    /// `AWS_COGNITO_USER_POOL`. The same variables in both worlds.
    ///
    /// # Errors
    /// [`crate::error::Kind::Config`] when what is set is not a pool's id,
    /// [`crate::error::Kind::Usage`] when `flag` is not.
    pub fn user_pool(&self, flag: Option<&str>) -> Result<Option<UserPoolId>> {
        flag.map(|value| Setting { value: value.to_owned(), source: Source::Flag(FLAG) })
            .or_else(|| self.environment.first(&USER_POOL_VARIABLES))
            .map(UserPoolId::parse)
            .transpose()
    }

    /// The same, where there must be one.
    ///
    /// # Errors
    /// [`crate::error::Kind::Config`] also when none is named.
    pub fn needed_user_pool(&self, flag: Option<&str>) -> Result<UserPoolId> {
        self.user_pool(flag)?.ok_or_else(|| {
            Error::config("no user pool is configured")
                .hint(format!("give {FLAG}, or set {} in .env", USER_POOL_VARIABLES[0]))
        })
    }

    /// Who tells whose the credentials are; asked for `pool`, in its region.
    ///
    /// # Errors
    /// Those of [`Config::aws`].
    pub fn sts(&self, pool: Option<&UserPoolId>) -> Result<AwsConfig> {
        let mut config = self.aws(Service::Sts)?;
        config.region = config.region.or_else(|| Some(pool?.region().to_owned()));
        Ok(config)
    }

    /// Where `pool` is: in the region that its id begins with, whatever region the
    /// environment or a profile names for other services. Only `--region` goes first.
    ///
    /// # Errors
    /// Those of [`Config::aws`].
    pub fn cognito(&self, pool: &UserPoolId) -> Result<AwsConfig> {
        let mut config = self.aws(Service::Cognito)?;
        config.region = Some(self.flags.region.clone().unwrap_or_else(|| pool.region().to_owned()));
        Ok(config)
    }
}
