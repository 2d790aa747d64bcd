//! Streams of a compound file, the container of old Office files.

use std::collections::HashSet;

/// Sector numbers from here on are marks.
const FIRST_MARK: u32 = 0xffff_fffa;

/// Bytes of a directory entry.
const ENTRY_BYTES: usize = 128;

/// A compound file held in memory.
pub(super) struct Compound<'a> {
    bytes: &'a [u8],
    sector_bytes: usize,
    mini_sector_bytes: usize,
    /// Streams below this size are in the root's stream.
    mini_cutoff: usize,
    /// For each sector the next one of its chain.
    next: Vec<u32>,
    mini_next: Vec<u32>,
    directory: Vec<u8>,
}

impl<'a> Compound<'a> {
    /// Reads the tables of sectors. None: the file is damaged.
    pub fn open(bytes: &'a [u8]) -> Option<Self> {
        let shift = |at| u16_at(bytes, at).filter(|shift| (6..=16).contains(shift));
        let mut file = Self {
            bytes,
            sector_bytes: 1 << shift(30)?,
            mini_sector_bytes: 1 << shift(32)?,
            mini_cutoff: u32_at(bytes, 56)? as usize,
            next: Vec::new(),
            mini_next: Vec::new(),
            directory: Vec::new(),
        };
        let mut tables: Vec<u32> = (0..109).filter_map(|at| u32_at(bytes, 76 + 4 * at)).collect();
        let mut more = u32_at(bytes, 68)?;
        let mut seen = HashSet::new();
        while more < FIRST_MARK && seen.insert(more) {
            let mut numbers = numbers(file.sector(more)?);
            more = numbers.pop()?;
            tables.extend(numbers);
        }
        let mut next = Vec::new();
        let mut seen = HashSet::new();
        for table in tables.into_iter().filter(|table| *table < FIRST_MARK) {
            if !seen.insert(table) {
                return None;
            }
            next.extend(numbers(file.sector(table)?));
        }
        file.next = next;
        file.directory = file.chain(u32_at(bytes, 48)?)?;
        file.mini_next = numbers(&file.chain(u32_at(bytes, 60)?)?);
        Some(file)
    }

    /// The bytes of a stream, by its name.
    pub fn stream(&self, name: &str) -> Option<Vec<u8>> {
        let mut wanted: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        wanted.extend([0, 0]);
        let mut entries = self.directory.chunks_exact(ENTRY_BYTES);
        let entry = entries.find(|entry| entry.starts_with(&wanted))?;
        let start = u32_at(entry, 116)?;
        let size = u32_at(entry, 120)? as usize;
        let mut stream = if size < self.mini_cutoff {
            let root = self.chain(u32_at(&self.directory, 116)?)?;
            self.mini_chain(start, &root)?
        } else {
            self.chain(start)?
        };
        stream.truncate(size);
        Some(stream)
    }

    fn sector(&self, number: u32) -> Option<&'a [u8]> {
        let start = (number as usize).checked_add(1)?.checked_mul(self.sector_bytes)?;
        // The last sector may be cut short.
        let end = start.checked_add(self.sector_bytes)?.min(self.bytes.len());
        self.bytes.get(start..end)
    }

    fn chain(&self, first: u32) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut number = first;
        let mut left = self.next.len();
        while number < FIRST_MARK {
            left = left.checked_sub(1)?;
            bytes.extend_from_slice(self.sector(number)?);
            number = *self.next.get(number as usize)?;
        }
        Some(bytes)
    }

    fn mini_chain(&self, first: u32, root: &[u8]) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut number = first;
        let mut left = self.mini_next.len();
        while number < FIRST_MARK {
            left = left.checked_sub(1)?;
            let start = (number as usize).checked_mul(self.mini_sector_bytes)?;
            let end = start.checked_add(self.mini_sector_bytes)?.min(root.len());
            bytes.extend_from_slice(root.get(start..end)?);
            number = *self.mini_next.get(number as usize)?;
        }
        Some(bytes)
    }
}

fn numbers(bytes: &[u8]) -> Vec<u32> {
    (0..bytes.len() / 4).filter_map(|at| u32_at(bytes, 4 * at)).collect()
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_le_bytes)
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}
