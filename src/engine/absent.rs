//! A table that the catalogue has and the chosen run has not: a query may not take it for an
//! empty one.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::datasource::{TableProvider, TableType};
use datafusion::error::{DataFusionError, Result};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::Expr;

/// Says why it is not there as soon as it is read.
#[derive(Debug)]
pub struct AbsentTable {
    schema: SchemaRef,
    why: String,
}

impl AbsentTable {
    /// A table with these columns that cannot be read.
    pub fn provider(schema: SchemaRef, why: String) -> Arc<dyn TableProvider> {
        Arc::new(Self { schema, why })
    }
}

#[async_trait]
impl TableProvider for AbsentTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        _projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Err(DataFusionError::Plan(self.why.clone()))
    }
}
