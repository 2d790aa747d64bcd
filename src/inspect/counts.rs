//! Counts of the numbers and dates of a column, with examples.

use std::collections::BTreeMap;

use super::date_shape::DateNotation;
use super::precision::Precision;

/// Letters of a kept value.
pub const LONGEST_EXAMPLE: usize = 80;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The text, cut when long.
    pub text: String,
    /// Its row in the file.
    pub row: u64,
}

/// Numbers of a column by what they prove about separators.
#[derive(Debug, Clone, Default)]
pub struct NumberCounts {
    /// All texts that are numbers.
    pub all: u64,
    /// By separator (point, comma): only decimals can be meant.
    pub decimal: [u64; 2],
    /// By separator: only groups can be meant.
    pub group: [u64; 2],
    /// By separator: decimals or a group.
    pub either: [u64; 2],
    /// First example of each of the three, by separator.
    pub decimal_example: [Option<Example>; 2],
    /// See `decimal_example`.
    pub group_example: [Option<Example>; 2],
    /// See `decimal_example`.
    pub either_example: [Option<Example>; 2],
    /// Most digits behind a separator, groups counted as decimals.
    pub most_decimals: usize,
    /// Amounts by what sums of binary fractions leave in them.
    pub precision: Precision,
    /// Currencies that stand beside the digits, with their counts.
    pub currencies: BTreeMap<&'static str, u64>,
}

/// Dates of a column in one notation.
#[derive(Debug, Clone)]
pub struct DateCounts {
    /// The notation.
    pub notation: DateNotation,
    /// How many.
    pub all: u64,
    /// Dates whose first number cannot be a month.
    pub first_over_12: u64,
    /// Dates whose second number cannot be a month.
    pub second_over_12: u64,
    /// The first of these two.
    pub proof: [Option<Example>; 2],
    /// The first date.
    pub example: Example,
}

/// A value to show, cut when long.
pub fn example(text: &str, row: u64) -> Example {
    Example { text: text.chars().take(LONGEST_EXAMPLE).collect(), row }
}
