//! Rejected rows: where they stood, what they said and why they were not accepted.

use std::sync::Arc;

use arrow::array::{Int64Builder, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Schema, SchemaRef};

use super::canonical::described;
use super::csv_rows::Problem;
use crate::error::Result;
use crate::store::{EncodedFile, ParquetEncoder};

/// Schema of the rejects table: one row per rejected line of a delivered file.
pub fn rejects_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        described("source", DataType::Utf8, "Name of the source"),
        described("file", DataType::Utf8, "File that delivered the line"),
        described("row_number", DataType::Int64, "Line of the file, the header is 1"),
        described(
            "column_name",
            DataType::Utf8,
            "Column that was refused; empty for the whole row",
        ),
        described("value", DataType::Utf8, "Text of that cell"),
        described("reason", DataType::Utf8, "Why it was refused"),
        described("raw_text", DataType::Utf8, "The whole row as delimited text"),
    ]))
}

/// Rejected rows of one file.
#[derive(Default)]
pub struct RejectedRows {
    sources: StringBuilder,
    files: StringBuilder,
    rows: Int64Builder,
    columns: StringBuilder,
    values: StringBuilder,
    reasons: StringBuilder,
    texts: StringBuilder,
    /// The first few, as messages show them.
    pub examples: Vec<String>,
}

/// Rejects that an error message shows.
const EXAMPLES: usize = 5;

impl RejectedRows {
    /// Adds a row.
    pub fn push(&mut self, source: &str, file: &str, line: u64, problem: &Problem, text: &str) {
        self.sources.append_value(source);
        self.files.append_value(file);
        self.rows.append_value(line as i64);
        self.columns.append_value(&problem.column);
        self.values.append_value(&problem.value);
        self.reasons.append_value(&problem.reason);
        self.texts.append_value(text);
        if self.examples.len() < EXAMPLES {
            let cell = if problem.column.is_empty() {
                "the row".to_owned()
            } else if problem.value.is_empty() {
                problem.column.clone()
            } else {
                format!("{} {:?}", problem.column, problem.value)
            };
            self.examples.push(format!("{file}:{line}: {cell} {}", problem.reason));
        }
    }

    /// Writes the rows as a file.
    ///
    /// # Errors
    /// When Parquet cannot be written.
    pub fn encode(&mut self) -> Result<EncodedFile> {
        let schema = rejects_schema();
        let batch = RecordBatch::try_new(
            Arc::clone(&schema),
            vec![
                Arc::new(self.sources.finish()),
                Arc::new(self.files.finish()),
                Arc::new(self.rows.finish()),
                Arc::new(self.columns.finish()),
                Arc::new(self.values.finish()),
                Arc::new(self.reasons.finish()),
                Arc::new(self.texts.finish()),
            ],
        )?;
        let mut encoder = ParquetEncoder::new(schema)?;
        encoder.write(batch)?;
        encoder.finish()
    }
}
