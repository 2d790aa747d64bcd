//! `clientbase query`: read-only SQL over the results of a finished run, by default the newest.

use std::fs::File;
use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use futures::StreamExt;
use parquet::arrow::ArrowWriter;

use super::load;
use super::results::Results;
use crate::cli::{QueryArguments, QueryFormat};
use crate::config::Project;
use crate::console::Console;
use crate::engine::{is_failed_store, read_only_query};
use crate::error::{Error, Result};
use crate::exit_code::ExitCode;
use crate::report::RunReference;

/// Runs a query and writes its rows.
///
/// # Errors
/// When the query is wrong, there are no results yet, or the output cannot be written.
pub async fn query(
    project: &Project,
    arguments: &QueryArguments,
    console: &Console,
) -> Result<ExitCode> {
    let to_terminal = arguments.output.is_none() && io::stdout().is_terminal();
    let format = arguments.format.unwrap_or(match to_terminal {
        true => QueryFormat::Table,
        false => QueryFormat::Csv,
    });
    if format == QueryFormat::Parquet && to_terminal {
        return Err(Error::configuration("Parquet is not for a terminal")
            .hint("write it to a file with --output FILE"));
    }
    let (mut pipeline, catalog) = load(project, arguments.pipeline.as_deref())?;
    if let Some(folder) = &arguments.within {
        pipeline = pipeline.in_folder(project, folder)?;
    }
    let wanted = arguments.as_of.clone().unwrap_or(RunReference::Last(0));
    let results = Results::open(&pipeline, &catalog, &wanted).await?;
    let (report, context) = (&results.known.report, &results.context);
    let run = &report.run;
    if arguments.as_of.is_some() {
        console.talk(format_args!(
            "as known at run {run}, started at {}; results as of {}",
            report.started,
            report.as_of.as_deref().unwrap_or("?")
        ));
    }
    let frame = read_only_query(context, &arguments.sql).await?;
    let failed = |error: datafusion::error::DataFusionError| {
        use datafusion::error::DataFusionError as Engine;
        // A data file that is gone or damaged comes as an error of its format.
        let of_file = matches!(
            error.find_root(),
            Engine::ObjectStore(_) | Engine::IoError(_) | Engine::ParquetError(_)
        );
        let general = match of_file || is_failed_store(&error) {
            true => Error::store("the query failed"),
            false => Error::configuration("the query failed"),
        };
        general.because(error)
    };
    let mut stream = frame.execute_stream().await.map_err(failed)?;
    let gone = Arc::new(AtomicBool::new(false));
    let out: Box<dyn Write + Send> = match &arguments.output {
        Some(path) => Box::new(File::create(partial(path)).map_err(|error| {
            Error::store(format!("cannot write {}", path.display())).because(error)
        })?),
        None => Box::new(io::BufWriter::new(Pipe { out: io::stdout(), gone: Arc::clone(&gone) })),
    };
    let mut rows = RowWriter::new(format, out, stream.schema())?;
    while let Some(batch) = stream.next().await {
        rows.write(&batch.map_err(failed)?)?;
        if gone.load(Ordering::Relaxed) {
            return Ok(ExitCode::Ok);
        }
    }
    rows.finish()?;
    if let Some(path) = &arguments.output {
        std::fs::rename(partial(path), path).map_err(|error| {
            Error::store(format!("cannot write {}", path.display())).because(error)
        })?;
    }
    console.detail(format_args!("results of run {run}"));
    Ok(ExitCode::Ok)
}

/// Where rows are written until all are there, so that a failed query spoils no file.
fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    PathBuf::from(name)
}

/// Standard output, whose reader may go away at any time: that is their right, and no error.
struct Pipe {
    out: io::Stdout,
    gone: Arc<AtomicBool>,
}

impl Pipe {
    fn settle<T>(&self, done: io::Result<T>, otherwise: T) -> io::Result<T> {
        match done {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.gone.store(true, Ordering::Relaxed);
                Ok(otherwise)
            }
            other => other,
        }
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let done = self.out.write(bytes);
        self.settle(done, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let done = self.out.flush();
        self.settle(done, ())
    }
}

enum RowWriter {
    Table(Box<dyn Write + Send>, Vec<RecordBatch>),
    Csv(Box<arrow::csv::Writer<Box<dyn Write + Send>>>),
    Json(arrow::json::LineDelimitedWriter<Box<dyn Write + Send>>),
    Parquet(Box<ArrowWriter<Box<dyn Write + Send>>>),
}

impl RowWriter {
    fn new(format: QueryFormat, out: Box<dyn Write + Send>, schema: SchemaRef) -> Result<Self> {
        Ok(match format {
            QueryFormat::Table => Self::Table(out, vec![RecordBatch::new_empty(schema)]),
            QueryFormat::Csv => {
                let mut writer = arrow::csv::Writer::new(out);
                // The header must be there even when no row is.
                writer.write(&RecordBatch::new_empty(schema))?;
                Self::Csv(Box::new(writer))
            }
            QueryFormat::Json => Self::Json(arrow::json::LineDelimitedWriter::new(out)),
            QueryFormat::Parquet => {
                let plain = Arc::new(Schema::new(schema.fields().clone()));
                Self::Parquet(Box::new(ArrowWriter::try_new(out, plain, None)?))
            }
        })
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let unwritten =
            |error: String| Error::store(format!("the rows cannot be written: {error}"));
        match self {
            Self::Table(_, batches) => {
                batches.push(batch.clone());
                Ok(())
            }
            Self::Csv(writer) => writer.write(batch).map_err(|error| unwritten(error.to_string())),
            Self::Json(writer) => writer.write(batch).map_err(|error| unwritten(error.to_string())),
            Self::Parquet(writer) => {
                writer.write(batch).map_err(|error| unwritten(error.to_string()))
            }
        }
    }

    fn finish(self) -> Result<()> {
        match self {
            Self::Table(mut out, batches) => {
                let text = arrow::util::pretty::pretty_format_batches(&batches)?.to_string();
                let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
                let unit = if rows == 1 { "row" } else { "rows" };
                writeln!(out, "{text}\n{rows} {unit}")?;
                out.flush()?;
            }
            Self::Csv(writer) => {
                writer.into_inner().flush()?;
            }
            Self::Json(mut writer) => {
                writer.finish()?;
                writer.into_inner().flush()?;
            }
            Self::Parquet(writer) => {
                writer.into_inner()?.flush()?;
            }
        }
        Ok(())
    }
}
