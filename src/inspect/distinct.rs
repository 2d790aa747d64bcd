//! How many different texts there are: exact up to a bound, estimated beyond, in bounded memory.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Different texts up to which the count of a month is exact.
pub const OF_A_MONTH: usize = 4096;

/// Different texts up to which the count of everything is exact.
pub const OF_ALL: usize = 65_536;

/// Counts different texts by keeping the smallest hashes: what share of all hashes lies below the
/// largest kept one says how many there are, within about 3 %.
#[derive(Debug, Clone)]
pub struct Distinct {
    bound: usize,
    smallest: BTreeSet<u64>,
    is_full: bool,
}

impl Distinct {
    /// Nothing counted yet; exact up to the bound.
    pub fn new(bound: usize) -> Self {
        Self { bound, smallest: BTreeSet::new(), is_full: false }
    }

    /// Takes a text.
    pub fn add(&mut self, text: &str) {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        self.add_hash(hasher.finish());
    }

    fn add_hash(&mut self, hash: u64) {
        if self.smallest.len() == self.bound
            && self.smallest.last().is_some_and(|largest| hash > *largest)
        {
            self.is_full = true;
            return;
        }
        self.smallest.insert(hash);
        if self.smallest.len() > self.bound {
            self.smallest.pop_last();
            self.is_full = true;
        }
    }

    /// How many there are, and whether that is exact.
    pub fn count(&self) -> (u64, bool) {
        let kept = self.smallest.len() as u64;
        match self.smallest.last() {
            Some(largest) if self.is_full => {
                let share = (*largest as f64 + 1.0) / u64::MAX as f64;
                (((kept - 1) as f64 / share) as u64, false)
            }
            _ => (kept, true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_exact_and_many_are_near() {
        let mut few = Distinct::new(OF_A_MONTH);
        for number in 0..10_000 {
            few.add(&format!("client {}", number % 4096));
        }
        assert_eq!(few.count(), (4096, true));
        let mut many = Distinct::new(OF_A_MONTH);
        for number in 0..100_000 {
            many.add(&format!("client {number}"));
        }
        let (count, exact) = many.count();
        assert!(!exact && (95_000..105_000).contains(&count), "{count}");
    }
}
