//! Files beside the one that is looked at whose names differ from its name in digits only.

use std::path::Path;

use super::DeliveredFile;
use super::notes::{Note, NoteId};
use super::source_files::{escaped, file_name, source_files};

/// Names that are shown.
const SHOWN: usize = 3;

/// How to read the files of other months too, when one alone is given.
pub(super) fn note(files: &[DeliveredFile], project: Option<&Path>) -> Option<Note> {
    let [file] = files else { return None };
    let name = file_name(&file.shown);
    let (before, behind) = around_digits(name)?;
    let folder = file.path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let entries = std::fs::read_dir(folder.unwrap_or(Path::new("."))).ok()?;
    let is_like = |other: &String| {
        other != name
            && around_digits(other).is_some_and(|(start, end)| (start, end) == (before, behind))
    };
    let mut names: Vec<String> = entries
        .flatten()
        .filter(|entry| entry.path().is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(is_like)
        .collect();
    if names.is_empty() {
        return None;
    }
    names.sort_unstable();
    let count = names.len();
    names.truncate(SHOWN);
    let more = if count > SHOWN { ", …" } else { "" };
    let source = source_files(files, project).ok()?.pop()?;
    let folder = source.strip_suffix(&escaped(name))?;
    let glob = format!("{folder}{}*{}", escaped(before), escaped(behind));
    Some(Note::new(
        NoteId::FilesBeside,
        [
            ("file", &name),
            ("count", &count),
            ("names", &format!("{}{more}", names.join(", "))),
            ("glob", &glob),
        ],
    ))
}

/// A name before its first digit and behind its last one, when four digits or more say a month or
/// day: `sales_2024-01.csv`.
fn around_digits(name: &str) -> Option<(&str, &str)> {
    let is_digit = |letter: char| letter.is_ascii_digit();
    let (first, last) = (name.find(is_digit)?, name.rfind(is_digit)?);
    let middle = &name[first..=last];
    let digits = middle.chars().filter(|letter| is_digit(*letter)).count();
    let plain = middle.chars().all(|letter| is_digit(letter) || "-_. ".contains(letter));
    (digits >= 4 && plain).then(|| (&name[..first], &name[last + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_alike_around_their_digits() {
        assert_eq!(around_digits("sales_2024-01.csv"), Some(("sales_", ".csv")));
        assert_eq!(around_digits("Продажи 01.02.24.xlsx"), Some(("Продажи ", ".xlsx")));
        assert_eq!(around_digits("e12_months.zip"), None);
        assert_eq!(around_digits("2024 and 2025.csv"), None);
    }
}
