//! Passwords: what the pool takes, and how they are kept.

use std::num::NonZeroU32;

use aws_smithy_types::base64;
use ring::pbkdf2;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};

use super::fault::{Answer, Fault};

/// Few for a server on the internet, though no fewer than NIST SP 800-132 asks for. This one holds the
/// passwords of invented people: tests sign in all the time, and setup adds hundreds of people at once.
const ROUNDS: NonZeroU32 = NonZeroU32::new(1_000).unwrap();

/// The salted PBKDF2 hash of a password, by HMAC-SHA-256.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Hash {
    rounds: NonZeroU32,
    salt: String,
    derived: String,
}

impl Hash {
    /// The hash of a password that the pool's policy allows.
    pub(super) fn of(password: &str) -> Answer<Self> {
        check(password)?;
        let mut salt = [0; 16];
        SystemRandom::new()
            .fill(&mut salt)
            .map_err(|_| Fault::new("InternalErrorException", "the system has no random numbers"))?;
        let mut derived = [0; 32];
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ROUNDS, &salt, password.as_bytes(), &mut derived);
        Ok(Self { rounds: ROUNDS, salt: base64::encode(salt), derived: base64::encode(derived) })
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
