//! Model logic on tiny inputs: `tests/slt/*.slt` in the format of sqllogictest, with two
//! statements of our own. They run the real SQL files.
//!
//! ```text
//! statement ok
//! input sales
//! client_id | sale_date  | revenue
//! A         | 2024-01-05 | 100
//!
//! statement ok
//! build as_of=2024-12-31 abc.window_months=12 only=abc_xyz
//! ```
//!
//! `audit NAME [columns=a,b]` inside a `query` gives the rows that an audit finds.
//!
//! `input` makes a table of the given columns; other columns of its contract are null, and
//! those of `sales` that follow from others are derived. `build` runs the models that the file
//! speaks of (or the `only` table) and what they need, over all months in one range.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use arrow::array::RecordBatch;
use arrow::compute::partition;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use async_trait::async_trait;
use chrono::NaiveDate;
use clientbase::config::{Parameters, Pipeline, Project};
use clientbase::engine::{bind, register_segments};
use clientbase::ingest::{CANONICAL_TABLES, Marker, SALES, canonical_table, history_schema};
use clientbase::models::{Catalog, Model, SEGMENTS};
use clientbase::month::Month;
use datafusion::datasource::MemTable;
use datafusion::datasource::empty::EmptyTable;
use datafusion::prelude::{SessionConfig, SessionContext, ident, lit};
use datafusion::scalar::ScalarValue;
use sqllogictest::{AsyncDB, DBOutput, DefaultColumnType, Runner};

use crate::support::repository;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[test]
fn every_model_case_holds() {
    let folder = repository().join("tests/slt");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .expect("tests/slt")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "slt"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "there are no cases in {}", folder.display());
    let failures = std::sync::Mutex::new(Vec::new());
    let work = std::sync::Mutex::new(files.iter());
    let run_some = || {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        loop {
            let Some(file) = work.lock().expect("the files").next() else { return };
            let text: Arc<str> = std::fs::read_to_string(file).expect("a file").into();
            let mut runner = Runner::new(|| {
                let text = Arc::clone(&text);
                async { Ok(ModelTester::new(text)) }
            });
            if let Err(error) = runtime.block_on(runner.run_file_async(file)) {
                failures.lock().expect("a list").push(format!("{}", error.display(false)));
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(run_some);
        }
    });
    let failures = failures.into_inner().expect("a list");
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// Every result table has a file of cases of its own, so that none is forgotten.
#[test]
fn every_result_table_has_cases() {
    let marts = std::fs::read_dir(repository().join("sql/marts")).expect("sql/marts");
    for mart in marts {
        let name = mart.expect("an entry").path();
        let name = name.file_stem().expect("a name").to_string_lossy().into_owned();
        let cases = repository().join(format!("tests/slt/{name}.slt"));
        assert!(cases.is_file(), "there are no cases for {name}: write {}", cases.display());
    }
}

struct ModelTester {
    context: SessionContext,
    /// The file of cases.
    text: Arc<str>,
}

impl ModelTester {
    fn new(text: Arc<str>) -> Self {
        let mut config = SessionConfig::new().with_target_partitions(2);
        config.options_mut().sql_parser.parse_float_as_decimal = true;
        let context = SessionContext::new_with_config(config);
        // Feeds are optional: a model that reads one must do without its rows.
        for table in &CANONICAL_TABLES {
            let empty = Arc::new(EmptyTable::new(history_schema(table)));
            context.register_table(table.name, empty).expect("an empty table");
        }
        Self { context, text }
    }

    /// `input NAME`, then a header and rows with `|` between cells.
    async fn input(&self, text: &str) -> Result<(), Failure> {
        let mut lines = text.lines();
        let name = lines.next().and_then(|line| line.split_whitespace().nth(1));
        let name = name.ok_or("input needs a table name")?;
        let schema = schema_of(name)?;
        let cells = |line: &str| -> Vec<String> {
            line.split('|').map(|cell| cell.trim().to_owned()).collect()
        };
        let header = cells(lines.next().ok_or("input needs a header")?);
        let mut selects = Vec::new();
        for (number, line) in lines.enumerate() {
            let row = cells(line);
            if row.len() != header.len() {
                return Err(format!("`{line}` has {} cells", row.len()).into());
            }
            let given = |column: &str| {
                let place = header.iter().position(|name| name == column)?;
                Some(row[place].as_str()).filter(|cell| *cell != "null")
            };
            let columns: Vec<String> = schema
                .fields()
                .iter()
                .map(|field| {
                    let cell = given(field.name())
                        .map(str::to_owned)
                        .or_else(|| derived(name, field.name(), number, &given));
                    let literal = cell.map_or("null".to_owned(), |cell| {
                        format!("'{}'", cell.replace('\'', "''"))
                    });
                    let target = sql_type(field.data_type());
                    format!("cast({literal} as {target}) as {}", field.name())
                })
                .collect();
            selects.push(format!("select {}", columns.join(", ")));
        }
        if let Some(unknown) = header.iter().find(|name| schema.index_of(name).is_err()) {
            return Err(format!("{name} has no column {unknown}").into());
        }
        let batches = if selects.is_empty() {
            Vec::new()
        } else {
            self.rows(&selects.join(" union all ")).await?
        };
        let batches = if name == SALES && !header.iter().any(|column| column == "marks") {
            self.marked(&schema, batches).await?
        } else {
            batches
        };
        self.replace(name, schema, batches)
    }

    /// Sales that a statement made have no marks yet.
    async fn mark_made_sales(&self) -> Result<(), Failure> {
        let sales = self.context.table(SALES).await?;
        if sales.schema().has_column_with_unqualified_name("marks") {
            return Ok(());
        }
        let schema = schema_of(SALES)?;
        let columns = schema.fields().iter().map(|field| match field.name().as_str() {
            "marks" => lit(ScalarValue::Int64(None)).alias("marks"),
            name => ident(name),
        });
        let lines = sales.select(columns.collect::<Vec<_>>())?.collect().await?;
        let marked = self.marked(&schema, lines).await?;
        self.replace(SALES, schema, marked)
    }

    /// Sales lines as ingest keeps them: sorted and marked by source and month.
    async fn marked(
        &self,
        schema: &SchemaRef,
        lines: Vec<RecordBatch>,
    ) -> Result<Vec<RecordBatch>, Failure> {
        let table = canonical_table(SALES).ok_or("there are no sales")?;
        let order = ["source", "month"].into_iter().chain(table.sort_columns());
        let order = order.map(|name| ident(name).sort(true, true)).collect();
        let sorted = self.context.read_batches(lines)?.sort(order)?.collect().await?;
        let mut marked = Vec::new();
        for batch in as_contract(schema, sorted)? {
            let places = ["source", "month"].map(|name| batch.column_by_name(name).cloned());
            let places: Vec<_> = places.into_iter().flatten().collect();
            for rows in partition(&places)?.ranges() {
                let mut marker = Marker::new(Arc::clone(schema));
                marked.extend(marker.push(&batch.slice(rows.start, rows.len()))?);
                marked.extend(marker.finish()?);
            }
        }
        Ok(marked)
    }

    /// `build [as_of=DATE] [only=TABLE] [section.key=value …]`.
    async fn build(&self, text: &str) -> Result<(), Failure> {
        let mut as_of: Option<NaiveDate> = None;
        let mut only: Option<String> = None;
        let mut settings = String::new();
        for word in text.split_whitespace().skip(1) {
            match word.split_once('=').ok_or_else(|| format!("`{word}` is not key=value"))? {
                ("as_of", date) => as_of = Some(date.parse()?),
                ("only", table) => only = Some(table.to_owned()),
                (key, value) => settings.push_str(&format!("parameters.{key} = {value}\n")),
            }
        }
        self.mark_made_sales().await?;
        let project = Project::open(&repository())?;
        let source = "[[source]]\nname = 's'\nfiles = '*.csv'\nstaging = 's'\n";
        let pipeline = Pipeline::parse(&project, "slt", "build", &format!("{settings}{source}"))?;
        let of_settings;
        let catalog = if settings.is_empty() {
            default_catalog()?
        } else {
            of_settings = Catalog::load(&project, &pipeline.parameters)?;
            &of_settings
        };
        let (first, last, as_of) = self.history(as_of).await?;
        let wanted = only.map_or_else(|| self.mentioned(catalog), |table| vec![table]);
        let needed = catalog.upstream(wanted);
        for model in &catalog.models {
            if !needed.contains(&model.name) {
                continue;
            }
            if model.reads_itself() {
                let empty = Arc::new(EmptyTable::new(model.schema()));
                self.context.deregister_table(&*model.name)?;
                self.context.register_table(&*model.name, empty)?;
            }
            let values = values(&pipeline.parameters, &model.parameters, first, last, as_of);
            self.context.deregister_table(SEGMENTS)?;
            register_segments(&self.context, catalog, &model.reads).await?;
            let frame = bind(&self.context, &model.file, values).await?;
            let batches = frame.collect().await?;
            self.replace(&model.name, model.schema(), batches)?;
        }
        Ok(())
    }

    /// Tables that the file of cases speaks of, by name or by the name of an audit.
    fn mentioned(&self, catalog: &Catalog) -> Vec<String> {
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let words: BTreeSet<&str> = self.text.split(|letter| !is_part(letter)).collect();
        let audits = catalog.audits.iter().filter(|audit| words.contains(&*audit.name));
        let audited = audits.flat_map(|audit| audit.reads.iter().map(|read| read.table.clone()));
        let models = catalog.models.iter().map(|model| model.name.clone());
        models.filter(|name| words.contains(&**name)).chain(audited).collect()
    }

    /// `audit NAME [columns=a,b]`: the offending rows over all months of the guarded table.
    async fn audit(&self, text: &str) -> Result<Vec<arrow::array::RecordBatch>, Failure> {
        let mut words = text.split_whitespace().skip(1);
        let name = words.next().ok_or("audit needs a name")?;
        let columns = words.next().and_then(|word| word.strip_prefix("columns="));
        let parameters = Parameters::default();
        let catalog = default_catalog()?;
        let audit = catalog.audits.iter().find(|audit| audit.name == name);
        let audit = audit.ok_or_else(|| format!("there is no audit {name}"))?;
        let is_dated = match canonical_table(&audit.table) {
            Some(table) => table.day_column.is_some(),
            None => catalog.model(&audit.table).is_some_and(Model::is_monthly),
        };
        let mut months = (Month::of(NaiveDate::default()), Month::of(NaiveDate::default()));
        if is_dated {
            let sql =
                format!("select min(month) as first, max(month) as last from {}", audit.table);
            let rows = self.rows(&sql).await?;
            let month = |column: usize| match ScalarValue::try_from_array(rows[0].column(column), 0)
            {
                Ok(ScalarValue::Date32(Some(day))) => Month::of_epoch_day(day),
                _ => None,
            };
            months = month(0).zip(month(1)).ok_or("the guarded table is empty")?;
        }
        let (first, last) = months;
        let values = values(&parameters, &audit.parameters, first, last, last.last_day());
        self.context.deregister_table(SEGMENTS)?;
        register_segments(&self.context, catalog, &audit.reads).await?;
        let frame = bind(&self.context, &audit.file, values).await?;
        let frame = match columns {
            Some(list) => frame.select_columns(&list.split(',').collect::<Vec<_>>())?,
            None => frame,
        };
        Ok(frame.collect().await?)
    }

    async fn history(
        &self,
        as_of: Option<NaiveDate>,
    ) -> Result<(Month, Month, NaiveDate), Failure> {
        let sql = "select min(sale_date) as first, max(sale_date) as last from sales";
        let rows = self.rows(sql).await?;
        let day = |column: usize| {
            match ScalarValue::try_from_array(rows[0].column(column), 0) {
                Ok(ScalarValue::Date32(Some(day))) => NaiveDate::from_epoch_days(day),
                _ => None,
            }
            .ok_or("sales are empty")
        };
        let (first, last) = (day(0)?, day(1)?);
        let as_of = as_of.unwrap_or(last);
        Ok((Month::of(first), Month::of(as_of), as_of))
    }

    async fn rows(&self, sql: &str) -> Result<Vec<arrow::array::RecordBatch>, Failure> {
        #[expect(clippy::disallowed_methods, reason = "tests write SQL of their own")]
        let frame = self.context.sql(sql).await?;
        Ok(frame.collect().await?)
    }

    fn replace(
        &self,
        name: &str,
        schema: SchemaRef,
        batches: Vec<RecordBatch>,
    ) -> Result<(), Failure> {
        let cast = as_contract(&schema, batches)?;
        self.context.deregister_table(name)?;
        self.context.register_table(name, Arc::new(MemTable::try_new(schema, vec![cast])?))?;
        Ok(())
    }
}

#[async_trait]
impl AsyncDB for ModelTester {
    type Error = TestError;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, TestError> {
        let done = match sql.split_whitespace().next() {
            Some("input") => self.input(sql).await,
            Some("build") => self.build(sql).await,
            Some("audit") => {
                let rows = self.audit(sql).await.map_err(TestError)?;
                return as_text(&rows).map_err(TestError);
            }
            _ => {
                let rows = self.rows(sql).await.map_err(TestError)?;
                return as_text(&rows).map_err(TestError);
            }
        };
        done.map(|()| DBOutput::StatementComplete(0)).map_err(TestError)
    }

    fn engine_name(&self) -> &str {
        "clientbase"
    }

    async fn shutdown(&mut self) {}
}

#[derive(Debug)]
struct TestError(Failure);

impl std::fmt::Display for TestError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.0)
    }
}

impl std::error::Error for TestError {}

fn as_text(rows: &[arrow::array::RecordBatch]) -> Result<DBOutput<DefaultColumnType>, Failure> {
    let options = FormatOptions::default().with_null("NULL");
    let mut text = Vec::new();
    let mut width = 0;
    for batch in rows {
        width = batch.num_columns();
        let formatters = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column, &options))
            .collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            text.push(formatters.iter().map(|column| column.value(row).to_string()).collect());
        }
    }
    Ok(DBOutput::Rows { types: vec![DefaultColumnType::Text; width], rows: text })
}

/// Rows with exactly the types of a table.
fn as_contract(schema: &SchemaRef, batches: Vec<RecordBatch>) -> Result<Vec<RecordBatch>, Failure> {
    let cast = |batch: RecordBatch| -> Result<RecordBatch, Failure> {
        let columns = batch.columns().iter().zip(schema.fields());
        let columns =
            columns.map(|(column, field)| arrow::compute::cast(column, field.data_type()));
        Ok(RecordBatch::try_new(Arc::clone(schema), columns.collect::<Result<_, _>>()?)?)
    };
    batches.into_iter().map(cast).collect()
}

fn schema_of(table: &str) -> Result<SchemaRef, Failure> {
    if let Some(canonical) = canonical_table(table) {
        return Ok(history_schema(canonical));
    }
    let catalog = default_catalog()?;
    let model = catalog.model(table).ok_or_else(|| format!("there is no table {table}"))?;
    Ok(model.schema())
}

/// The models as they are without settings, parsed once: cases ask for them thousands of times.
fn default_catalog() -> Result<&'static Catalog, Failure> {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    if let Some(catalog) = CATALOG.get() {
        return Ok(catalog);
    }
    let project = Project::open(&repository())?;
    let catalog = Catalog::load(&project, &Parameters::default())?;
    Ok(CATALOG.get_or_init(|| catalog))
}

/// Columns of a canonical row that follow from others, as ingest derives them.
fn derived<'a>(
    table: &str,
    column: &str,
    number: usize,
    given: &dyn Fn(&str) -> Option<&'a str>,
) -> Option<String> {
    let canonical = canonical_table(table)?;
    match column {
        "month" => {
            return Some(format!("{}-01", given(canonical.day_column?)?.get(..7)?));
        }
        "source" => return Some("s".to_owned()),
        "source_file" => return Some("f.csv".to_owned()),
        "source_row" => return Some((number + 2).to_string()),
        _ if table != SALES => return None,
        _ => {}
    }
    let amount: f64 = given("revenue")?.parse().ok()?;
    let quantity = given("quantity").and_then(|cell| cell.parse::<f64>().ok());
    let kind = given("kind").unwrap_or(
        if amount < 0.0 || quantity.is_some_and(|quantity| quantity < 0.0) {
            "return"
        } else {
            "sale"
        },
    );
    match column {
        "kind" => Some(kind.to_owned()),
        "is_purchase" => {
            let bought =
                kind == "sale" && amount > 0.0 && quantity.is_none_or(|quantity| quantity > 0.0);
            Some(bought.to_string())
        }
        _ => None,
    }
}

fn sql_type(data_type: &DataType) -> String {
    match data_type {
        DataType::Utf8 => "varchar".to_owned(),
        DataType::Date32 => "date".to_owned(),
        DataType::Int64 => "bigint".to_owned(),
        DataType::Float64 => "double".to_owned(),
        DataType::Boolean => "boolean".to_owned(),
        DataType::Decimal128(precision, scale) => format!("decimal({precision},{scale})"),
        other => panic!("input cannot make {other}"),
    }
}

fn values(
    parameters: &Parameters,
    declared: &[(String, clientbase::config::ParameterType)],
    first: Month,
    last: Month,
    as_of: NaiveDate,
) -> Vec<(String, ScalarValue)> {
    let date = |day: i32| ScalarValue::Date32(Some(day));
    let mut values = vec![
        ("first_month".to_owned(), date(first.epoch_day())),
        ("last_month".to_owned(), date(last.epoch_day())),
        ("range_months".to_owned(), ScalarValue::Int64(Some(last.months_since(first) + 1))),
    ];
    for (name, _) in declared {
        let value = match name.as_str() {
            "first_month" | "last_month" | "range_months" => continue,
            "as_of_date" => date(as_of.to_epoch_days()),
            "history_first_month" => date(first.epoch_day()),
            other => parameters.get(other).map(ScalarValue::from).expect("a declared parameter"),
        };
        values.push((name.clone(), value));
    }
    values
}
