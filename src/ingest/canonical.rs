//! The canonical sales line: what every source is turned into.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

/// Type of `quantity`: three decimals, as trade systems keep it.
pub const QUANTITY: DataType = DataType::Decimal128(18, 3);
/// Type of `revenue` and `cost`: four decimals; sources with three and four exist.
pub const MONEY: DataType = DataType::Decimal128(18, 4);

/// A column that a staging file may or must deliver.
#[derive(Debug, Clone)]
pub struct CanonicalColumn {
    /// Its name.
    pub name: &'static str,
    /// Its type in the history.
    pub data_type: DataType,
    /// Whether a line without it is rejected.
    pub required: bool,
    /// What it means.
    pub meaning: &'static str,
}

const fn column(
    name: &'static str,
    data_type: DataType,
    required: bool,
    meaning: &'static str,
) -> CanonicalColumn {
    CanonicalColumn { name, data_type, required, meaning }
}

/// What a staging file delivers, in the order of the history.
pub static CANONICAL_COLUMNS: [CanonicalColumn; 17] = [
    column("sale_date", DataType::Date32, true, "Day of the sale or return"),
    column("document_id", DataType::Utf8, false, "Number of the document (invoice, order)"),
    column("line_number", DataType::Int64, false, "Number of the line in its document"),
    column("client_id", DataType::Utf8, true, "Identity of the client in the source"),
    column("client_name", DataType::Utf8, false, "Name of the client as the source wrote it"),
    column("product_id", DataType::Utf8, false, "Identity of the product"),
    column("product_name", DataType::Utf8, false, "Name of the product"),
    column("category", DataType::Utf8, false, "Category of the product"),
    column("manager", DataType::Utf8, false, "Who sold it"),
    column("department", DataType::Utf8, false, "Department that sold it"),
    column("branch", DataType::Utf8, false, "Branch that sold it"),
    column("region", DataType::Utf8, false, "Region of the client or sale"),
    column("channel", DataType::Utf8, false, "Sales channel"),
    column("kind", DataType::Utf8, false, "sale or return; a negative amount is a return"),
    column("quantity", QUANTITY, false, "Units; negative in returns"),
    column("revenue", MONEY, true, "Amount of the line in the source's currency"),
    column("cost", MONEY, false, "Cost of the goods of the line"),
];

/// Schema of the sales history: the canonical line with where it came from.
pub fn sales_schema() -> SchemaRef {
    let mut fields = vec![
        described("month", DataType::Date32, "Calendar month, written as its first day"),
        described("source", DataType::Utf8, "Name of the source that delivered the line"),
    ];
    for column in &CANONICAL_COLUMNS {
        fields.push(described(column.name, column.data_type.clone(), column.meaning));
    }
    fields.push(described(
        "is_purchase",
        DataType::Boolean,
        "A sale with positive revenue and no non-positive quantity: makes a purchase day",
    ));
    fields.push(described("source_file", DataType::Utf8, "File that delivered the line"));
    fields.push(described("source_row", DataType::Int64, "Line of that file, the header is 1"));
    Arc::new(Schema::new(fields))
}

/// A nullable field with its meaning as metadata.
pub fn described(name: &str, data_type: DataType, meaning: &str) -> Field {
    Field::new(name, data_type, true)
        .with_metadata(HashMap::from([("comment".to_owned(), meaning.to_owned())]))
}
