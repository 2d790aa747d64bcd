//! `[parameters.suggest]`: from which probabilities borders are suggested.

use serde::Deserialize;

use super::super::file::Setting;
use super::checker::Checker;
use crate::error::Result;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuggestTable {
    pub dozing_below: Setting<f64>,
    pub asleep_below: Setting<f64>,
    pub regular_within: Setting<f64>,
    pub lost_below: Setting<f64>,
    pub lost_for_good_below: Setting<f64>,
    pub least_silences: Setting<i64>,
    pub least_months: Setting<i64>,
    pub least_x_share: Setting<f64>,
    pub most_z_share: Setting<f64>,
}

pub(super) fn suggest(raw: &SuggestTable, to: &mut Checker<'_, '_>) -> Result<()> {
    let dozing = to.probability("suggest_dozing_below", &raw.dozing_below, 0.5)?;
    let asleep = to.probability("suggest_asleep_below", &raw.asleep_below, 0.1)?;
    to.below(
        ("suggest_asleep_below", &raw.asleep_below, asleep),
        ("suggest_dozing_below", &raw.dozing_below, dozing),
    )?;
    to.probability("suggest_regular_within", &raw.regular_within, 0.05)?;
    let lost = to.probability("suggest_lost_below", &raw.lost_below, 0.5)?;
    let for_good = to.probability("suggest_lost_for_good_below", &raw.lost_for_good_below, 0.25)?;
    to.below(
        ("suggest_lost_for_good_below", &raw.lost_for_good_below, for_good),
        ("suggest_lost_below", &raw.lost_below, lost),
    )?;
    to.whole("suggest_least_silences", &raw.least_silences, 100, 1..=1_000_000)?;
    to.whole("suggest_least_months", &raw.least_months, 24, 1..=1_200)?;
    to.share("suggest_least_x_share", &raw.least_x_share, 500)?;
    to.share("suggest_most_z_share", &raw.most_z_share, 8_000)?;
    Ok(())
}
