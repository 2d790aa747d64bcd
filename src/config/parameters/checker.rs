//! One parameter after another, checked and put under its name in SQL.

use std::fmt::{Debug, Display};
use std::ops::RangeInclusive;

use toml::Spanned;

use super::super::file::{Place, Setting};
use super::super::parameter_value::ParameterValue;
use super::{Values, below, scaled};
use crate::error::Result;

/// Places of the decimals that shares have.
const SHARE_SCALE: u8 = 4;
const SHARE_PRECISION: u8 = 5;

/// Sections within sections.
const SECTIONS_WITHIN: [&str; 2] = ["lifecycle_b2b", "lifecycle_b2c"];

/// Checks settings of a pipeline file. A parameter is named as SQL knows it; the part before the
/// first `_` is its section: `loss_inquiries` is `parameters.loss.inquiries`; those of
/// [`SECTIONS_WITHIN`] are sections too.
pub(super) struct Checker<'a, 'p> {
    place: &'a Place<'p>,
    values: &'a mut Values,
}

/// Which way the items of a list go.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Ascending,
    Descending,
}

impl<'a, 'p> Checker<'a, 'p> {
    pub fn new(place: &'a Place<'p>, values: &'a mut Values) -> Self {
        Self { place, values }
    }

    /// A whole number within bounds.
    pub fn whole(
        &mut self,
        name: &'static str,
        setting: &Setting<i64>,
        default: i64,
        allowed: RangeInclusive<i64>,
    ) -> Result<i64> {
        let value = self.place.whole_number(&key(name), setting, default, allowed)?;
        self.values.insert(name, ParameterValue::Integer(value));
        Ok(value)
    }

    /// A number within bounds.
    pub fn number(
        &mut self,
        name: &'static str,
        setting: &Setting<f64>,
        default: f64,
        allowed: RangeInclusive<f64>,
    ) -> Result<f64> {
        let value = self.place.number(&key(name), setting, default, allowed)?;
        self.values.insert(name, ParameterValue::Double(value));
        Ok(value)
    }

    /// A probability, both ends excluded.
    pub fn probability(
        &mut self,
        name: &'static str,
        setting: &Setting<f64>,
        default: f64,
    ) -> Result<f64> {
        if let Some(given) = setting.as_ref().filter(|given| !is_inside(*given.get_ref())) {
            let problem = "must lie between 0 and 1, both excluded";
            return Err(self.place.error(&key(name), given, problem));
        }
        self.number(name, setting, default, 0.0..=1.0)
    }

    /// A share between 0 and 1 with four decimals, exactly; the default in ten-thousandths.
    pub fn share(
        &mut self,
        name: &'static str,
        setting: &Setting<f64>,
        default: i128,
    ) -> Result<i128> {
        let unscaled = super::share(&key(name), setting, default, self.place)?;
        self.values.insert(name, super::share_value(unscaled));
        Ok(unscaled)
    }

    /// One share, or two of which the second is greater.
    pub fn one_or_two_shares(
        &mut self,
        name: &'static str,
        setting: &Setting<Vec<f64>>,
        default: &[i128],
    ) -> Result<()> {
        let mut unscaled = default.to_vec();
        if let Some(given) = setting {
            let wrong = |problem: &str| self.place.error(&key(name), given, problem);
            let shares = given.get_ref();
            if !(1..=2).contains(&shares.len()) {
                return Err(wrong("must be one share or two: from, or from and to"));
            }
            let exact: Option<Vec<i128>> = shares
                .iter()
                .filter(|share| is_inside(**share))
                .map(|share| {
                    scaled(*share, SHARE_SCALE).filter(|units| (1..10_000).contains(units))
                })
                .collect();
            unscaled = exact.filter(|exact| exact.len() == shares.len()).ok_or_else(|| {
                wrong("must hold shares between 0 and 1 with up to four decimals")
            })?;
            if unscaled.windows(2).any(|pair| pair[0] >= pair[1]) {
                return Err(wrong("must rise"));
            }
        }
        let (precision, scale) = (SHARE_PRECISION, SHARE_SCALE);
        self.values.insert(name, ParameterValue::Decimals { unscaled, precision, scale });
        Ok(())
    }

    /// An exact number with decimals within bounds; the default in units of the last decimal.
    pub fn decimal(
        &mut self,
        name: &'static str,
        setting: &Setting<f64>,
        default: i128,
        (precision, scale): (u8, u8),
        allowed: RangeInclusive<f64>,
    ) -> Result<i128> {
        let mut unscaled = default;
        if let Some(given) = setting {
            let value = self.place.number(&key(name), setting, 0.0, allowed)?;
            unscaled = scaled(value, scale).ok_or_else(|| {
                self.place.error(&key(name), given, &format!("has more than {scale} decimals"))
            })?;
        }
        self.values.insert(name, ParameterValue::Decimal { unscaled, precision, scale });
        Ok(unscaled)
    }

    /// True or false.
    pub fn flag(&mut self, name: &'static str, setting: &Setting<bool>, default: bool) {
        let value = setting.as_ref().map_or(default, |given| *given.get_ref());
        self.values.insert(name, ParameterValue::Boolean(value));
    }

    /// One of a few words, the first of which is the default.
    pub fn word(
        &mut self,
        name: &'static str,
        setting: &Setting<String>,
        allowed: &[&str],
    ) -> Result<()> {
        let word = self.place.word(&key(name), setting, allowed)?;
        self.values.insert(name, super::text(word));
        Ok(())
    }

    /// Some of a few words, by default all.
    pub fn words(
        &mut self,
        name: &'static str,
        setting: &Setting<Vec<String>>,
        allowed: &[&str],
    ) -> Result<()> {
        let words = self.place.words(&key(name), setting, allowed, allowed)?;
        self.values.insert(name, ParameterValue::Texts(words));
        Ok(())
    }

    /// As many whole numbers as the default has, each beyond the one before it.
    pub fn borders(
        &mut self,
        name: &'static str,
        setting: &Setting<Vec<i64>>,
        default: &[i64],
        order: Order,
        allowed: RangeInclusive<i64>,
    ) -> Result<()> {
        let mut borders = default.to_vec();
        if let Some(given) = setting {
            let wrong = |problem: &str| self.place.error(&key(name), given, problem);
            borders.clone_from(given.get_ref());
            if borders.len() != default.len() {
                return Err(wrong(&format!("must hold {} numbers", default.len())));
            }
            if let Some(outside) = borders.iter().find(|border| !allowed.contains(border)) {
                let (least, most) = (allowed.start(), allowed.end());
                let problem = format!("has {outside}, which is not between {least} and {most}");
                return Err(wrong(&problem));
            }
            let goes = |pair: &[i64]| match order {
                Order::Ascending => pair[0] < pair[1],
                Order::Descending => pair[0] > pair[1],
            };
            if !borders.windows(2).all(goes) {
                return Err(wrong(match order {
                    Order::Ascending => "must rise",
                    Order::Descending => "must fall",
                }));
            }
        }
        self.values.insert(name, ParameterValue::Integers(borders));
        Ok(())
    }

    /// Checks that the lower of two settings is below the upper.
    pub fn below<T: PartialOrd + Display + Debug>(
        &self,
        (low_name, low_at, low): (&str, &Option<Spanned<T>>, T),
        (high_name, high_at, high): (&str, &Option<Spanned<T>>, T),
    ) -> Result<()> {
        let (low_key, high_key) = (key(low_name), key(high_name));
        below((&low_key, low_at, low), (&high_key, high_at, high), true, self.place)
    }
}

fn is_inside(value: f64) -> bool {
    value > 0.0 && value < 1.0
}

/// As the pipeline file has it.
fn key(name: &str) -> String {
    let inner = SECTIONS_WITHIN.iter().find_map(|section| {
        let rest = name.strip_prefix(section)?.strip_prefix('_')?;
        Some(format!("parameters.{}.{rest}", section.replace('_', ".")))
    });
    inner.unwrap_or_else(|| format!("parameters.{}", name.replacen('_', ".", 1)))
}
