//! Words by which rows and values are known, in Russian and English.

/// How rows of totals begin.
pub const TOTAL_WORDS: [&str; 9] = [
    "итого",
    "всего",
    "итог",
    "общий итог",
    "total",
    "grand total",
    "subtotal",
    "sub total",
    "sum total",
];

/// Whether a text says that its row is a total.
pub fn is_total(text: &str) -> bool {
    let text = text.trim();
    if text.len() > 200 {
        return false;
    }
    let lower = text.to_lowercase();
    TOTAL_WORDS.iter().any(|word| {
        lower.strip_prefix(word).is_some_and(|rest| {
            !rest.starts_with(|letter: char| letter.is_alphanumeric() || letter == '_')
        })
    })
}

/// How texts of rows of totals end that begin with what is added up: «Ромашка Итог».
const TOTAL_ENDS: [&str; 4] = [" итог", " итого", " total", " subtotal"];

/// Whether a text says at its end that its row is a total, or is the mark of a total in lists of
/// SAP. A product may be called so: only the rest of the row tells.
pub fn ends_as_total(text: &str) -> bool {
    let text = text.trim();
    // Nearly all texts end in another letter.
    let may = text.ends_with(['г', 'Г', 'о', 'О', 'l', 'L', '*']);
    if !may || text.len() > 200 {
        return false;
    }
    let lower = text.to_lowercase();
    TOTAL_ENDS.iter().any(|end| lower.ends_with(end)) || text.bytes().all(|byte| byte == b'*')
}

/// The regular expression of `is_total` and `ends_as_total`, for SQL.
pub fn total_or_end_pattern() -> String {
    let ends: Vec<&str> = TOTAL_ENDS.iter().map(|end| end.trim()).collect();
    format!(r"{}|\s({})\s*$|^\s*\*+\s*$", total_pattern(), ends.join("|"))
}

/// Whether a text is a line drawn with letters.
pub fn is_ruler(text: &str) -> bool {
    let text = text.trim();
    text.len() >= 5 && text.bytes().all(|byte| matches!(byte, b'-' | b'=' | b'_' | b'+' | b'|'))
}

/// Whether a text says that its row is the total of a part: a page, a group, a client.
pub fn is_subtotal(text: &str) -> bool {
    let lower = text.trim().to_lowercase();
    ["итого по", "всего по", "итог по", "total for", "subtotal", "sub total"]
        .iter()
        .any(|begin| lower.starts_with(begin))
        || (ends_as_total(text) && !is_total(text) && !lower.starts_with('*'))
}

/// The regular expression of `is_total`, for SQL.
pub fn total_pattern() -> String {
    format!(r"(?i)^\s*({})(\W|$)", TOTAL_WORDS.join("|"))
}

/// What programs write where there is nothing, in lower case.
const NO_VALUE_WORDS: [&str; 27] = [
    "-",
    "–",
    "—",
    "--",
    "---",
    "null",
    "(null)",
    "<null>",
    "n/a",
    "#n/a",
    "#н/д",
    "na",
    "nan",
    "none",
    "nil",
    "н/д",
    "нет",
    "нет данных",
    "не указан",
    "не указана",
    "не указано",
    "<не указан>",
    "<не указано>",
    "<нет>",
    "<пусто>",
    "(пусто)",
    "(blank)",
];

/// Whether a text, blanks around it taken away, stands for no value.
pub fn is_no_value(text: &str) -> bool {
    text.len() <= 24 && NO_VALUE_WORDS.contains(&text.to_lowercase().as_str())
}

/// Whether such a text stands for no value where texts are expected: `NA` may be a region.
pub fn is_no_text(text: &str) -> bool {
    is_no_value(text) && !["na", "nil"].contains(&text.to_lowercase().as_str())
}

/// Words for a sale among the values of a column that says what a line is.
const SALE_WORDS: [&str; 9] =
    ["sale", "sales", "продажа", "реализация", "отгрузка", "order", "invoice", "приход", "заказ"];

/// Words for a return.
const RETURN_WORDS: [&str; 8] = [
    "return",
    "refund",
    "returns",
    "возврат",
    "credit note",
    "credit memo",
    "кредит-нота",
    "reversal",
];

/// Words for an order that never became a sale.
const CANCELLED_WORDS: [&str; 14] = [
    "cancelled",
    "canceled",
    "отменён",
    "отменен",
    "отмена",
    "отменено",
    "failed",
    "trash",
    "voided",
    "void",
    "аннулирован",
    "сделка провалена",
    "closed lost",
    "закрыто и не реализовано",
];

/// What a value says its line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KindWord {
    Sale,
    Return,
}

/// Sale or return, when the value says so: the word, or a text that begins with it
/// («Возврат товаров от клиента»).
pub fn kind_word(text: &str) -> Option<KindWord> {
    let lower = text.trim().to_lowercase();
    let begins = |words: &[&str]| {
        words.iter().any(|word| {
            lower
                .strip_prefix(word)
                .is_some_and(|rest| !rest.starts_with(|letter: char| letter.is_alphanumeric()))
        })
    };
    if begins(&RETURN_WORDS) {
        Some(KindWord::Return)
    } else if begins(&SALE_WORDS) {
        Some(KindWord::Sale)
    } else {
        None
    }
}

/// Whether a status says that the order was cancelled.
pub fn is_cancelled(text: &str) -> bool {
    let lower = text.trim().to_lowercase();
    CANCELLED_WORDS.contains(&lower.as_str())
        || lower.strip_prefix("wc-").is_some_and(|rest| CANCELLED_WORDS.contains(&rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_whole_words() {
        for total in ["Итого", " ИТОГО: ", "Итого по Ромашка", "Total", "Grand Total", "Всего:"]
        {
            assert!(is_total(total), "{total}");
        }
        for end in ["ООО Ромашка Итог", "Acme Total ", "*", "**"] {
            assert!(ends_as_total(end) && !is_total(end), "{end}");
        }
        for other in ["Total", "Subtotals", "Акция*", "", "Ромашка"] {
            assert!(!ends_as_total(other), "{other}");
        }
        assert!(is_subtotal("Acme Total") && !is_subtotal("Grand Total") && !is_subtotal("*"));
        assert!(is_ruler("-----|-----") && !is_ruler("---") && !is_ruler("a-----"));
        for other in ["Итоговый", "Totally", "TotalEnergies", "", "Ромашка итого"]
        {
            assert!(!is_total(other), "{other}");
        }
    }

    #[test]
    fn kinds_are_known_by_their_first_words() {
        assert_eq!(kind_word("Возврат товаров от клиента"), Some(KindWord::Return));
        assert_eq!(kind_word("Реализация (акт, накладная)"), Some(KindWord::Sale));
        assert_eq!(kind_word("sale"), Some(KindWord::Sale));
        assert_eq!(kind_word("salesman"), None);
        assert!(is_cancelled("wc-cancelled"));
    }
}
