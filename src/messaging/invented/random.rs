//! Random numbers that are the same everywhere and in every version.

use std::convert::Infallible;

use fake::rand::TryRng;

/// SplitMix64, by Guy Steele, Doug Lea and Christine Flood: one addition and some bit mixing. It
/// can start anywhere at no cost, which resuming in the middle needs.
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    /// The numbers for one thing; each `path` gives different ones.
    pub(super) fn of(path: &[u64]) -> Self {
        Self(path.iter().fold(0, |state, step| mix(state ^ mix(step.wrapping_add(GOLDEN)))))
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// A uniform number below `end`, which must be above 0.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        let product = u128::from(self.next()) * u128::from(end);
        u64::try_from(product >> 64).unwrap_or_default()
    }

    /// A version 4 uuid.
    pub(super) fn uuid(&mut self) -> uuid::Uuid {
        let (high, low) = (self.next(), self.next());
        let bytes = (u128::from(high) << 64 | u128::from(low)).to_be_bytes();
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}

/// 2^64 divided by the golden ratio.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

const fn mix(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

/// The source of randomness for `fake`.
impl TryRng for Random {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::try_from(self.next() >> 32).unwrap_or_default())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.next())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}
