//! Decimals that sums of binary fractions leave in amounts: `0.30000000000000004` is 0.3.

use super::counts::{Example, example};

/// Decimals that money has.
pub const MONEY_DECIMALS: usize = 4;

/// Decimals that quantities have.
pub const QUANTITY_DECIMALS: usize = 3;

/// Amounts with more than three decimals, which are read in full and again with the 15 digits
/// that a binary fraction holds for sure.
#[derive(Debug, Clone, Default)]
pub struct Precision {
    /// Amounts with more decimals than money and than quantities have.
    too_many: [u64; 2],
    /// Of them, those that have so few with 15 digits.
    dust: [u64; 2],
    /// The first of either kind.
    dust_example: [Option<Example>; 2],
    other_example: [Option<Example>; 2],
    /// Most digits before the decimal separator.
    whole_digits: usize,
}

/// What the decimals of a column ask for.
#[derive(Debug, Clone, Copy)]
pub struct Excess<'a> {
    /// Amounts with binary dust, and the first of them.
    pub dust: Option<(u64, &'a Example)>,
    /// Amounts with too many decimals that are no dust, and the first of them.
    pub other: Option<(u64, &'a Example)>,
    /// Decimals of which 15 digits are sure, whatever the amount in the column.
    pub sure_decimals: u8,
}

impl Precision {
    /// Takes a number; `plain` has a point and digits only.
    pub fn feed(&mut self, plain: &str, text: &str, row: u64) {
        let (whole, decimals) = plain.split_once('.').unwrap_or((plain, ""));
        self.whole_digits = self.whole_digits.max(whole.trim_start_matches('0').len());
        let written = decimals.trim_end_matches('0').len();
        if written <= QUANTITY_DECIMALS {
            return;
        }
        let Ok(number) = plain.parse::<f64>() else { return };
        let sure = decimals_of_fifteen(number);
        for (place, most) in [MONEY_DECIMALS, QUANTITY_DECIMALS].into_iter().enumerate() {
            if written <= most {
                continue;
            }
            self.too_many[place] += 1;
            let is_dust = sure <= most;
            self.dust[place] += u64::from(is_dust);
            let kept = if is_dust { &mut self.dust_example } else { &mut self.other_example };
            kept[place].get_or_insert_with(|| example(text, row));
        }
    }

    /// What there is beyond this many decimals.
    pub fn excess(&self, most: usize) -> Excess<'_> {
        let place = usize::from(most == QUANTITY_DECIMALS);
        let dust = self.dust[place];
        let sure = 15_usize.saturating_sub(self.whole_digits).clamp(most + 1, 11);
        Excess {
            dust: self.dust_example[place].as_ref().map(|example| (dust, example)),
            other: self.other_example[place]
                .as_ref()
                .map(|example| (self.too_many[place] - dust, example)),
            sure_decimals: sure as u8,
        }
    }
}

/// Decimals of a number with 15 significant digits.
fn decimals_of_fifteen(number: f64) -> usize {
    let text = format!("{number:.14e}");
    let Some((mantissa, exponent)) = text.split_once('e') else { return usize::MAX };
    let decimals = mantissa.split_once('.').map_or("", |(_, decimals)| decimals);
    let decimals = decimals.trim_end_matches('0').len() as i64;
    let exponent: i64 = exponent.parse().unwrap_or(0);
    usize::try_from((decimals - exponent).max(0)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excess(texts: &[&str], most: usize) -> (u64, u64, u8) {
        let mut precision = Precision::default();
        for text in texts {
            precision.feed(text, text, 2);
        }
        let excess = precision.excess(most);
        let count = |found: Option<(u64, &Example)>| found.map_or(0, |(count, _)| count);
        (count(excess.dust), count(excess.other), excess.sure_decimals)
    }

    #[test]
    fn dust_is_told_from_decimals() {
        // 0.1 + 0.2, 1.1 × 3, 1234.55 + 0.01 in binary fractions.
        let dust = ["0.30000000000000004", "3.3000000000000003", "1234.5600000000002", "7", "1.25"];
        assert_eq!(excess(&dust, MONEY_DECIMALS), (3, 0, 11));
        assert_eq!(excess(&["1234.56789", "1.23456", "2.12345000"], MONEY_DECIMALS), (0, 3, 11));
        assert_eq!(excess(&["1.2345", "2.0005"], MONEY_DECIMALS), (0, 0, 11));
        assert_eq!(excess(&["1.2345", "2.3000000000000003"], QUANTITY_DECIMALS), (1, 1, 11));
        assert_eq!(excess(&["12345678901.300001"], MONEY_DECIMALS), (1, 0, 5));
        assert_eq!(excess(&["12345678.30001"], MONEY_DECIMALS), (0, 1, 7));
    }
}
