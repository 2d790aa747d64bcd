//! Errors of the query engine, by whose fault they are.

use datafusion::error::DataFusionError;

use crate::error::{Error, any_cause, is_of_store};

/// What is to be done when memory, or the disk that stands in for it, is at its limit.
const MORE_ROOM: &str = "raise limits.memory_limit or limits.spill_limit, or lower \
                         limits.slice_months in the pipeline file";

impl From<DataFusionError> for Error {
    /// An engine error is the environment's when a store, the disk or memory is
    /// behind it, and ours otherwise. Errors of a user's SQL are caught where the
    /// SQL is planned, with the file's name.
    fn from(error: DataFusionError) -> Self {
        match error.find_root() {
            DataFusionError::ResourcesExhausted(_) => {
                Self::store("memory or temporary disk space ran out").because(error).hint(MORE_ROOM)
            }
            _ if is_spill_limit(&error) => {
                Self::store("the limit of temporary disk space is reached")
                    .because(error)
                    .hint(MORE_ROOM)
            }
            DataFusionError::ObjectStore(_)
            | DataFusionError::IoError(_)
            | DataFusionError::ParquetError(_) => {
                Self::store("the store failed while computing").because(error)
            }
            _ => Self::bug("the engine failed").because(error),
        }
    }
}

/// Whether a store or the operating system is behind an error, rather than the SQL.
pub fn is_failed_store(error: &DataFusionError) -> bool {
    is_of_store(error)
        || is_spill_limit(error)
        || any_cause(error, &|cause| cause.is::<object_store::Error>())
}

/// Whether the engine may write no more to disk. It has no kind of its own for that.
fn is_spill_limit(error: &DataFusionError) -> bool {
    any_cause(error, &|cause| cause.to_string().contains("max_temp_directory_size"))
}

/// Whether the engine ran out of the memory it may use.
pub(super) fn is_out_of_memory(error: &Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if let Some(engine) = error.downcast_ref::<DataFusionError>() {
            return matches!(engine.find_root(), DataFusionError::ResourcesExhausted(_));
        }
        cause = error.source();
    }
    false
}
