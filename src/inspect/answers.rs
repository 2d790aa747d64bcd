//! Options that answer a question.

use super::notes::{Note, NoteId};

/// Columns that are proposed for a role.
const MOST_COLUMNS: usize = 4;

/// The ways in which a question may be answered, each as the options of a command: names and
/// values in turn. None where only another export helps.
pub fn answers(note: &Note) -> Vec<Vec<String>> {
    let value = |name: &str| note.values.get(name).map_or("", String::as_str);
    let each = |option: &str, values: &[&str]| {
        values.iter().map(|value| vec![option.to_owned(), (*value).to_owned()]).collect()
    };
    match note.id {
        NoteId::EncodingUnsure => each("--encoding", &[value("encoding"), value("next")]),
        NoteId::DecimalUnproven | NoteId::DecimalMixed => each("--decimal", &[".", ","]),
        NoteId::DateOrderUnproven => each("--date-order", &["dmy", "mdy"]),
        NoteId::DateShortYear => each("--date-order", &["dmy", "mdy", "ymd"]),
        NoteId::SheetsDiffer => {
            let sheet = |name| value(name).rsplit('/').next().unwrap_or("");
            each("--sheet", &[sheet("one"), sheet("other")])
        }
        NoteId::NoHeader | NoteId::NoSheetHeader => each("--header-row", &["N"]),
        NoteId::NoDelimiter => each("--delimiter", &[";", "tab"]),
        NoteId::ColumnMissing => column(value("role"), value("columns")),
        NoteId::NoClientAsked | NoteId::NoClientGroups | NoteId::NoClientLeft => {
            let exclude = vec!["--no-client".to_owned(), "exclude".to_owned()];
            let filled = fill_down(value("options"));
            [filled, exclude].into_iter().filter(|answer| !answer.is_empty()).collect()
        }
        _ => Vec::new(),
    }
}

/// `«A», «B»` as proposals for a role.
fn column(role: &str, columns: &str) -> Vec<Vec<String>> {
    let names = columns.strip_prefix('«').and_then(|names| names.strip_suffix('»'));
    let names = names.into_iter().flat_map(|names| names.split("», «")).take(MOST_COLUMNS);
    names.map(|name| vec!["--column".to_owned(), format!("{role}={name}")]).collect()
}

/// `--fill-down "A" --fill-down "B"` as options.
fn fill_down(options: &str) -> Vec<String> {
    let headers = options.split("--fill-down \"").skip(1);
    let headers = headers.map(|rest| rest.trim_end().trim_end_matches('"').to_owned());
    headers.flat_map(|header| ["--fill-down".to_owned(), header]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_name_their_answers() {
        let note = Note::new(
            NoteId::ColumnMissing,
            [("role", &"revenue"), ("columns", &"«Навар, руб.», «Вес»")],
        );
        assert_eq!(
            answers(&note),
            [["--column", "revenue=Навар, руб."], ["--column", "revenue=Вес"]]
        );
        let note = Note::new(NoteId::ColumnMissing, [("role", &"revenue"), ("columns", &"-")]);
        assert!(answers(&note).is_empty());
        let options = "--fill-down \"Код\" --fill-down \"Клиент\"";
        let note = Note::new(NoteId::NoClientGroups, [("options", &options)]);
        let fill_down = ["--fill-down", "Код", "--fill-down", "Клиент"].map(str::to_owned).to_vec();
        let exclude = ["--no-client", "exclude"].map(str::to_owned).to_vec();
        assert_eq!(answers(&note), [fill_down, exclude]);
        assert!(answers(&Note::new(NoteId::FilesOverlap, [])).is_empty());
    }
}
