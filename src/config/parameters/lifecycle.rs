//! `[parameters.lifecycle]`: borders of the life cycle, for all clients and for those of one type.

use serde::Deserialize;

use super::super::file::Setting;
use super::checker::Checker;
use crate::error::Result;

/// Most purchases and most days that a border can have.
const MOST_PURCHASES: i64 = 1_000_000;
const MOST_DAYS: i64 = 36_500;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LifecycleTable {
    pub prospective_purchases: Setting<i64>,
    pub regular_purchases: Setting<i64>,
    pub active_days: Setting<i64>,
    pub asleep_days: Setting<i64>,
    /// Companies, where their borders are others.
    #[serde(default)]
    pub b2b: TypeTable,
    /// Persons, where their borders are others.
    #[serde(default)]
    pub b2c: TypeTable,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypeTable {
    pub prospective_purchases: Setting<i64>,
    pub regular_purchases: Setting<i64>,
    pub active_days: Setting<i64>,
    pub asleep_days: Setting<i64>,
}

/// Two borders of purchases, two of days.
type Borders<T> = [T; 4];

pub(super) fn lifecycle(raw: &LifecycleTable, to: &mut Checker<'_, '_>) -> Result<()> {
    let names = [
        "lifecycle_prospective_purchases",
        "lifecycle_regular_purchases",
        "lifecycle_active_days",
        "lifecycle_asleep_days",
    ];
    let settings =
        [&raw.prospective_purchases, &raw.regular_purchases, &raw.active_days, &raw.asleep_days];
    let general = borders(names, settings, [2, 4, 60, 180], to)?;
    let b2b_names = [
        "lifecycle_b2b_prospective_purchases",
        "lifecycle_b2b_regular_purchases",
        "lifecycle_b2b_active_days",
        "lifecycle_b2b_asleep_days",
    ];
    let b2c_names = [
        "lifecycle_b2c_prospective_purchases",
        "lifecycle_b2c_regular_purchases",
        "lifecycle_b2c_active_days",
        "lifecycle_b2c_asleep_days",
    ];
    for (names, of) in [(b2b_names, &raw.b2b), (b2c_names, &raw.b2c)] {
        let settings =
            [&of.prospective_purchases, &of.regular_purchases, &of.active_days, &of.asleep_days];
        borders(names, settings, general, to)?;
    }
    Ok(())
}

fn borders(
    names: Borders<&'static str>,
    settings: Borders<&Setting<i64>>,
    defaults: Borders<i64>,
    to: &mut Checker<'_, '_>,
) -> Result<Borders<i64>> {
    // One purchase is a new client.
    let prospective = to.whole(names[0], settings[0], defaults[0], 2..=MOST_PURCHASES)?;
    let regular = to.whole(names[1], settings[1], defaults[1], 1..=MOST_PURCHASES)?;
    let active = to.whole(names[2], settings[2], defaults[2], 1..=MOST_DAYS)?;
    let asleep = to.whole(names[3], settings[3], defaults[3], 1..=MOST_DAYS)?;
    to.below((names[0], settings[0], prospective), (names[1], settings[1], regular))?;
    to.below((names[2], settings[2], active), (names[3], settings[3], asleep))?;
    Ok([prospective, regular, active, asleep])
}
