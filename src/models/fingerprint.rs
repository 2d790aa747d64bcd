//! Fingerprints: what decides all work.

use std::fmt;
use std::str::FromStr;

/// Hexadecimal digits kept of a hash. Two given months are compared, never a crowd,
/// so 64 bits are plenty.
const DIGITS: usize = 16;

/// A short hash of everything a month of a table depends on, or of a file's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// Hash of bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self::from_hash(blake3::hash(bytes))
    }

    /// Shortens a full hash.
    pub fn from_hash(hash: blake3::Hash) -> Self {
        let mut first = [0_u8; 8];
        first.copy_from_slice(&hash.as_bytes()[..8]);
        Self(u64::from_be_bytes(first))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:0DIGITS$x}", self.0)
    }
}

impl FromStr for Fingerprint {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A wrong length would make two texts of one value.
        let text = if text.len() == DIGITS { text } else { "" };
        u64::from_str_radix(text, 16).map(Self)
    }
}

impl serde::Serialize for Fingerprint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Fingerprint {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Hashes named parts, each with its length, so that no two lists of parts collide by layout.
#[derive(Debug, Clone, Default)]
pub struct FingerprintBuilder(blake3::Hasher);

impl FingerprintBuilder {
    /// Adds a part.
    pub fn part(&mut self, name: &str, value: impl fmt::Display) -> &mut Self {
        let value = value.to_string();
        for text in [name, value.as_str()] {
            self.0.update(&(text.len() as u64).to_le_bytes());
            self.0.update(text.as_bytes());
        }
        self
    }

    /// The fingerprint of all parts so far.
    pub fn finish(&self) -> Fingerprint {
        Fingerprint::from_hash(self.0.finalize())
    }
}
