//! One verb a file.

mod as_known;
mod backtest;
mod check;
mod completions;
mod diff;
mod diff_rows;
mod export;
mod inspect;
mod headlines;
mod known;
mod maintain;
mod man;
mod plan;
mod query;
mod results;
mod run;
mod runs;
mod suggest;
mod tables;

use crate::cli::{Cli, Command};
use crate::config::{Pipeline, Project};
use crate::console::Console;
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::ingest::{SNAPSHOTS, history_tables};
use crate::models::Catalog;

/// Runs the command that was typed.
///
/// # Errors
/// Whatever the command could not do; the error knows the exit code.
pub fn execute(cli: Cli, console: &Console) -> Result<ExitCode> {
    let project = || Project::open(&cli.global.project);
    match cli.command {
        Command::Run(arguments) => wait_for(run::run(&project()?, &arguments, console)),
        Command::Inspect(arguments) => inspect::inspect(&cli.global.project, &arguments, console),
        Command::Plan(arguments) => wait_for(plan::plan(&project()?, &arguments, console)),
        Command::Check(arguments) => wait_for(check::check(&project()?, &arguments, console)),
        Command::Query(arguments) => wait_for(query::query(&project()?, &arguments, console)),
        Command::Export(arguments) => wait_for(export::export(&project()?, &arguments, console)),
        Command::Suggest(arguments) => wait_for(suggest::suggest(&project()?, &arguments, console)),
        Command::Backtest(arguments) => {
            wait_for(backtest::backtest(&project()?, &arguments, console))
        }
        Command::Diff(arguments) => wait_for(diff::diff(&project()?, &arguments, console)),
        Command::Maintain(arguments) => {
            wait_for(maintain::maintain(&project()?, &arguments, console))
        }
        Command::Tables(arguments) => tables::tables(&project()?, &arguments, console),
        Command::Runs(arguments) => wait_for(runs::runs(&project()?, &arguments, console)),
        Command::Completions { shell } => completions::completions(shell),
        Command::Man { output } => man::man(output.as_deref(), console),
    }
}

/// Lets the libraries speak on stderr: as `RUST_LOG` says, or everything at `-vv`.
pub fn start_logging(verbose: u8) {
    use tracing_subscriber::EnvFilter;
    let filter = match (std::env::var_os("RUST_LOG"), verbose) {
        (Some(_), _) => EnvFilter::from_default_env(),
        (None, 0 | 1) => EnvFilter::new("off"),
        (None, _) => EnvFilter::new("info"),
    };
    let started =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
    // Only a second initialisation fails, and then the first one stands.
    let _ = started;
}

fn wait_for<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

/// Names of all tables that a warehouse may hold.
fn table_names(catalog: &Catalog) -> impl Iterator<Item = String> {
    let history = history_tables().into_iter().map(|table| table.name.to_owned());
    history
        .chain([SNAPSHOTS.to_owned()])
        .chain(catalog.models.iter().map(|model| model.name.clone()))
}

/// Loads a pipeline and the SQL files that it runs with.
fn load(project: &Project, pipeline: Option<&str>) -> Result<(Pipeline, Catalog)> {
    let pipeline = Pipeline::load(project, pipeline)?;
    let mut catalog = Catalog::load(project, &pipeline.parameters)?;
    if let Some((segments, place)) = &pipeline.segments {
        catalog.keep_segments(segments, place)?;
    }
    if let Some((tables, place)) = &pipeline.tables {
        catalog.keep_only(tables, place)?;
    }
    for source in &pipeline.sources {
        catalog.staging(&source.staging)?;
    }
    Ok((pipeline, catalog))
}
