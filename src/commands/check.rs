//! `clientbase check`: pipeline files, headers, contracts and order, without data.

use super::load;
use crate::cli::CheckArguments;
use crate::config::Project;
use crate::console::Console;
use crate::engine::{SqlToCheck, check_catalog};
use crate::error::{Error, Result};
use crate::exit_code::ExitCode;

/// Checks one pipeline, or all of the project.
///
/// # Errors
/// The first thing that is wrong.
pub async fn check(
    project: &Project,
    arguments: &CheckArguments,
    console: &Console,
) -> Result<ExitCode> {
    let names = match &arguments.pipeline {
        Some(name) => vec![name.clone()],
        None => project.pipelines(),
    };
    if names.is_empty() {
        return Err(Error::configuration(format!(
            "there is no pipeline in {}",
            project.root().join("pipelines").display()
        ))
        .hint("give the project folder with --project"));
    }
    for name in names {
        let (pipeline, catalog) = load(project, Some(&name))?;
        let files = SqlToCheck::All;
        check_catalog(&catalog, &pipeline.parameters, &pipeline.sources, files).await?;
        console.data(format_args!(
            "{}: ok, {} sources, {} models, {} audits",
            pipeline.name,
            pipeline.sources.len(),
            catalog.models.len(),
            catalog.audits.len()
        ))?;
        for model in &catalog.models {
            let reads: Vec<String> = model.reads.iter().map(ToString::to_string).collect();
            console.detail(format_args!("  {} reads {}", model.name, reads.join(", ")));
        }
    }
    Ok(ExitCode::Ok)
}
