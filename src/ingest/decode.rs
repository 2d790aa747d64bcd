//! Bytes of a delivered file → text: decompression and encoding, streamed.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::{Arc, Mutex};

use encoding_rs_io::DecodeReaderBytesBuilder;
use flate2::read::MultiGzDecoder;

use crate::config::Encoding;

/// Bytes read at once from a file.
const BUFFER_BYTES: usize = 1 << 17;

/// Hash of the bytes that passed, available when the reader has come to its end.
#[derive(Debug, Clone, Default)]
pub struct PassedHash(Arc<Mutex<blake3::Hasher>>);

impl PassedHash {
    /// The hash of everything read so far.
    pub fn finish(&self) -> blake3::Hash {
        self.0
            .lock()
            .map_or_else(|poisoned| poisoned.into_inner().finalize(), |hash| hash.finalize())
    }
}

struct HashingReader<R> {
    inner: R,
    hash: PassedHash,
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        if let Ok(mut hash) = self.hash.0.lock() {
            hash.update(&buffer[..count]);
        }
        Ok(count)
    }
}

/// Opens the text of a file by the ending of its name. The hash is of the stored bytes.
///
/// # Errors
/// When a compressed file cannot be started.
pub fn text_of(
    bytes: impl Read + Send + 'static,
    path: &str,
    encoding: Encoding,
) -> io::Result<(Box<dyn Read + Send>, PassedHash)> {
    let hash = PassedHash::default();
    let hashed = HashingReader { inner: bytes, hash: hash.clone() };
    let buffered = BufReader::with_capacity(BUFFER_BYTES, hashed);
    let lower = path.to_lowercase();
    let plain: Box<dyn Read + Send> = if lower.ends_with(".gz") {
        Box::new(MultiGzDecoder::new(buffered))
    } else if lower.ends_with(".zst") {
        Box::new(zstd::Decoder::with_buffer(buffered)?)
    } else {
        Box::new(buffered)
    };
    let mut text = BufReader::with_capacity(BUFFER_BYTES, plain);
    if encoding == encoding_rs::UTF_8 {
        // UTF-8 is checked cell by cell, so that a broken byte costs its row, not a
        // silent replacement; only a byte order mark is dropped here.
        if text.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
            text.consume(3);
        }
        return Ok((Box::new(text), hash));
    }
    let decoded = DecodeReaderBytesBuilder::new().encoding(Some(encoding)).build(text);
    Ok((Box::new(decoded), hash))
}
