//! The comment block at the top of a SQL file: read strictly, never decorative.

use crate::error::{Error, Result};

use super::sql_file::SqlFile;

/// A header: what the file says of itself before the SQL starts.
#[derive(Debug)]
pub struct Header<'a> {
    file: &'a SqlFile,
    /// The sentences before the first key, joined.
    pub description: String,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    key: &'static str,
    value: String,
    line: usize,
}

/// Every key a header may have; which file may use which is decided by its reader.
const KEYS: [&str; 6] = ["grain", "reads", "param", "column", "audits", "raw"];
const CONTINUATION: &str = "    ";

impl<'a> Header<'a> {
    /// Reads the leading comment lines of a file.
    ///
    /// # Errors
    /// When there is no description, or a line looks like a key but is none.
    pub fn parse(file: &'a SqlFile, allowed: &[&str]) -> Result<Self> {
        let mut description = String::new();
        let mut entries: Vec<Entry> = Vec::new();
        for (index, line) in file.text.lines().enumerate() {
            let Some(comment) = line.strip_prefix("--") else { break };
            let line = index + 1;
            if let Some(more) = comment.strip_prefix(CONTINUATION)
                && let Some(last) = entries.last_mut()
            {
                last.value.push(' ');
                last.value.push_str(more.trim());
                continue;
            }
            let comment = comment.trim();
            let key = comment.split_once(':').and_then(|(word, value)| {
                let plain = !word.is_empty() && word.chars().all(|l| l.is_ascii_lowercase());
                (plain && !word.contains(' ')).then_some((word, value.trim()))
            });
            match key {
                Some((word, value)) => {
                    let key = KEYS
                        .into_iter()
                        .find(|key| *key == word && allowed.contains(key))
                        .ok_or_else(|| {
                            Error::configuration(format!(
                                "{}:{line}: `{word}:` is no header key here",
                                file.shown
                            ))
                            .hint(format!("the keys are: {}", allowed.join(", ")))
                        })?;
                    entries.push(Entry { key, value: value.to_owned(), line });
                }
                None if entries.is_empty() => {
                    if !description.is_empty() {
                        description.push(' ');
                    }
                    description.push_str(comment);
                }
                None => {
                    return Err(Error::configuration(format!(
                        "{}:{line}: a header line is `-- key: value`, or continues the line \
                         above with four spaces after `--`",
                        file.shown
                    )));
                }
            }
        }
        if description.is_empty() {
            return Err(Error::configuration(format!(
                "{}:1: the file must start with `-- ` and a sentence that says what it is",
                file.shown
            )));
        }
        Ok(Self { file, description: description.trim().to_owned(), entries })
    }

    /// All values of a key with their lines.
    pub fn values<'h>(&'h self, key: &'h str) -> impl Iterator<Item = (&'h str, usize)> {
        self.entries
            .iter()
            .filter(move |entry| entry.key == key)
            .map(|entry| (entry.value.as_str(), entry.line))
    }

    /// Comma-separated items of all lines of a key. Commas inside brackets do not separate.
    pub fn items(&self, key: &str) -> Vec<(String, usize)> {
        let mut items = Vec::new();
        for (value, line) in self.values(key) {
            let mut depth = 0_i32;
            let mut item = String::new();
            for letter in value.chars() {
                match letter {
                    '(' | '[' => depth += 1,
                    ')' | ']' => depth -= 1,
                    _ => {}
                }
                if letter == ',' && depth == 0 {
                    items.push((std::mem::take(&mut item).trim().to_owned(), line));
                } else {
                    item.push(letter);
                }
            }
            items.push((item.trim().to_owned(), line));
        }
        items.retain(|(item, _)| !item.is_empty());
        items
    }

    /// An error at a header line.
    pub fn error(&self, line: usize, problem: impl std::fmt::Display) -> Error {
        Error::configuration(format!("{}:{line}: {problem}", self.file.shown))
    }
}
