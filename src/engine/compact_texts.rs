//! Texts that keep no more memory alive than they need.
//!
//! A text column is an array of views into buffers. Whoever takes some of its rows takes all its
//! buffers: rows of a file keep its pages, and rows that went through two joins carry the buffers
//! of every batch of the first one in every batch of the second. The memory that the engine counts
//! for them outgrows what there is by orders of magnitude, and statements fail that need little.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::joins::HashJoinExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties,
    ReplaceChildrenOptions,
};
use futures::StreamExt;

/// Puts [`CompactTextsExec`] where rows come from files and where they are gathered: above scans,
/// below sorts, and below the side of a join that is held in memory.
#[derive(Debug)]
pub struct CompactTexts;

impl PhysicalOptimizerRule for CompactTexts {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|node| {
            if node.is::<DataSourceExec>() {
                return Ok(compacted(&node).map_or(Transformed::no(node), Transformed::yes));
            }
            if !node.is::<HashJoinExec>() && !node.is::<SortExec>() {
                return Ok(Transformed::no(node));
            }
            let mut children: Vec<_> = node.children().into_iter().cloned().collect();
            // The left side of a join is the one in memory; a sort has one input.
            let Some(first) = compacted(&children[0]) else { return Ok(Transformed::no(node)) };
            children[0] = first;
            let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
            node.replace_children(children, options).map(Transformed::yes)
        })
        .map(|done| done.data)
    }

    fn name(&self) -> &str {
        "compact_texts"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// The plan with its texts made compact; nothing when there are none, or they are already.
pub fn compacted(plan: &Arc<dyn ExecutionPlan>) -> Option<Arc<dyn ExecutionPlan>> {
    let is_text = |data_type: &DataType| matches!(data_type, DataType::Utf8View);
    let has_texts = plan.schema().fields().iter().any(|field| is_text(field.data_type()));
    let is_needed = has_texts && !plan.is::<CompactTextsExec>();
    is_needed.then(|| Arc::new(CompactTextsExec { input: Arc::clone(plan) }) as _)
}

/// Passes its input on, with texts that refer to no buffers but their own.
#[derive(Debug)]
struct CompactTextsExec {
    input: Arc<dyn ExecutionPlan>,
}

impl DisplayAs for CompactTextsExec {
    fn fmt_as(&self, _: DisplayFormatType, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CompactTextsExec")
    }
}

impl ExecutionPlan for CompactTextsExec {
    fn name(&self) -> &str {
        "CompactTextsExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut children = children.into_iter();
        match (children.next(), children.next()) {
            (Some(input), None) => Ok(Arc::new(Self { input })),
            _ => Err(DataFusionError::Internal("CompactTextsExec has one input".to_owned())),
        }
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let schema = self.input.schema();
        let rows = self.input.execute(partition, context)?;
        let compact = {
            let schema = Arc::clone(&schema);
            rows.map(move |batch| compact_batch(&schema, &batch?))
        };
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, compact)))
    }
}

fn compact_batch(schema: &SchemaRef, batch: &RecordBatch) -> Result<RecordBatch> {
    let columns = batch.columns().iter().map(compact).collect();
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

/// Texts of up to twelve bytes stand in the view itself: a column of them needs no buffers. Others
/// are copied when their buffers are more than twice as long as they are.
fn compact(column: &ArrayRef) -> ArrayRef {
    let Some(texts) = column.as_string_view_opt() else { return Arc::clone(column) };
    let held: usize = texts.data_buffers().iter().map(|buffer| buffer.len()).sum();
    if held > 2 * texts.total_buffer_bytes_used() {
        Arc::new(texts.gc())
    } else {
        Arc::clone(column)
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int64Array, StringViewArray};
    use arrow::compute::concat_batches;
    use arrow::datatypes::{Field, Schema};
    use datafusion::datasource::memory::MemorySourceConfig;
    use datafusion::execution::memory_pool::UnboundedMemoryPool;
    use datafusion::execution::runtime_env::RuntimeEnvBuilder;
    use datafusion::physical_expr::expressions::Column;
    use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
    use datafusion::physical_plan::collect;
    use datafusion::prelude::{SessionConfig, SessionContext};

    use super::*;
    use crate::engine::meter::Meter;

    fn texts(length: usize) -> ArrayRef {
        let texts = (0..1_000).map(|row| format!("{row:0length$}"));
        Arc::new(StringViewArray::from_iter_values(texts))
    }

    #[test]
    fn views_that_hold_their_text_hold_no_buffer() {
        let long = texts(40);
        let kept = compact(&long);
        assert!(Arc::ptr_eq(&long, &kept));
        // Ten of a thousand rows need a hundredth of the buffer.
        let few = compact(&long.slice(500, 10));
        assert_eq!(few.as_string_view().data_buffers()[0].len(), 400);
        assert_eq!(few.as_string_view().value(3), format!("{:040}", 503));
        // What fits into the views needs none; here one long text has left its buffer behind.
        let mixed = StringViewArray::from_iter_values(["a", &"b".repeat(100), "c"]);
        let short: ArrayRef = Arc::new(mixed.slice(2, 1));
        assert_eq!(short.as_string_view().data_buffers().len(), 1);
        assert!(compact(&short).as_string_view().data_buffers().is_empty());
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
        assert!(Arc::ptr_eq(&numbers, &compact(&numbers)));
    }

    /// Rows sorted by a plan, and the memory that was counted for it.
    async fn sorted(plan: Arc<dyn ExecutionPlan>) -> (RecordBatch, u64) {
        let meter = Arc::new(Meter::new(Arc::new(UnboundedMemoryPool::default())));
        let runtime = RuntimeEnvBuilder::new().with_memory_pool(Arc::clone(&meter) as _);
        let runtime = runtime.build_arc().expect("a runtime");
        let context = SessionContext::new_with_config_rt(SessionConfig::new(), runtime);
        let rows = collect(plan, context.task_ctx()).await.expect("rows");
        (concat_batches(rows[0].schema_ref(), &rows).expect("one batch"), meter.most())
    }

    #[tokio::test]
    async fn a_sort_counts_texts_as_long_as_they_are() {
        // Fifty batches of twenty rows, each of which holds the buffer of all.
        let schema = Arc::new(Schema::new(vec![Field::new("text", DataType::Utf8View, false)]));
        let all = RecordBatch::try_new(Arc::clone(&schema), vec![texts(1_000)]).expect("rows");
        let batches: Vec<_> = (0..50).rev().map(|place| all.slice(20 * place, 20)).collect();
        let rows = MemorySourceConfig::try_new_exec(&[batches], schema, None).expect("a source");
        let order = PhysicalSortExpr::new_default(Arc::new(Column::new("text", 0)));
        let plan: Arc<dyn ExecutionPlan> =
            Arc::new(SortExec::new(LexOrdering::new([order]).expect("an order"), rows));
        let compacted = CompactTexts.optimize(Arc::clone(&plan), &ConfigOptions::new());
        let (rows, counted) = sorted(compacted.expect("a plan")).await;
        let (expected, blown_up) = sorted(plan).await;
        assert_eq!((&rows, rows.num_rows()), (&expected, 1_000));
        assert!(counted * 4 < blown_up, "{counted} of {blown_up} bytes");
    }
}
