//! `[parameters.successors]` and `[parameters.dealers]`: who only seems to be gone.

use serde::Deserialize;

use super::super::file::Setting;
use super::checker::Checker;
use crate::error::Result;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuccessorsTable {
    pub days_before: Setting<i64>,
    pub days_after: Setting<i64>,
    pub share: Setting<f64>,
    pub most_pairs: Setting<i64>,
    pub most_candidates: Setting<i64>,
    pub least_probability: Setting<f64>,
    pub possible_probability: Setting<f64>,
    pub probable_probability: Setting<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DealersTable {
    pub share: Setting<f64>,
    pub most_growing: Setting<i64>,
    pub most_candidates: Setting<i64>,
    pub least_probability: Setting<f64>,
    pub possible_probability: Setting<f64>,
    pub probable_probability: Setting<f64>,
}

pub(super) fn successors(raw: &SuccessorsTable, to: &mut Checker<'_, '_>) -> Result<()> {
    to.whole("successors_days_before", &raw.days_before, 60, 0..=366)?;
    to.whole("successors_days_after", &raw.days_after, 183, 1..=732)?;
    to.probability("successors_share", &raw.share, 0.1)?;
    to.whole("successors_most_pairs", &raw.most_pairs, 400, 1..=1_000_000)?;
    to.whole("successors_most_candidates", &raw.most_candidates, 5, 1..=100)?;
    let names = [
        "successors_least_probability",
        "successors_possible_probability",
        "successors_probable_probability",
    ];
    let settings = [&raw.least_probability, &raw.possible_probability, &raw.probable_probability];
    bands(names, settings, to)
}

pub(super) fn dealers(raw: &DealersTable, to: &mut Checker<'_, '_>) -> Result<()> {
    to.probability("dealers_share", &raw.share, 0.06)?;
    to.whole("dealers_most_growing", &raw.most_growing, 50, 1..=10_000)?;
    to.whole("dealers_most_candidates", &raw.most_candidates, 3, 1..=100)?;
    let names = [
        "dealers_least_probability",
        "dealers_possible_probability",
        "dealers_probable_probability",
    ];
    let settings = [&raw.least_probability, &raw.possible_probability, &raw.probable_probability];
    bands(names, settings, to)
}

/// From where candidates are published, possible, and probable.
fn bands(
    names: [&'static str; 3],
    settings: [&Setting<f64>; 3],
    to: &mut Checker<'_, '_>,
) -> Result<()> {
    let least = to.probability(names[0], settings[0], 0.05)?;
    let possible = to.probability(names[1], settings[1], 0.3)?;
    let probable = to.probability(names[2], settings[2], 0.8)?;
    to.below((names[0], settings[0], least), (names[1], settings[1], possible))?;
    to.below((names[1], settings[1], possible), (names[2], settings[2], probable))
}
