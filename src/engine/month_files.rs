//! Data files of one table as a table of the query engine: exactly the given files, whose
//! sizes and row counts the commit log has told already.

use std::sync::Arc;

use arrow::compute::SortOptions;
use arrow::datatypes::{Schema, SchemaRef};
use async_trait::async_trait;
use chrono::DateTime;
use datafusion::catalog::Session;
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::object_store::ObjectStoreUrl;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::{TableProvider, TableType};
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::TableProviderFilterPushDown;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::prelude::Expr;
use futures::{TryStreamExt, stream};
use object_store::ObjectMeta;
use object_store::path::Path;
use url::Url;

use super::compact_texts::compacted;
use super::small_files::{SmallFiles, SmallFilesFirst};
use crate::store::DataFile;

/// As files of results and of the history are sorted.
const ASCENDING: SortOptions = SortOptions { descending: false, nulls_first: true };

/// A fixed list of Parquet files with a common schema.
#[derive(Debug)]
pub struct MonthFiles {
    store: Url,
    schema: SchemaRef,
    files: Vec<(Path, DataFile)>,
    small: Arc<SmallFiles>,
    /// Columns by which each file is sorted, when rows must come in this order.
    order: Vec<String>,
}

impl MonthFiles {
    /// Files at paths of the store that holds `store`, and the small ones of them that were read.
    pub fn new(
        store: &Url,
        schema: SchemaRef,
        files: Vec<(Path, DataFile)>,
        small: Arc<SmallFiles>,
    ) -> Self {
        Self { store: store.clone(), schema, files, small, order: Vec::new() }
    }

    /// Rows come in the order of these columns, by which every file is sorted.
    pub fn in_order(self, order: Vec<String>) -> Self {
        Self { order, ..self }
    }

    /// The order in the places of a schema, as far as it has the columns.
    fn order_in(&self, schema: &Schema) -> Option<LexOrdering> {
        LexOrdering::new(self.order.iter().map_while(|name| {
            let column = Column::new(name, schema.index_of(name).ok()?);
            Some(PhysicalSortExpr::new(Arc::new(column), ASCENDING))
        }))
    }

    fn file_statistics(&self, file: &DataFile) -> Statistics {
        Statistics {
            num_rows: Precision::Exact(file.rows as usize),
            total_byte_size: Precision::Inexact(file.bytes as usize),
            column_statistics: vec![ColumnStatistics::new_unknown(); self.schema.fields().len()],
        }
    }
}

#[async_trait]
impl TableProvider for MonthFiles {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        // Row groups are skipped by their statistics; rows are filtered by the plan.
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if self.files.is_empty() {
            let schema = match projection {
                Some(columns) => Arc::new(self.schema.project(columns)?),
                None => Arc::clone(&self.schema),
            };
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        let store = ObjectStoreUrl::parse(&self.store[..url::Position::BeforePath])?;
        let files: Vec<PartitionedFile> = self
            .files
            .iter()
            .map(|(path, file)| {
                // From the path itself: its text would be percent-encoded a second time.
                PartitionedFile::new_from_meta(ObjectMeta {
                    location: path.clone(),
                    last_modified: DateTime::UNIX_EPOCH,
                    size: file.bytes,
                    e_tag: None,
                    version: None,
                })
                .with_statistics(Arc::new(self.file_statistics(file)))
            })
            .collect();
        let rows: u64 = self.files.iter().map(|(_, file)| file.rows).sum();
        let bytes: u64 = self.files.iter().map(|(_, file)| file.bytes).sum();
        let statistics = Statistics {
            num_rows: Precision::Exact(rows as usize),
            total_byte_size: Precision::Inexact(bytes as usize),
            column_statistics: vec![ColumnStatistics::new_unknown(); self.schema.fields().len()],
        };
        let order = match projection {
            Some(columns) => self.order_in(&self.schema.project(columns)?),
            None => self.order_in(&self.schema),
        };
        let (groups, order_of_each) = match order {
            Some(_) => {
                let alone = files.into_iter().map(|file| FileGroup::new(vec![file])).collect();
                (alone, self.order_in(&self.schema))
            }
            None => (FileGroup::new(files).split_files(state.config().target_partitions()), None),
        };
        let (small, opened) = (Arc::clone(&self.small), state.runtime_env().object_store(&store)?);
        let files = SmallFilesFirst::new(small, opened, state.runtime_env());
        let source = ParquetSource::new(Arc::clone(&self.schema))
            .with_parquet_file_reader_factory(Arc::new(files));
        let config = FileScanConfigBuilder::new(store, Arc::new(source))
            .with_file_groups(groups)
            .with_statistics(statistics)
            .with_projection_indices(projection.cloned())?
            .with_output_ordering(order_of_each.into_iter().collect())
            .with_limit(limit)
            .build();
        let files: Arc<dyn ExecutionPlan> = DataSourceExec::from_data_source(config);
        let Some(order) = order else { return Ok(files) };
        let files = compacted(&files).unwrap_or(files);
        let merged = MergedFiles { plan: SortPreservingMergeExec::new(order.clone(), files) };
        let (schema, merged) = (Arc::clone(merged.schema()), Arc::new(merged) as _);
        Ok(Arc::new(StreamingTableExec::try_new(
            schema,
            vec![merged],
            None,
            [order],
            false,
            limit,
        )?))
    }
}

/// Files merged by their order, as one source. As a part of the plan, the merge would be moved
/// above the first grouping, which would then group each file by itself to no effect.
#[derive(Debug)]
struct MergedFiles {
    plan: SortPreservingMergeExec,
}

impl PartitionStream for MergedFiles {
    fn schema(&self) -> &SchemaRef {
        self.plan.properties().equivalence_properties().schema()
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let rows = self.plan.execute(0, context);
        let schema = Arc::clone(self.schema());
        Box::pin(RecordBatchStreamAdapter::new(schema, stream::once(async { rows }).try_flatten()))
    }
}
