//! The bytes of a text file, unpacked, before its encoding is known.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use encoding_rs::IBM866;
use flate2::bufread::MultiGzDecoder;
use zip::ZipArchive;

use crate::error::{Error, Result};

/// Looks at the unpacked bytes of a file, or of the entry of this name in a zip file.
///
/// # Errors
/// When the file cannot be opened or is damaged.
pub fn with_bytes<T>(
    path: &Path,
    shown: &str,
    entry: Option<&str>,
    look: impl FnOnce(&mut dyn Read) -> std::io::Result<T>,
) -> Result<T> {
    let file = File::open(path)
        .map_err(|error| Error::store(format!("{shown}: cannot be opened")).because(error))?;
    let reader = BufReader::new(file);
    let damaged = |error: std::io::Error| {
        let place = entry.map_or_else(|| shown.to_owned(), |entry| format!("{shown}/{entry}"));
        if error.raw_os_error().is_some() {
            return Error::store(format!("{place}: reading broke off")).because(error);
        }
        Error::data(format!("{place}: the file cannot be read to its end"))
            .because(error)
            .hint("it may be cut off or damaged; export it again")
    };
    let Some(entry) = entry else {
        return unpack(reader).and_then(|mut bytes| look(&mut *bytes)).map_err(damaged);
    };
    let broken = |error: zip::result::ZipError| {
        Error::data(format!("{shown}: the zip file cannot be read")).because(error)
    };
    let mut archive = ZipArchive::new(reader).map_err(broken)?;
    for index in 0..archive.len() {
        let name =
            archive.by_index_raw(index).map(|file| entry_name(file.name_raw())).map_err(broken)?;
        if name == entry {
            let file = archive.by_index(index).map_err(broken)?;
            return unpack(BufReader::new(file))
                .and_then(|mut bytes| look(&mut *bytes))
                .map_err(damaged);
        }
    }
    Err(Error::bug(format!("{shown}: the entry {entry} is gone")))
}

/// Unpacks what the first bytes show to be packed.
fn unpack<'a>(mut reader: impl BufRead + 'a) -> std::io::Result<Box<dyn Read + 'a>> {
    let first = reader.fill_buf()?;
    Ok(if first.starts_with(&[0x1f, 0x8b]) {
        Box::new(MultiGzDecoder::new(reader))
    } else if first.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        Box::new(zstd::Decoder::with_buffer(reader)?)
    } else {
        Box::new(reader)
    })
}

/// Names that are not UTF-8 were written by Russian editions of Windows, in code page 866.
fn entry_name(raw: &[u8]) -> String {
    let name = match std::str::from_utf8(raw) {
        Ok(name) => name.to_owned(),
        Err(_) => IBM866.decode_without_bom_handling(raw).0.into_owned(),
    };
    name.replace('\\', "/")
}
