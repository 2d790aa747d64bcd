//! All target segments as one table of a statement.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use datafusion::dataframe::DataFrame;
use datafusion::datasource::empty::EmptyTable;
use datafusion::prelude::{SessionContext, ident, lit};

use crate::error::Result;
use crate::models::{Catalog, Read, SEGMENTS};

/// Registers `segments` for a statement that reads it: the rows of the segments' tables, which
/// are registered already, each with its name.
///
/// # Errors
/// When a segment's table is not registered, which is a bug.
pub async fn register_segments(
    context: &SessionContext,
    catalog: &Catalog,
    reads: &[Read],
) -> Result<()> {
    if reads.iter().all(|read| read.table != SEGMENTS) {
        return Ok(());
    }
    let mut all: Option<DataFrame> = None;
    for read in reads {
        let model = catalog.model(&read.table);
        let Some(name) = model.and_then(|model| model.segment()) else { continue };
        let one = context.table(&*read.table).await?.select(vec![
            ident("month"),
            lit(name).alias("segment"),
            ident("client_id"),
        ])?;
        all = Some(match all {
            Some(before) => before.union(one)?,
            None => one,
        });
    }
    match all {
        Some(all) => context.register_table(SEGMENTS, all.into_view())?,
        None => {
            let schema = Schema::new(vec![
                Field::new("month", DataType::Date32, true),
                Field::new("segment", DataType::Utf8, true),
                Field::new("client_id", DataType::Utf8, true),
            ]);
            context.register_table(SEGMENTS, Arc::new(EmptyTable::new(Arc::new(schema))))?
        }
    };
    Ok(())
}
