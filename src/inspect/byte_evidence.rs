//! First pass over a text file: what its bytes say about encoding and delimiter.

use std::io::Read;

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_16BE, UTF_16LE};

use super::records::RecordCounts;

/// Bytes looked at before anything is decided: enough to see UTF-16.
const FIRST_BYTES: usize = 64 << 10;

/// What the bytes of one text file say. Its size does not depend on the file's.
#[derive(Debug, Clone)]
pub struct ByteEvidence {
    /// Bytes in all.
    pub bytes: u64,
    /// The encoding that a byte order mark names.
    pub mark: Option<&'static Encoding>,
    /// UTF-16 without a mark, seen from its zero bytes.
    pub utf16: Option<&'static Encoding>,
    /// Letters of more than one byte that are valid UTF-8.
    pub utf8_letters: u64,
    /// Places where the bytes are not valid UTF-8.
    pub utf8_faults: u64,
    /// How often each pair of bytes stands side by side, where one is beyond ASCII.
    pub pairs: Vec<u32>,
    /// Bytes beyond ASCII.
    pub high_bytes: u64,
    /// Cells a row, by delimiter and quote.
    pub records: RecordCounts,
}

impl ByteEvidence {
    /// Reads the bytes to their end.
    ///
    /// # Errors
    /// What the reader says.
    pub fn collect(mut reader: impl Read) -> std::io::Result<Self> {
        let mut first = Vec::with_capacity(FIRST_BYTES);
        reader.by_ref().take(FIRST_BYTES as u64).read_to_end(&mut first)?;
        let mark = Encoding::for_bom(&first);
        let mut evidence = Self {
            bytes: 0,
            mark: mark.map(|(encoding, _)| encoding),
            utf16: utf16_without_mark(&first).filter(|_| mark.is_none()),
            utf8_letters: 0,
            utf8_faults: 0,
            pairs: vec![0; 1 << 16],
            high_bytes: 0,
            records: RecordCounts::default(),
        };
        let wide = evidence.mark.or(evidence.utf16).filter(|e| *e == UTF_16LE || *e == UTF_16BE);
        let mut decoder = wide.map(Encoding::new_decoder_with_bom_removal);
        let mut letters = Utf8Counter::default();
        let mut previous = b'\n';
        let mut chunk = first;
        chunk.drain(..mark.map_or(0, |(_, length)| if wide.is_some() { 0 } else { length }));
        let mut next = vec![0; FIRST_BYTES];
        loop {
            evidence.bytes += chunk.len() as u64;
            if let Some(decoder) = &mut decoder {
                decode(decoder, &chunk, false, |text| evidence.records.feed(text));
            } else {
                evidence.records.feed(&chunk);
                letters.feed(&chunk);
                evidence.count_pairs(&chunk, &mut previous);
            }
            let read = reader.read(&mut next)?;
            if read == 0 {
                break;
            }
            chunk.clear();
            chunk.extend_from_slice(&next[..read]);
        }
        if let Some(decoder) = &mut decoder {
            decode(decoder, &[], true, |text| evidence.records.feed(text));
        }
        evidence.records.finish();
        letters.finish();
        evidence.utf8_letters = letters.letters;
        evidence.utf8_faults = letters.faults;
        Ok(evidence)
    }

    fn count_pairs(&mut self, chunk: &[u8], previous: &mut u8) {
        for byte in chunk {
            if *byte >= 0x80 {
                self.high_bytes += 1;
            }
            if *byte >= 0x80 || *previous >= 0x80 {
                let place = usize::from(*previous) << 8 | usize::from(*byte);
                self.pairs[place] = self.pairs[place].saturating_add(1);
            }
            *previous = *byte;
        }
    }

    /// Adds what another file of the same layout says about its letters.
    pub fn add_letters(&mut self, other: &Self) {
        self.bytes += other.bytes;
        self.utf8_letters += other.utf8_letters;
        self.utf8_faults += other.utf8_faults;
        self.high_bytes += other.high_bytes;
        for (sum, more) in self.pairs.iter_mut().zip(&other.pairs) {
            *sum = sum.saturating_add(*more);
        }
    }
}

/// Zero bytes (of ASCII) and the high byte of Cyrillic on one side only.
fn utf16_without_mark(first: &[u8]) -> Option<&'static Encoding> {
    let units = first.len() / 2;
    if units < 4 {
        return None;
    }
    let high = |offset: usize| {
        first.iter().skip(offset).step_by(2).take(units).filter(|b| matches!(b, 0 | 4)).count()
    };
    let (even, odd) = (high(0), high(1));
    let zero = first.iter().filter(|byte| **byte == 0).count();
    if zero * 20 < units {
        return None;
    }
    if odd * 10 >= units * 8 && even * 10 <= units {
        Some(UTF_16LE)
    } else if even * 10 >= units * 8 && odd * 10 <= units {
        Some(UTF_16BE)
    } else {
        None
    }
}

fn decode(decoder: &mut Decoder, mut bytes: &[u8], last: bool, mut give: impl FnMut(&[u8])) {
    let mut text = [0; 8192];
    loop {
        let (result, read, written, _) = decoder.decode_to_utf8(bytes, &mut text, last);
        give(&text[..written]);
        bytes = &bytes[read..];
        if result == CoderResult::InputEmpty {
            return;
        }
    }
}

/// Counts letters of several bytes and faults, across chunks.
#[derive(Debug, Default)]
struct Utf8Counter {
    letters: u64,
    faults: u64,
    rest: Vec<u8>,
}

impl Utf8Counter {
    fn feed(&mut self, chunk: &[u8]) {
        let joined;
        let mut bytes = if self.rest.is_empty() {
            chunk
        } else {
            self.rest.extend_from_slice(chunk);
            joined = std::mem::take(&mut self.rest);
            &joined
        };
        loop {
            match std::str::from_utf8(bytes) {
                Ok(text) => {
                    self.count(text);
                    return;
                }
                Err(error) => {
                    let (valid, broken) = bytes.split_at(error.valid_up_to());
                    self.count(std::str::from_utf8(valid).unwrap_or_default());
                    match error.error_len() {
                        Some(length) => {
                            self.faults += 1;
                            bytes = &broken[length..];
                        }
                        None => {
                            self.rest = broken.to_vec();
                            return;
                        }
                    }
                }
            }
        }
    }

    fn count(&mut self, text: &str) {
        // Every letter of several bytes has one byte that is not a continuation.
        self.letters += text.bytes().filter(|byte| *byte >= 0xc0).count() as u64;
    }

    fn finish(&mut self) {
        if !self.rest.is_empty() {
            self.faults += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf8_is_counted_across_chunks() {
        let mut counter = Utf8Counter::default();
        for byte in "дом\n".bytes() {
            counter.feed(&[byte]);
        }
        counter.finish();
        assert_eq!((counter.letters, counter.faults), (3, 0));
        let evidence = ByteEvidence::collect(&b"\xc4\xee\xec;1\n"[..]).unwrap();
        assert!(evidence.utf8_faults > 0);
        assert_eq!(evidence.high_bytes, 3);
    }

    #[test]
    fn utf16_without_a_mark_is_seen() {
        let text = "Дата\tКлиент\tСумма\n01.02.2024\tООО Ромашка\t12,5\n".repeat(20);
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(ByteEvidence::collect(&little[..]).unwrap().utf16, Some(UTF_16LE));
        assert_eq!(ByteEvidence::collect(&big[..]).unwrap().utf16, Some(UTF_16BE));
        assert_eq!(ByteEvidence::collect(text.as_bytes()).unwrap().utf16, None);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_stop_the_reader(bytes in proptest::collection::vec(0_u8.., 0..2000)) {
            let evidence = ByteEvidence::collect(&bytes[..]).unwrap();
            let _ = super::super::encoding::decide_encoding(&evidence, None);
            let _ = super::super::records::decide_delimiter(&evidence.records, None);
        }
    }
}
