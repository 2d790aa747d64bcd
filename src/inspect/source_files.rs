//! What files are called: in the pipeline, as a name of a source, by their ending.

use std::path::{Path, PathBuf};

use super::DeliveredFile;
use crate::error::{Error, Result};
use crate::reading::Format;

/// The files as the pipeline names them: one glob where it fits exactly these files of their
/// folder, otherwise each; relative to the project folder where they lie below it.
pub(super) fn source_files(files: &[DeliveredFile], project: Option<&Path>) -> Result<Vec<String>> {
    let project = project.and_then(absolute);
    let below = |path: String| {
        let folder = project.as_deref().map(|folder| format!("{}/", escaped(folder)));
        let rest = folder.and_then(|folder| path.strip_prefix(&folder).map(str::to_owned));
        rest.unwrap_or(path)
    };
    Ok(absolute_files(files)?.into_iter().map(below).collect())
}

/// A folder's path from the root, without `.` and `..`.
fn absolute(folder: &Path) -> Option<String> {
    let path = std::path::absolute(folder).ok()?;
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            std::path::Component::ParentDir => {
                plain.pop();
            }
            component => plain.push(component),
        }
    }
    plain.to_str().map(str::to_owned)
}

fn absolute_files(files: &[DeliveredFile]) -> Result<Vec<String>> {
    let mut paths = Vec::new();
    for file in files {
        let path = absolute(&file.path).ok_or_else(|| {
            Error::configuration(format!("{}: the path is no valid text", file.shown))
                .hint("rename the file or folder")
        })?;
        paths.push(path);
    }
    let split = |path: &str| path.rsplit_once('/').map(|(f, n)| (f.to_owned(), n.to_owned()));
    let parts: Option<Vec<(String, String)>> = paths.iter().map(|path| split(path)).collect();
    if let Some(parts) = parts.filter(|parts| parts.len() > 1)
        && let Some((folder, _)) = parts.first()
        && parts.iter().all(|(other, _)| other == folder)
    {
        let names: Vec<&str> = parts.iter().map(|(_, name)| name.as_str()).collect();
        let start = common_start(&names);
        // Names that share nothing would make a glob that takes in every other file to come.
        let dated = |name: &&str| name.starts_with(|letter: char| letter.is_ascii_digit());
        if start.is_empty() && !names.iter().all(dated) {
            return Ok(paths.iter().map(|path| escaped(path)).collect());
        }
        let glob = format!("{}*{}", escaped(&start), escaped(&common_end(&names)));
        let matcher = globset::Glob::new(&glob).ok().map(|glob| glob.compile_matcher());
        let there = std::fs::read_dir(folder).map(|entries| {
            entries
                .flatten()
                .filter(|entry| entry.path().is_file())
                .filter_map(|entry| entry.file_name().into_string().ok())
                .collect::<Vec<_>>()
        });
        if let (Some(matcher), Ok(there)) = (matcher, there) {
            let mut matched: Vec<&str> =
                there.iter().map(String::as_str).filter(|name| matcher.is_match(name)).collect();
            let mut given = names.clone();
            matched.sort_unstable();
            given.sort_unstable();
            given.dedup();
            if matched == given {
                return Ok(vec![format!("{}/{glob}", escaped(folder))]);
            }
        }
    }
    Ok(paths.iter().map(|path| escaped(path)).collect())
}

/// What all names begin with, cut before the first digit: the glob is for the next months too.
fn common_start(names: &[&str]) -> String {
    let Some((first, rest)) = names.split_first() else { return String::new() };
    let same = |length: usize| rest.iter().all(|name| name.get(..length) == first.get(..length));
    let ends = first.char_indices().map(|(at, _)| at).take_while(|at| same(*at));
    let common = &first[..ends.last().unwrap_or(0)];
    common
        .trim_end_matches(|letter: char| letter.is_ascii_digit() || "-_.".contains(letter))
        .to_owned()
}

/// What all names end in, from the first dot.
fn common_end(names: &[&str]) -> String {
    let Some((first, rest)) = names.split_first() else { return String::new() };
    let mut ends = first.match_indices('.').map(|(at, _)| &first[at..]);
    let end = ends.find(|end| {
        rest.iter().all(|name| name.ends_with(end))
            && !end.bytes().any(|byte| byte.is_ascii_digit())
    });
    match end {
        Some(end) => end.to_owned(),
        // `.csv` and `.csv.gz` side by side.
        None => {
            let csv = names.iter().all(|name| name.contains(".csv"));
            if csv { ".csv*".to_owned() } else { String::new() }
        }
    }
}

pub(super) fn escaped(text: &str) -> String {
    if text == ".csv*" {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if "*?[]{}".contains(letter) {
            out.push('[');
            out.push(letter);
            out.push(']');
        } else {
            out.push(letter);
        }
    }
    out
}

/// The name without its folder.
pub(super) fn file_name(shown: &str) -> &str {
    shown.rsplit(['/', '\\']).next().unwrap_or(shown)
}

/// The format that a name's ending says.
pub(super) fn by_ending(shown: &str) -> Option<Format> {
    let name = shown.to_lowercase();
    let name = name.trim_end_matches(".gz").trim_end_matches(".zst");
    Some(match name.rsplit_once('.')?.1 {
        "csv" | "tsv" | "txt" => Format::Delimited,
        "xlsx" | "xlsm" | "xls" | "xlsb" | "ods" => Format::Workbook,
        "jsonl" | "ndjson" => Format::JsonLines,
        "parquet" => Format::Parquet,
        "zip" => return Some(Format::Delimited),
        _ => return None,
    })
}

/// A name for the source from the file's: letters without digits, Cyrillic in Latin letters.
pub(super) fn name_of(file: Option<&DeliveredFile>) -> String {
    const LATIN: [(char, &str); 33] = [
        ('а', "a"),
        ('б', "b"),
        ('в', "v"),
        ('г', "g"),
        ('д', "d"),
        ('е', "e"),
        ('ё', "e"),
        ('ж', "zh"),
        ('з', "z"),
        ('и', "i"),
        ('й', "y"),
        ('к', "k"),
        ('л', "l"),
        ('м', "m"),
        ('н', "n"),
        ('о', "o"),
        ('п', "p"),
        ('р', "r"),
        ('с', "s"),
        ('т', "t"),
        ('у', "u"),
        ('ф', "f"),
        ('х', "h"),
        ('ц', "ts"),
        ('ч', "ch"),
        ('ш', "sh"),
        ('щ', "sch"),
        ('ъ', ""),
        ('ы', "y"),
        ('ь', ""),
        ('э', "e"),
        ('ю', "yu"),
        ('я', "ya"),
    ];
    let shown = file.map_or("", |file| file_name(&file.shown)).to_lowercase();
    let stem = shown.split('.').next().unwrap_or("");
    let mut name = String::new();
    for letter in stem.chars() {
        if let Some((_, latin)) = LATIN.iter().find(|(known, _)| *known == letter) {
            name.push_str(latin);
        } else if letter.is_ascii_alphabetic() {
            name.push(letter);
        } else if !name.ends_with('_') {
            name.push('_');
        }
    }
    let name: String = name.trim_matches('_').chars().take(40).collect();
    if name.is_empty() { "sales".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_files() {
        let name = |shown: &str| {
            name_of(Some(&DeliveredFile { path: PathBuf::new(), shown: shown.to_owned() }))
        };
        assert_eq!(name("/a/sales_2009-12.csv.gz"), "sales");
        assert_eq!(name("Продажи за 2024.xlsx"), "prodazhi_za");
        assert_eq!(name("2024.csv"), "sales");
    }

    #[test]
    fn globs_begin_and_end_as_all_names_do() {
        let names = ["sales_2023-01.csv", "sales_2023-02.csv.gz"];
        assert_eq!(
            (common_start(&names).as_str(), common_end(&names).as_str()),
            ("sales", ".csv*")
        );
        assert_eq!(common_end(&["a_2024.01.csv", "b_2024.02.csv"]), ".csv");
        assert_eq!(escaped("a[1]"), "a[[]1[]]");
    }
}
