//! What a person types: arguments and help texts only.

mod inspect;

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;

pub use self::inspect::{DateOrderArgument, InspectArguments, LanguageArgument, NoClientArgument};
use crate::month::Month;
use crate::report::RunReference;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const EXIT_CODES: &str = "\
Exit codes:
  0   done, or nothing to do
  2   wrong arguments
  65  data refused: too many rejects, conflicting snapshots, a failed audit, a file set aside
  69  a store, folder or disk failed
  70  a bug in clientbase
  75  another run holds the warehouse; try again later
  78  the pipeline file, a SQL file or a parameter is wrong";

const EXAMPLES: &str = "\
Examples:
  clientbase inspect export.xlsx        how an unknown export is to be read
  clientbase run sample                 read what is new, compute, audit, publish
  clientbase plan sample                what a run would do, and why
  clientbase query -p sample \"select * from churn where cut = 'all' order by period\"
  clientbase diff -p sample last~1 last which rows the newest run changed, and why
  clientbase export regular_and_dozing  clients of a target segment, with contacts
  clientbase tables abc_xyz             columns of a result table and their meaning";

/// Nightly client-base analytics from sales exports.
///
/// Reads monthly sales snapshots, keeps their history, computes ABC-XYZ matrices,
/// life-cycle cells, churn, cohorts and their movements with SQL, audits the results and
/// publishes them as Parquet.
#[derive(Debug, Parser)]
#[command(name = "clientbase", version, styles = STYLES, after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct Cli {
    /// What is common to all commands.
    #[command(flatten)]
    pub global: GlobalArguments,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
pub struct GlobalArguments {
    /// Project folder: holds `pipelines/` and `sql/`
    #[arg(long, global = true, value_name = "FOLDER", default_value = ".", env = "CLIENTBASE_PROJECT", value_hint = ValueHint::DirPath)]
    pub project: PathBuf,
    /// Say more: every file and month; twice: what the libraries do
    #[arg(short, long, global = true, action = clap::ArgAction::Count, conflicts_with = "quiet")]
    pub verbose: u8,
    /// Say nothing but errors and asked-for data
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read what is new, compute what depends on it, audit, commit and publish
    #[command(after_help = "\
Examples:
  clientbase run sample
  clientbase run sample --as-of 2025-12-31
  clientbase run sample --dry-run --json
  clientbase run sample --as-of last~7 --output /tmp/as-known-then")]
    Run(RunArguments),
    /// Work out how an unknown export is to be read, show it, and write a ready project
    #[command(after_help = "\
Examples:
  clientbase inspect export.xlsx
  clientbase inspect exports/sales_*.csv --write project
  clientbase inspect sales.csv --date-order dmy --column revenue=\"Сумма без НДС\"")]
    Inspect(Box<InspectArguments>),
    /// Show what a run would do and why, touching nothing
    #[command(after_help = "\
Examples:
  clientbase plan sample
  clientbase plan sample --json")]
    Plan(PlanArguments),
    /// Check pipeline files, SQL headers, contracts and order, without data
    #[command(after_help = "\
Examples:
  clientbase check
  clientbase check sample")]
    Check(CheckArguments),
    /// Query sales and result tables with SQL, read-only
    #[command(after_help = "\
Examples:
  clientbase query -p sample \"select month, count(*) from client_lifecycle group by month order by month\"
  clientbase query -p sample --format csv \"select * from lost_clients where lost_after_months = 3\" > lost.csv
  clientbase query -p sample --as-of 2026-01-31 \"select * from churn where cut = 'all'\"
  clientbase query -p sample --format parquet --output lost.parquet \"select * from lost_clients\"")]
    Query(QueryArguments),
    /// Write the clients of a target segment with their contacts, as CSV
    #[command(after_help = "\
Examples:
  clientbase export regular_and_dozing -p sample > call.csv
  clientbase export regular_and_dozing -p sample --excel --output call.csv
  clientbase export season_next_month -p sample --month 2025-10 --entered")]
    Export(ExportArguments),
    /// Suggest settings from this base's history, with the evidence and lines for the pipeline file
    #[command(after_help = "\
Examples:
  clientbase suggest sample
  clientbase suggest sample --json")]
    Suggest(SuggestArguments),
    /// Show what early warnings were worth: of those warned, how many were lost, and how early
    #[command(after_help = "\
Examples:
  clientbase backtest sample
  clientbase backtest sample --as-of last~1")]
    Backtest(BacktestArguments),
    /// List the result tables, or explain one: grain, columns, meaning
    #[command(after_help = "\
Examples:
  clientbase tables
  clientbase tables abc_xyz
  clientbase tables --json")]
    Tables(TablesArguments),
    /// Show which rows differ between two runs, and why
    #[command(after_help = "\
Examples:
  clientbase diff -p sample last~1 last
  clientbase diff -p sample last~1 last abc_xyz --month 2024-03
  clientbase diff -p sample 2026-01-31 last churn --format csv > churn.csv")]
    Diff(DiffArguments),
    /// List the runs, each with the one it is based on, or show one
    #[command(after_help = "\
Examples:
  clientbase runs -p sample
  clientbase runs last -p sample
  clientbase runs -p sample 20261121-194000-123 --json")]
    Runs(RunsArguments),
    /// Remove table versions that no kept run refers to, and shorten the logs
    #[command(after_help = "\
Examples:
  clientbase maintain sample --dry-run
  clientbase maintain sample")]
    Maintain(MaintainArguments),
    /// Print a completion script for a shell
    #[command(after_help = "\
Example:
  clientbase completions bash > /etc/bash_completion.d/clientbase")]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page, or write those of all commands to a folder
    #[command(after_help = "\
Examples:
  clientbase man | man -l -
  clientbase man --output /usr/local/share/man/man1")]
    Man {
        /// Folder for one page a command
        #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
        output: Option<PathBuf>,
    },
}

/// `clientbase run`.
#[derive(Debug, Args)]
pub struct RunArguments {
    /// Name of a file in `pipelines/`, or a path; may be left out when there is only one
    pub pipeline: Option<String>,
    /// Date the results speak for [default: the last day of the data]; or a run: its date, and
    /// what was known then, as with --known
    #[arg(long, value_name = "DATE|RUN")]
    pub as_of: Option<AsOf>,
    /// Compute from what was known at a finished run, or at a date or moment in UTC; nothing is
    /// read or published, the results go to --output
    #[arg(long, value_name = "RUN|DATE")]
    pub known: Option<RunReference>,
    /// New folder for the results of a run on what was known earlier
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath, conflicts_with = "dry_run")]
    pub output: Option<PathBuf>,
    /// Take a file that was set aside because it changes closed months: its name or snapshot;
    /// may be given several times
    #[arg(long, value_name = "FILE")]
    pub accept: Vec<String>,
    /// Compute and audit everything, but keep nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print the run report as JSON
    #[arg(long)]
    pub json: bool,
}

/// What `run --as-of` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AsOf {
    /// The date the results speak for.
    Date(NaiveDate),
    /// A run, with its date and what was known then.
    Run(RunReference),
}

impl std::str::FromStr for AsOf {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(date) = text.parse() {
            return Ok(Self::Date(date));
        }
        let wrong = |_| {
            format!(
                "`{text}` is neither a date like 2025-12-31 nor a run like 20261121-194000-123, \
                 last or last~1"
            )
        };
        match text.parse().map_err(wrong)? {
            RunReference::Before(..) => Err(format!(
                "`{text}` is a moment, but results speak for whole days; for what was known at \
                 a moment use --known"
            )),
            run => Ok(Self::Run(run)),
        }
    }
}

/// `clientbase plan`.
#[derive(Debug, Args)]
pub struct PlanArguments {
    /// Name of a file in `pipelines/`, or a path; may be left out when there is only one
    pub pipeline: Option<String>,
    /// Date the results would speak for [default: the last day of the data]
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<NaiveDate>,
    /// Print the plan as JSON
    #[arg(long)]
    pub json: bool,
}

/// `clientbase check`.
#[derive(Debug, Args)]
pub struct CheckArguments {
    /// Name of a file in `pipelines/`, or a path [default: all of them]
    pub pipeline: Option<String>,
}

/// `clientbase query`.
#[derive(Debug, Args)]
pub struct QueryArguments {
    /// The query
    pub sql: String,
    /// Whose warehouse to query; may be left out when there is only one pipeline
    #[arg(long, short, value_name = "PIPELINE")]
    pub pipeline: Option<String>,
    /// Answer as known at a finished run (its name or beginning, last, last~1), or at a date or
    /// moment in UTC: the newest run that had started by its end [default: last]
    #[arg(long, visible_alias = "known", value_name = "RUN|DATE")]
    pub as_of: Option<RunReference>,
    /// Query the results that a run left in the folder of its --output
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub within: Option<PathBuf>,
    /// How to write the rows [default: table on a terminal, csv otherwise]
    #[arg(long, short, value_enum)]
    pub format: Option<QueryFormat>,
    /// Write to a file instead of standard output
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
}

/// `clientbase export`.
#[derive(Debug, Args)]
pub struct ExportArguments {
    /// The segment: a file of `sql/segments/`, without `.sql`
    pub segment: String,
    /// Whose results; may be left out when there is only one pipeline
    #[arg(long, short, value_name = "PIPELINE")]
    pub pipeline: Option<String>,
    /// Month at whose end the clients are in the segment [default: the newest]
    #[arg(long, value_name = "YYYY-MM")]
    pub month: Option<Month>,
    /// As known at a finished run, or at a date or moment in UTC [default: last]
    #[arg(long, visible_alias = "known", value_name = "RUN|DATE")]
    pub as_of: Option<RunReference>,
    /// Only clients who entered in the month
    #[arg(long)]
    pub entered: bool,
    /// Also those who must not be contacted or have closed down, which are left out otherwise; the
    /// last two columns say so
    #[arg(long)]
    pub all: bool,
    /// For Excel with Russian settings: byte order mark, `;`, decimal comma, codes and phones as text
    #[arg(long)]
    pub excel: bool,
    /// Write to a file instead of standard output
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
}

/// `clientbase suggest`.
#[derive(Debug, Args)]
pub struct SuggestArguments {
    /// Whose history to look at; may be left out when there is only one pipeline
    pub pipeline: Option<String>,
    /// As known at a finished run, or at a date or moment in UTC [default: last]
    #[arg(long, visible_alias = "known", value_name = "RUN|DATE")]
    pub as_of: Option<RunReference>,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

/// `clientbase backtest`.
#[derive(Debug, Args)]
pub struct BacktestArguments {
    /// Whose history to look at; may be left out when there is only one pipeline
    pub pipeline: Option<String>,
    /// As known at a finished run, or at a date or moment in UTC [default: last]
    #[arg(long, visible_alias = "known", value_name = "RUN|DATE")]
    pub as_of: Option<RunReference>,
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum QueryFormat {
    /// Aligned columns
    Table,
    /// Comma-separated, with a header
    Csv,
    /// One JSON object a line
    Json,
    /// A Parquet file
    Parquet,
}

/// `clientbase tables`.
#[derive(Debug, Args)]
pub struct TablesArguments {
    /// Table to explain [default: list all]
    pub name: Option<String>,
    /// Print the catalogue as JSON
    #[arg(long)]
    pub json: bool,
}

/// `clientbase diff`.
#[derive(Debug, Args)]
pub struct DiffArguments {
    /// The run before: its name or beginning, last, last~1, or a date or moment in UTC
    #[arg(value_name = "RUN_A")]
    pub before: RunReference,
    /// The run after, named likewise
    #[arg(value_name = "RUN_B")]
    pub after: RunReference,
    /// Table whose rows to show [default: count the rows of every table]
    #[arg(value_name = "TABLE")]
    pub table: Option<String>,
    /// Whose runs; may be left out when there is only one pipeline
    #[arg(long, short, value_name = "PIPELINE")]
    pub pipeline: Option<String>,
    /// Compare this month only
    #[arg(long, value_name = "YYYY-MM")]
    pub month: Option<Month>,
    /// How to write what differs [default: table]
    #[arg(long, short, value_enum, default_value_t = DiffFormat::Table, hide_default_value = true)]
    pub format: DiffFormat,
    /// Largest number of rows to show [default: 100 in a table, otherwise all]
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
}

/// How differences are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DiffFormat {
    /// For people
    Table,
    /// One line for each column of a row that differs
    Csv,
    /// One JSON object a row; without TABLE one document
    Json,
}

/// `clientbase maintain`.
#[derive(Debug, Args)]
pub struct MaintainArguments {
    /// Name of a file in `pipelines/`, or a path; may be left out when there is only one
    pub pipeline: Option<String>,
    /// Say what would be removed, and remove nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print what was done as JSON
    #[arg(long)]
    pub json: bool,
}

/// `clientbase runs`.
#[derive(Debug, Args)]
pub struct RunsArguments {
    /// Run to show, or `last` [default: list all]
    pub run: Option<String>,
    /// Whose runs; may be left out when there is only one pipeline
    #[arg(long, short, value_name = "PIPELINE")]
    pub pipeline: Option<String>,
    /// Print the kept report as JSON
    #[arg(long)]
    pub json: bool,
}
