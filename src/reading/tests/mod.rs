//! Tests of the layer as it is used: files on disk in, rows out.

mod delimited;
mod encodings;
mod headers;
mod json_lines;
mod limits;
mod odd_workbooks;
mod packed;
mod parquet;
mod random_bytes;
mod workbooks;

use std::path::{Path, PathBuf};

use super::{CellKind, Layout, Member, ReadLimits, RowBlock, Table, members};
use crate::error::Result;

/// A file in a folder that is removed with it.
struct Delivered {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn delivered(name: &str, bytes: impl AsRef<[u8]>) -> Delivered {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).expect("a file");
    Delivered { _folder: folder, path }
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn shown(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).expect("a name")
}

fn tables(path: &Path, layout: &Layout) -> Result<Vec<Member>> {
    members(path, shown(path), layout, &ReadLimits::default())
}

fn labels(path: &Path, layout: &Layout) -> Vec<String> {
    let members = tables(path, layout).expect("tables");
    members.iter().map(|member| member.label().unwrap_or("").to_owned()).collect()
}

/// All that a table delivers.
#[derive(Debug, Default, PartialEq)]
struct Read {
    header: Vec<String>,
    header_line: u64,
    rows_above: u64,
    blank_rows: u64,
    /// Cells with their kind in front, unless it is text: `n:1`, `d:`, `b:`, `e:`.
    rows: Vec<Vec<String>>,
    lines: Vec<u64>,
    texts: Vec<String>,
}

impl Read {
    fn row(&self, row: usize) -> Vec<&str> {
        self.rows[row].iter().map(String::as_str).collect()
    }
}

fn read_member(
    path: &Path,
    member: &Member,
    layout: &Layout,
    limits: &ReadLimits,
    wanted: Option<&[&str]>,
) -> Result<Read> {
    let mut table = match wanted {
        Some(wanted) => Table::open(path, shown(path), member, layout, limits, wanted)?,
        None => Table::open_raw(path, shown(path), member, layout, limits)?,
    };
    let mut read = Read {
        header: table.header().to_vec(),
        header_line: table.header_line(),
        rows_above: table.rows_above(),
        ..Read::default()
    };
    let mut block = RowBlock::new();
    // A small number of rows, so that several blocks are needed.
    while table.next_block(&mut block, 3)? {
        assert!((1..=3).contains(&block.len()));
        for row in 0..block.len() {
            let cell = |column| {
                let cell = block.cell(row, column).expect("a cell");
                let text = String::from_utf8_lossy(cell.bytes).into_owned();
                match cell.kind {
                    CellKind::Text => text,
                    CellKind::Number => format!("n:{text}"),
                    CellKind::Date => format!("d:{text}"),
                    CellKind::Boolean => format!("b:{text}"),
                    CellKind::Error => format!("e:{text}"),
                }
            };
            read.rows.push((0..block.width(row)).map(cell).collect());
            assert!(block.cell(row, block.width(row).max(100_000)).is_none());
            read.lines.push(block.line(row));
            read.texts.push(block.text(row));
        }
    }
    assert!(!table.next_block(&mut block, 3)?, "the end stays the end");
    read.blank_rows = table.blank_rows();
    Ok(read)
}

/// Reads the first table of a file.
fn read(path: &Path, layout: &Layout, wanted: &[&str]) -> Result<Read> {
    let members = tables(path, layout)?;
    read_member(path, &members[0], layout, &ReadLimits::default(), Some(wanted))
}

fn read_text(text: impl AsRef<[u8]>, layout: &Layout, wanted: &[&str]) -> Result<Read> {
    read(&delivered("sales.csv", text).path, layout, wanted)
}

/// Message, cause and hint of an error.
fn told<T: std::fmt::Debug>(result: Result<T>) -> String {
    let error = result.expect_err("an error");
    format!("{} | {}", error.chain(), error.hint_text().unwrap_or(""))
}
