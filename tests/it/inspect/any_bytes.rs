//! Whatever the bytes are, inspection answers or says what is wrong.

use clientbase::inspect::{
    DeliveredFile, Dictionary, Language, Options, Project, Texts, inspect, report, report_json,
};
use proptest::prelude::*;

use super::exports;

fn look(ending: &str, bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a step of the test");
    let path = folder.path().join(format!("x.{ending}"));
    std::fs::write(&path, bytes).expect("a step of the test");
    let files = vec![DeliveredFile { shown: format!("x.{ending}"), path }];
    let dictionary = Dictionary::shipped().expect("a step of the test");
    let texts = Texts::new(Language::Ru).expect("a step of the test");
    if let Ok(found) = inspect(files, &Options::default(), &dictionary, 5) {
        let _ = report(&found, &texts, &[]);
        let _ = report_json(&found, &texts, &[]);
        let _ = Project::new(&found, None, None, &texts);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..600), ending in prop::sample::select(vec!["csv", "csv.gz", "jsonl", "xlsx", "xls", "parquet", "zip", "txt"])) {
        look(ending, &bytes);
    }

    #[test]
    fn any_cells(cells in prop::collection::vec("[0-9.,; \"'а-яё/:TZ+-]{0,14}", 0..60)) {
        let mut text = String::from("Дата;Контрагент;Сумма;Номер;Цена;Количество\n");
        for row in cells.chunks(6) {
            text.push_str(&row.join(";"));
            text.push('\n');
        }
        look("csv", text.as_bytes());
    }

    #[test]
    fn damaged_exports(place in 0_usize..10_000, byte in any::<u8>(), kind in 0..6) {
        let (ending, mut bytes) = match kind {
            0 => ("csv", exports::trade_report()),
            1 => ("xlsx", exports::grouped_workbook()),
            2 => ("jsonl", exports::json_lines()),
            3 => ("parquet", exports::parquet()),
            4 => ("zip", exports::zipped_months()),
            _ => ("txt", exports::unicode_text()),
        };
        let length = bytes.len();
        bytes[place % length] = byte;
        look(ending, &bytes);
        bytes.truncate(place % length);
        look(ending, &bytes);
    }
}
