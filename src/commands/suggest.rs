//! `clientbase suggest`: settings that the history of this base speaks for, with the evidence
//! and lines for the pipeline file.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;

use super::load;
use super::results::Results;
use crate::cli::SuggestArguments;
use crate::config::{Pipeline, Project};
use crate::console::Console;
use crate::error::{Error, Result};
use crate::exit_code::ExitCode;
use crate::report::{RunReference, plain_table};

const TABLE: &str = "suggest_borders";
const ROWS: &str = "\
select setting, place, current_value, suggested_value, first_half, second_half, is_stable, evidence, warning
from suggest_borders
order by setting, place";

/// Tables with the whole evidence.
const EVIDENCE: [&str; 4] = ["suggest_silence", "suggest_groups", "suggest_lost", "suggest_xyz"];

/// A part of the evidence that is printed too.
struct Grid {
    table: &'static str,
    title: &'static str,
    header: &'static [&'static str],
    /// Columns of numbers begin here.
    numbers_from: usize,
    sql: &'static str,
}

const SILENCE: Grid = Grid {
    table: "suggest_silence",
    title: "probability to buy again within 90 days (%), by days of silence and number of purchases",
    header: &["days silent", "silences", "all", "1", "2", "3", "4", "5", "6 to 9", "10 and more"],
    numbers_from: 0,
    sql: "\
with cells as (
    select
        days_silent,
        silences,
        case when purchases between 6 and 9 then 6 else purchases end as purchases,
        100 * probability as percent
    from suggest_silence
    where
        client_type = 'all'
        and part = 'all'
        and horizon_days = 90
        and days_silent in (0, 10, 20, 30, 40, 50, 60, 80, 100, 120, 150, 180, 240, 300, 360)
)

select
    days_silent,
    max(case when purchases = 0 then silences end) as silences,
    round(max(case when purchases = 0 then percent end), 1) as of_all,
    round(max(case when purchases = 1 then percent end), 1) as of_1,
    round(max(case when purchases = 2 then percent end), 1) as of_2,
    round(max(case when purchases = 3 then percent end), 1) as of_3,
    round(max(case when purchases = 4 then percent end), 1) as of_4,
    round(max(case when purchases = 5 then percent end), 1) as of_5,
    round(
        sum(case when purchases = 6 then percent * silences end)
        / sum(case when purchases = 6 and percent is not null then silences end),
        1
    ) as of_6,
    round(max(case when purchases = 10 then percent end), 1) as of_10
from cells
group by days_silent
order by days_silent",
};

const GROUPS: Grid = Grid {
    table: "suggest_groups",
    title: "sizes of the groups that would result",
    header: &["kind", "group", "clients now", "%", "as suggested", "%"],
    numbers_from: 2,
    sql: "\
select
    kind,
    group_name,
    clients,
    round(100 * share, 1) as percent,
    suggested_clients,
    round(100 * suggested_share, 1) as suggested_percent
from suggest_groups
order by kind, group_name",
};

/// Stands where there is no value.
const NO_VALUE: &str = "–";

/// One setting, or one item of a list.
#[derive(Debug, Serialize)]
struct Suggestion {
    setting: String,
    place: u8,
    now: Option<String>,
    suggested: Option<String>,
    first_half: Option<String>,
    second_half: Option<String>,
    is_stable: bool,
    evidence: String,
    warning: Option<String>,
}

/// Prints what the newest run suggests.
///
/// # Errors
/// When there are no results, or the pipeline does not compute the table.
pub async fn suggest(
    project: &Project,
    arguments: &SuggestArguments,
    console: &Console,
) -> Result<ExitCode> {
    let (pipeline, catalog) = load(project, arguments.pipeline.as_deref())?;
    let wanted = arguments.as_of.clone().unwrap_or(RunReference::Last(0));
    let results = Results::open(&pipeline, &catalog, &wanted).await?;
    let rows = results.cells(TABLE, ROWS).await?;
    let suggestions = rows.into_iter().map(suggestion_of).collect::<Result<Vec<_>>>()?;
    let mut grids = Vec::new();
    for grid in [SILENCE, GROUPS] {
        let rows = results.cells(grid.table, grid.sql).await?;
        grids.push((grid, rows));
    }
    let report = &results.known.report;
    let snippet = snippet_of(&suggestions);
    let misfit = misfit(project, arguments.pipeline.as_deref(), &snippet)?;
    if arguments.json {
        let whole = json!({
            "run": report.run,
            "as_of": report.as_of,
            "settings": suggestions,
            "evidence": grids.iter().map(|(grid, rows)| grid.json(rows)).collect::<Vec<_>>(),
            "snippet": snippet,
            "misfit": misfit,
        });
        console.data(serde_json::to_string_pretty(&whole)?)?;
        return Ok(ExitCode::Ok);
    }
    let as_of = report.as_of.as_deref().unwrap_or("?");
    let mut text = format!("what the history of `{}` suggests, as of {as_of}\n\n", pipeline.name);
    let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| NO_VALUE.to_owned());
    let row = |of: &Suggestion| {
        vec![
            of.setting.clone(),
            shown(&of.now),
            shown(&of.suggested),
            shown(&of.first_half),
            shown(&of.second_half),
            if of.is_stable { "yes" } else { "no" }.to_owned(),
        ]
    };
    let header = ["setting", "now", "suggested", "first half", "second half", "stable"];
    text.push_str(&plain_table(&header, &[1, 2, 3, 4], suggestions.iter().map(row).collect()));
    text.push('\n');
    for of in &suggestions {
        text.push_str(&format!("\n{}: {}\n", of.setting, of.evidence));
        if let Some(warning) = &of.warning {
            text.push_str(&format!("  careful: {warning}\n"));
        }
    }
    for (grid, rows) in &grids {
        text.push_str(&format!("\n{}\n\n{}\n", grid.title, grid.text(rows)));
    }
    text.push_str(&format!("\nthe figures behind it, to query: {}\n", EVIDENCE.join(", ")));
    match snippet.is_empty() {
        true => text.push_str("\nnothing is suggested\n"),
        false => text.push_str(&format!("\nfor the pipeline file:\n\n{snippet}")),
    }
    if let Some(problem) = &misfit {
        text.push_str(&format!(
            "\ncareful: with all these lines the pipeline file would be refused: {problem}\n"
        ));
    }
    console.data(text.trim_end())?;
    Ok(ExitCode::Ok)
}

impl Grid {
    fn text(&self, rows: &[Vec<Option<String>>]) -> String {
        let shown = |row: &Vec<Option<String>>| {
            row.iter().map(|cell| cell.clone().unwrap_or_else(|| NO_VALUE.to_owned())).collect()
        };
        let numeric: Vec<usize> = (self.numbers_from..self.header.len()).collect();
        plain_table(self.header, &numeric, rows.iter().map(shown).collect())
    }

    fn json(&self, rows: &[Vec<Option<String>>]) -> serde_json::Value {
        json!({ "table": self.table, "title": self.title, "columns": self.header, "rows": rows })
    }
}

fn suggestion_of(cells: Vec<Option<String>>) -> Result<Suggestion> {
    let wrong = || Error::bug(format!("a row of {TABLE} has other columns"));
    let cells: [Option<String>; 9] = cells.try_into().map_err(|_| wrong())?;
    let [setting, place, now, suggested, first_half, second_half, stable, evidence, warning] =
        cells;
    Ok(Suggestion {
        setting: setting.ok_or_else(wrong)?,
        place: place.and_then(|place| place.parse().ok()).ok_or_else(wrong)?,
        now,
        suggested,
        first_half,
        second_half,
        is_stable: stable.as_deref() == Some("true"),
        evidence: evidence.unwrap_or_default(),
        warning,
    })
}

/// Lines of the pipeline file that set what is suggested. An item of a list for which nothing is
/// suggested stays as it is.
fn snippet_of(suggestions: &[Suggestion]) -> String {
    let mut settings: BTreeMap<&str, Vec<&Suggestion>> = BTreeMap::new();
    for of in suggestions {
        settings.entry(&of.setting).or_default().push(of);
    }
    let mut sections: BTreeMap<&str, String> = BTreeMap::new();
    for (setting, items) in settings {
        let Some((section, key)) = setting.rsplit_once('.') else { continue };
        if items.iter().all(|of| of.suggested.is_none()) {
            continue;
        }
        let values: Vec<String> = items
            .iter()
            .filter_map(|of| of.suggested.as_deref().or(of.now.as_deref()))
            .map(toml_value)
            .collect();
        let value = match items.len() {
            1 => values.concat(),
            _ => format!("[{}]", values.join(", ")),
        };
        let mut doubts: Vec<String> = Vec::new();
        for doubt in items.iter().filter_map(|of| of.suggested.as_ref().and(of.warning.clone())) {
            if !doubts.contains(&doubt) {
                doubts.push(doubt);
            }
        }
        let kept = items.iter().filter(|of| of.suggested.is_none() && of.now.is_some()).count();
        if kept > 0 {
            doubts.push(format!("nothing is suggested for {kept} of now {}", now(&items)));
        }
        let in_use = items.iter().filter(|of| of.now.is_some()).count();
        if (1..values.len()).contains(&in_use) {
            doubts.push(format!("one more than now {}", now(&items)));
        }
        let comment =
            if doubts.is_empty() { String::new() } else { format!("  # {}", doubts.join("; ")) };
        sections.entry(section).or_default().push_str(&format!("{key} = {value}{comment}\n"));
    }
    let sections: Vec<String> =
        sections.iter().map(|(name, lines)| format!("[parameters.{name}]\n{lines}")).collect();
    sections.join("\n")
}

/// The present values of a setting.
fn now(items: &[&Suggestion]) -> String {
    let values: Vec<&str> = items.iter().filter_map(|of| of.now.as_deref()).collect();
    format!("[{}]", values.join(", "))
}

/// Why the pipeline file could not be read with these lines in it; none when it can.
fn misfit(project: &Project, name: Option<&str>, snippet: &str) -> Result<Option<String>> {
    let path = project.pipeline_path(name)?;
    let text = std::fs::read_to_string(&path).map_err(|error| {
        Error::store(format!("cannot read {}", project.shown(&path))).because(error)
    })?;
    let (Ok(mut file), Ok(lines)) = (text.parse::<toml::Table>(), snippet.parse::<toml::Table>())
    else {
        return Ok(None);
    };
    merge(&mut file, lines);
    let text = toml::to_string(&file)
        .map_err(|error| Error::bug("the lines cannot be written as TOML").because(error))?;
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("pipeline");
    Ok(Pipeline::parse(project, stem, "pipeline", &text).err().map(|error| {
        let problem = error.to_string();
        // The place is that in a file nobody has.
        problem.rsplit_once(": ").map_or(problem.clone(), |(_, problem)| problem.to_owned())
    }))
}

/// Puts values into a table, and into those below it.
fn merge(table: &mut toml::Table, values: toml::Table) {
    for (key, value) in values {
        match (table.get_mut(&key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(values)) => merge(below, values),
            (_, value) => {
                table.insert(key, value);
            }
        }
    }
}

/// Numbers as they are, words in quotes.
fn toml_value(text: &str) -> String {
    match text.parse::<f64>() {
        Ok(_) => text.to_owned(),
        Err(_) => toml::Value::String(text.to_owned()).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suggestion(setting: &str, place: u8, suggested: Option<&str>) -> Suggestion {
        Suggestion {
            setting: setting.to_owned(),
            place,
            now: None,
            suggested: suggested.map(str::to_owned),
            first_half: None,
            second_half: None,
            is_stable: true,
            evidence: String::new(),
            warning: None,
        }
    }

    #[test]
    fn the_snippet_holds_what_is_suggested_and_nothing_else() {
        let suggestions = [
            suggestion("churn.lost_after_months", 1, Some("4")),
            suggestion("churn.lost_after_months", 2, Some("9")),
            suggestion("lifecycle.active_days", 1, Some("80")),
            suggestion("lifecycle.asleep_days", 1, None),
            suggestion("xyz.preset", 1, Some("client")),
        ];
        let expected = "[parameters.churn]\nlost_after_months = [4, 9]\n\n\
                        [parameters.lifecycle]\nactive_days = 80\n\n\
                        [parameters.xyz]\npreset = \"client\"\n";
        assert_eq!(snippet_of(&suggestions), expected);
        assert_eq!(snippet_of(&suggestions[3..4]), "");
    }

    #[test]
    fn an_item_of_a_list_without_a_suggestion_stays() {
        let suggestions = [
            suggestion("churn.lost_after_months", 1, Some("4")),
            suggestion("churn.lost_after_months", 2, None),
        ];
        let doubt = "nothing is suggested for 1 of now [3, 6]";
        let expected = format!("[parameters.churn]\nlost_after_months = [4, 6]  # {doubt}\n");
        let suggestions = suggestions.map(|of| Suggestion {
            now: Some(if of.place == 1 { "3" } else { "6" }.to_owned()),
            ..of
        });
        assert_eq!(snippet_of(&suggestions), expected);
    }

    #[test]
    fn what_is_not_steady_is_said_so_where_it_is_copied() {
        let steady = suggestion("lifecycle.active_days", 1, Some("80"));
        let doubt = "the halves of the history do not agree";
        let shaky = Suggestion { warning: Some(doubt.to_owned()), ..steady };
        let expected = "[parameters.lifecycle]\n\
                        active_days = 80  # the halves of the history do not agree\n";
        assert_eq!(snippet_of(&[shaky]), expected);
    }

    #[test]
    fn lines_of_a_type_have_a_section_of_their_own() {
        let suggestions = [
            suggestion("lifecycle.active_days", 1, Some("80")),
            suggestion("lifecycle.b2b.active_days", 1, Some("90")),
        ];
        let expected = "[parameters.lifecycle]\nactive_days = 80\n\n\
                        [parameters.lifecycle.b2b]\nactive_days = 90\n";
        assert_eq!(snippet_of(&suggestions), expected);
    }

    #[test]
    fn lines_are_put_beside_what_a_file_has() {
        let mut file: toml::Table =
            "[parameters.lifecycle]\nactive_days = 60\nasleep_days = 180\n".parse().expect("TOML");
        merge(&mut file, "[parameters.lifecycle]\nactive_days = 200\n".parse().expect("TOML"));
        let expected: toml::Table =
            "[parameters.lifecycle]\nactive_days = 200\nasleep_days = 180\n".parse().expect("TOML");
        assert_eq!(file, expected);
    }
}
