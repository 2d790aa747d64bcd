//! Column lines of a header: the contract of a table.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use crate::config::{ParameterType, parse_type};
use crate::error::Result;

use super::header::Header;

/// One column of a table's contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Name, as in the final select.
    pub name: String,
    /// Type, as in the final select.
    pub column_type: ParameterType,
    /// Whether nulls are allowed; if not, an audit proves it on every run.
    pub nullable: bool,
    /// What it means, for people.
    pub meaning: String,
}

impl Column {
    /// Reads `name type [not null] -- meaning`.
    pub(super) fn parse(header: &Header<'_>, value: &str, line: usize) -> Result<Self> {
        let (definition, meaning) = value.split_once("--").unwrap_or((value, ""));
        let (definition, nullable) = match definition.trim().strip_suffix("not null") {
            Some(rest) => (rest.trim(), false),
            None => (definition.trim(), true),
        };
        let (name, column_type) = name_and_type(header, definition, line)?;
        Ok(Self { name, column_type, nullable, meaning: meaning.trim().to_owned() })
    }
}

/// Reads `name type`; the name may be quoted.
pub(super) fn name_and_type(
    header: &Header<'_>,
    definition: &str,
    line: usize,
) -> Result<(String, ParameterType)> {
    let wrong = || header.error(line, format!("`{definition}` is not `name type`"));
    let (name, rest) = match definition.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').ok_or_else(wrong)?,
        None => definition.split_once(' ').ok_or_else(wrong)?,
    };
    let column_type = parse_type(rest).ok_or_else(|| {
        header.error(line, format!("`{}` is no known type", rest.trim())).hint(
            "types are text, date, bigint, double, boolean, decimal(p,s) and lists like text[]",
        )
    })?;
    Ok((name.to_owned(), column_type))
}

/// The Arrow schema of a contract. Meanings travel as field metadata, so that they
/// reach the Parquet and Delta files; nothing is declared non-null to readers.
pub fn schema_of(columns: &[Column]) -> SchemaRef {
    let fields: Vec<Field> = columns
        .iter()
        .map(|column| {
            Field::new(&column.name, column.column_type.data_type.clone(), true)
                .with_metadata(HashMap::from([("comment".to_owned(), column.meaning.clone())]))
        })
        .collect();
    Arc::new(Schema::new(fields))
}

/// Whether a planned type satisfies a contract type: text is text in any layout.
pub fn same_type(planned: &DataType, contract: &DataType) -> bool {
    match (planned, contract) {
        (DataType::Utf8View | DataType::LargeUtf8, DataType::Utf8) => true,
        (DataType::Dictionary(_, value), contract) => same_type(value, contract),
        (
            DataType::List(planned) | DataType::LargeList(planned) | DataType::ListView(planned),
            DataType::List(contract),
        ) => same_type(planned.data_type(), contract.data_type()),
        _ => planned == contract,
    }
}
