//! Entries of a zip file, checked against what its directory says before and while they are
//! unpacked.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use encoding_rs::IBM866;
use flate2::Crc;
use flate2::bufread::DeflateDecoder;
use zip::{CompressionMethod, ZipArchive};

use super::layout::ReadLimits;
use crate::error::{Error, Result};

const BUFFER_BYTES: usize = 1 << 17;

/// Most bytes of the end of a zip file's directory, with its comment.
const MOST_END_BYTES: u64 = 22 + 65_535;

/// A file in a zip file.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub name: String,
    /// Unpacked bytes.
    pub size: u64,
    crc: u32,
    method: CompressionMethod,
    data_start: u64,
    packed_size: u64,
}

/// The files in a zip file, in the order of its directory.
///
/// # Errors
/// When the file is damaged, encrypted, packed in an unusual way or beyond a limit.
pub(super) fn entries(path: &Path, shown: &str, limits: &ReadLimits) -> Result<Vec<Entry>> {
    let file = File::open(path)
        .map_err(|error| Error::store(format!("{shown}: cannot be opened")).because(error))?;
    let mut archive =
        ZipArchive::new(BufReader::new(file)).map_err(|error| damaged(shown, error))?;
    if archive.len() > limits.zip_entries {
        return Err(Error::data(format!(
            "{shown}: the zip file has {} entries; at most {} are read",
            archive.len(),
            limits.zip_entries
        )));
    }
    // The archive keeps the last of several entries of one name; none may get lost.
    if directory_entries(path).is_some_and(|entries| entries as usize > archive.len()) {
        return Err(Error::data(format!("{shown}: the zip file has two entries of one name"))
            .hint("pack it again; which of the two is right cannot be known"));
    }
    let mut entries = Vec::with_capacity(archive.len());
    for index in 0..archive.len() {
        let file = archive.by_index_raw(index).map_err(|error| damaged(shown, error))?;
        if file.is_dir() {
            continue;
        }
        let name = decoded_name(file.name_raw());
        if file.encrypted() {
            return Err(Error::data(format!("{shown}/{name}: the zip entry is encrypted"))
                .hint("deliver it without a password"));
        }
        let data_start = file.data_start().ok_or_else(|| {
            Error::data(format!("{shown}/{name}: the zip file does not say where it begins"))
        })?;
        let entry = Entry {
            size: file.size(),
            crc: file.crc32(),
            method: file.compression(),
            data_start,
            packed_size: file.compressed_size(),
            name,
        };
        check(&entry, shown, limits)?;
        entries.push(entry);
    }
    Ok(entries)
}

/// Number of entries as the end of the directory says it, unless it is too large to stand there.
fn directory_entries(path: &Path) -> Option<u16> {
    let mut file = File::open(path).ok()?;
    let size = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(MOST_END_BYTES))).ok()?;
    let mut end = Vec::new();
    file.take(MOST_END_BYTES).read_to_end(&mut end).ok()?;
    let at = end.windows(4).rposition(|window| window == b"PK\x05\x06")?;
    let count = end.get(at + 10..at + 12)?.try_into().ok().map(u16::from_le_bytes)?;
    (count < u16::MAX).then_some(count)
}

fn check(entry: &Entry, shown: &str, limits: &ReadLimits) -> Result<()> {
    let Entry { name, size, packed_size, .. } = entry;
    if !matches!(entry.method, CompressionMethod::Stored | CompressionMethod::Deflated) {
        return Err(Error::data(format!(
            "{shown}/{name}: is packed as {}, which is not read",
            entry.method
        ))
        .hint("pack it with the usual method, deflate"));
    }
    if *size > limits.zip_entry_bytes {
        return Err(Error::data(format!(
            "{shown}/{name}: unpacks to {size} bytes; at most {} are read",
            limits.zip_entry_bytes
        )));
    }
    let ratio = size / (*packed_size).max(1);
    if *size > limits.packed_ratio_from_bytes && ratio > limits.packed_ratio {
        return Err(Error::data(format!(
            "{shown}/{name}: unpacks to {size} bytes, {ratio} times its size; at most {} times \
             is read",
            limits.packed_ratio
        ))
        .hint("such a file is made to exhaust memory or disk; find out who made it"));
    }
    Ok(())
}

/// Names that are not UTF-8 were written by Russian editions of Windows, in code page 866.
fn decoded_name(raw: &[u8]) -> String {
    let name = match std::str::from_utf8(raw) {
        Ok(name) => name.to_owned(),
        Err(_) => IBM866.decode_without_bom_handling(raw).0.into_owned(),
    };
    name.replace('\\', "/")
}

/// Unpacks an entry as a stream; its size and checksum are compared at the end.
///
/// # Errors
/// When the file cannot be opened. Damage shows while reading, as an I/O error.
pub(super) fn open_entry(path: &Path, entry: &Entry) -> io::Result<impl BufRead + Send + 'static> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(entry.data_start))?;
    let packed = BufReader::with_capacity(BUFFER_BYTES, file.take(entry.packed_size));
    let unpacked: Box<dyn Read + Send> = match entry.method {
        CompressionMethod::Stored => Box::new(packed),
        _ => Box::new(DeflateDecoder::new(packed)),
    };
    let checked =
        Checked { inner: unpacked, crc: Crc::new(), left: entry.size, expected: entry.crc };
    Ok(BufReader::with_capacity(BUFFER_BYTES, checked))
}

/// Passes exactly as many bytes as the directory says, with the checksum it says.
struct Checked {
    inner: Box<dyn Read + Send>,
    crc: Crc,
    left: u64,
    expected: u32,
}

impl Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let count = self.inner.read(buffer)?;
        let wrong = |text: &str| Err(io::Error::new(io::ErrorKind::InvalidData, text));
        if count == 0 {
            return match (self.left, self.crc.sum() == self.expected) {
                (0, true) => Ok(0),
                (0, false) => wrong("the zip entry's checksum does not fit its bytes"),
                (_, _) => wrong("the zip entry is cut off"),
            };
        }
        let Some(left) = self.left.checked_sub(count as u64) else {
            return wrong("the zip entry is longer than the zip file says");
        };
        self.left = left;
        self.crc.update(&buffer[..count]);
        Ok(count)
    }
}

fn damaged(shown: &str, error: zip::result::ZipError) -> Error {
    if crate::error::is_of_store(&error) {
        return Error::store(format!("{shown}: reading broke off")).because(error);
    }
    Error::data(format!("{shown}: the zip file cannot be read"))
        .because(error)
        .hint("it may be cut off or damaged; deliver it again; nothing was changed")
}
