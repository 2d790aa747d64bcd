//! Any bytes as JSON Lines: compared with `serde_json`, line by line.
//!
//! Input: a byte of options, then the file.
#![no_main]

use std::collections::HashMap;
use std::fmt;

use clientbase_fuzz::delivery::{Opening, Read, is_blank, read_one};
use clientbase_fuzz::reading::{CellKind, Layout, header_name};
use libfuzzer_sys::{Corpus, fuzz_target};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

fuzz_target!(|data: &[u8]| -> Corpus {
    let [options, bytes @ ..] = data else { return Corpus::Reject };
    let most_rows = [1, 3, 16, 1000][usize::from(options & 3)];
    let layout = Layout::default();
    let read = read_one("a.jsonl", bytes, &layout, Opening::Raw, most_rows);
    let with_header = read_one("a.jsonl", bytes, &layout, Opening::Header, 1000);
    match (read, with_header) {
        (Ok(read), Ok(with_header)) => {
            assert_eq!(read, with_header);
            compare(bytes, &read);
        }
        (Err(_), Err(_)) => {}
        (read, with_header) => panic!("{read:?}, but with a header {with_header:?}"),
    }
    Corpus::Keep
});

/// Keys and values in their order.
struct Object(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;

        impl<'de> Visitor<'de> for Pairs {
            type Value = Object;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Object(pairs))
            }
        }

        deserializer.deserialize_map(Pairs)
    }
}

fn compare(bytes: &[u8], read: &Read) {
    let mut bytes = bytes;
    while let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        bytes = rest;
    }
    // Nested values count from the line's start here and from the value's start there.
    if bytes.iter().filter(|byte| matches!(byte, b'[' | b'{')).count() > 100 {
        return;
    }
    // A line of broken text is no object to `serde_json`, but its keys are columns.
    if std::str::from_utf8(bytes).is_err() {
        return;
    }
    let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    lines.pop_if(|line| line.is_empty());
    let objects: Vec<Option<Object>> =
        lines.iter().map(|line| serde_json::from_slice(line).ok()).collect();
    let mut keys: Vec<&str> = Vec::new();
    for (key, _) in objects.iter().flatten().flat_map(|object| &object.0) {
        if !keys.contains(&key.as_str()) {
            keys.push(key);
        }
    }
    assert_eq!(read.header, keys.iter().map(|key| header_name(key)).collect::<Vec<_>>());
    let (mut rows, mut blank_rows) = (read.rows.iter(), 0);
    for (place, (line, object)) in lines.iter().zip(&objects).enumerate() {
        let cells = object.as_ref().and_then(|object| cells_of(object, &keys));
        let is_blank_row = match &cells {
            Some(cells) => cells.iter().all(|(cell, _)| is_blank(cell)),
            None => line.trim_ascii().is_empty(),
        };
        if is_blank_row {
            blank_rows += 1;
            continue;
        }
        let row = rows.next().expect("a row for every line that is not blank");
        assert_eq!(row.line, place as u64 + 1);
        assert_eq!(row.cells, cells.unwrap_or_default(), "{}", String::from_utf8_lossy(line));
    }
    assert!(rows.next().is_none());
    assert_eq!(read.blank_rows, blank_rows);
}

/// Cells by column; none when a key stands twice.
fn cells_of(object: &Object, keys: &[&str]) -> Option<Vec<(Vec<u8>, CellKind)>> {
    let mut values: HashMap<&str, &str> = HashMap::new();
    for (key, value) in &object.0 {
        if values.insert(key, value.get()).is_some() {
            return None;
        }
    }
    let mut cells = Vec::new();
    for key in keys {
        cells.push(match values.get(key) {
            None | Some(&"null") => (Vec::new(), CellKind::Text),
            Some(value) => match value.as_bytes()[0] {
                b'"' => {
                    // A lone half of a surrogate pair has no text.
                    let text: String = serde_json::from_str(value).ok()?;
                    (text.into_bytes(), CellKind::Text)
                }
                b't' | b'f' => (value.as_bytes().to_vec(), CellKind::Boolean),
                b'[' | b'{' => (value.as_bytes().to_vec(), CellKind::Error),
                _ => (value.as_bytes().to_vec(), CellKind::Number),
            },
        });
    }
    Some(cells)
}
