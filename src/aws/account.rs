//! Whose account the credentials are for: asked once, then remembered for a day.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::Caller;
use super::error::{code, root_cause};

/// A command does not wait longer than this for the name of its account.
const PATIENCE: Duration = Duration::from_secs(3);
/// An access key belongs to one account for ever; a day bounds a mistake.
const KEPT: Duration = Duration::from_hours(24);
/// Credentials that last no longer than this are asked for anew.
const EXPIRES_SOON: Duration = Duration::from_mins(5);
const FILE: &str = "accounts.json";

/// Accounts by the hash of an access key id, in a file that holds neither.
#[derive(Default, Serialize, Deserialize)]
struct Known(BTreeMap<String, Entry>);

#[derive(Serialize, Deserialize)]
struct Entry {
    account: String,
    /// Seconds since 1970.
    asked_at: u64,
}

/// The account of these credentials, from `state` or from STS.
///
/// # Errors
/// Why it cannot be told, in a few words.
pub(super) async fn account(caller: &Caller, state: Option<&Path>) -> Result<String, String> {
    match tokio::time::timeout(PATIENCE, look_up(caller, state)).await {
        Ok(found) => found,
        Err(_) => Err("no answer in time".to_owned()),
    }
}

async fn look_up(Caller { sdk, telling }: &Caller, state: Option<&Path>) -> Result<String, String> {
    let provider = sdk.credentials_provider().ok_or("no credentials")?;
    let credentials = provider.provide_credentials().await.map_err(|error| match error {
        CredentialsError::CredentialsNotLoaded(_) => "no credentials".to_owned(),
        other => root_cause(&other).to_string(),
    })?;
    let key = hash(credentials.access_key_id());
    let mut known = state.map(Known::read).unwrap_or_default();
    if let Some(account) = known.get(&key) {
        return Ok(account);
    }
    let sdk = sdk.clone().into_builder().credentials_provider(SharedCredentialsProvider::new(credentials));
    let mut client = aws_sdk_sts::config::Builder::from(&sdk.build());
    client.set_interceptors(telling.iter().cloned().map(SharedInterceptor::new));
    let client = aws_sdk_sts::Client::from_conf(client.build());
    let answer = client.get_caller_identity().send().await;
    let answer = answer.map_err(|error| match code(&error) {
        Some(code) => code.to_owned(),
        None => root_cause(&error).to_string(),
    })?;
    let account = answer.account.ok_or("STS does not say")?;
    if let Some(state) = state {
        known.0.insert(key, Entry { account: account.clone(), asked_at: now() });
        // Without it the next command asks again.
        let _ = known.write(state);
    }
    Ok(account)
}

impl Known {
    /// What the file holds; nothing when it cannot be read.
    fn read(state: &Path) -> Self {
        let text = std::fs::read_to_string(state.join(FILE)).unwrap_or_default();
        let mut known: Self = serde_json::from_str(&text).unwrap_or_default();
        let now = now();
        let is_recent = |entry: &Entry| entry.asked_at <= now && now - entry.asked_at < KEPT.as_secs();
        known.0.retain(|_, entry| is_recent(entry));
        known
    }

    fn get(&self, key: &str) -> Option<String> {
        self.0.get(key).map(|entry| entry.account.clone()).filter(|account| is_account(account))
    }

    /// All of it or nothing, for other commands may read it.
    fn write(&self, state: &Path) -> std::io::Result<()> {
        std::fs::create_dir_all(state)?;
        let mut file = tempfile::NamedTempFile::new_in(state)?;
        file.write_all(serde_json::to_string(self)?.as_bytes())?;
        file.persist(state.join(FILE))?;
        Ok(())
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn hash(access_key_id: &str) -> String {
    let mut hasher = DefaultHasher::new();
    access_key_id.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Remembers credentials while they last: those that tell the account sign the
/// requests too, without a second sign-in.
#[derive(Debug)]
pub(super) struct Remembered {
    inner: SharedCredentialsProvider,
    last: Arc<Mutex<Option<Credentials>>>,
}

impl Remembered {
    pub(super) fn new(inner: SharedCredentialsProvider) -> Self {
        Self { inner, last: Arc::default() }
    }
}

impl ProvideCredentials for Remembered {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let mut last = self.last.lock().await;
            let lasts = |credentials: &Credentials| {
                credentials.expiry().is_none_or(|expiry| expiry > SystemTime::now() + EXPIRES_SOON)
            };
            if let Some(credentials) = last.as_ref().filter(|last| lasts(last)) {
                return Ok(credentials.clone());
            }
            let credentials = self.inner.provide_credentials().await?;
            *last = Some(credentials.clone());
            Ok(credentials)
        })
    }
}
