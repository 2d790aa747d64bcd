//! What the three kinds of SQL file declare: models, audits and stagings.

use std::collections::{BTreeMap, BTreeSet};

use arrow::datatypes::{DataType, SchemaRef};
use serde::{Deserialize, Serialize};

use crate::config::{ParameterType, ParameterValue, Parameters};
use crate::error::{Error, Result};

use super::columns::{Column, name_and_type, schema_of};
use super::fingerprint::{Fingerprint, FingerprintBuilder};
use super::header::Header;
use super::sql_file::SqlFile;
use super::window::{Read, Window};

/// Parameters that a run sets itself, with their types.
pub const RUN_PARAMETERS: [&str; 5] =
    ["first_month", "last_month", "range_months", "as_of_date", "history_first_month"];

/// What SQL calls all target segments together: month, segment, client.
pub const SEGMENTS: &str = "segments";

/// How names of the tables of segments begin.
const SEGMENT_PREFIX: &str = "segment_";

/// Where a model's table stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    /// A helper; kept in the warehouse, not published.
    Intermediate,
    /// A result; published.
    Mart,
    /// Clients of a target segment; kept in the warehouse, published with those of the others.
    Segment,
}

/// What a table is made by, in parts that can be told apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// Hash of the SQL and its contract.
    pub sql: Fingerprint,
    /// Values of the pipeline's parameters that the SQL uses.
    pub parameters: BTreeMap<String, String>,
}

/// A SQL file that makes one table.
#[derive(Debug, Clone)]
pub struct Model {
    /// Name of the table.
    pub name: String,
    /// Helper or result.
    pub layer: Layer,
    /// Text and name of the file.
    pub file: SqlFile,
    /// What the table is.
    pub description: String,
    /// Columns that identify a row.
    pub grain: Vec<String>,
    /// Inputs and the months of them that month M may depend on.
    pub reads: Vec<Read>,
    /// Parameters the SQL uses, beside the implied first and last month.
    pub parameters: Vec<(String, ParameterType)>,
    /// The table's columns in order.
    pub columns: Vec<Column>,
    /// The SQL without comments and layout.
    normalized: String,
}

impl Model {
    pub(super) fn parse(file: SqlFile, layer: Layer, known: &Parameters) -> Result<Self> {
        let header = Header::parse(&file, &["grain", "reads", "param", "column"])?;
        let columns = header
            .values("column")
            .map(|(value, line)| Column::parse(&header, value, line))
            .collect::<Result<Vec<_>>>()?;
        let grain = header.items("grain");
        if columns.is_empty() || grain.is_empty() {
            return Err(header.error(1, "a model declares its `grain:` and every `column:`"));
        }
        for (name, line) in &grain {
            match columns.iter().find(|column| column.name == *name) {
                None => {
                    return Err(
                        header.error(*line, format!("grain column `{name}` has no column line"))
                    );
                }
                Some(column) if column.nullable => {
                    return Err(
                        header.error(*line, format!("grain column `{name}` must be not null"))
                    );
                }
                Some(_) => {}
            }
        }
        let mut names = BTreeSet::new();
        if let Some(twice) = columns.iter().find(|column| !names.insert(&column.name)) {
            return Err(header.error(1, format!("column `{}` is declared twice", twice.name)));
        }
        let reads = parse_reads(&header, known)?;
        let parameters = parse_parameters(&header, known)?;
        let model = Self {
            name: file.name.clone(),
            layer,
            description: header.description.clone(),
            grain: grain.into_iter().map(|(name, _)| name).collect(),
            reads,
            parameters,
            columns,
            normalized: file.normalized()?,
            file,
        };
        model.check_windows(known)?;
        model.check_tables()?;
        Ok(model)
    }

    /// A target segment: months and clients, whatever it asks, so its header names no columns.
    pub(super) fn parse_segment(file: SqlFile, known: &Parameters) -> Result<Self> {
        let header = Header::parse(&file, &["reads", "param"])?;
        let column = |name: &str, column_type: &str, data_type, meaning: &str| Column {
            name: name.to_owned(),
            column_type: ParameterType { text: column_type.to_owned(), data_type },
            nullable: false,
            meaning: meaning.to_owned(),
        };
        let model = Self {
            name: format!("{SEGMENT_PREFIX}{}", file.name),
            layer: Layer::Segment,
            description: header.description.clone(),
            grain: vec!["month".to_owned(), "client_id".to_owned()],
            reads: parse_reads(&header, known)?,
            parameters: parse_parameters(&header, known)?,
            columns: vec![
                column(
                    "month",
                    "date",
                    DataType::Date32,
                    "Calendar month, written as its first day",
                ),
                column("client_id", "text", DataType::Utf8, "Canonical client"),
            ],
            normalized: file.normalized()?,
            file,
        };
        model.check_windows(known)?;
        model.check_tables()?;
        Ok(model)
    }

    /// Name of the target segment whose clients the table holds.
    pub fn segment(&self) -> Option<&str> {
        (self.layer == Layer::Segment).then_some(self.file.name.as_str())
    }

    /// Whether the table has one file a month; otherwise it is recomputed whole.
    pub fn is_monthly(&self) -> bool {
        self.columns.iter().any(|column| {
            column.name == "month" && column.column_type.data_type == DataType::Date32
        })
    }

    /// Columns that order the rows of a table: the month, then the grain.
    pub fn order(&self) -> Vec<String> {
        let month = self.is_monthly().then(|| "month".to_owned());
        let rest = self.grain.iter().filter(|name| *name != "month").cloned();
        month.into_iter().chain(rest).collect()
    }

    /// Whether a month reads earlier months of the table itself.
    pub fn reads_itself(&self) -> bool {
        self.reads.iter().any(|read| read.table == self.name)
    }

    /// Whether a parameter that a run sets is used.
    pub fn uses_parameter(&self, name: &str) -> bool {
        self.parameters.iter().any(|(parameter, _)| parameter == name)
    }

    /// Schema of the table's files.
    pub fn schema(&self) -> SchemaRef {
        schema_of(&self.columns)
    }

    /// The SQL with its contract, and the values of its parameters, each apart: what a plan
    /// compares to say why a table changes.
    ///
    /// # Errors
    /// See [`Model::add_definition`].
    pub fn definition(&self, values: &Parameters) -> Result<Definition> {
        let mut sql = FingerprintBuilder::default();
        self.add_sql(&mut sql);
        let mut parameters = BTreeMap::new();
        for (name, value) in self.parameter_values(values)? {
            parameters.insert(name.to_owned(), value.to_string());
        }
        Ok(Definition { sql: sql.finish(), parameters })
    }

    /// Adds what every month of the table depends on: SQL, contract and parameters.
    ///
    /// # Errors
    /// When a declared parameter has no value, which loading has ruled out.
    pub fn add_definition(&self, to: &mut FingerprintBuilder, values: &Parameters) -> Result<()> {
        self.add_sql(to);
        for (name, value) in self.parameter_values(values)? {
            to.part(name, value);
        }
        Ok(())
    }

    fn add_sql(&self, to: &mut FingerprintBuilder) {
        to.part("table", &self.name).part("sql", &self.normalized);
        for column in &self.columns {
            to.part("column", &column.name)
                .part("type", &column.column_type.text)
                .part("nullable", column.nullable)
                .part("meaning", &column.meaning);
        }
        for name in &self.grain {
            to.part("grain", name);
        }
    }

    fn parameter_values<'v>(
        &'v self,
        values: &'v Parameters,
    ) -> Result<Vec<(&'v str, &'v ParameterValue)>> {
        let of_pipeline =
            self.parameters.iter().filter(|(name, _)| !RUN_PARAMETERS.contains(&name.as_str()));
        of_pipeline
            .map(|(name, _)| {
                let value = values.get(name);
                let value = value
                    .ok_or_else(|| Error::bug(format!("parameter `{name}` lost its value")))?;
                Ok((name.as_str(), value))
            })
            .collect()
    }

    fn check_windows(&self, known: &Parameters) -> Result<()> {
        for read in &self.reads {
            let all = read.window == Window::All;
            if !all && !self.is_monthly() {
                return Err(Error::configuration(format!(
                    "{}: {read} in a model without a month column; write {}[all]",
                    self.file.shown, read.table
                )));
            }
            if read.table == self.name && read.window.reaches_present(known) {
                return Err(Error::configuration(format!(
                    "{}: {read} reads the month that is being computed",
                    self.file.shown
                )));
            }
        }
        Ok(())
    }

    fn check_tables(&self) -> Result<()> {
        same_tables(&self.file, &self.reads)
    }
}

/// A SQL file whose rows must not exist.
#[derive(Debug, Clone)]
pub struct Audit {
    /// Name, as failures show it.
    pub name: String,
    /// Text and name of the file.
    pub file: SqlFile,
    /// What holds when the audit passes.
    pub description: String,
    /// The table it guards.
    pub table: String,
    /// Inputs and the months of them it needs.
    pub reads: Vec<Read>,
    /// Parameters the SQL uses.
    pub parameters: Vec<(String, ParameterType)>,
}

impl Audit {
    pub(super) fn parse(file: SqlFile, known: &Parameters) -> Result<Self> {
        let header = Header::parse(&file, &["audits", "reads", "param"])?;
        let guarded = header.items("audits");
        let [(table, _)] = guarded.as_slice() else {
            return Err(header.error(1, "an audit names the one table it guards in `audits:`"));
        };
        let audit = Self {
            name: file.name.clone(),
            description: header.description.clone(),
            table: table.clone(),
            reads: parse_reads(&header, known)?,
            parameters: parse_parameters(&header, known)?,
            file,
        };
        same_tables(&audit.file, &audit.reads)?;
        Ok(audit)
    }
}

/// A SQL file that turns the raw columns of a source into canonical sales lines.
#[derive(Debug, Clone)]
pub struct Staging {
    /// Name, as pipeline files use it.
    pub name: String,
    /// Text and name of the file.
    pub file: SqlFile,
    /// Raw columns with the types they are strictly read as.
    pub raw: Vec<RawColumn>,
    normalized: String,
}

/// A column of a source's files.
#[derive(Debug, Clone)]
pub struct RawColumn {
    /// Header name in the file.
    pub name: String,
    /// Type its text must have.
    pub column_type: ParameterType,
    /// Whether files may lack the column; it is null then.
    pub optional: bool,
}

impl Staging {
    /// Name under which a staging file reads the raw rows.
    pub const RAW_TABLE: &'static str = "raw";

    pub(super) fn parse(file: SqlFile) -> Result<Self> {
        let header = Header::parse(&file, &["raw"])?;
        let raw = header
            .values("raw")
            .map(|(value, line)| {
                let (definition, optional) = match value.strip_suffix("optional") {
                    Some(rest) => (rest.trim(), true),
                    None => (value, false),
                };
                let (name, column_type) = name_and_type(&header, definition, line)?;
                let readable = matches!(
                    column_type.data_type,
                    DataType::Utf8 | DataType::Date32 | DataType::Int64 | DataType::Decimal128(..)
                );
                if !readable {
                    return Err(header.error(
                        line,
                        "raw columns are read as text, date, bigint or decimal(p,s)",
                    ));
                }
                Ok(RawColumn { name, column_type, optional })
            })
            .collect::<Result<Vec<_>>>()?;
        if raw.is_empty() {
            return Err(header.error(1, "a staging declares every raw column it uses in `raw:`"));
        }
        if file.tables()? != [Self::RAW_TABLE] {
            return Err(Error::configuration(format!(
                "{}: a staging reads the table `raw` and nothing else",
                file.shown
            )));
        }
        Ok(Self { name: file.name.clone(), raw, normalized: file.normalized()?, file })
    }

    /// Adds what the rows of a snapshot depend on beside its bytes.
    pub fn add_definition(&self, to: &mut FingerprintBuilder) {
        to.part("staging", &self.normalized);
        for column in &self.raw {
            to.part("raw", &column.name)
                .part("type", &column.column_type.text)
                .part("optional", column.optional);
        }
    }
}

fn parse_reads(header: &Header<'_>, known: &Parameters) -> Result<Vec<Read>> {
    let reads: Vec<Read> = header
        .items("reads")
        .iter()
        .map(|(item, line)| Read::parse(header, item, *line, known))
        .collect::<Result<_>>()?;
    let mut names = BTreeSet::new();
    match reads.iter().find(|read| !names.insert(&read.table)) {
        Some(twice) => Err(header.error(1, format!("`{}` is read twice", twice.table))),
        None => Ok(reads),
    }
}

fn parse_parameters(
    header: &Header<'_>,
    known: &Parameters,
) -> Result<Vec<(String, ParameterType)>> {
    let mut parameters: Vec<(String, ParameterType)> = Vec::new();
    for (value, line) in header.values("param") {
        let (name, declared) = name_and_type(header, value, line)?;
        if parameters.iter().any(|(other, _)| *other == name) {
            return Err(header.error(line, format!("parameter `{name}` is declared twice")));
        }
        let actual = match known.get(&name) {
            Some(value) => value.data_type(),
            None if name == "range_months" => DataType::Int64,
            None if RUN_PARAMETERS.contains(&name.as_str()) => DataType::Date32,
            None => {
                let names: Vec<&str> =
                    known.iter().map(|(name, _)| name).chain(RUN_PARAMETERS).collect();
                return Err(header
                    .error(line, format!("there is no parameter `{name}`"))
                    .hint(format!("the parameters are: {}", names.join(", "))));
            }
        };
        if !super::columns::same_type(&actual, &declared.data_type) {
            return Err(header
                .error(line, format!("parameter `{name}` is {actual}, not {}", declared.text)));
        }
        parameters.push((name, declared));
    }
    Ok(parameters)
}

/// The header's `reads` and the tables of the SQL must be the same, in both directions.
fn same_tables(file: &SqlFile, reads: &[Read]) -> Result<()> {
    let used = file.tables()?;
    let declared: BTreeSet<&str> = reads.iter().map(|read| read.table.as_str()).collect();
    if let Some(missing) = used.iter().find(|table| !declared.contains(table.as_str())) {
        return Err(Error::configuration(format!(
            "{}: the SQL reads `{missing}`, which `reads:` does not declare",
            file.shown
        )));
    }
    if let Some(extra) = declared.iter().find(|table| !used.iter().any(|used| used == *table)) {
        return Err(Error::configuration(format!(
            "{}: `reads:` declares `{extra}`, which the SQL does not read",
            file.shown
        )));
    }
    Ok(())
}
