//! `reads: entity_month[-11..0]`: the months of an input that month M may depend on.

use std::fmt;

use crate::config::Parameters;
use crate::error::Result;
use crate::month::Month;

use super::header::Header;

/// One input of a model with its window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// Name of the table.
    pub table: String,
    /// Months of it, relative to the month that is computed.
    pub window: Window,
    /// Its files are read beside each other, so that rows come in the order of its grain without
    /// the month: the statement holds one group in memory, not all.
    pub is_ordered: bool,
}

/// Months relative to M, both borders included; an open start means all history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Window {
    /// Every month there is; only for tables that are recomputed whole.
    All,
    /// From a border (or the first month of history) to a border.
    Between(Option<Border>, Border),
}

/// `months - parameter`; for a list parameter its largest item counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Border {
    months: i64,
    minus: Option<String>,
}

impl Read {
    /// Reads `table[window]`, and `table[window] ordered`.
    pub(super) fn parse(
        header: &Header<'_>,
        text: &str,
        line: usize,
        parameters: &Parameters,
    ) -> Result<Self> {
        let wrong = |why: &str| {
            header.error(line, format!("`{text}` is not a table with its months: {why}"))
                .hint("write it like sales[0], entity_month[-11..0], purchase_month[..0], churn_month[all]")
        };
        let (table, rest) = text.split_once('[').ok_or_else(|| wrong("no [window]"))?;
        let (inside, is_ordered) = match rest.strip_suffix(" ordered") {
            Some(window) => (window.trim_end(), true),
            None => (rest, false),
        };
        let inside = inside.strip_suffix(']').ok_or_else(|| wrong("no closing ]"))?.trim();
        let border = |text: &str| Border::parse(text, parameters).map_err(|why| wrong(&why));
        let window = match inside.split_once("..") {
            None if inside == "all" => Window::All,
            None => {
                let only = border(inside)?;
                Window::Between(Some(only.clone()), only)
            }
            Some(("", last)) => Window::Between(None, border(last)?),
            Some((first, last)) => Window::Between(Some(border(first)?), border(last)?),
        };
        let read = Self { table: table.trim().to_owned(), window, is_ordered };
        if let Window::Between(first, last) = &read.window {
            let last = last.offset(parameters);
            if last > 0 {
                return Err(wrong("a month must not depend on later months"));
            }
            if first.as_ref().is_some_and(|first| first.offset(parameters) > last) {
                return Err(wrong("the window is empty"));
            }
        }
        Ok(read)
    }
}

impl Window {
    /// Whether the window holds the very month that is computed.
    pub(super) fn reaches_present(&self, parameters: &Parameters) -> bool {
        match self {
            Self::All => true,
            Self::Between(_, last) => last.offset(parameters) >= 0,
        }
    }

    /// First and last month that months `first..=last` may see. No start means all history;
    /// no end means everything.
    pub fn months(
        &self,
        first: Month,
        last: Month,
        parameters: &Parameters,
    ) -> (Option<Month>, Option<Month>) {
        match self {
            Self::All => (None, None),
            Self::Between(from, to) => (
                from.as_ref().map(|border| first.plus(border.offset(parameters))),
                Some(last.plus(to.offset(parameters))),
            ),
        }
    }
}

impl Border {
    fn parse(text: &str, parameters: &Parameters) -> Result<Self, String> {
        let text = text.trim();
        let digits = text
            .char_indices()
            .find(|(place, letter)| !(letter.is_ascii_digit() || (*place == 0 && *letter == '-')))
            .map_or(text.len(), |(place, _)| place);
        let months =
            text[..digits].parse().map_err(|_| format!("`{text}` starts with no number"))?;
        let rest = text[digits..].trim();
        if rest.is_empty() {
            return Ok(Self { months, minus: None });
        }
        let name =
            rest.strip_prefix('-').ok_or_else(|| format!("`{rest}` does not start with -"))?;
        let name = name.trim();
        let name = name
            .strip_prefix("max(")
            .and_then(|inside| inside.strip_suffix(')'))
            .unwrap_or(name)
            .trim();
        if parameters.whole_number(name).is_none() {
            return Err(format!("`{name}` is no whole-number parameter"));
        }
        Ok(Self { months, minus: Some(name.to_owned()) })
    }

    fn offset(&self, parameters: &Parameters) -> i64 {
        let minus = self.minus.as_deref().and_then(|name| parameters.whole_number(name));
        self.months - minus.unwrap_or(0)
    }
}

impl fmt::Display for Read {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.window {
            Window::All => write!(formatter, "{}[all]", self.table),
            Window::Between(Some(first), last) if first == last => {
                write!(formatter, "{}[{last}]", self.table)
            }
            Window::Between(Some(first), last) => {
                write!(formatter, "{}[{first}..{last}]", self.table)
            }
            Window::Between(None, last) => write!(formatter, "{}[..{last}]", self.table),
        }?;
        if self.is_ordered { write!(formatter, " ordered") } else { Ok(()) }
    }
}

impl fmt::Display for Border {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.months)?;
        self.minus.as_ref().map_or(Ok(()), |name| write!(formatter, "-{name}"))
    }
}
