//! Pipeline file → checked types. Nothing unknown is accepted, nothing wrong becomes a default.

mod delivery;
mod file;
mod parameter_value;
mod parameters;
mod project;
mod retention;
mod source;

pub use delivery::{ClosedMonths, ClosedPolicy, Contract, Delivery, Period, Reaction};
pub use parameter_value::{ParameterType, ParameterValue, parse_type};
pub use parameters::Parameters;
pub use project::Project;
pub use retention::Retention;
pub use source::{FilesPlace, Source};

use std::path::Path;

use url::Url;

use crate::error::{Error, Result};

/// Everything a run needs to know, checked.
#[derive(Debug, Clone)]
pub struct Pipeline {
    /// The file's name without `.toml`.
    pub name: String,
    /// One sentence for people.
    pub description: Option<String>,
    /// Where history and results are kept.
    pub warehouse: Url,
    /// Where plain Parquet files are published.
    pub published: Url,
    /// Where sales come from, in the order of the file.
    pub sources: Vec<Source>,
    /// Thresholds and settings that SQL models read.
    pub parameters: Parameters,
    /// Result tables to compute, and where the file names them; none: all of them.
    pub tables: Option<(Vec<String>, String)>,
    /// Target segments to compute, and where the file names them; none: all of the project.
    pub segments: Option<(Vec<String>, String)>,
    /// What a run may use.
    pub limits: Limits,
    /// Which runs stay readable.
    pub retention: Retention,
}

/// What a run may use of the machine.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Memory of the query engine, bytes.
    pub memory_bytes: usize,
    /// Most that the query engine may have on disk at a time, bytes.
    pub spill_bytes: u64,
    /// Largest number of months one statement computes.
    pub slice_months: usize,
    /// Worker threads of the query engine.
    pub threads: usize,
}

impl Pipeline {
    /// Reads and checks `pipelines/<name>.toml` of a project, or the file at a path.
    ///
    /// # Errors
    /// Configuration errors name file, line, value and what is expected.
    pub fn load(project: &Project, name: Option<&str>) -> Result<Self> {
        let path = project.pipeline_path(name)?;
        let shown = project.shown(&path);
        let text = std::fs::read_to_string(&path).map_err(|error| {
            Error::configuration(format!("cannot read pipeline file {shown}")).because(error)
        })?;
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("pipeline");
        Self::parse(project, name, &shown, &text)
    }

    /// Checks the text of a pipeline file; `shown` is its name in messages.
    ///
    /// # Errors
    /// See [`Pipeline::load`].
    pub fn parse(project: &Project, name: &str, shown: &str, text: &str) -> Result<Self> {
        let raw: file::PipelineFile = toml::from_str(text).map_err(|error| {
            let place = error
                .span()
                .map(|span| file::position(text, span.start))
                .map_or_else(|| shown.to_owned(), |place| format!("{shown}:{place}"));
            Error::configuration(format!("{place}: {}", error.message().trim()))
                .hint("docs/pipeline-file.md lists every key with its type and default")
        })?;
        let place = file::Place { shown, text };
        let parameters = Parameters::check(&raw.parameters, &place)?;
        let sources = source::check_all(project, raw.source, &place)?;
        let limits = check_limits(&raw.limits, &place)?;
        let retention = Retention::check(&raw.retention, &place)?;
        let url = |setting: &file::Setting<String>, folder: &str| match setting {
            Some(location) => project
                .resolve_folder(location.get_ref())
                .map_err(|error| place.error(folder, location, "is not a folder").because(error)),
            None => project.resolve_folder(&format!("{folder}/{name}")),
        };
        let (warehouse, published) =
            (url(&raw.warehouse, "warehouse")?, url(&raw.published, "published")?);
        refuse_shared_folders(shown, &warehouse, &published, &sources)?;
        Ok(Self {
            name: name.to_owned(),
            description: raw.description,
            warehouse,
            published,
            sources,
            parameters,
            tables: source::names(&raw.tables, "tables", &place)?
                .zip(raw.tables.as_ref().map(|given| place.of(given))),
            segments: check_segments(&raw.segments, &place)?,
            limits,
            retention,
        })
    }

    /// The same models and parameters on folders below another one, without sources: what is
    /// known is brought there, and nothing is delivered.
    ///
    /// # Errors
    /// When the folder lies in one that the pipeline reads from or writes to.
    pub fn in_folder(&self, project: &Project, folder: &Path) -> Result<Self> {
        let absolute = std::path::absolute(folder)?;
        let below = |name: &str| project.resolve_folder(&absolute.join(name).to_string_lossy());
        let (warehouse, published) = (below("warehouse")?, below("published")?);
        let root = below("")?;
        let places = self.sources.iter().flat_map(|source| &source.places);
        let sources = places.map(|place| &place.folder);
        for taken in [&self.warehouse, &self.published].into_iter().chain(sources) {
            if root.as_str().starts_with(taken.as_str())
                || taken.as_str().starts_with(root.as_str())
            {
                return Err(Error::configuration(format!(
                    "--output {} and a folder of the pipeline ({taken}) lie in each other",
                    folder.display()
                ))
                .hint("give a new folder somewhere else"));
            }
        }
        Ok(Self { warehouse, published, sources: Vec::new(), ..self.clone() })
    }
}

/// Names of segments, with the place; an empty list computes none.
fn check_segments(
    given: &file::Setting<Vec<String>>,
    place: &file::Place<'_>,
) -> Result<Option<(Vec<String>, String)>> {
    let Some(setting) = given else { return Ok(None) };
    let names = setting.get_ref();
    for (position, name) in names.iter().enumerate() {
        if names[..position].contains(name) {
            return Err(place.error("segments", setting, &format!("names `{name}` twice")));
        }
    }
    Ok(Some((names.clone(), place.of(setting))))
}

/// Each folder is somebody's own: publication removes what it does not know, and delivered
/// files must not be taken for data of ours.
fn refuse_shared_folders(
    shown: &str,
    warehouse: &Url,
    published: &Url,
    sources: &[Source],
) -> Result<()> {
    let own = [("warehouse", warehouse), ("published", published)];
    let of_sources = sources
        .iter()
        .flat_map(|source| &source.places)
        .map(|place| ("the folder of a source", &place.folder));
    let all: Vec<_> = own.into_iter().chain(of_sources).collect();
    for (place, (one, url)) in own.into_iter().enumerate() {
        for (other, beside) in all.iter().skip(place + 1) {
            let is_source_above = !["warehouse", "published"].contains(other)
                && url.as_str().starts_with(beside.as_str())
                && url != *beside;
            let nested = url.as_str().starts_with(beside.as_str())
                || beside.as_str().starts_with(url.as_str());
            // A project folder may itself be what a source's glob starts from.
            if nested && !is_source_above {
                return Err(Error::configuration(format!(
                    "{shown}: {one} ({url}) and {other} ({beside}) lie in each other"
                ))
                .hint("give each a folder of its own"));
            }
        }
    }
    Ok(())
}

/// Default share of the machine's memory for the engine: half, between 512 MiB and 8 GiB.
const MEMORY_FLOOR_BYTES: usize = 512 << 20;
const MEMORY_CEILING_BYTES: usize = 8 << 30;
const DEFAULT_SPILL_BYTES: usize = 100 << 30;
const LEAST_BYTES: usize = 64 << 20;
const DEFAULT_SLICE_MONTHS: i64 = 12;

fn check_limits(raw: &file::LimitsTable, place: &file::Place<'_>) -> Result<Limits> {
    let half = (machine_memory_bytes() / 2).clamp(MEMORY_FLOOR_BYTES, MEMORY_CEILING_BYTES);
    let memory_bytes = size("limits.memory_limit", &raw.memory_limit, half, place)?;
    let spill_bytes = size("limits.spill_limit", &raw.spill_limit, DEFAULT_SPILL_BYTES, place)?;
    let slice_months = place.whole_number(
        "limits.slice_months",
        &raw.slice_months,
        DEFAULT_SLICE_MONTHS,
        1..=1200,
    )?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = place.whole_number("limits.threads", &raw.threads, cores as i64, 1..=1024)?;
    Ok(Limits {
        memory_bytes,
        spill_bytes: spill_bytes as u64,
        slice_months: slice_months as usize,
        threads: threads as usize,
    })
}

/// A number of bytes, at least what the engine needs to begin.
fn size(
    key: &str,
    setting: &file::Setting<String>,
    default: usize,
    place: &file::Place<'_>,
) -> Result<usize> {
    let Some(given) = setting else { return Ok(default) };
    let bytes = parse_bytes(given.get_ref()).ok_or_else(|| {
        let problem = "is not a size; write it like \"2GiB\" or \"512MiB\"";
        place.error(key, given, problem)
    })?;
    if bytes < LEAST_BYTES {
        return Err(place.error(key, given, "is too small; give at least 64MiB"));
    }
    Ok(bytes)
}

fn machine_memory_bytes() -> usize {
    let total_kib = std::fs::read_to_string(Path::new("/proc/meminfo")).ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("MemTotal:"))?.to_owned();
        line.split_whitespace().nth(1)?.parse::<usize>().ok()
    });
    // Where the system does not say, assume a small machine.
    total_kib.map_or(2 << 30, |kib| kib << 10)
}

fn parse_bytes(text: &str) -> Option<usize> {
    let text = text.trim();
    let digits_end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let number: usize = text[..digits_end].parse().ok()?;
    let unit: usize = match text[digits_end..].trim() {
        "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        _ => return None,
    };
    number.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "[[source]]\nname = \"a\"\nfiles = \"in/*.csv\"\nstaging = \"a\"\n";

    fn refused(text: &str) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        let project = Project::open(folder.path()).expect("a project");
        let error = Pipeline::parse(&project, "a", "a.toml", text).expect_err("an error");
        error.chain()
    }

    #[test]
    fn a_folder_that_is_none_is_named_with_its_place() {
        assert_eq!(
            refused(&format!("warehouse = \"s3://a b/\"\n{SOURCE}")),
            "a.toml:1:13: warehouse = \"s3://a b/\" is not a folder: `s3://a b/` is not a URL: \
             invalid domain character"
        );
        let files = SOURCE.replace("in/*.csv", "s3://a b/*.csv");
        assert!(refused(&files).starts_with("a.toml:3:9: source.files = "), "{}", refused(&files));
    }

    #[test]
    fn shares_are_not_rounded_to_nothing_or_to_all() {
        let shares = |a: &str, b: &str| {
            refused(&format!("{SOURCE}[parameters.abc]\na_share = {a}\nb_share = {b}\n"))
        };
        let problem = "has more than four decimals";
        let of_a = shares("0.00000000001", "0.9");
        assert!(of_a.starts_with("a.toml:6:11: ") && of_a.ends_with(problem), "{of_a}");
        let of_b = shares("0.8", "0.99999999999");
        assert!(of_b.starts_with("a.toml:7:11: ") && of_b.ends_with(problem), "{of_b}");
    }

    #[test]
    fn sizes_need_a_unit() {
        assert_eq!(parse_bytes("2GiB"), Some(2 << 30));
        assert_eq!(parse_bytes("1 GB"), Some(1_000_000_000));
        assert_eq!(parse_bytes("100"), None);
        assert_eq!(parse_bytes("99999999999999999999GiB"), None);
    }
}
