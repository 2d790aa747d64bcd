//! What a person types: arguments and help texts only.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const EXIT_CODES: &str = "\
Exit codes:
  0   done, or nothing to do
  2   wrong arguments
  65  data refused: too many rejects, conflicting snapshots, a failed audit
  69  a store, folder or disk failed
  70  a bug in clientbase
  75  another run holds the warehouse; try again later
  78  the pipeline file, a SQL file or a parameter is wrong";

const EXAMPLES: &str = "\
Examples:
  clientbase run sample                 read what is new, compute, audit, publish
  clientbase plan sample                what a run would do, and why
  clientbase query -p sample \"select * from churn where cut = 'all' order by period\"
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
  clientbase run sample --dry-run --json")]
    Run(RunArguments),
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
  clientbase query -p sample --format parquet --output lost.parquet \"select * from lost_clients\"")]
    Query(QueryArguments),
    /// List the result tables, or explain one: grain, columns, meaning
    #[command(after_help = "\
Examples:
  clientbase tables
  clientbase tables abc_xyz
  clientbase tables --json")]
    Tables(TablesArguments),
    /// List the runs, or show one
    #[command(after_help = "\
Examples:
  clientbase runs -p sample
  clientbase runs last -p sample
  clientbase runs -p sample 20261121-194000-123 --json")]
    Runs(RunsArguments),
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
    /// Date the results speak for [default: the last day of the data]
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<NaiveDate>,
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
    /// How to write the rows [default: table on a terminal, csv otherwise]
    #[arg(long, short, value_enum)]
    pub format: Option<QueryFormat>,
    /// Write to a file instead of standard output
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
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
