//! How many cells an OpenDocument spreadsheet makes in memory. Its cells and rows say how
//! often they are repeated, and texts their spaces, so a few bytes can stand for billions.

const COLUMNS_REPEATED: &[u8] = b"table:number-columns-repeated";
const ROWS_REPEATED: &[u8] = b"table:number-rows-repeated";
const SPACES: &[u8] = b"text:c=";

/// Counts cells while the tags of `content.xml` pass. Each sheet becomes a rectangle.
#[derive(Debug, Default)]
pub(super) struct OdsSize {
    /// Cells of the sheets that are complete.
    finished: u64,
    /// Cells stored before they become a rectangle.
    stored: u64,
    row_repeats: u64,
    /// Columns passed in this row, and up to its last value.
    column: u64,
    used_columns: u64,
    rows: u64,
    used_rows: u64,
    widest: u64,
    /// Bytes of text that the file has once and memory more often.
    copied_bytes: u64,
    /// Text of this cell, and how often it is repeated in its row.
    cell_bytes: u64,
    cell_repeats: u64,
    /// Text of this row up to this cell, with its repeats.
    row_bytes: u64,
}

impl OdsSize {
    /// Takes one tag, from behind its `<` to the next one.
    pub fn tag(&mut self, tag: &[u8]) {
        let has = |name: &[u8]| tag.windows(name.len()).any(|window| window == name);
        let is_cell =
            tag.starts_with(b"table:table-cell") || tag.starts_with(b"table:covered-table-cell");
        // The end of a cell's tag, where an attribute before holds a `<`.
        let is_rest = !tag.starts_with(b"table:") && has(COLUMNS_REPEATED);
        if is_cell {
            self.finish_cell();
            self.cell_repeats = number(tag, COLUMNS_REPEATED);
        } else if is_rest {
            self.cell_repeats = number(tag, COLUMNS_REPEATED);
        }
        let has_text = !tag.starts_with(b"table:") && !tag.starts_with(b"/table:");
        if has_text || has(b"office:string-value") || has(b"table:formula") {
            self.cell_bytes = self.cell_bytes.saturating_add(tag.len() as u64);
        }
        if has(SPACES) {
            let spaces = number(tag, SPACES);
            self.cell_bytes = self.cell_bytes.saturating_add(spaces);
            self.copied_bytes = self.copied_bytes.saturating_add(spaces);
        }
        if is_cell || is_rest {
            self.column = self.column.saturating_add(number(tag, COLUMNS_REPEATED));
            if is_rest || has(b"office:") || has(b"table:formula") {
                self.used_columns = self.column;
            }
        } else if tag.starts_with(b"table:table-row") && !tag.starts_with(b"table:table-rows") {
            self.finish_row();
            self.row_repeats = number(tag, ROWS_REPEATED);
        } else if !tag.starts_with(b"table:") && has(ROWS_REPEATED) {
            self.row_repeats = number(tag, ROWS_REPEATED);
        } else if tag.starts_with(b"/table:table>") || tag.starts_with(b"table:table ") {
            self.finish_row();
            self.finished = self.cells();
            *self = Self {
                finished: self.finished,
                copied_bytes: self.copied_bytes,
                ..Self::default()
            };
        }
    }

    /// Cells so far.
    pub fn cells(&self) -> u64 {
        let used_rows = if self.used_columns > 0 {
            self.rows.saturating_add(self.row_repeats.max(1))
        } else {
            self.used_rows
        };
        let widest = self.widest.max(self.used_columns);
        let rectangle = used_rows.saturating_mul(widest);
        self.finished.saturating_add(rectangle.max(self.stored.saturating_add(self.used_columns)))
    }

    /// Bytes of repeated text so far, those of this row and cell included.
    pub fn copied_bytes(&self) -> u64 {
        let cell = self.cell_bytes.saturating_mul(self.cell_repeats.max(1));
        let row = self.row_bytes.saturating_add(cell);
        self.copied_bytes
            .saturating_add(cell.saturating_sub(self.cell_bytes))
            .saturating_add(row.saturating_mul(self.row_repeats.max(1) - 1))
    }

    fn finish_cell(&mut self) {
        let cell = self.cell_bytes.saturating_mul(self.cell_repeats.max(1));
        self.copied_bytes = self.copied_bytes.saturating_add(cell.saturating_sub(self.cell_bytes));
        self.row_bytes = self.row_bytes.saturating_add(cell);
        (self.cell_bytes, self.cell_repeats) = (0, 0);
    }

    fn finish_row(&mut self) {
        self.copied_bytes = self.copied_bytes();
        (self.row_bytes, self.cell_bytes, self.cell_repeats) = (0, 0, 0);
        self.rows = self.rows.saturating_add(self.row_repeats);
        if self.used_columns > 0 {
            self.used_rows = self.rows;
            self.widest = self.widest.max(self.used_columns);
            self.stored = self.stored.saturating_add(self.used_columns);
        }
        (self.column, self.used_columns, self.row_repeats) = (0, 0, 0);
    }
}

/// The number of an attribute; 1 without it, and beyond any limit if it is not plain digits.
fn number(tag: &[u8], attribute: &[u8]) -> u64 {
    let Some(at) = tag.windows(attribute.len()).position(|window| window == attribute) else {
        return 1;
    };
    let value = tag[at + attribute.len()..]
        .iter()
        .skip_while(|byte| byte.is_ascii_whitespace() || matches!(byte, b'=' | b'"' | b'\''));
    let mut number: u64 = 0;
    for byte in value {
        match byte {
            b'0'..=b'9' => {
                number = number.saturating_mul(10).saturating_add(u64::from(byte - b'0'));
            }
            b'"' | b'\'' => return number,
            _ => break,
        }
    }
    u64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(content: &str) -> u64 {
        let mut size = OdsSize::default();
        for tag in content.split('<') {
            size.tag(tag.as_bytes());
        }
        size.cells()
    }

    fn copied_bytes(content: &str) -> u64 {
        let mut size = OdsSize::default();
        for tag in content.split('<') {
            size.tag(tag.as_bytes());
        }
        size.copied_bytes()
    }

    #[test]
    fn repeated_text_counts_as_often_as_it_is_copied() {
        let text = "x".repeat(1000);
        let cell = |repeats: &str| {
            format!("<table:table-cell{repeats}><text:p>{text}</text:p></table:table-cell>")
        };
        let row = |repeats: &str, cells: &str| {
            format!("<table:table-row{repeats}>{cells}</table:table-row>")
        };
        let sheet = |rows: &str| format!("<table:table table:name=\"a\">{rows}</table:table>");
        let once = row("", &cell(""));
        assert_eq!(copied_bytes(&sheet(&(once.clone() + &once))), 0);
        let wide = row("", &cell(" table:number-columns-repeated=\"11\""));
        // Ten copies of the text with its tags of 7 and 8 bytes.
        assert_eq!(copied_bytes(&sheet(&wide)), 10 * 1015);
        assert_eq!(copied_bytes(&(sheet(&wide) + &sheet(&once))), 10 * 1015);
        let many = " table:number-rows-repeated=\"3\"";
        assert_eq!(copied_bytes(&sheet(&row(many, &(cell("") + &cell(""))))), 2 * 2 * 1015);
        let both = row(many, &cell(" table:number-columns-repeated=\"11\""));
        assert_eq!(copied_bytes(&sheet(&both)), (33 - 1) * 1015);
        let spaces = "<table:table-cell><text:p><text:s text:c=\"4000000000\"/></text:p>";
        assert!(copied_bytes(&sheet(&row("", spaces))) >= 4_000_000_000);
        let blank = "<table:table-cell table:number-columns-repeated=\"16384\"/>";
        assert_eq!(copied_bytes(&sheet(&row(many, blank))), 0);
    }

    #[test]
    fn repeats_count_up_to_the_last_value() {
        let sheet = |rows: &str| format!("<table:table table:name=\"a\">{rows}</table:table>");
        let value = "<table:table-cell office:value=\"1\"/>";
        let wide = "<table:table-cell table:number-columns-repeated=\"16000\"/>";
        let row = |attributes: &str, cells: &str| {
            format!("<table:table-row{attributes}>{cells}</table:table-row>")
        };
        let many = " table:number-rows-repeated=\"1000\"";
        let one = row("", value);
        assert_eq!(cells(&sheet(&(one.clone() + &row(many, wide)))), 1);
        assert_eq!(cells(&sheet(&(row(many, wide) + &one))), 1001);
        assert_eq!(cells(&sheet(&row(many, &(wide.to_owned() + value)))), 16_001_000);
        assert_eq!(cells(&(sheet(&one) + &sheet(&one))), 2);
        let single = many.replace('"', "'");
        assert_eq!(cells(&sheet(&row(&single, value))), 1000);
        let hidden = " table:number-rows-repeated=\"&#49;000000\"";
        assert!(cells(&sheet(&row(hidden, value))) > 1_000_000_000);
        let split = "<table:table-cell x=\"<\" table:number-columns-repeated=\"16000\" \
                     office:value=\"1\"/>";
        assert!(cells(&sheet(&row("", split))) >= 16_000);
    }
}
