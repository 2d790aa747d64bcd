//! Quantity, revenue and cost: from which columns, and with how many decimals.

use super::column::ColumnEvidence;
use super::decide_numbers::decide_numbers;
use super::decision::{Raw, missing};
use super::dictionary::Role;
use super::evidence::Evidence;
use super::expression::{Expression, RawType};
use super::mapping::Mapping;
use super::notes::{Note, NoteId};
use super::options::Options;
use super::precision::{MONEY_DECIMALS, QUANTITY_DECIMALS};
use crate::reading::NumberFormat;

/// Decimals that a price may have beyond those of money: they may vanish in the product.
const MOST_PRICE_DECIMALS: usize = 8;

/// Decimals with which amounts are read that binary fractions left digits in.
const DUSTY_SCALE: u8 = 20;

/// Decides the columns of amounts, and the separators of their numbers.
pub(super) fn amounts(
    mapping: &Mapping,
    evidence: &Evidence,
    options: &Options,
    raw: &mut Raw<'_>,
    select: &mut Vec<(Role, Expression)>,
    notes: &mut Vec<Note>,
) -> NumberFormat {
    let columns = &evidence.columns;
    let quantity = mapping.get(Role::Quantity);
    let price = mapping.get(Role::Price);
    let revenue = mapping.get(Role::Revenue);
    let by_price = quantity.zip(price).filter(|_| revenue.is_none());
    let used: Vec<&ColumnEvidence> = [quantity, revenue, mapping.get(Role::Cost)]
        .into_iter()
        .chain([by_price.map(|(_, price)| price)])
        .flatten()
        .map(|place| &columns[place])
        .collect();
    let (numbers, found) = decide_numbers(&used, options.decimal);
    notes.extend(found);
    let quantity_amount =
        quantity.map(|place| amount(place, QUANTITY_DECIMALS, evidence, raw, notes));
    if let Some(amount) = &quantity_amount {
        select.push((Role::Quantity, amount.clone()));
    }
    match (revenue, by_price, quantity_amount) {
        (Some(place), ..) => {
            let amount = amount(place, MONEY_DECIMALS, evidence, raw, notes);
            select.push((Role::Revenue, amount));
        }
        (None, Some((quantity, place)), Some(quantity_amount)) => {
            let price = price_of(place, evidence, raw, notes);
            let product = Expression::Product(Box::new(quantity_amount), Box::new(price));
            select.push((Role::Revenue, product));
            let names: [(_, &dyn std::fmt::Display); 2] =
                [("quantity", &columns[quantity].name), ("price", &columns[place].name)];
            notes.push(Note::new(NoteId::RevenueByPrice, names));
        }
        _ => notes.push(missing(Role::Revenue, evidence)),
    }
    if let Some(place) = mapping.get(Role::Cost) {
        let amount = amount(place, MONEY_DECIMALS, evidence, raw, notes);
        select.push((Role::Cost, amount));
    }
    numbers
}

/// An amount with so many decimals; digits that binary fractions left behind them are taken away
/// by the SQL, and other digits ask for an answer where they are many.
fn amount(
    place: usize,
    decimals: usize,
    evidence: &Evidence,
    raw: &mut Raw<'_>,
    notes: &mut Vec<Note>,
) -> Expression {
    let column = &evidence.columns[place];
    let excess = column.numbers.precision.excess(decimals);
    if let Some((count, example)) = excess.other
        && count as f64 > super::MOST_REJECTS * column.values() as f64
    {
        let values: [(_, &dyn std::fmt::Display); 6] = [
            ("column", &column.name),
            ("count", &count),
            ("all", &column.values()),
            ("decimals", &decimals),
            ("value", &example.text),
            ("row", &example.row),
        ];
        notes.push(Note::new(NoteId::DecimalsTooMany, values));
    }
    let Some((count, example)) = excess.dust else {
        return Expression::Column(raw.declare(place, RawType::Decimal(18, decimals as u8)));
    };
    notes.push(dust_note(column, count, decimals, example));
    let at = raw.declare(place, RawType::Decimal(38, DUSTY_SCALE));
    Expression::WithoutDust { column: at, decimals: decimals as u8, sure: excess.sure_decimals }
}

/// A price: its decimals may be more than those of money.
fn price_of(
    place: usize,
    evidence: &Evidence,
    raw: &mut Raw<'_>,
    notes: &mut Vec<Note>,
) -> Expression {
    let column = &evidence.columns[place];
    let written = column.numbers.most_decimals;
    let excess = column.numbers.precision.excess(MONEY_DECIMALS);
    match excess.dust.filter(|_| written > MOST_PRICE_DECIMALS) {
        Some((count, example)) => {
            notes.push(dust_note(column, count, MONEY_DECIMALS, example));
            let at = raw.declare(place, RawType::Decimal(38, DUSTY_SCALE));
            let (decimals, sure) = (MONEY_DECIMALS as u8, excess.sure_decimals);
            Expression::WithoutDust { column: at, decimals, sure }
        }
        // None is rounded away: a product with more decimals than money has is rejected.
        None => {
            let scale = written.clamp(MONEY_DECIMALS, MOST_PRICE_DECIMALS) as u8;
            Expression::Column(raw.declare(place, RawType::Decimal(18, scale)))
        }
    }
}

fn dust_note(
    column: &ColumnEvidence,
    count: u64,
    decimals: usize,
    example: &super::counts::Example,
) -> Note {
    let values: [(_, &dyn std::fmt::Display); 5] = [
        ("column", &column.name),
        ("count", &count),
        ("decimals", &decimals),
        ("value", &example.text),
        ("row", &example.row),
    ];
    Note::new(NoteId::BinaryDust, values)
}
