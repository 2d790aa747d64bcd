//! Which meaning a header has: shipped words, and the user's before them.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// What a column of a file can mean: a canonical column, or a help to compute one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    SaleDate,
    DocumentId,
    LineNumber,
    ClientId,
    ClientName,
    ProductId,
    ProductName,
    Category,
    Manager,
    Department,
    Branch,
    Region,
    Channel,
    Kind,
    Quantity,
    Revenue,
    Cost,
    /// Price of a unit, to compute revenue.
    Price,
    /// Amount of a whole order, with delivery and taxes: revenue where lines have no price.
    OrderTotal,
    /// Name, number and day of a document in one text, as 1C writes it.
    Registrar,
    /// State of an order.
    Status,
    /// Filled when an order was cancelled.
    CancelledAt,
    /// Currency of the amounts, to tell when they are mixed.
    Currency,
}

/// All roles, canonical ones first and in their order.
pub const ROLES: [(Role, &str); 23] = [
    (Role::SaleDate, "sale_date"),
    (Role::DocumentId, "document_id"),
    (Role::LineNumber, "line_number"),
    (Role::ClientId, "client_id"),
    (Role::ClientName, "client_name"),
    (Role::ProductId, "product_id"),
    (Role::ProductName, "product_name"),
    (Role::Category, "category"),
    (Role::Manager, "manager"),
    (Role::Department, "department"),
    (Role::Branch, "branch"),
    (Role::Region, "region"),
    (Role::Channel, "channel"),
    (Role::Kind, "kind"),
    (Role::Quantity, "quantity"),
    (Role::Revenue, "revenue"),
    (Role::Cost, "cost"),
    (Role::Price, "price"),
    (Role::OrderTotal, "order_total"),
    (Role::Registrar, "registrar"),
    (Role::Status, "status"),
    (Role::CancelledAt, "cancelled_at"),
    (Role::Currency, "currency"),
];

impl Role {
    /// Its name, as in the canonical table.
    pub fn name(self) -> &'static str {
        ROLES.iter().find(|(role, _)| *role == self).map_or("", |(_, name)| name)
    }

    /// The role of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        ROLES.iter().find(|(_, known)| *known == name).map(|(role, _)| *role)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    headers: Vec<String>,
}

/// Headers and their meanings.
#[derive(Debug, Clone, Default)]
pub struct Dictionary {
    /// Normalised header → role and rank, the lower the more telling.
    entries: HashMap<String, (Role, usize)>,
    /// Ranks of later files lie below those of earlier ones.
    base: usize,
}

/// Words of one file rank above those of the file before it.
const RANKS_OF_A_FILE: usize = 1_000_000;

impl Dictionary {
    /// The shipped dictionary.
    ///
    /// # Errors
    /// A bug, when the shipped file is wrong.
    pub fn shipped() -> Result<Self> {
        let mut dictionary = Self { base: 10 * RANKS_OF_A_FILE, ..Self::default() };
        dictionary
            .add(include_str!("dictionary.toml"), "dictionary.toml")
            .map_err(|error| Error::bug("the shipped dictionary is wrong").because(error))?;
        Ok(dictionary)
    }

    /// Adds a user's file; its words go before those known so far.
    ///
    /// # Errors
    /// When the file cannot be read or is wrong.
    pub fn add_file(&mut self, path: &Path) -> Result<()> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            Error::configuration(format!("{shown}: the dictionary cannot be read")).because(error)
        })?;
        self.add(&text, &shown)
    }

    fn add(&mut self, text: &str, shown: &str) -> Result<()> {
        let words: BTreeMap<String, Words> = toml::from_str(text).map_err(|error| {
            Error::configuration(format!("{shown}: the dictionary is wrong"))
                .because(error)
                .hint("write it like: [revenue] and below it headers = [\"сумма продажи\"]")
        })?;
        self.base = self.base.saturating_sub(RANKS_OF_A_FILE);
        for (name, words) in words {
            let role = Role::of_name(&name).ok_or_else(|| {
                let known: Vec<&str> = ROLES.iter().map(|(_, name)| *name).collect();
                Error::configuration(format!("{shown}: [{name}] is no column of a sales line"))
                    .hint(format!("the names are: {}", known.join(", ")))
            })?;
            for (rank, header) in words.headers.iter().enumerate() {
                self.entries.insert(normalized(header), (role, self.base + rank));
            }
        }
        Ok(())
    }

    /// Meaning and rank of a header; of `Top / Sub`, when only the lower part is known, that of
    /// the lower part, ranked behind.
    pub fn look_up(&self, header: &str) -> Option<(Role, usize)> {
        let whole = self.entries.get(&normalized(header)).copied();
        whole.or_else(|| {
            let (top, sub) = header.rsplit_once(" / ")?;
            let of_sub = self.entries.get(&normalized(sub)).copied();
            let of_top = self.entries.get(&normalized(top)).copied();
            of_sub.or(of_top).map(|(role, rank)| (role, rank + RANKS_OF_A_FILE / 2))
        })
    }
}

/// Units that stand behind a name.
const UNITS: [&str; 16] = [
    "руб",
    "р",
    "рублей",
    "тыс руб",
    "rub",
    "usd",
    "eur",
    "gbp",
    "шт",
    "кг",
    "pcs",
    "ед",
    "rur",
    "kzt",
    "тенге",
    "в руб",
];

/// A header in the form in which it is compared: lower case, «е» for «ё», no punctuation, no
/// unit, `InvoiceDate` and `invoice_date` as two words.
pub fn normalized(header: &str) -> String {
    let mut text = String::with_capacity(header.len());
    let mut previous = ' ';
    for letter in header.chars().take(200) {
        let starts_word = letter.is_uppercase() && previous.is_lowercase();
        if starts_word {
            text.push(' ');
        }
        if letter.is_alphanumeric() {
            text.extend(
                letter.to_lowercase().map(|letter| if letter == 'ё' { 'е' } else { letter }),
            );
        } else if letter == '№' || letter == '#' {
            text.push_str(" № ");
        } else {
            text.push(' ');
        }
        previous = letter;
    }
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for unit in UNITS {
        if let Some(rest) = joined.strip_suffix(unit)
            && rest.ends_with(' ')
            && rest.trim().len() > 1
        {
            return rest.trim_end().to_owned();
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_compared_without_their_dress() {
        for (header, expected) in [
            ("Сумма, руб.", "сумма"),
            ("Кол-во", "кол во"),
            ("InvoiceDate", "invoice date"),
            ("CustomerID", "customer id"),
            ("client_code", "client code"),
            ("  Партнёр ", "партнер"),
            ("№", "№"),
            ("Выручка (без НДС)", "выручка без ндс"),
        ] {
            assert_eq!(normalized(header), expected);
        }
    }

    #[test]
    fn shipped_words_have_meanings() {
        let dictionary = Dictionary::shipped().unwrap();
        let role = |header: &str| dictionary.look_up(header).map(|(role, _)| role);
        assert_eq!(role("Контрагент"), Some(Role::ClientName));
        assert_eq!(role("Сумма без НДС, руб."), Some(Role::Revenue));
        assert_eq!(role("Sold-to party"), Some(Role::ClientId));
        assert_eq!(role("Lineitem price"), Some(Role::Price));
        assert_eq!(role("Продажи / Количество"), Some(Role::Quantity));
        assert_eq!(role("Сумма скидки"), None);
        let rank = |header: &str| dictionary.look_up(header).unwrap().1;
        assert!(rank("Сумма без НДС") < rank("Сумма с НДС"));
    }

    #[test]
    fn no_header_has_two_meanings() {
        let words: BTreeMap<String, Words> =
            toml::from_str(include_str!("dictionary.toml")).unwrap();
        let mut seen: HashMap<String, String> = HashMap::new();
        for (role, words) in words {
            assert!(Role::of_name(&role).is_some(), "{role}");
            for header in words.headers {
                if let Some(other) = seen.insert(normalized(&header), role.clone()) {
                    assert_eq!(other, "", "{header} stands twice");
                }
            }
        }
    }

    #[test]
    fn users_words_go_first() {
        let mut dictionary = Dictionary::shipped().unwrap();
        dictionary.add("[revenue]\nheaders = [\"сумма скидки\", \"товар\"]\n", "mine").unwrap();
        let (role, rank) = dictionary.look_up("Товар").unwrap();
        assert_eq!(role, Role::Revenue);
        assert!(rank < dictionary.look_up("Сумма").unwrap().1);
        assert!(dictionary.add("[turnover]\nheaders = []\n", "mine").is_err());
    }
}
