//! The Cognito user pool to use.

use super::{AwsConfig, Config, Service, Setting, Source, Target};
use crate::error::{Error, Result};

/// The user pool of the local stack. The region in it is part of the name: it stays, whatever
/// `AWS_REGION` says, so that apps are configured once.
pub const LOCAL_USER_POOL: &str = "us-east-1_LocalPool";
/// The app client of that pool.
pub const LOCAL_CLIENT: &str = "cruddurlocalclient00000000";
/// The password of the people that setup adds to that pool, as public as that of the local PostgreSQL.
pub const LOCAL_PASSWORD: &str = "Cruddur-local-1";

/// The flag that names the pool.
const FLAG: &str = "--user-pool-id";
/// The flag that names the app client.
const CLIENT_FLAG: &str = "--client-id";
/// The variable that names it.
pub const CLIENT_VARIABLE: &str = "AWS_COGNITO_USER_POOL_CLIENT_ID";
/// The variables that name it; the first one set wins.
pub const USER_POOL_VARIABLES: [&str; 2] = ["AWS_COGNITO_USER_POOL_ID", "AWS_COGNITO_USER_POOL"];

/// The id of a user pool, such as `us-east-1_AbCdEfGhI`, and its source.
#[derive(Debug, Clone)]
pub struct UserPoolId {
    id: String,
    source: Source,
}

impl UserPoolId {
    /// The local stack's pool.
    pub fn local() -> Self {
        Self { id: LOCAL_USER_POOL.to_owned(), source: Source::Default }
    }

    /// Checks the form of a pool's id, which is `UserPoolIdType` in the Cognito user pools API reference.
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
            .error(format!("{id:?} is not a user pool id"))
            .hint("example: us-east-1_AbCdEfGhI (the pool's region, an underscore, letters and digits)"))
    }

    /// The id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The pool's region, with which the id begins.
    pub fn region(&self) -> &str {
        self.id.rsplit_once('_').map_or("", |(region, _)| region)
    }

    /// Where the id comes from.
    pub const fn source(&self) -> &Source {
        &self.source
    }

    /// Whether it is the local stack's pool.
    pub fn is_local(&self) -> bool {
        self.id == LOCAL_USER_POOL
    }
}

impl Config {
    /// The user pool: `flag`, or else `AWS_COGNITO_USER_POOL_ID`, or else `AWS_COGNITO_USER_POOL`.
    /// The variables are the same for both targets. If none is set, local commands use the local
    /// stack's pool, but none at all if the first variable is set to nothing.
    ///
    /// # Errors
    /// [`crate::error::Kind::Config`] when a variable is not a pool's id,
    /// [`crate::error::Kind::Usage`] when `flag` is not.
    pub fn user_pool(&self, flag: Option<&str>) -> Result<Option<UserPoolId>> {
        flag.map(|value| Setting { value: value.to_owned(), source: Source::Flag(FLAG) })
            .or_else(|| self.environment.first(&USER_POOL_VARIABLES))
            .map(UserPoolId::parse)
            .transpose()
            .map(|named| named.or_else(|| self.default_user_pool()))
    }

    /// The pool that is used when none is named.
    pub(super) fn default_user_pool(&self) -> Option<UserPoolId> {
        let is_none = self.environment.is_empty(USER_POOL_VARIABLES[0]);
        (self.target == Target::Local && !is_none).then(UserPoolId::local)
    }

    /// Whether the user pool is the local stack's.
    pub(super) fn uses_local_user_pool(&self) -> bool {
        self.user_pool(None).is_ok_and(|pool| pool.is_some_and(|pool| pool.is_local()))
    }

    /// The user pool, which must be set.
    ///
    /// # Errors
    /// Those of [`Self::user_pool`], and [`crate::error::Kind::Config`] when none is set.
    pub fn needed_user_pool(&self, flag: Option<&str>) -> Result<UserPoolId> {
        self.user_pool(flag)?.ok_or_else(|| {
            Error::config("no user pool is configured")
                .hint(format!("give {FLAG}, or set {} in .env", USER_POOL_VARIABLES[0]))
        })
    }

    /// The id of the app client to sign in through: `flag`, or else `AWS_COGNITO_USER_POOL_CLIENT_ID`, or
    /// else the local pool's, for that pool.
    ///
    /// # Errors
    /// [`crate::error::Kind::Config`] when none is set.
    pub fn app_client(&self, flag: Option<&str>, pool: &UserPoolId) -> Result<Setting> {
        flag.map(|value| Setting { value: value.to_owned(), source: Source::Flag(CLIENT_FLAG) })
            .or_else(|| self.environment.get(CLIENT_VARIABLE))
            .or_else(|| {
                let ours = || Setting { value: LOCAL_CLIENT.to_owned(), source: Source::Default };
                pool.is_local().then(ours)
            })
            .ok_or_else(|| {
                Error::config(format!("no app client of the user pool {} is configured", pool.id()))
                    .hint(format!("give {CLIENT_FLAG}, or set {CLIENT_VARIABLE} in .env"))
            })
    }

    /// The STS that identifies the credentials, in the region of `pool` unless another is set.
    ///
    /// # Errors
    /// Those of [`Config::aws`].
    pub fn sts(&self, pool: Option<&UserPoolId>) -> Result<AwsConfig> {
        let mut config = self.aws(Service::Sts)?;
        config.region = config.region.or_else(|| Some(pool?.region().to_owned()));
        Ok(config)
    }

    /// The service for `pool`, in the region of its id, even if the environment or a profile sets
    /// another for other services. Only `--region` overrides it. Any pool but the local stack's is
    /// on AWS, unless an endpoint is set.
    ///
    /// # Errors
    /// Those of [`Config::aws`].
    pub fn cognito(&self, pool: &UserPoolId) -> Result<AwsConfig> {
        let endpoint = self.endpoint(Service::Cognito);
        let endpoint = endpoint.filter(|endpoint| pool.is_local() || endpoint.source != Source::Default);
        let mut config = self.aws_at(Service::Cognito, endpoint.as_ref())?;
        config.region = Some(self.flags.region.clone().unwrap_or_else(|| pool.region().to_owned()));
        Ok(config)
    }
}
