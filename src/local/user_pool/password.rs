//! Passwords: what the pool takes, and how they are kept.

use std::num::NonZeroU32;

use aws_smithy_types::base64;
use num_bigint::BigUint;
use ring::pbkdf2;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};

use super::fault::{Answer, Fault};
use super::srp::Verifier;

/// Few for a server on the internet, though no fewer than NIST SP 800-132 asks for. This one holds the
/// passwords of invented people: tests sign in all the time, and setup adds hundreds of people at once.
const ROUNDS: NonZeroU32 = NonZeroU32::new(1_000).unwrap();

/// The salted PBKDF2 hash of a password, by HMAC-SHA-256, and what SRP needs.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Hash {
    rounds: NonZeroU32,
    salt: String,
    derived: String,
    /// Earlier versions kept none.
    srp_verifier: Option<String>,
}

impl Hash {
    /// The hash of a password that the pool's policy allows, for the user with this sub.
    pub(super) fn of(sub: &str, password: &str) -> Answer<Self> {
        check(password)?;
        let mut salt = [0; 16];
        SystemRandom::new()
            .fill(&mut salt)
            .map_err(|_| Fault::new("InternalErrorException", "the system has no random numbers"))?;
        let mut derived = [0; 32];
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ROUNDS, &salt, password.as_bytes(), &mut derived);
        let (salt, derived) = (base64::encode(salt), base64::encode(derived));
        let mut hash = Self { rounds: ROUNDS, salt, derived, srp_verifier: None };
        hash.complete(sub, password);
        Ok(hash)
    }

    /// Adds what SRP needs, if it is missing.
    pub(super) fn complete(&mut self, sub: &str, password: &str) {
        if self.srp_verifier.is_none() {
            let verifier = Verifier::of(sub, password, self.srp_salt());
            self.srp_verifier = Some(base64::encode(verifier.value.to_bytes_be()));
        }
    }

    /// What SRP needs.
    pub(super) fn srp_verifier(&self) -> Option<Verifier> {
        let value = base64::decode(self.srp_verifier.as_ref()?).ok()?;
        Some(Verifier { salt: self.srp_salt(), value: BigUint::from_bytes_be(&value) })
    }

    fn srp_salt(&self) -> BigUint {
        BigUint::from_bytes_be(&base64::decode(&self.salt).unwrap_or_default())
    }

    /// Whether it is the hash of this password.
    pub(super) fn matches(&self, password: &str) -> bool {
        let (Ok(salt), Ok(derived)) = (base64::decode(&self.salt), base64::decode(&self.derived)) else {
            return false;
        };
        let password = password.as_bytes();
        pbkdf2::verify(pbkdf2::PBKDF2_HMAC_SHA256, self.rounds, &salt, password, &derived).is_ok()
    }
}

/// The policy that a pool has by default.
fn check(password: &str) -> Answer<()> {
    let has = |what: fn(char) -> bool| password.contains(what);
    let why = if password.chars().count() < 8 {
        "Password not long enough"
    } else if !has(|c| c.is_ascii_uppercase()) {
        "Password must have uppercase characters"
    } else if !has(|c| c.is_ascii_lowercase()) {
        "Password must have lowercase characters"
    } else if !has(|c| c.is_ascii_digit()) {
        "Password must have numeric characters"
    } else if !has(|c| c.is_ascii_punctuation() || c == ' ') {
        "Password must have symbol characters"
    } else {
        return Ok(());
    };
    Err(Fault::new("InvalidPasswordException", format!("Password did not conform with policy: {why}")))
}
