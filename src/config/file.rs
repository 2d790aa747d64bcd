//! The pipeline file as it is written: every key, nothing checked yet.

use std::fmt::Display;
use std::ops::RangeInclusive;

use serde::Deserialize;
use toml::Spanned;

use super::parameters::{
    CampaignTable, DealersTable, LadderTable, LifecycleTable, LossTable, MovementsTable,
    NormsTable, RfmTable, SuccessorsTable, SuggestTable, SurveyTable, WarningsTable, WhatifTable,
    WinbackTable,
};
use crate::error::{Error, Result};

/// A value that knows where in the file it stands.
pub type Setting<T> = Option<Spanned<T>>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PipelineFile {
    pub description: Option<String>,
    pub warehouse: Setting<String>,
    pub published: Setting<String>,
    pub tables: Setting<Vec<String>>,
    pub segments: Setting<Vec<String>>,
    #[serde(default)]
    pub source: Vec<Spanned<SourceTable>>,
    #[serde(default)]
    pub parameters: ParametersTable,
    #[serde(default)]
    pub limits: LimitsTable,
    #[serde(default)]
    pub retention: RetentionTable,
}

/// One text, or a list of them.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceTable {
    pub name: Spanned<String>,
    pub files: Spanned<OneOrMany>,
    pub staging: Spanned<String>,
    pub table: Setting<String>,
    pub format: Setting<String>,
    pub delimiter: Setting<String>,
    pub quote: Setting<String>,
    pub encoding: Setting<String>,
    pub sheets: Setting<Vec<String>>,
    pub zip_files: Setting<Vec<String>>,
    pub header_row: Setting<i64>,
    pub header_rows: Setting<i64>,
    pub fill_down: Setting<Vec<String>>,
    pub kind: Setting<String>,
    pub period: Setting<String>,
    pub file_name_pattern: Setting<String>,
    pub key: Setting<Vec<String>>,
    pub date_formats: Setting<Vec<String>>,
    pub null_values: Setting<Vec<String>>,
    pub decimal_separator: Setting<String>,
    pub group_separator: Setting<String>,
    pub max_reject_share: Setting<f64>,
    pub extra: Setting<bool>,
    pub closed_after_days: Setting<i64>,
    pub closed_months: Setting<String>,
    #[serde(default)]
    pub contract: ContractTable,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContractTable {
    pub missing_columns: Setting<String>,
    pub new_columns: Setting<String>,
    pub changed_types: Setting<String>,
    pub unusual_months: Setting<String>,
    pub min_lines_share: Setting<f64>,
    pub min_revenue_share: Setting<f64>,
    pub usual_months: Setting<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsTable {
    pub memory_limit: Setting<String>,
    pub spill_limit: Setting<String>,
    pub slice_months: Setting<i64>,
    pub threads: Setting<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionTable {
    pub keep_days: Setting<i64>,
    pub keep_runs: Setting<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParametersTable {
    #[serde(default)]
    pub abc: AbcTable,
    #[serde(default)]
    pub xyz: XyzTable,
    #[serde(default)]
    pub lifecycle: LifecycleTable,
    #[serde(default)]
    pub churn: ChurnTable,
    #[serde(default)]
    pub growth: GrowthTable,
    #[serde(default)]
    pub history: HistoryTable,
    #[serde(default)]
    pub movements: MovementsTable,
    #[serde(default)]
    pub warnings: WarningsTable,
    #[serde(default)]
    pub loss: LossTable,
    #[serde(default)]
    pub winback: WinbackTable,
    #[serde(default)]
    pub survey: SurveyTable,
    #[serde(default)]
    pub rfm: RfmTable,
    #[serde(default)]
    pub ladder: LadderTable,
    #[serde(default)]
    pub norms: NormsTable,
    #[serde(default)]
    pub whatif: WhatifTable,
    #[serde(default)]
    pub campaign: CampaignTable,
    #[serde(default)]
    pub successors: SuccessorsTable,
    #[serde(default)]
    pub dealers: DealersTable,
    #[serde(default)]
    pub suggest: SuggestTable,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AbcTable {
    pub a_share: Setting<f64>,
    pub b_share: Setting<f64>,
    pub crossing: Setting<String>,
    pub window_months: Setting<i64>,
    pub measures: Setting<Vec<String>>,
    pub dimensions: Setting<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct XyzTable {
    pub preset: Setting<String>,
    pub x_cv: Setting<f64>,
    pub y_cv: Setting<f64>,
    pub history: Setting<String>,
    pub min_months: Setting<i64>,
    pub method: Setting<String>,
    pub frequency_x_months: Setting<i64>,
    pub frequency_y_months: Setting<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChurnTable {
    pub lost_after_months: Setting<Vec<i64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrowthTable {
    pub lost_after_months: Setting<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistoryTable {
    pub burn_in_months: Setting<i64>,
}

/// `line:column` of a byte offset, both counted from 1.
pub fn position(text: &str, offset: usize) -> String {
    let before = &text[..offset.min(text.len())];
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|letter| *letter != '\n').count() + 1;
    format!("{line}:{column}")
}

/// A pipeline file as error messages name it.
pub struct Place<'a> {
    pub shown: &'a str,
    pub text: &'a str,
}

impl Place<'_> {
    /// `file:line:column: key = value problem`.
    pub fn error<T: std::fmt::Debug>(&self, key: &str, at: &Spanned<T>, problem: &str) -> Error {
        let place = self.of(at);
        Error::configuration(format!("{place}: {key} = {:?} {problem}", at.get_ref()))
    }

    /// `file:line:column` of a setting.
    pub fn of<T>(&self, setting: &Spanned<T>) -> String {
        format!("{}:{}", self.shown, position(self.text, setting.span().start))
    }

    /// A whole number within bounds, or the default when the key is absent.
    pub fn whole_number(
        &self,
        key: &str,
        setting: &Setting<i64>,
        default: i64,
        allowed: RangeInclusive<i64>,
    ) -> Result<i64> {
        let Some(given) = setting else { return Ok(default) };
        if allowed.contains(given.get_ref()) {
            return Ok(*given.get_ref());
        }
        let problem = format!("must lie between {} and {}", allowed.start(), allowed.end());
        Err(self.error(key, given, &problem))
    }

    /// A number within bounds, or the default when the key is absent.
    pub fn number(
        &self,
        key: &str,
        setting: &Setting<f64>,
        default: f64,
        allowed: RangeInclusive<f64>,
    ) -> Result<f64> {
        let Some(given) = setting else { return Ok(default) };
        if allowed.contains(given.get_ref()) {
            return Ok(*given.get_ref());
        }
        let problem = format!("must lie between {} and {}", allowed.start(), allowed.end());
        Err(self.error(key, given, &problem))
    }

    /// One of a few words, or the first of them when the key is absent.
    pub fn word<'w>(
        &self,
        key: &str,
        setting: &Setting<String>,
        allowed: &[&'w str],
    ) -> Result<&'w str> {
        let Some(given) = setting else { return Ok(allowed[0]) };
        allowed
            .iter()
            .find(|word| **word == given.get_ref().as_str())
            .copied()
            .ok_or_else(|| self.error(key, given, &format!("must be one of {}", quoted(allowed))))
    }

    /// Different words out of a list, or all of `default` when the key is absent.
    pub fn words(
        &self,
        key: &str,
        setting: &Setting<Vec<String>>,
        allowed: &[&str],
        default: &[&str],
    ) -> Result<Vec<String>> {
        let Some(given) = setting else {
            return Ok(default.iter().map(|word| (*word).to_owned()).collect());
        };
        let words = given.get_ref();
        if words.is_empty() {
            return Err(self.error(key, given, "must name at least one"));
        }
        for (place, word) in words.iter().enumerate() {
            if !allowed.contains(&word.as_str()) {
                let problem = format!("has `{word}`, which is none of {}", quoted(allowed));
                return Err(self.error(key, given, &problem));
            }
            if words[..place].contains(word) {
                return Err(self.error(key, given, &format!("names `{word}` twice")));
            }
        }
        // The order of writing must not matter to results or fingerprints.
        Ok(allowed
            .iter()
            .map(|word| (*word).to_owned())
            .filter(|word| words.contains(word))
            .collect())
    }
}

fn quoted(words: &[impl Display]) -> String {
    words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")
}
