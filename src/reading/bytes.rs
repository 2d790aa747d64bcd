//! Stored bytes → unpacked bytes → text.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Write};
use std::path::{Path, PathBuf};

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use encoding_rs_io::DecodeReaderBytesBuilder;
use flate2::bufread::MultiGzDecoder;

use super::layout::{Format, Layout, ReadLimits};
use super::sniff::{self, Content, LOOK_BYTES};
use super::zip_file::{self, Entry};
use crate::error::{Error, Result};

const BUFFER_BYTES: usize = 1 << 17;

/// How the bytes of a file are packed, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    None,
    Gzip,
    Zstd,
}

/// The bytes of a file on disk, or of a file in a zip file on disk.
pub(super) struct Stored<'a> {
    path: &'a Path,
    /// Name for messages.
    pub shown: String,
    /// Name without the ending of a packing, in lower case.
    name: String,
    packing: Packing,
    entry: Option<Entry>,
    limits: &'a ReadLimits,
}

impl<'a> Stored<'a> {
    /// A file on disk.
    pub fn file(path: &'a Path, shown: &str, limits: &'a ReadLimits) -> Self {
        Self::new(path, shown.to_owned(), None, limits)
    }

    /// A file in a zip file.
    pub fn entry(path: &'a Path, shown: &str, entry: Entry, limits: &'a ReadLimits) -> Self {
        Self::new(path, format!("{shown}/{}", entry.name), Some(entry), limits)
    }

    fn new(path: &'a Path, shown: String, entry: Option<Entry>, limits: &'a ReadLimits) -> Self {
        let name = shown.to_lowercase();
        let (name, packing) = if let Some(name) = name.strip_suffix(".gz") {
            (name.to_owned(), Packing::Gzip)
        } else if let Some(name) = name.strip_suffix(".zst") {
            (name.to_owned(), Packing::Zstd)
        } else {
            (name, Packing::None)
        };
        Self { path, shown, name, packing, entry, limits }
    }

    /// The ending of the name in lower case, without one of a packing.
    pub fn ending(&self) -> &str {
        let file = self.name.rsplit('/').next().unwrap_or("");
        file.rsplit_once('.').map_or("", |(_, ending)| ending)
    }

    /// Whether the name says that this is a zip file with tables in it.
    pub fn is_zip(&self) -> bool {
        self.ending() == "zip"
    }

    /// How the rows are held: as declared, or as the name says.
    pub fn format(&self, layout: &Layout) -> Format {
        layout.format.unwrap_or(match self.ending() {
            "xlsx" | "xlsm" | "xls" | "xlsb" | "ods" => Format::Workbook,
            "jsonl" | "ndjson" => Format::JsonLines,
            "parquet" => Format::Parquet,
            _ => Format::Delimited,
        })
    }

    /// The unpacked bytes, and the first of them.
    ///
    /// # Errors
    /// When the file cannot be opened, or its beginning cannot be read.
    pub fn open(&self) -> Result<(Box<dyn BufRead + Send>, Vec<u8>)> {
        let (stored, size): (Box<dyn BufRead + Send>, u64) = match &self.entry {
            None => {
                let file = File::open(self.path).map_err(|error| self.unopened(error))?;
                let size = file.metadata().map_err(|error| self.unopened(error))?.len();
                (Box::new(BufReader::with_capacity(BUFFER_BYTES, file)), size)
            }
            Some(entry) => {
                let opened = zip_file::open_entry(self.path, entry);
                (Box::new(opened.map_err(|error| self.unopened(error))?), entry.size)
            }
        };
        let (stored, first) = self.look(stored)?;
        let found = sniff::of(&first);
        let unpacked: Box<dyn BufRead + Send> = match (self.packing, found) {
            (Packing::None, _) => return Ok((stored, first)),
            (Packing::Gzip, Content::Gzip) => self.bounded(MultiGzDecoder::new(stored), size),
            (Packing::Zstd, Content::Zstd) => {
                let decoder = zstd::Decoder::with_buffer(stored)
                    .map_err(|error| unreadable(&self.shown, None, error))?;
                self.bounded(decoder, size)
            }
            (Packing::Gzip, _) => return Err(self.is_really("a gzip file", found, &first)),
            (Packing::Zstd, _) => return Err(self.is_really("a Zstandard file", found, &first)),
        };
        self.look(unpacked)
    }

    /// What a decoder gives, up to what `packed` bytes can hold of honest data.
    fn bounded(&self, decoder: impl Read + Send + 'static, packed: u64) -> Box<dyn BufRead + Send> {
        let ratio = self.limits.packed_ratio;
        let most = packed.saturating_mul(ratio).max(self.limits.packed_ratio_from_bytes);
        let bounded = BoundedReader { inner: decoder, left: most, ratio };
        Box::new(BufReader::with_capacity(BUFFER_BYTES, bounded))
    }

    /// Reads the first bytes and puts them back.
    fn look(
        &self,
        mut reader: Box<dyn BufRead + Send>,
    ) -> Result<(Box<dyn BufRead + Send>, Vec<u8>)> {
        let mut first = Vec::with_capacity(LOOK_BYTES);
        (&mut reader)
            .take(LOOK_BYTES as u64)
            .read_to_end(&mut first)
            .map_err(|error| unreadable(&self.shown, None, error))?;
        Ok((Box::new(Cursor::new(first.clone()).chain(reader)), first))
    }

    /// The text of the file as UTF-8. UTF-8 files are passed as they are, so that a broken byte
    /// costs its row; in other encodings U+FFFD stands for what is broken.
    ///
    /// # Errors
    /// When the first bytes show something else than text, or another encoding.
    pub fn open_text(&self, encoding: &'static Encoding) -> Result<Box<dyn BufRead + Send>> {
        let (mut reader, first) = self.open()?;
        let found = sniff::of(&first);
        if found != Content::Unmarked {
            return Err(self.is_really("text", found, &first));
        }
        let encoding = match Encoding::for_bom(&first) {
            Some((marked, length)) => {
                let is_utf_16 = |encoding| encoding == UTF_16LE || encoding == UTF_16BE;
                if marked != encoding && !(is_utf_16(marked) && is_utf_16(encoding)) {
                    return Err(other_encoding(&self.shown, "is marked as", marked, encoding));
                }
                // Programs that join files leave the mark of each.
                let marks =
                    first.chunks_exact(length).take_while(|chunk| *chunk == &first[..length]);
                reader.consume(length * marks.count());
                marked
            }
            None => match unmarked_utf_16(&first) {
                Some(seen) if encoding != UTF_16LE && encoding != UTF_16BE => {
                    return Err(other_encoding(&self.shown, "looks like", seen, encoding));
                }
                _ => encoding,
            },
        };
        if encoding == UTF_8 {
            return Ok(reader);
        }
        let decoded = DecodeReaderBytesBuilder::new()
            .encoding(Some(encoding))
            .bom_sniffing(false)
            .build(reader);
        Ok(Box::new(BufReader::with_capacity(BUFFER_BYTES, decoded)))
    }

    /// The unpacked bytes as a file, for formats that are not read from front to back.
    ///
    /// # Errors
    /// When a packed file is damaged or beyond a limit, or the disk is full.
    pub fn local(&self) -> Result<LocalFile> {
        if self.entry.is_none() && self.packing == Packing::None {
            let (_, first) = self.open()?;
            return Ok(LocalFile { path: self.path.to_owned(), _copy: None, first });
        }
        let (mut reader, first) = self.open()?;
        let full = |error| Error::store("a temporary file cannot be written").because(error);
        let copy = match &self.limits.temporary_folder {
            Some(folder) => tempfile::NamedTempFile::new_in(folder),
            None => tempfile::NamedTempFile::new(),
        };
        let mut copy = copy.map_err(full)?;
        let mut buffer = vec![0; BUFFER_BYTES];
        let mut size = 0;
        loop {
            let count =
                reader.read(&mut buffer).map_err(|error| unreadable(&self.shown, None, error))?;
            if count == 0 {
                break;
            }
            size += count as u64;
            if size > self.limits.zip_entry_bytes {
                return Err(Error::data(format!(
                    "{}: unpacks to more than {} bytes",
                    self.shown, self.limits.zip_entry_bytes
                )));
            }
            copy.write_all(&buffer[..count]).map_err(full)?;
        }
        copy.flush().map_err(full)?;
        let path = copy.into_temp_path();
        Ok(LocalFile { path: path.to_path_buf(), _copy: Some(path), first })
    }

    /// The error for a file that is not what its name says.
    pub fn is_really(&self, expected: &str, found: Content, first: &[u8]) -> Error {
        Error::data(format!(
            "{}: should be {expected}, but is {}",
            self.shown,
            sniff::name_of(found, first)
        ))
        .hint("save it in the format its name says, or give it the ending of what it is")
    }

    fn unopened(&self, error: io::Error) -> Error {
        Error::store(format!("{}: cannot be opened", self.shown)).because(error)
    }
}

/// Ends with an error where a packed file unpacks to more than its size makes believable.
struct BoundedReader<R> {
    inner: R,
    left: u64,
    ratio: u64,
}

impl<R: Read> Read for BoundedReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| {
            let text = format!(
                "it unpacks to more than {} times its size, as a file made to exhaust disks does",
                self.ratio
            );
            io::Error::new(io::ErrorKind::InvalidData, text)
        })?;
        Ok(count)
    }
}

/// A file on disk that may be a temporary copy, removed in the end.
pub(super) struct LocalFile {
    pub path: PathBuf,
    _copy: Option<tempfile::TempPath>,
    /// Its first bytes.
    pub first: Vec<u8>,
}

/// The error of a file that cannot be read on.
pub(super) fn unreadable(shown: &str, line: Option<u64>, error: io::Error) -> Error {
    let place = line.map_or_else(String::new, |line| format!(":{line}"));
    if crate::error::is_of_store(&error) {
        return Error::store(format!("{shown}{place}: reading broke off")).because(error);
    }
    Error::data(format!("{shown}{place}: the file cannot be read to its end"))
        .because(error)
        .hint("it may be cut off or damaged; deliver it again; nothing was changed")
}

fn other_encoding(
    shown: &str,
    how: &str,
    found: &'static Encoding,
    declared: &'static Encoding,
) -> Error {
    Error::data(format!("{shown}: the text {how} {}, not {}", found.name(), declared.name()))
        .hint(format!("set `encoding = \"{}\"` for the source", found.name().to_lowercase()))
}

/// Text of mostly Latin letters or digits has a zero in every second byte as UTF-16.
fn unmarked_utf_16(first: &[u8]) -> Option<&'static Encoding> {
    let pairs = first[..first.len().min(64)].chunks_exact(2);
    let count = pairs.len();
    let (high_zeros, low_zeros) = pairs.fold((0, 0), |(high, low), pair| {
        (high + usize::from(pair[0] == 0), low + usize::from(pair[1] == 0))
    });
    match (high_zeros, low_zeros) {
        _ if count < 4 => None,
        (0, low) if low * 2 > count => Some(UTF_16LE),
        (high, 0) if high * 2 > count => Some(UTF_16BE),
        _ => None,
    }
}
