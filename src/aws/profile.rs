//! The credentials of a profile that `--profile` names.

use std::error::Error as _;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};

/// Signs with this profile and nothing else. The SDK's usual chain would prefer keys of the environment.
#[derive(Debug)]
pub(super) struct NamedProfile {
    name: String,
    inner: ProfileFileCredentialsProvider,
}

impl NamedProfile {
    pub(super) fn new(name: &str, config: &ProviderConfig) -> Self {
        let inner = ProfileFileCredentialsProvider::builder().profile_name(name).configure(config).build();
        Self { name: name.to_owned(), inner }
    }
}

impl ProvideCredentials for NamedProfile {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            self.inner.provide_credentials().await.map_err(|error| match error {
                CredentialsError::CredentialsNotLoaded(_) if error.source().is_none() => {
                    CredentialsError::not_loaded(format!("the profile {:?} has none", self.name))
                }
                error => error,
            })
        })
    }
}
