//! The Secure Remote Password protocol, version 6a, as Cognito's clients speak it: SHA-256, and the
//! group of 3072 bits in appendix A of RFC 5054. Not in constant time: whoever could measure it is on
//! this machine, and so is the file with the verifiers.

use std::sync::LazyLock;

use num_bigint::{BigInt, BigUint};
use ring::digest::{SHA256, digest};
use ring::hmac::{self, HMAC_SHA256};

use crate::config::LOCAL_USER_POOL;

/// The prime N of the group; its generator is 2.
#[rustfmt::skip]
const PRIME: [u32; 96] = [
    0xFFFF_FFFF, 0xFFFF_FFFF, 0xC90F_DAA2, 0x2168_C234, 0xC4C6_628B, 0x80DC_1CD1, 0x2902_4E08, 0x8A67_CC74,
    0x020B_BEA6, 0x3B13_9B22, 0x514A_0879, 0x8E34_04DD, 0xEF95_19B3, 0xCD3A_431B, 0x302B_0A6D, 0xF25F_1437,
    0x4FE1_356D, 0x6D51_C245, 0xE485_B576, 0x625E_7EC6, 0xF44C_42E9, 0xA637_ED6B, 0x0BFF_5CB6, 0xF406_B7ED,
    0xEE38_6BFB, 0x5A89_9FA5, 0xAE9F_2411, 0x7C4B_1FE6, 0x4928_6651, 0xECE4_5B3D, 0xC200_7CB8, 0xA163_BF05,
    0x98DA_4836, 0x1C55_D39A, 0x6916_3FA8, 0xFD24_CF5F, 0x8365_5D23, 0xDCA3_AD96, 0x1C62_F356, 0x2085_52BB,
    0x9ED5_2907, 0x7096_966D, 0x670C_354E, 0x4ABC_9804, 0xF174_6C08, 0xCA18_217C, 0x3290_5E46, 0x2E36_CE3B,
    0xE39E_772C, 0x180E_8603, 0x9B27_83A2, 0xEC07_A28F, 0xB5C5_5DF0, 0x6F4C_52C9, 0xDE2B_CBF6, 0x9558_1718,
    0x3995_497C, 0xEA95_6AE5, 0x15D2_2618, 0x98FA_0510, 0x1572_8E5A, 0x8AAA_C42D, 0xAD33_170D, 0x0450_7A33,
    0xA855_21AB, 0xDF1C_BA64, 0xECFB_8504, 0x58DB_EF0A, 0x8AEA_7157, 0x5D06_0C7D, 0xB397_0F85, 0xA6E1_E4C7,
    0xABF5_AE8C, 0xDB09_33D7, 0x1E8C_94E0, 0x4A25_619D, 0xCEE3_D226, 0x1AD2_EE6B, 0xF12F_FA06, 0xD98A_0864,
    0xD876_0273, 0x3EC8_6A64, 0x521F_2B18, 0x177B_200C, 0xBBE1_1757, 0x7A61_5D6C, 0x7709_88C0, 0xBAD9_46E2,
    0x08E2_4FA0, 0x74E5_AB31, 0x43DB_5BFC, 0xE0FD_108E, 0x4B82_D120, 0xA93A_D2CA, 0xFFFF_FFFF, 0xFFFF_FFFF,
];
static N: LazyLock<BigUint> = LazyLock::new(|| BigUint::new(PRIME.into_iter().rev().collect()));
static G: LazyLock<BigUint> = LazyLock::new(|| BigUint::from(2_u32));
/// The multiplier k.
static K: LazyLock<BigUint> = LazyLock::new(|| hash(&[bytes(&N), bytes(&G)]));

/// What both sides mix into the key of a proof.
const INFO: &[u8] = b"Caldera Derived Key\x01";

/// What the pool keeps of a password: the salt, and g to the power of its hash.
pub(super) struct Verifier {
    pub(super) salt: BigUint,
    pub(super) value: BigUint,
}

/// The pool's side of one sign-in.
pub(super) struct Exchange {
    verifier: Verifier,
    /// The secret number b.
    secret: BigUint,
}

impl Verifier {
    /// The verifier of the password of the user with this sub.
    pub(super) fn of(sub: &str, password: &str, salt: BigUint) -> Self {
        let text = format!("{}{sub}:{password}", pool_name());
        let x = hash(&[bytes(&salt), digest(&SHA256, text.as_bytes()).as_ref().to_vec()]);
        Self { salt, value: G.modpow(&x, &N) }
    }
}

impl Exchange {
    pub(super) fn new(verifier: Verifier, secret: &[u8]) -> Self {
        Self { verifier, secret: BigUint::from_bytes_be(secret) }
    }

    /// The salt.
    pub(super) fn salt(&self) -> String {
        self.verifier.salt.to_str_radix(16)
    }

    /// The pool's public number B.
    pub(super) fn public(&self) -> BigUint {
        (&*K * &self.verifier.value + G.modpow(&self.secret, &N)) % &*N
    }

    /// Whether a client with the public number `a` has proved that it knows the password: by signing
    /// the names of the pool and of the user, the secret block and the time.
    pub(super) fn proves(&self, a: &BigUint, sub: &str, block: &[u8], time: &str, proof: &[u8]) -> bool {
        let u = hash(&[bytes(a), bytes(&self.public())]);
        let shared = (a * self.verifier.value.modpow(&u, &N)).modpow(&self.secret, &N);
        let key = hmac_sha256(&bytes(&u), &bytes(&shared));
        let key = hmac_sha256(key.as_ref(), INFO);
        let signed = [pool_name().as_bytes(), sub.as_bytes(), block, time.as_bytes()].concat();
        hmac::verify(&hmac::Key::new(HMAC_SHA256, &key.as_ref()[..16]), &signed, proof).is_ok()
    }
}

/// A client's public number A, in hexadecimal. `None` unless it is between 0 and N: by a multiple of N
/// anybody would know the key.
pub(super) fn client_number(text: &str) -> Option<BigUint> {
    BigUint::parse_bytes(text.as_bytes(), 16).filter(|number| *number != BigUint::ZERO && *number < *N)
}

/// The pool's name for clients: its id without the region.
fn pool_name() -> &'static str {
    LOCAL_USER_POOL.split_once('_').map_or(LOCAL_USER_POOL, |(_, name)| name)
}

/// A number in as few bytes as its two's complement takes, which is how clients hash it.
fn bytes(number: &BigUint) -> Vec<u8> {
    BigInt::from(number.clone()).to_signed_bytes_be()
}

fn hash(parts: &[Vec<u8>; 2]) -> BigUint {
    BigUint::from_bytes_be(digest(&SHA256, &parts.concat()).as_ref())
}

fn hmac_sha256(key: &[u8], text: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(HMAC_SHA256, key), text)
}
