//! JSON Web Tokens signed by RS256, and the keys that verify them.

use aws_smithy_types::base64;
use ring::rsa::PublicKeyComponents;
use ring::signature::RSA_PKCS1_2048_8192_SHA256;
use serde::Deserialize;
use serde_json::Value;

/// The only algorithm of user pools.
const RS256: &str = "RS256";

/// What a token's first part says.
#[derive(Deserialize)]
struct Head {
    alg: String,
    kid: Option<String>,
}

/// A JSON Web Key Set, as a user pool publishes it.
#[derive(Debug, Deserialize)]
pub(super) struct KeySet {
    keys: Vec<Key>,
}

/// A key of any kind; only one of RSA has the last two.
#[derive(Debug, Deserialize)]
struct Key {
    kid: String,
    kty: String,
    n: Option<String>,
    e: Option<String>,
}

impl KeySet {
    /// The id of the key that has signed `token`, and the token's claims. `None` if none has.
    pub(super) fn verify(&self, token: &str) -> Option<(&str, Value)> {
        let kid = head(token)?.kid?;
        let key = self.keys.iter().find(|key| key.kid == kid && key.kty == "RSA")?;
        let part = |part: &Option<String>| unbase64url(part.as_ref()?);
        let claims = claims(token, &PublicKeyComponents { n: part(&key.n)?, e: part(&key.e)? })?;
        Some((&key.kid, claims))
    }
}

/// The claims of a token that `key` has signed.
pub(crate) fn claims<B: AsRef<[u8]>>(token: &str, key: &PublicKeyComponents<B>) -> Option<Value> {
    let (text, signature) = token.rsplit_once('.')?;
    if head(token)?.alg != RS256 {
        return None;
    }
    key.verify(&RSA_PKCS1_2048_8192_SHA256, text.as_bytes(), &unbase64url(signature)?).ok()?;
    serde_json::from_slice(&unbase64url(text.split_once('.')?.1)?).ok()
}

fn head(token: &str) -> Option<Head> {
    serde_json::from_slice(&unbase64url(token.split_once('.')?.0)?).ok()
}

fn unbase64url(text: &str) -> Option<Vec<u8>> {
    let padding = "=".repeat((4 - text.len() % 4) % 4);
    base64::decode(text.replace('-', "+").replace('_', "/") + &padding).ok()
}
