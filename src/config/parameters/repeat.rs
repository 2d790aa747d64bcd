//! `[parameters.rfm]`, `ladder`, `norms`, `whatif` and `campaign`: repeat sales and what they bring.

use serde::Deserialize;

use super::super::file::Setting;
use super::checker::{Checker, Order};
use crate::error::Result;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RfmTable {
    pub method: Setting<String>,
    pub recency_days: Setting<Vec<i64>>,
    pub purchases: Setting<Vec<i64>>,
    pub revenue: Setting<Vec<i64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LadderTable {
    pub advocate_score: Setting<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NormsTable {
    pub active_share: Setting<Vec<f64>>,
    pub regular_share: Setting<Vec<f64>>,
    pub repeat_revenue_share: Setting<Vec<f64>>,
    pub regular_growth: Setting<Vec<f64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhatifTable {
    pub regular_share: Setting<f64>,
    pub churn_points: Setting<f64>,
    pub win_back_share: Setting<f64>,
    pub cost_per_contact: Setting<f64>,
    pub contacts_per_client: Setting<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CampaignTable {
    pub response_days: Setting<i64>,
}

/// Four borders from score 5 down to 2.
pub(super) fn rfm(raw: &RfmTable, to: &mut Checker<'_, '_>) -> Result<()> {
    to.word("rfm_method", &raw.method, &["quantile", "fixed"])?;
    let days = &[30, 60, 120, 180];
    to.borders("rfm_recency_days", &raw.recency_days, days, Order::Ascending, 0..=36_500)?;
    let purchases = &[12, 8, 4, 2];
    to.borders("rfm_purchases", &raw.purchases, purchases, Order::Descending, 1..=1_000_000)?;
    let revenue = &[1_000_000, 300_000, 100_000, 30_000];
    to.borders("rfm_revenue", &raw.revenue, revenue, Order::Descending, 0..=1_000_000_000_000_000)
}

pub(super) fn ladder(raw: &LadderTable, to: &mut Checker<'_, '_>) -> Result<()> {
    to.whole("ladder_advocate_score", &raw.advocate_score, 9, 0..=10)?;
    Ok(())
}

pub(super) fn norms(raw: &NormsTable, to: &mut Checker<'_, '_>) -> Result<()> {
    to.one_or_two_shares("norms_active_share", &raw.active_share, &[3_000])?;
    to.one_or_two_shares("norms_regular_share", &raw.regular_share, &[2_500, 3_000])?;
    let repeat_revenue = &[4_000, 6_000];
    to.one_or_two_shares("norms_repeat_revenue_share", &raw.repeat_revenue_share, repeat_revenue)?;
    to.one_or_two_shares("norms_regular_growth", &raw.regular_growth, &[1_000, 1_500])
}

/// Six decimals, as all steps of the scenarios are shown.
pub(super) fn whatif(raw: &WhatifTable, to: &mut Checker<'_, '_>) -> Result<()> {
    const RATIO: (u8, u8) = (9, 6);
    const MONEY: (u8, u8) = (28, 6);
    let share = 0.0..=1.0;
    to.decimal("whatif_regular_share", &raw.regular_share, 250_000, RATIO, share.clone())?;
    to.decimal("whatif_churn_points", &raw.churn_points, 10_000, RATIO, share.clone())?;
    to.decimal("whatif_win_back_share", &raw.win_back_share, 100_000, RATIO, share)?;
    to.decimal("whatif_cost_per_contact", &raw.cost_per_contact, 0, MONEY, 0.0..=1e9)?;
    let contacts = 1_000_000;
    to.decimal(
        "whatif_contacts_per_client",
        &raw.contacts_per_client,
        contacts,
        RATIO,
        0.0..=100.0,
    )?;
    Ok(())
}

pub(super) fn campaign(raw: &CampaignTable, to: &mut Checker<'_, '_>) -> Result<()> {
    // The campaign is followed for twelve months.
    to.whole("campaign_response_days", &raw.response_days, 90, 1..=365)?;
    Ok(())
}
