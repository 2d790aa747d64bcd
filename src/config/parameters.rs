//! `[parameters]`: thresholds and settings that SQL models read as `$name`, typed and checked.

mod checker;
mod false_churn;
mod lifecycle;
mod loss;
mod movement;
mod repeat;
mod suggest;

pub use false_churn::{DealersTable, SuccessorsTable};
pub use lifecycle::LifecycleTable;
pub use loss::{LossTable, SurveyTable, WinbackTable};
pub use movement::{MovementsTable, WarningsTable};
pub use repeat::{CampaignTable, LadderTable, NormsTable, RfmTable, WhatifTable};
pub use suggest::SuggestTable;

use std::collections::BTreeMap;
use std::fmt::{Debug, Display};

use toml::Spanned;

use self::checker::Checker;
use super::file::{AbcTable, ParametersTable, Place, Setting, XyzTable};
use super::parameter_value::ParameterValue;
use crate::error::Result;

/// The eight things a table can be cut by, as spec'd in docs/metrics.md.
const DIMENSIONS: [&str; 8] =
    ["client", "product", "category", "manager", "department", "branch", "region", "channel"];
const MEASURES: [&str; 4] = ["revenue", "profit", "quantity", "purchases"];
const DEFAULT_MEASURES: [&str; 2] = ["revenue", "profit"];

/// Published XYZ borders by name: largest CV of X and of Y.
const XYZ_PRESETS: [(&str, f64, f64); 3] =
    [("classic", 0.10, 0.25), ("wide", 0.20, 0.60), ("client", 0.50, 1.00)];

/// Checked parameters, by the name SQL uses (`abc_a_share`).
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    values: BTreeMap<&'static str, ParameterValue>,
}

impl Parameters {
    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&ParameterValue> {
        self.values.get(name)
    }

    /// All names with values, sorted.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ParameterValue)> {
        self.values.iter().map(|(name, value)| (*name, value))
    }

    /// A whole-number parameter; for a list, its largest item.
    pub fn whole_number(&self, name: &str) -> Option<i64> {
        match self.get(name)? {
            ParameterValue::Integer(number) => Some(*number),
            ParameterValue::Integers(numbers) => numbers.iter().copied().max(),
            _ => None,
        }
    }

    /// Checks the `[parameters]` of a pipeline file and fills in the defaults of docs/metrics.md.
    pub(super) fn check(raw: &ParametersTable, place: &Place<'_>) -> Result<Self> {
        let mut values = BTreeMap::new();
        let window_months = abc(&raw.abc, place, &mut values)?;
        xyz(&raw.xyz, window_months, place, &mut values)?;
        churn(raw, place, &mut values)?;
        let to = &mut Checker::new(place, &mut values);
        lifecycle::lifecycle(&raw.lifecycle, to)?;
        movement::movements(&raw.movements, to)?;
        movement::warnings(&raw.warnings, to)?;
        loss::loss(&raw.loss, to)?;
        loss::winback(&raw.winback, to)?;
        loss::survey(&raw.survey, to)?;
        repeat::rfm(&raw.rfm, to)?;
        repeat::ladder(&raw.ladder, to)?;
        repeat::norms(&raw.norms, to)?;
        repeat::whatif(&raw.whatif, to)?;
        repeat::campaign(&raw.campaign, to)?;
        false_churn::successors(&raw.successors, to)?;
        false_churn::dealers(&raw.dealers, to)?;
        suggest::suggest(&raw.suggest, to)?;
        Ok(Self { values })
    }
}

type Values = BTreeMap<&'static str, ParameterValue>;

/// Gives the months of the window, which other parameters depend on.
fn abc(raw: &AbcTable, place: &Place<'_>, values: &mut Values) -> Result<i64> {
    let a_share = share("parameters.abc.a_share", &raw.a_share, 8_000, place)?;
    let b_share = share("parameters.abc.b_share", &raw.b_share, 9_500, place)?;
    if a_share >= b_share {
        let (key, at) = match (&raw.a_share, &raw.b_share) {
            (_, Some(at)) => ("parameters.abc.b_share", at),
            (Some(at), None) => ("parameters.abc.a_share", at),
            (None, None) => unreachable_defaults(),
        };
        let problem = format!(
            "does not fit: 0 < a_share < b_share < 1 must hold, but a_share is {} and b_share is {}",
            f64::from(a_share as i32) / 1e4,
            f64::from(b_share as i32) / 1e4,
        );
        return Err(place.error(key, at, &problem));
    }
    values.insert("abc_a_share", share_value(a_share));
    values.insert("abc_b_share", share_value(b_share));
    let crossing = place.word("parameters.abc.crossing", &raw.crossing, &["up", "down"])?;
    values.insert("abc_crossing", text(crossing));
    let window =
        place.whole_number("parameters.abc.window_months", &raw.window_months, 12, 1..=120)?;
    values.insert("abc_window_months", ParameterValue::Integer(window));
    let measures =
        place.words("parameters.abc.measures", &raw.measures, &MEASURES, &DEFAULT_MEASURES)?;
    values.insert("abc_measures", ParameterValue::Texts(measures));
    let dimensions =
        place.words("parameters.abc.dimensions", &raw.dimensions, &DIMENSIONS, &DIMENSIONS)?;
    values.insert("abc_dimensions", ParameterValue::Texts(dimensions));
    Ok(window)
}

fn xyz(raw: &XyzTable, window: i64, place: &Place<'_>, values: &mut Values) -> Result<()> {
    let names = ["classic", "wide", "client", "custom", "quantile"];
    let preset = match (&raw.preset, &raw.x_cv, &raw.y_cv) {
        // Borders given without a preset name are a preset of their own.
        (None, Some(_), _) | (None, _, Some(_)) => "custom",
        _ => place.word("parameters.xyz.preset", &raw.preset, &names)?,
    };
    let (x_cv, y_cv) = match XYZ_PRESETS.iter().find(|(name, ..)| *name == preset) {
        Some((_, x_cv, y_cv)) => {
            if let Some(at) = raw.x_cv.as_ref().or(raw.y_cv.as_ref()) {
                let problem = format!("contradicts preset \"{preset}\"; use preset = \"custom\"");
                return Err(place.error("parameters.xyz border", at, &problem));
            }
            (*x_cv, *y_cv)
        }
        // Thirds of the base need no borders; the classic ones fill the place.
        None if preset == "quantile" => (0.10, 0.25),
        None => custom_borders(raw, place)?,
    };
    values.insert("xyz_preset", text(preset));
    values.insert("xyz_x_cv", ParameterValue::Double(x_cv));
    values.insert("xyz_y_cv", ParameterValue::Double(y_cv));
    let histories = ["since_first_purchase", "full_window"];
    values.insert(
        "xyz_history",
        text(place.word("parameters.xyz.history", &raw.history, &histories)?),
    );
    let methods = ["variation", "frequency"];
    values.insert("xyz_method", text(place.word("parameters.xyz.method", &raw.method, &methods)?));
    let min_months = place.whole_number(
        "parameters.xyz.min_months",
        &raw.min_months,
        3.min(window),
        1..=window,
    )?;
    values.insert("xyz_min_months", ParameterValue::Integer(min_months));
    // 10 and 4 of 12 months, scaled to the window and rounded up.
    let scaled = |of_twelve: i64| ((of_twelve * window + 11) / 12).max(1);
    let x_months = place.whole_number(
        "parameters.xyz.frequency_x_months",
        &raw.frequency_x_months,
        scaled(10),
        1..=window,
    )?;
    let y_months = place.whole_number(
        "parameters.xyz.frequency_y_months",
        &raw.frequency_y_months,
        scaled(4),
        1..=window,
    )?;
    below(
        ("parameters.xyz.frequency_y_months", &raw.frequency_y_months, y_months),
        ("parameters.xyz.frequency_x_months", &raw.frequency_x_months, x_months),
        window > 1,
        place,
    )?;
    values.insert("xyz_frequency_x_months", ParameterValue::Integer(x_months));
    values.insert("xyz_frequency_y_months", ParameterValue::Integer(y_months));
    Ok(())
}

fn custom_borders(raw: &XyzTable, place: &Place<'_>) -> Result<(f64, f64)> {
    let (Some(x_cv), Some(y_cv)) = (&raw.x_cv, &raw.y_cv) else {
        return Err(crate::error::Error::configuration(format!(
            "{}: parameters.xyz preset \"custom\" needs both x_cv and y_cv",
            place.shown
        )));
    };
    let (x, y) = (*x_cv.get_ref(), *y_cv.get_ref());
    if !(x > 0.0 && x.is_finite()) {
        return Err(place.error("parameters.xyz.x_cv", x_cv, "must be above 0"));
    }
    if !(y > x && y.is_finite()) {
        let problem = format!("must be above x_cv ({x})");
        return Err(place.error("parameters.xyz.y_cv", y_cv, &problem));
    }
    Ok((x, y))
}

fn churn(raw: &ParametersTable, place: &Place<'_>, values: &mut Values) -> Result<()> {
    let mut lost_after = vec![3, 6];
    if let Some(given) = &raw.churn.lost_after_months {
        let key = "parameters.churn.lost_after_months";
        lost_after.clone_from(given.get_ref());
        lost_after.sort_unstable();
        if lost_after.is_empty() || lost_after.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(place.error(key, given, "must name at least one number, each once"));
        }
        if lost_after.iter().any(|months| !(1..=60).contains(months)) {
            return Err(place.error(key, given, "must hold numbers between 1 and 60"));
        }
    }
    let growth = place.whole_number(
        "parameters.growth.lost_after_months",
        &raw.growth.lost_after_months,
        lost_after[0],
        1..=60,
    )?;
    let burn_in = place.whole_number(
        "parameters.history.burn_in_months",
        &raw.history.burn_in_months,
        12,
        0..=120,
    )?;
    values.insert("churn_lost_after_months", ParameterValue::Integers(lost_after));
    values.insert("growth_lost_after_months", ParameterValue::Integer(growth));
    values.insert("history_burn_in_months", ParameterValue::Integer(burn_in));
    Ok(())
}

/// A share between 0 and 1 in ten-thousandths, exactly.
fn share(key: &str, setting: &Setting<f64>, default: i128, place: &Place<'_>) -> Result<i128> {
    let Some(given) = setting else { return Ok(default) };
    let value = *given.get_ref();
    if !(value > 0.0 && value < 1.0) {
        return Err(place.error(key, given, "must lie between 0 and 1, both excluded"));
    }
    scaled(value, 4)
        .filter(|share| (1..=9_999).contains(share))
        .ok_or_else(|| place.error(key, given, "has more than four decimals"))
}

/// A number in units of its last decimal; none when it has more decimals.
fn scaled(value: f64, scale: u8) -> Option<i128> {
    let units = value * 10_f64.powi(i32::from(scale));
    let whole = units.round();
    // What a binary fraction of the written number is off.
    ((units - whole).abs() <= 1e-6_f64.max(units.abs() * 1e-14)).then_some(whole as i128)
}

/// Checks that the lower of two borders is below the upper, naming whichever was written.
fn below<T: PartialOrd + Display + Debug>(
    (low_key, low_at, low): (&str, &Option<Spanned<T>>, T),
    (high_key, high_at, high): (&str, &Option<Spanned<T>>, T),
    strict: bool,
    place: &Place<'_>,
) -> Result<()> {
    if low < high || (!strict && low == high) {
        return Ok(());
    }
    match (low_at, high_at) {
        (_, Some(at)) => {
            Err(place.error(high_key, at, &format!("must be above {low_key} ({low})")))
        }
        (Some(at), None) => {
            Err(place.error(low_key, at, &format!("must be below {high_key} ({high})")))
        }
        (None, None) => unreachable_defaults(),
    }
}

/// Defaults fit together, so a misfit has at least one written value.
fn unreachable_defaults<T>() -> T {
    unreachable!("the default parameters contradict each other")
}

fn share_value(unscaled: i128) -> ParameterValue {
    ParameterValue::Decimal { unscaled, precision: 5, scale: 4 }
}

fn text(word: &str) -> ParameterValue {
    ParameterValue::Text(word.to_owned())
}

/// Used by tests and by commands that need no pipeline file.
impl Default for Parameters {
    fn default() -> Self {
        let place = Place { shown: "defaults", text: "" };
        Self::check(&ParametersTable::default(), &place).unwrap_or_else(|_| unreachable_defaults())
    }
}
