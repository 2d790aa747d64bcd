//! A run and a plan as people read them.

use std::fmt::Write as _;

use super::run_report::{Losses, Outcome, RunReport, SnapshotReport};
use super::table::{plain_table, thousands};
use crate::engine::TablePlan;
use crate::ingest::{DeliveryState, PlannedSnapshot};
use crate::month::{Month, describe_ranges};

/// The nine cells of one month: entities and share of the measure.
#[derive(Debug, Clone)]
pub struct Matrix {
    pub month: Month,
    pub dimension: String,
    pub measure: String,
    /// Whether the window behind it is shorter than the setting says.
    pub is_full_window: bool,
    /// `(abc, xyz, entities, share of total)`.
    pub cells: Vec<(String, String, i64, Option<f64>)>,
}

/// Snapshots shown one by one; a first load of many years is summed up.
const SNAPSHOTS_SHOWN: usize = 6;

/// The whole report as text.
pub fn show_report(report: &RunReport, matrix: Option<&Matrix>, verbose: bool) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "run {} of pipeline {}", report.run, report.pipeline);
    if let (Some(as_of), Some((first, last))) = (&report.as_of, report.months) {
        let _ = writeln!(text, "results for {first} to {last}, as of {as_of}");
    }
    match (&report.known, &report.based_on) {
        (Some(known), _) => {
            let _ = writeln!(text, "computed from what was known at run {known}");
        }
        (None, Some(before)) if verbose => {
            let _ = writeln!(text, "based on run {before}");
        }
        _ => {}
    }
    show_snapshots(&mut text, report, verbose);
    for note in &report.notes {
        let _ = writeln!(text, "  note: {note}");
    }
    show_tables(&mut text, report, verbose);
    if let Some(matrix) = matrix {
        show_matrix(&mut text, matrix);
    }
    show_losses(&mut text, &report.losses);
    for failed in &report.audits.failed {
        let _ = writeln!(
            text,
            "\naudit {} failed for table {}, {}: {} offending rows, kept in {}\n  should hold: {}",
            failed.audit,
            failed.table,
            failed.months,
            failed.rows,
            failed.kept_in,
            failed.description
        );
    }
    let _ = writeln!(text, "\n{}", closing_line(report));
    text.trim_end().to_owned()
}

fn show_snapshots(text: &mut String, report: &RunReport, verbose: bool) {
    if report.snapshots.is_empty() {
        return;
    }
    // What was set aside is not in the history.
    let taken = || report.snapshots.iter().filter(|file| file.state != DeliveryState::SetAside);
    let sum = |count: fn(&SnapshotReport) -> u64| taken().map(count).sum::<u64>();
    let excluded = |snapshot: &SnapshotReport| snapshot.excluded.values().sum();
    let _ = writeln!(
        text,
        "\ningested {} file{}: {} lines = {} accepted + {} excluded by rules + {} rejected",
        taken().count(),
        if taken().count() == 1 { "" } else { "s" },
        thousands(sum(|snapshot| snapshot.lines)),
        thousands(sum(|snapshot| snapshot.accepted)),
        thousands(sum(excluded)),
        thousands(sum(|snapshot| snapshot.rejected)),
    );
    if verbose || report.snapshots.len() <= SNAPSHOTS_SHOWN {
        let row = |snapshot: &SnapshotReport| {
            vec![
                snapshot.file.clone(),
                match snapshot.state {
                    DeliveryState::Accepted => snapshot.reason.shown().to_owned(),
                    state => {
                        format!("{}, {}", snapshot.reason.shown(), state.shown().replace('_', " "))
                    }
                },
                describe_ranges(snapshot.months.iter().copied()),
                thousands(snapshot.lines),
                thousands(snapshot.accepted),
                thousands(excluded(snapshot)),
                thousands(snapshot.rejected),
                snapshot.revenue.clone(),
            ]
        };
        let header =
            ["file", "why", "months", "lines", "accepted", "excluded", "rejected", "revenue"];
        let rows = report.snapshots.iter().map(row).collect();
        let _ = writeln!(text, "{}", plain_table(&header, &[3, 4, 5, 6, 7], rows));
    }
    for (title, counts) in [
        ("excluded by rule", sum_up(report, |snapshot| &snapshot.excluded)),
        ("rejected", sum_up(report, |snapshot| &snapshot.reject_reasons)),
    ] {
        for (name, count) in counts {
            let _ = writeln!(text, "  {title}: {name} ({})", thousands(count));
        }
    }
}

fn sum_up(
    report: &RunReport,
    of: fn(&SnapshotReport) -> &std::collections::BTreeMap<String, u64>,
) -> std::collections::BTreeMap<String, u64> {
    let mut sums = std::collections::BTreeMap::new();
    for (name, count) in report.snapshots.iter().flat_map(of) {
        *sums.entry(name.clone()).or_default() += count;
    }
    sums
}

fn show_tables(text: &mut String, report: &RunReport, verbose: bool) {
    let worked = |table: &&super::TableReport| table.months_built + table.months_resumed > 0;
    let shown: Vec<_> = report.tables.iter().filter(|table| verbose || worked(table)).collect();
    let skipped = report.tables.len() - report.tables.iter().filter(worked).count();
    if !shown.is_empty() {
        let rows = shown
            .iter()
            .map(|table| {
                let built =
                    if table.built.is_empty() { "-".to_owned() } else { table.built.clone() };
                vec![
                    table.table.clone(),
                    built,
                    table.months_resumed.to_string(),
                    table.months_kept.to_string(),
                    table.months_changed.to_string(),
                    thousands(table.rows_built),
                    thousands(table.rows),
                    format!("{:.2}", table.seconds),
                ]
            })
            .collect();
        let header = [
            "table",
            "months built",
            "resumed",
            "skipped",
            "changed",
            "rows built",
            "rows",
            "seconds",
        ];
        let _ = writeln!(text, "\n{}", plain_table(&header, &[2, 3, 4, 5, 6, 7], rows));
    }
    let spilled: u64 = report.tables.iter().map(|table| table.spilled_bytes).sum();
    if spilled > 0 {
        let most = report.tables.iter().max_by_key(|table| table.spilled_bytes);
        let most = most.map_or("", |table| table.table.as_str());
        let mebibytes = thousands(spilled.div_ceil(1 << 20));
        let _ = writeln!(
            text,
            "\n{mebibytes} MiB went to disk for want of memory, most of it for {most}"
        );
    }
    if skipped > 0 && !verbose {
        let _ = writeln!(text, "\n{skipped} tables are up to date");
    }
}

fn show_matrix(text: &mut String, matrix: &Matrix) {
    let _ = writeln!(
        text,
        "\nABC-XYZ of {}s by {} in {}{}: how many, and their share of {}",
        matrix.dimension,
        matrix.measure,
        matrix.month,
        if matrix.is_full_window { "" } else { " (history shorter than the window)" },
        matrix.measure,
    );
    let cell = |abc: &str, xyz: &str| {
        let found = matrix.cells.iter().find(|(a, x, ..)| a == abc && x == xyz);
        let (entities, share) =
            found.map_or((0, None), |(_, _, entities, share)| (*entities, *share));
        format!("{entities} ({:.1} %)", share.unwrap_or(0.0) * 100.0)
    };
    let outside = |xyz: &str| matrix.cells.iter().any(|(_, x, n, _)| x == xyz && *n > 0);
    let mut columns = vec!["X", "Y", "Z"];
    if outside("N") {
        columns.push("N");
    }
    let mut lines = vec!["A", "B", "C"];
    if matrix.cells.iter().any(|(abc, _, n, _)| abc == "N" && *n > 0) {
        lines.push("N");
    }
    let rows = lines
        .iter()
        .map(|abc| {
            let cells = columns.iter().map(|xyz| cell(abc, xyz));
            std::iter::once((*abc).to_owned()).chain(cells).collect()
        })
        .collect();
    let mut header = vec![""];
    header.extend(columns.iter().map(|xyz| match *xyz {
        "X" => "X steady",
        "Y" => "Y variable",
        "Z" => "Z erratic",
        _ => "N too new",
    }));
    let _ = writeln!(text, "{}", plain_table(&header, &[1, 2, 3, 4], rows));
}

fn show_losses(text: &mut String, losses: &[Losses]) {
    for losses in losses.iter().filter(|losses| losses.lost_gross > 0) {
        let Losses { first_month, last_month, lost_after_months, lost_net, .. } = losses;
        let linked = match losses.lost_gross - lost_net {
            0 => String::new(),
            linked => format!(" ({linked} more go on by a confirmed link)"),
        };
        let check = match losses.to_check {
            0 => String::new(),
            to_check => format!(
                "; some {:.1} of them probably are not: {to_check} to check in \
                 successor_candidates and dealer_candidates",
                losses.probably_not_lost
            ),
        };
        let _ = writeln!(
            text,
            "lost from {first_month} to {last_month}, after {lost_after_months} months of silence: \
             {lost_net} clients{linked}{check}"
        );
    }
}

fn closing_line(report: &RunReport) -> String {
    let seconds = format!("{:.2} s", report.seconds);
    match report.outcome {
        Outcome::Ok => {
            let (written, removed) = report.published.unwrap_or_default();
            let removed = if removed > 0 { format!(", {removed} removed") } else { String::new() };
            let aside = report.snapshots.iter();
            let aside = aside.filter(|file| file.state == DeliveryState::SetAside).count();
            let outcome = match aside {
                0 => "ok".to_owned(),
                1 => "1 file was set aside, the rest is ok".to_owned(),
                many => format!("{many} files were set aside, the rest is ok"),
            };
            format!(
                "{outcome}: {} audits passed, {written} files published{removed}, {seconds}",
                report.audits.passed
            )
        }
        Outcome::NothingToDo => format!("nothing to do: everything is up to date, {seconds}"),
        Outcome::DryRun => {
            format!("dry run: {} audits passed, nothing was kept, {seconds}", report.audits.passed)
        }
        Outcome::AuditFailed => {
            format!(
                "audits failed: nothing was committed, the results before this run stand, {seconds}"
            )
        }
        Outcome::Failed => match &report.error {
            Some(error) => format!("failed: {}", error.message),
            None => "failed: the run was broken off".to_owned(),
        },
    }
}

/// A plan as text.
pub fn show_plan(
    pipeline: &str,
    snapshots: &[PlannedSnapshot],
    tables: &[TablePlan],
    note: &str,
) -> String {
    let mut text = String::new();
    if snapshots.is_empty() && tables.is_empty() {
        return format!("nothing to do: pipeline {pipeline} is up to date");
    }
    let _ = writeln!(text, "a run of pipeline {pipeline} would");
    for snapshot in snapshots {
        let _ = writeln!(
            text,
            "  read {} from {} ({})",
            snapshot.file,
            snapshot.source,
            snapshot.reason.shown()
        );
    }
    for table in tables {
        // Months with the same reason are one line.
        let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
        for (month, reason) in &table.months {
            match reasons.last_mut().filter(|(last, _)| last == reason) {
                Some((_, months)) => months.push(month),
                None => reasons.push((reason, vec![month])),
            }
        }
        for (reason, months) in reasons {
            let shown = match (months.first(), months.last()) {
                (Some(first), Some(last)) if first != last => format!("{first}..{last}"),
                (Some(only), _) => (*only).to_owned(),
                _ => continue,
            };
            let _ = writeln!(text, "  build {} {shown} ({reason})", table.table);
        }
    }
    let _ = write!(text, "{note}");
    text.trim_end().to_owned()
}
