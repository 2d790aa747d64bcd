//! `[parameters.movements]` and `[parameters.warnings]`: why clients move, and who is about to.

use serde::Deserialize;

use super::super::file::Setting;
use super::checker::Checker;
use crate::error::Result;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MovementsTable {
    pub months: Setting<i64>,
    pub compare: Setting<Vec<String>>,
    pub product_share: Setting<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarningsTable {
    pub overdue_ratio: Setting<f64>,
    pub overdue_days: Setting<i64>,
    pub overdue_purchases: Setting<i64>,
    pub fall_share: Setting<f64>,
    pub product_share: Setting<f64>,
    pub return_share: Setting<f64>,
    pub return_factor: Setting<i64>,
}

pub(super) fn movements(raw: &MovementsTable, to: &mut Checker<'_, '_>) -> Result<()> {
    // Longer periods would overlap with the same months a year before.
    to.whole("movements_months", &raw.months, 3, 1..=12)?;
    to.words("movements_compare", &raw.compare, &["previous", "year_ago"])?;
    to.share("movements_product_share", &raw.product_share, 500)?;
    Ok(())
}

pub(super) fn warnings(raw: &WarningsTable, to: &mut Checker<'_, '_>) -> Result<()> {
    to.number("warnings_overdue_ratio", &raw.overdue_ratio, 2.0, 0.1..=100.0)?;
    to.whole("warnings_overdue_days", &raw.overdue_days, 14, 0..=36_500)?;
    // One purchase has no interval.
    to.whole("warnings_overdue_purchases", &raw.overdue_purchases, 3, 2..=1_000_000)?;
    to.share("warnings_fall_share", &raw.fall_share, 8_000)?;
    to.share("warnings_product_share", &raw.product_share, 2_000)?;
    to.share("warnings_return_share", &raw.return_share, 500)?;
    to.whole("warnings_return_factor", &raw.return_factor, 2, 1..=1_000)?;
    Ok(())
}
