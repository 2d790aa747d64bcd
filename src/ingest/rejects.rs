//! Rejected rows: where they stood, what they said and why they were not accepted.

use std::sync::Arc;

use arrow::array::{Int64Builder, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Schema, SchemaRef};

use super::canonical::described;
use super::typed_rows::Problem;
use crate::error::Result;
use crate::store::{EncodedFile, ParquetEncoder, Scratch};

/// Schema of the rejects table: one row per rejected line of a delivered file.
pub fn rejects_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        described("source", DataType::Utf8, "Name of the source"),
        described("file", DataType::Utf8, "File that delivered the line"),
        described("row_number", DataType::Int64, "Line of the file, or row of the sheet"),
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

/// A rejected row.
#[derive(Debug, Clone)]
pub struct Reject {
    /// Delivered file, with the sheet or archived file.
    pub file: String,
    pub line: u64,
    pub problem: Problem,
    /// The whole row as delimited text.
    pub text: String,
}

/// Rejected rows of one file.
pub struct RejectedRows {
    source: String,
    encoder: ParquetEncoder,
    waiting: Vec<Reject>,
    /// The first few, as messages show them.
    pub examples: Vec<String>,
}

/// Rejects that an error message shows.
const EXAMPLES: usize = 5;
/// Rejects that are encoded at once.
const BATCH: usize = 8_192;

impl RejectedRows {
    /// No rejects yet.
    ///
    /// # Errors
    /// When Parquet cannot be written.
    pub fn new(source: &str, scratch: &Scratch) -> Result<Self> {
        Ok(Self {
            source: source.to_owned(),
            encoder: ParquetEncoder::new(rejects_schema(), scratch)?,
            waiting: Vec::new(),
            examples: Vec::new(),
        })
    }

    /// Adds a row.
    ///
    /// # Errors
    /// When Parquet cannot be written.
    pub fn push(&mut self, reject: Reject) -> Result<()> {
        if self.examples.len() < EXAMPLES {
            let Reject { file, line, problem, .. } = &reject;
            let cell = if problem.column.is_empty() {
                "the row".to_owned()
            } else if problem.value.is_empty() {
                problem.column.clone()
            } else {
                format!("{} {:?}", problem.column, shortened(&problem.value))
            };
            self.examples.push(format!("{file}:{line}: {cell} {}", problem.reason));
        }
        self.waiting.push(reject);
        if self.waiting.len() >= BATCH { self.encode() } else { Ok(()) }
    }

    /// Writes the rows as a file.
    ///
    /// # Errors
    /// When Parquet cannot be written.
    pub fn finish(mut self) -> Result<(EncodedFile, Vec<String>)> {
        self.encode()?;
        Ok((self.encoder.finish()?, self.examples))
    }

    fn encode(&mut self) -> Result<()> {
        let mut texts: [StringBuilder; 6] = Default::default();
        let mut rows = Int64Builder::new();
        for reject in self.waiting.drain(..) {
            rows.append_value(reject.line as i64);
            let Problem { column, value, reason } = &reject.problem;
            let values = [&self.source, &reject.file, column, value, reason, &reject.text];
            for (builder, value) in texts.iter_mut().zip(values) {
                builder.append_value(value);
            }
        }
        let [source, file, column, value, reason, text] =
            texts.map(|mut builder| Arc::new(builder.finish()));
        let batch = RecordBatch::try_new(
            rejects_schema(),
            vec![source, file, Arc::new(rows.finish()), column, value, reason, text],
        )?;
        self.encoder.write(batch)
    }
}

/// Text of a cell that fits into a message.
fn shortened(text: &str) -> String {
    const SHOWN: usize = 80;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
