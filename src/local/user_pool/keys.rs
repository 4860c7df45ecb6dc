//! The key that signs tokens, and the tokens themselves: JWTs by RS256.

use aws_smithy_types::base64;
use graviola::signing::rsa::{KeySize, SigningKey};
use ring::digest::{SHA256, digest};
use ring::hmac::{self, HMAC_SHA256};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{self, RsaKeyPair};
use serde_json::{Value, json};

use super::fault::{Answer, Fault};
use crate::cognito::jwt;

/// More than the PKCS #8 form of a key of 2048 bits takes.
const PKCS8_LENGTH: usize = 2048;

/// A key of the pool.
pub(super) struct Keys {
    pair: RsaKeyPair,
    public: PublicKeyComponents<Vec<u8>>,
    id: String,
    secret: hmac::Key,
}

impl Keys {
    /// A new key of 2048 bits, as PKCS #8.
    pub(super) fn generate() -> Answer<Vec<u8>> {
        let mut buffer = [0; PKCS8_LENGTH];
        let key = SigningKey::generate(KeySize::Rsa2048).map_err(|_| unusable())?;
        Ok(key.to_pkcs8_der(&mut buffer).map_err(|_| unusable())?.to_vec())
    }

    pub(super) fn new(pkcs8: &[u8]) -> Answer<Self> {
        let pair = RsaKeyPair::from_pkcs8(pkcs8).map_err(|_| unusable())?;
        let public = PublicKeyComponents::<Vec<u8>>::from(pair.public());
        let id = base64url(digest(&SHA256, &public.n).as_ref());
        Ok(Self { pair, public, id, secret: hmac::Key::new(HMAC_SHA256, pkcs8) })
    }

    /// 32 bytes that only the pool can derive from a text, for one purpose.
    pub(super) fn derived(&self, purpose: &str, text: &str) -> hmac::Tag {
        hmac::sign(&self.secret, format!("{purpose} {text}").as_bytes())
    }

    /// What verifies the tokens, as a JSON Web Key Set.
    pub(super) fn jwks(&self) -> Value {
        json!({ "keys": [{
            "alg": "RS256",
            "e": base64url(&self.public.e),
            "kid": self.id,
            "kty": "RSA",
            "n": base64url(&self.public.n),
            "use": "sig",
        }] })
    }

    /// A token with these claims.
    pub(super) fn sign(&self, claims: &Value) -> Answer<String> {
        let head = json!({ "kid": self.id, "alg": "RS256" });
        let text = format!("{}.{}", base64url(head.to_string()), base64url(claims.to_string()));
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair
            .sign(&signature::RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
            .map_err(|_| unusable())?;
        Ok(format!("{text}.{}", base64url(&signature)))
    }

    /// The claims of a token that this key has signed.
    pub(super) fn claims(&self, token: &str) -> Option<Value> {
        jwt::claims(token, &self.public)
    }
}

fn unusable() -> Fault {
    Fault::new("InternalErrorException", "the local user pool's key cannot be made or used")
}

fn base64url(bytes: impl AsRef<[u8]>) -> String {
    base64::encode(bytes).trim_end_matches('=').replace('+', "-").replace('/', "_")
}
