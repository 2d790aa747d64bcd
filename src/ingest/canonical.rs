//! The canonical tables: what every source is turned into. Sales lines first, then the side
//! feeds, all of them optional.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

/// Type of `quantity`: three decimals, as trade systems keep it.
pub const QUANTITY: DataType = DataType::Decimal128(18, 3);
/// Type of amounts of money: four decimals; sources with three and four exist.
pub const MONEY: DataType = DataType::Decimal128(18, 4);

/// Column of the sales history that says which lines are the first of something.
pub(super) const MARKS: &str = "marks";

/// Columns that say where a row came from, not what it says.
pub(super) const PROVENANCE: [&str; 2] = ["source_file", "source_row"];
/// Sales lines of one document that carry no number are put in order by these.
const SALES_TIES: [&str; 3] = ["product_id", "revenue", "quantity"];

/// A table of the history that sources deliver rows for.
#[derive(Debug)]
pub struct CanonicalTable {
    /// Its name.
    pub name: &'static str,
    /// What one row is.
    pub description: &'static str,
    /// What a staging file delivers, in the order of the history.
    pub columns: &'static [CanonicalColumn],
    /// Column whose day puts a row into a month; tables without one are kept whole.
    pub day_column: Option<&'static str>,
    /// Columns by which rows are kept in order: what identifies a row to the people who keep it.
    pub order: &'static [&'static str],
}

impl CanonicalTable {
    /// Columns by which rows are kept, so that the same rows make the same file: those of the
    /// table, then as many as make ties rare, then where the row came from.
    pub fn sort_columns(&self) -> Vec<&'static str> {
        let ties: Vec<&'static str> = match self.name {
            SALES => SALES_TIES.to_vec(),
            _ => self.columns.iter().map(|column| column.name).collect(),
        };
        let mut columns = self.order.to_vec();
        for name in ties.into_iter().chain(PROVENANCE) {
            if !columns.contains(&name) {
                columns.push(name);
            }
        }
        columns
    }
}

/// A column that a staging file may or must deliver.
#[derive(Debug, Clone)]
pub struct CanonicalColumn {
    /// Its name.
    pub name: &'static str,
    /// Its type in the history.
    pub data_type: DataType,
    /// Whether a row without it is rejected.
    pub required: bool,
    /// What it means.
    pub meaning: &'static str,
}

/// The sales history, one row per accepted line.
pub const SALES: &str = "sales";

/// Every table a source may deliver; the sales are the first.
pub static CANONICAL_TABLES: [CanonicalTable; 8] = [
    CanonicalTable {
        name: SALES,
        description: "One row per accepted sales line",
        columns: &SALES_COLUMNS,
        day_column: Some("sale_date"),
        order: &["client_id", "sale_date", "document_id", "line_number"],
    },
    CanonicalTable {
        name: "clients",
        description: "One row per client of the master data, as it is today",
        columns: &CLIENT_COLUMNS,
        day_column: None,
        order: &["client_id"],
    },
    CanonicalTable {
        name: "client_links",
        description: "One row per decision that a client goes on as another: successor, dealer, duplicate",
        columns: &CLIENT_LINK_COLUMNS,
        day_column: None,
        order: &["client_id", "linked_client_id"],
    },
    CanonicalTable {
        name: "interactions",
        description: "One row per contact with a client beside its purchases",
        columns: &INTERACTION_COLUMNS,
        day_column: Some("interaction_date"),
        order: &["interaction_date", "client_id", "kind", "interaction_id"],
    },
    CanonicalTable {
        name: "loss_survey",
        description: "One row per reason that a lost client gave when it was asked",
        columns: &LOSS_SURVEY_COLUMNS,
        day_column: Some("answer_date"),
        order: &["answer_date", "client_id", "reason_rank", "reason"],
    },
    CanonicalTable {
        name: "purchase_potential",
        description: "One row per client and period: what it buys from all its suppliers, estimated",
        columns: &PURCHASE_POTENTIAL_COLUMNS,
        day_column: Some("period_start"),
        order: &["period_start", "period_months", "client_id", "category"],
    },
    CanonicalTable {
        name: "segment_playbook",
        description: "One row per segment of clients: what to do about them",
        columns: &SEGMENT_PLAYBOOK_COLUMNS,
        day_column: None,
        order: &["segment", "abc", "client_type"],
    },
    CanonicalTable {
        name: "costs",
        description: "One row per amount spent on winning, contacting or winning back clients",
        columns: &COST_COLUMNS,
        day_column: Some("cost_date"),
        order: &["cost_date", "kind", "campaign", "channel", "client_id"],
    },
];

const fn column(
    name: &'static str,
    data_type: DataType,
    required: bool,
    meaning: &'static str,
) -> CanonicalColumn {
    CanonicalColumn { name, data_type, required, meaning }
}

static SALES_COLUMNS: [CanonicalColumn; 17] = [
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

static CLIENT_COLUMNS: [CanonicalColumn; 18] = [
    column("client_id", DataType::Utf8, true, "Identity of the client, as in the sales"),
    column("client_name", DataType::Utf8, false, "Name as people use it"),
    column("legal_name", DataType::Utf8, false, "Full name of the legal entity, with its form"),
    column("client_type", DataType::Utf8, false, "B2B or B2C"),
    column("tax_id", DataType::Utf8, false, "Tax number: INN in Russia, BIN in Kazakhstan"),
    column("kpp", DataType::Utf8, false, "Russian code of the tax registration (KPP)"),
    column("contact_person", DataType::Utf8, false, "Whom to ask for"),
    column("phones", DataType::Utf8, false, "Phone numbers, set off by commas or semicolons"),
    column("emails", DataType::Utf8, false, "E-mail addresses, set off by commas or semicolons"),
    column("address", DataType::Utf8, false, "Registered address"),
    column("delivery_address", DataType::Utf8, false, "Where goods are brought"),
    column("manager", DataType::Utf8, false, "Who is in charge of the client today"),
    column("branch", DataType::Utf8, false, "Branch in charge of the client today"),
    column("region", DataType::Utf8, false, "Region of the client today"),
    column("client_since", DataType::Date32, false, "Day on which the client was entered"),
    column("is_closed", DataType::Boolean, false, "The company has closed down"),
    column("closed_date", DataType::Date32, false, "Day on which it closed down"),
    column("do_not_contact", DataType::Boolean, false, "Must not be called or written to"),
];

static CLIENT_LINK_COLUMNS: [CanonicalColumn; 8] = [
    column("client_id", DataType::Utf8, true, "Client that goes on as another"),
    column("linked_client_id", DataType::Utf8, true, "That other client"),
    column("kind", DataType::Utf8, true, "What the other is to it: successor, dealer, duplicate"),
    column("decision", DataType::Utf8, false, "confirmed or rejected; null means confirmed"),
    column("link_date", DataType::Date32, false, "Day from which it buys as the other"),
    column("decision_date", DataType::Date32, false, "Day of the decision"),
    column("decided_by", DataType::Utf8, false, "Who decided"),
    column("comment", DataType::Utf8, false, "Anything else about the link"),
];

static INTERACTION_COLUMNS: [CanonicalColumn; 12] = [
    column("interaction_date", DataType::Date32, true, "Day of the contact"),
    column("client_id", DataType::Utf8, true, "Who it was with; may never have bought"),
    column(
        "kind",
        DataType::Utf8,
        true,
        "inquiry, complaint, conflict, nps, referral (it brought a client) or contact (by us)",
    ),
    column("interaction_id", DataType::Utf8, false, "Number of the contact in the source"),
    column("score", DataType::Int64, false, "Answer of an nps, 0 to 10"),
    column("resolved_date", DataType::Date32, false, "Day it was settled; null while it is open"),
    column("channel", DataType::Utf8, false, "By phone, e-mail, visit, chat"),
    column("manager", DataType::Utf8, false, "Who spoke to the client"),
    column("campaign", DataType::Utf8, false, "Campaign that the contact belongs to"),
    column("document_id", DataType::Utf8, false, "Document of sale that it is about"),
    column("referred_client_id", DataType::Utf8, false, "Client that a referral brought"),
    column("comment", DataType::Utf8, false, "What it was about"),
];

static LOSS_SURVEY_COLUMNS: [CanonicalColumn; 9] = [
    column("answer_date", DataType::Date32, true, "Day of the answer"),
    column("client_id", DataType::Utf8, true, "Lost client that was asked"),
    column("reason", DataType::Utf8, true, "Code of the reason, the same for the same reason"),
    column(
        "reason_group",
        DataType::Utf8,
        true,
        "Where the reason lies: company (us), client, competitor, market",
    ),
    column("reason_rank", DataType::Int64, false, "1 for the main reason; null means main"),
    column("is_recoverable", DataType::Boolean, false, "The client could be won back"),
    column("competitor", DataType::Utf8, false, "From whom it buys now"),
    column("interviewer", DataType::Utf8, false, "Who asked"),
    column("comment", DataType::Utf8, false, "The answer in the client's words"),
];

static PURCHASE_POTENTIAL_COLUMNS: [CanonicalColumn; 8] = [
    column("period_start", DataType::Date32, true, "First day of the period; a first of a month"),
    column("period_months", DataType::Int64, true, "Months in the period: 1, 3, 6 or 12"),
    column("client_id", DataType::Utf8, true, "Client whose purchases are estimated"),
    column("category", DataType::Utf8, false, "Category of products; null means all products"),
    column("amount", MONEY, true, "Purchases from all suppliers, in the currency of the sales"),
    column("estimate_date", DataType::Date32, false, "Day of the estimate"),
    column("estimated_by", DataType::Utf8, false, "Who estimated it"),
    column("basis", DataType::Utf8, false, "What the estimate rests on"),
];

static SEGMENT_PLAYBOOK_COLUMNS: [CanonicalColumn; 7] = [
    column("segment", DataType::Utf8, true, "Segment of client_lifecycle, such as regular_asleep"),
    column("abc", DataType::Utf8, false, "Only for ABC class A, B or C; null means all"),
    column("client_type", DataType::Utf8, false, "Only for B2B or B2C; null means both"),
    column("action", DataType::Utf8, true, "What to do"),
    column("channel", DataType::Utf8, false, "By phone, e-mail, visit, chat"),
    column("within_days", DataType::Int64, false, "Days in which it should be done"),
    column("comment", DataType::Utf8, false, "Anything else about the action"),
];

static COST_COLUMNS: [CanonicalColumn; 9] = [
    column("cost_date", DataType::Date32, true, "Day of the cost; a first of a month for a month"),
    column(
        "kind",
        DataType::Utf8,
        true,
        "acquisition (of new clients), contact (of known ones), incentive (discount, gift)",
    ),
    column("amount", MONEY, true, "Money spent, in the currency of the sales"),
    column("campaign", DataType::Utf8, false, "Campaign it was spent on, as in interactions"),
    column("channel", DataType::Utf8, false, "Channel it was spent in"),
    column("branch", DataType::Utf8, false, "Branch that spent it"),
    column("client_id", DataType::Utf8, false, "Client it was spent on; null for many"),
    column("contacts", DataType::Int64, false, "How many contacts or clients it paid for"),
    column("comment", DataType::Utf8, false, "Anything else about the cost"),
];

/// The canonical table of a name.
pub fn canonical_table(name: &str) -> Option<&'static CanonicalTable> {
    CANONICAL_TABLES.iter().find(|table| table.name == name)
}

/// Schema of the sales history: the canonical line with where it came from.
pub fn sales_schema() -> SchemaRef {
    history_schema(&CANONICAL_TABLES[0])
}

/// Schema of a table in the history: its canonical columns with where each row came from, and
/// the marks of sales lines.
pub fn history_schema(table: &CanonicalTable) -> SchemaRef {
    let rows = row_schema(table);
    if table.name != SALES {
        return rows;
    }
    let mut fields: Vec<_> = rows.fields().iter().cloned().collect();
    fields.push(Arc::new(described(
        MARKS,
        DataType::Int64,
        "Bits of a purchase line. 0 to 7: the first of the client's day, with its product, \
         category, manager, department, branch, region and channel; 8 to 15: the first of the \
         document, likewise; 16: the last of the client's day. Sums of bits count distinct \
         purchase days and documents",
    )));
    Arc::new(Schema::new(fields))
}

/// Schema of rows on their way to the history.
pub(super) fn row_schema(table: &CanonicalTable) -> SchemaRef {
    let mut fields = Vec::new();
    if table.day_column.is_some() {
        fields.push(described(
            "month",
            DataType::Date32,
            "Calendar month, written as its first day",
        ));
    }
    fields.push(described("source", DataType::Utf8, "Name of the source that delivered the row"));
    for column in table.columns {
        fields.push(described(column.name, column.data_type.clone(), column.meaning));
    }
    if table.name == CANONICAL_TABLES[0].name {
        fields.push(described(
            "is_purchase",
            DataType::Boolean,
            "A sale with positive revenue and no non-positive quantity: makes a purchase day",
        ));
    }
    fields.push(described(
        "extra",
        DataType::Utf8,
        "Columns of the source that nothing uses, as a JSON object, where the source keeps them",
    ));
    fields.push(described("source_file", DataType::Utf8, "File that delivered the row"));
    fields.push(described("source_row", DataType::Int64, "Line of that file, the header is 1"));
    Arc::new(Schema::new(fields))
}

/// A nullable field with its meaning as metadata.
pub fn described(name: &str, data_type: DataType, meaning: &str) -> Field {
    Field::new(name, data_type, true)
        .with_metadata(HashMap::from([("comment".to_owned(), meaning.to_owned())]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_speak_of_columns_they_have() {
        for table in &CANONICAL_TABLES {
            let of_name = |name: &str| table.columns.iter().find(|column| column.name == name);
            for (place, column) in table.columns.iter().enumerate() {
                let name = column.name;
                let twice = table.columns[..place].iter().any(|other| other.name == name);
                assert!(!twice, "{} has {name} twice", table.name);
                let of_history = ["month", "source", "is_purchase", "extra", "excluded", MARKS];
                assert!(!of_history.contains(&name), "{} has {name}", table.name);
            }
            for name in table.order {
                assert!(of_name(name).is_some(), "{} is ordered by {name}", table.name);
            }
            if let Some(name) = table.day_column {
                let day = of_name(name).expect("the day column");
                assert!(day.required && day.data_type == DataType::Date32, "{}", table.name);
            }
        }
    }

    #[test]
    fn only_dated_tables_have_a_month() {
        let months: Vec<&str> = CANONICAL_TABLES
            .iter()
            .filter(|table| history_schema(table).index_of("month").is_ok())
            .map(|table| table.name)
            .collect();
        let dated = ["sales", "interactions", "loss_survey", "purchase_potential", "costs"];
        assert_eq!(months, dated);
    }

    #[test]
    fn only_sales_have_purchases() {
        for table in &CANONICAL_TABLES {
            let found = history_schema(table).index_of("is_purchase").is_ok();
            assert_eq!(found, table.name == "sales", "{}", table.name);
        }
        assert_eq!(canonical_table("costs").map(|table| table.columns.len()), Some(9));
        assert!(canonical_table("cost").is_none());
    }
}
