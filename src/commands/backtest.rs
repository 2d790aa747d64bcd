//! `clientbase backtest`: what early warnings were worth over the history.

use super::load;
use super::results::Results;
use crate::cli::BacktestArguments;
use crate::config::Project;
use crate::console::Console;
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::report::{RunReference, plain_table};

const TABLE: &str = "warning_backtest";

/// Months whose outcome is known, added up by reason. Rates are of the sums, so that a month
/// with few warnings counts little.
const ROWS: &str = "\
with outcomes as (
    select
        reason,
        sum(warned) as warned,
        sum(warned_lost) as warned_lost,
        sum(repeat_watched) as watched,
        sum(repeat_watched_lost) as watched_lost,
        count(*) as months
    from warning_backtest
    where watched is not null and not is_outcome_partial
    group by reason
),

losses as (
    select
        reason,
        sum(lost) as lost,
        sum(repeat_lost) as repeat_lost,
        sum(lost_warned) as lost_warned,
        sum(lost_warned_early) as lost_warned_early,
        sum(lead_months * cast(lost_warned as double)) as lead_sum
    from warning_backtest
    where not is_partial
    group by reason
)

select
    outcomes.reason,
    outcomes.months,
    outcomes.warned,
    outcomes.warned_lost,
    round(100 * cast(outcomes.warned_lost as double) / nullif(outcomes.warned, 0), 1) as hit_rate,
    round(100 * cast(outcomes.watched_lost as double) / nullif(outcomes.watched, 0), 1) as base_rate,
    losses.lost,
    losses.repeat_lost,
    losses.lost_warned,
    round(100 * cast(losses.lost_warned as double) / nullif(losses.lost, 0), 1) as caught,
    losses.lost_warned_early,
    round(losses.lead_sum / nullif(losses.lost_warned, 0), 1) as lead_months
from outcomes
inner join losses on outcomes.reason = losses.reason
order by outcomes.reason <> 'any', outcomes.reason";

const LEGEND: &str = "

  warned: warnings in months whose three following months are over; then lost: within these months
  base %: of clients with three or more purchases, warned or not, the share lost within three months;
          those who bought in the month are among them, and seldom warned
  lost: all; of 3 purchases: those with three or more, since one purchase is often the last, and
          nobody can warn of that
  had been warned: of the lost, in one of the three months before; caught %: of all the lost
  while buying: warned in the month of the last purchase or before";

/// Prints the back-test of the newest run.
///
/// # Errors
/// When there are no results, or the pipeline does not compute the table.
pub async fn backtest(
    project: &Project,
    arguments: &BacktestArguments,
    console: &Console,
) -> Result<ExitCode> {
    let (pipeline, catalog) = load(project, arguments.pipeline.as_deref())?;
    let wanted = arguments.as_of.clone().unwrap_or(RunReference::Last(0));
    let results = Results::open(&pipeline, &catalog, &wanted).await?;
    let rows = results.cells(TABLE, ROWS).await?;
    let as_of = results.known.report.as_of.as_deref().unwrap_or("?");
    let mut text =
        format!("early warnings of `{}` over its history, as of {as_of}\n\n", pipeline.name);
    if rows.is_empty() {
        text.push_str("no month is old enough: three months must follow it");
        console.data(text)?;
        return Ok(ExitCode::Ok);
    }
    let row = |cells: &Vec<Option<String>>| {
        cells.iter().map(|cell| cell.clone().unwrap_or_else(|| "–".to_owned())).collect()
    };
    let header = [
        "reason",
        "months",
        "warned",
        "then lost",
        "hit %",
        "base %",
        "lost",
        "of 3 purchases",
        "had been warned",
        "caught %",
        "while buying",
        "months ahead",
    ];
    let numeric: Vec<usize> = (1..header.len()).collect();
    text.push_str(&plain_table(&header, &numeric, rows.iter().map(row).collect()));
    text.push_str(LEGEND);
    console.data(text)?;
    Ok(ExitCode::Ok)
}
