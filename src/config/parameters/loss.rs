//! `[parameters.loss]`, `[parameters.winback]` and `[parameters.survey]`: who is lost on other
//! grounds, whom to call, and whom to ask why.

use serde::Deserialize;

use super::super::file::Setting;
use super::checker::{Checker, Order};
use crate::error::Result;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LossTable {
    pub rhythm_intervals: Setting<i64>,
    pub low_nps_score: Setting<i64>,
    pub inquiries: Setting<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WinbackTable {
    pub chance_history_months: Setting<i64>,
    pub includes_class_c: Setting<bool>,
    pub watch_overdue_ratio: Setting<f64>,
    pub watch_revenue_ratio: Setting<f64>,
    pub watch_return_share: Setting<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SurveyTable {
    pub precision: Setting<f64>,
    pub seed: Setting<i64>,
    pub silence_months: Setting<Vec<i64>>,
    pub answer_months: Setting<i64>,
    pub ask_again_months: Setting<i64>,
}

pub(super) fn loss(raw: &LossTable, to: &mut Checker<'_, '_>) -> Result<()> {
    to.whole("loss_rhythm_intervals", &raw.rhythm_intervals, 3, 1..=100)?;
    to.whole("loss_low_nps_score", &raw.low_nps_score, 6, 0..=9)?;
    to.whole("loss_inquiries", &raw.inquiries, 3, 1..=1_000)?;
    Ok(())
}

pub(super) fn winback(raw: &WinbackTable, to: &mut Checker<'_, '_>) -> Result<()> {
    to.whole("winback_chance_history_months", &raw.chance_history_months, 36, 12..=1_200)?;
    to.flag("winback_includes_class_c", &raw.includes_class_c, false);
    to.number("winback_watch_overdue_ratio", &raw.watch_overdue_ratio, 2.0, 0.1..=100.0)?;
    to.number("winback_watch_revenue_ratio", &raw.watch_revenue_ratio, 0.5, 0.01..=1.0)?;
    to.number("winback_watch_return_share", &raw.watch_return_share, 0.1, 0.01..=1.0)?;
    Ok(())
}

pub(super) fn survey(raw: &SurveyTable, to: &mut Checker<'_, '_>) -> Result<()> {
    to.number("survey_precision", &raw.precision, 0.10, 0.01..=0.30)?;
    to.whole("survey_seed", &raw.seed, 1, 0..=1_000_000)?;
    let months = 1..=600;
    let silence = &[6, 12, 24];
    let order = Order::Ascending;
    to.borders("survey_silence_months", &raw.silence_months, silence, order, months)?;
    to.whole("survey_answer_months", &raw.answer_months, 24, 1..=600)?;
    to.whole("survey_ask_again_months", &raw.ask_again_months, 12, 0..=600)?;
    Ok(())
}
