//! Damaged, odd and malicious contents: the table of docs/bad-input.md, row by row.

use std::fmt::Write as _;
use std::io::Write as _;

use rust_xlsxwriter::{Formula, Workbook};

use crate::support::{HEADER, TestProject, notes, repository};

const GOOD: &str = "2024-02-10,A,C1,P1,Anna,1,10.00,5";

/// The exit code that the documentation says for a kind of input.
pub fn documented(input: &str) -> i32 {
    let path = repository().join("docs/bad-input.md");
    let text = std::fs::read_to_string(path).expect("the documentation");
    let start = format!("| {input} |");
    let row = text.lines().find(|line| line.starts_with(&start));
    let row = row.unwrap_or_else(|| panic!("docs/bad-input.md has no row `{input}`"));
    let code = row.trim_end_matches([' ', '|']).rsplit(' ').next().expect("a last cell");
    code.parse().expect("an exit code")
}

#[test]
fn every_documented_row_is_tested() {
    let text = std::fs::read_to_string(repository().join("docs/bad-input.md")).expect("there");
    let tests = [include_str!("bad_input.rs"), include_str!("bad_places.rs")].concat();
    let rows = text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| input"));
    let mut count = 0;
    for row in rows {
        let input = row.split(" | ").next().expect("a cell").trim_start_matches("| ");
        assert!(tests.contains(&format!("\"{input}\"")), "no test of `{input}`");
        count += 1;
    }
    assert!(count > 30, "only {count} rows were found");
}

/// A project with a month in its history, and ways to offer it one more file.
pub struct Offered {
    pub project: TestProject,
}

impl Offered {
    pub fn new(settings: &str) -> Self {
        let project = TestProject::new("");
        project.write(
            "pipelines/shop.toml",
            &format!("[[source]]\nname = \"shop\"\nfiles = \"in/**\"\nstaging = \"test_sales\"\n{settings}"),
        );
        project.deliver("good.csv", &["2024-01-10,A,C1,P1,Anna,1,10.00,5"]);
        project.run();
        Self { project }
    }

    pub fn put(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.project.path("in").join(name), bytes).expect("writable");
    }

    /// The file is refused with the documented code and these words; nothing changes.
    pub fn refuses(&self, input: &str, name: &str, bytes: &[u8], words: &[&str]) {
        self.put(name, bytes);
        let before = self.project.published();
        let called = self.project.call(&["run", "shop", "--quiet"]);
        let message = called.stderr;
        assert_eq!(called.code, documented(input), "{input}, {name}: {message}");
        for word in words.iter().chain([&name]) {
            assert!(message.contains(word), "{input}: `{word}` is not in\n{message}");
        }
        let is_odd = |letter: char| letter.is_control() && letter != '\n';
        assert!(!message.contains(is_odd), "{input}: {message:?}");
        assert!(self.project.published() == before, "{input}: results changed");
        assert_eq!(self.project.query("select count(*) from sales"), ["1"], "{input}");
        self.project.remove(name);
    }

    /// The file is read: rows that are accepted, excluded and rejected.
    fn reads(&self, input: &str, name: &str, bytes: &[u8], counts: [u64; 3]) -> Vec<String> {
        self.put(name, bytes);
        let (code, report, said) = self.project.run_with(&[]);
        assert_eq!(code, documented(input), "{input}: {said}");
        let file = &report["snapshots"][0];
        let excluded: u64 = file["excluded"]
            .as_object()
            .expect("rules")
            .values()
            .filter_map(serde_json::Value::as_u64)
            .sum();
        let found = [file["accepted"].as_u64(), Some(excluded), file["rejected"].as_u64()];
        assert_eq!(found, counts.map(Some), "{input}: {report:#}");
        assert_eq!(file["lines"], counts.iter().sum::<u64>(), "{input}");
        let rejects = self.project.query(&format!(
            "select row_number, column_name, reason from rejects where file like '{name}%' order by 1"
        ));
        assert_eq!(rejects.len() as u64, counts[2], "{input}: every reject is kept");
        rejects
    }
}

fn csv(rows: &str) -> Vec<u8> {
    format!("{HEADER}\n{rows}").into_bytes()
}

fn gzip(parts: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for part in parts {
        packed.write_all(&part).expect("in memory");
    }
    packed.finish().expect("in memory")
}

#[test]
fn what_is_no_text_of_the_source_is_refused() {
    let offered = Offered::new("");
    let rows: String =
        (0..5_000).map(|row| format!("2024-02-10,{row},C1,P1,A,2,{row},20\n")).collect();
    let packed = gzip([csv(&rows)]);
    offered.refuses(
        "`.gz` cut off",
        "cut.csv.gz",
        &packed[..packed.len() / 2],
        &["cannot be read to its end", "it may be cut off"],
    );
    let named = "text named `.gz`, text named `.xlsx`";
    offered.refuses(named, "text.csv.gz", &csv(GOOD), &["should be a gzip file"]);
    offered.refuses(named, "text.xlsx", &csv(GOOD), &["text.xlsx"]);
    let russian = csv(&GOOD.replace("C1", "Ромашка"));
    let russian = String::from_utf8(russian).expect("text");
    let bytes = encoding_rs::WINDOWS_1251.encode(&russian).0.into_owned();
    offered.refuses(
        "another encoding",
        "ansi.csv",
        &bytes,
        &["1 of 1 lines rejected", "ansi.csv:2: client", "not valid in the encoding"],
    );
    let utf_16: Vec<u8> = russian.encode_utf16().flat_map(u16::to_le_bytes).collect();
    offered.refuses("UTF-16, not declared", "wide.csv", &utf_16, &["encoding = \"utf-16le\""]);
    let semicolons = russian.replace(',', ";").into_bytes();
    offered.refuses(
        "another delimiter",
        "semi.csv",
        &semicolons,
        &["no header is found", "date;document;client"],
    );
    offered.refuses("nothing but bytes 0", "zero.csv", &[0; 4096], &["the header has no columns"]);
    offered.refuses("empty file", "empty.csv", b"", &["the file is empty"]);
    offered.refuses("empty file", "mark.csv", "\u{feff}".as_bytes(), &["the file is empty"]);
    let twice = format!("{HEADER},date\n{GOOD},1\n").into_bytes();
    offered.refuses("column twice", "twice.csv", &twice, &["has the column `date` twice"]);
    let lines = format!("{GOOD}\n").repeat(30);
    let open = csv(&lines.replacen("C1", "\"C1", 1));
    offered.refuses("quote not closed", "quote.csv", &open, &["quote.csv:2:", "quote"]);
    let old = String::from_utf8(csv(GOOD)).expect("text").replace('\n', "\r");
    offered.refuses(
        "lines end in CR alone",
        "mac.csv",
        old.as_bytes(),
        &["the lines end in CR alone"],
    );
    let many: String = (0..20_000).fold(HEADER.to_owned(), |mut text, column| {
        let _ = write!(text, ",c{column}");
        text
    });
    offered.refuses(
        "more than 16,384 columns",
        "wide2.csv",
        many.as_bytes(),
        &["wide2.csv:1:", "more than 16384 cells"],
    );
    let far = csv(&GOOD.replace("2024", "2199"));
    offered.refuses(
        "date far in the future",
        "far.csv",
        &far,
        &["from 2024-01 to 2199-02", "far.csv ends in 2199-02"],
    );
    let locked = std::fs::read(repository().join("tests/fixtures/encrypted.xlsx")).expect("there");
    offered.refuses("workbook with a password", "locked.xlsx", &locked, &["password"]);
}

#[test]
fn rows_that_do_not_fit_are_rejected_one_by_one() {
    let offered = Offered::new("max_reject_share = 0.9\n");
    let file = csv(&format!("{GOOD}\n2024-02-10,A\0,C1,P1,Anna,1,1,5\n"));
    let rejects = offered.reads("byte 0 in a cell", "a.csv", &file, [1, 0, 1]);
    assert_eq!(rejects, ["3,document,holds a byte 0"]);
    let file = csv(
        "2024-03-10,A,C1,P1,Anna,1,10.00,5\n2024-03-10,A,C1\n2024-03-10,A,C1,P1,Anna,1,10.00,5,6\n",
    );
    let rejects = offered.reads("ragged rows", "b.csv", &file, [1, 0, 2]);
    assert_eq!(
        rejects,
        ["3,,\"has 3 cells, the header has 8\"", "4,,\"has 9 cells, the header has 8\""]
    );
    let kept = offered
        .project
        .query("select raw_text from rejects where file = 'b.csv' order by row_number");
    assert_eq!(kept, ["\"2024-03-10,A,C1\"", "\"2024-03-10,A,C1,P1,Anna,1,10.00,5,6\""]);
    let file = csv(
        "1969-12-31,A,C1,P1,Anna,1,1,5\n2200-01-01,A,C1,P1,Anna,1,1,5\n2024-04-10,A,C1,P1,Anna,1,1,5\n",
    );
    let rejects = offered.reads("date before 1970 or after 2199", "c.csv", &file, [1, 0, 2]);
    assert!(rejects[0].starts_with("2,date,\"is in the year 1969"), "{rejects:?}");
    assert!(rejects[1].starts_with("3,date,\"is in the year 2200"), "{rejects:?}");
    let file = csv("2024-05-10,A,C1,P1,Anna,1,1,5\n31.31.2024,,TOTAL,,,,1.00,\n");
    offered.reads("totals row with a broken date", "d.csv", &file, [1, 1, 0]);
    offered.reads("header only", "e.csv", &csv(""), [0, 0, 0]);
    offered.reads("no final line end", "f.csv", &csv("2024-06-10,A,C1,P1,Anna,1,1,5"), [1, 0, 0]);
    let names: String = (0..10_000).map(|column| format!(",c{column}")).collect();
    let file = format!("{HEADER}{names}\n2024-07-10,A,C1,P1,Anna,1,1,5{}\n", ",1".repeat(10_000));
    offered.reads("10,000 columns", "g.csv", file.as_bytes(), [1, 0, 0]);
    let year = offered.project.run_with(&[]).1["started"].as_str().expect("a time")[..4].to_owned();
    let year: i32 = year.parse().expect("a year");
    let file = csv(&format!("{}-01-10,A,C1,P1,Anna,1,1,5\n", year + 2));
    offered.put("h.csv", &file);
    let (code, report, _) = offered.project.run_with(&[]);
    assert_eq!(code, documented("date in the future"));
    let said = format!("h.csv has sales up to {}-01-10, a day that has not come", year + 2);
    assert!(notes(&report).iter().any(|note| note.starts_with(&said)), "{report:#}");
    let months = offered.project.query("select count(*), count(distinct month) from sales");
    assert_eq!(months, ["8,8"]);
}

#[test]
fn memory_does_not_grow_with_the_file() {
    let offered = Offered::new("");
    let small = offered.peak_memory();
    let cell = || (0..100).map(|_| vec![b'x'; 1_000_000]);
    let mut field = csv(&format!("{GOOD}\n2024-02-10,"));
    field.extend(cell().flatten());
    field.extend(b",C1,P1,Anna,1,10.00,5\n");
    let bomb = gzip([csv(&format!("{GOOD}\n2024-02-10,"))].into_iter().chain(cell()).chain(cell()));
    assert!(bomb.len() < 2_000_000, "{}", bomb.len());
    let most = small + (64 << 10);
    for (input, name, bytes, words) in [
        ("cell of 100 MB", "x.csv", field, ["x.csv:3:", "a cell has more than 1048576 bytes"]),
        (
            "bomb of one endless cell in a `.gz`",
            "x.csv.gz",
            bomb,
            ["x.csv.gz:3:", "a cell has more"],
        ),
        ("bomb in a `.zip`", "x.zip", zip_bomb(), ["unpacks to", "times its size"]),
    ] {
        offered.put(name, &bytes);
        drop(bytes);
        let peak = offered.peak_memory();
        assert!(peak < most, "{input}: {peak} KiB, without it {small} KiB");
        let bytes = std::fs::read(offered.project.path("in").join(name)).expect("there");
        offered.refuses(input, name, &bytes, &words);
    }
}

/// 200 MB of one letter in a zip file.
fn zip_bomb() -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    archive.start_file("s.csv", options).expect("in memory");
    archive.write_all(&csv("")).expect("in memory");
    for _ in 0..200 {
        archive.write_all(&vec![b'x'; 1_000_000]).expect("in memory");
    }
    archive.finish().expect("in memory").into_inner()
}

impl Offered {
    /// Largest resident memory of a run, in KiB.
    fn peak_memory(&self) -> u64 {
        let mut child = self
            .project
            .command(&["run", "shop", "--quiet", "--dry-run"])
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("the binary runs");
        let status = format!("/proc/{}/status", child.id());
        let mut peak = 0;
        while child.try_wait().expect("a child").is_none() {
            let text = std::fs::read_to_string(&status).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let size = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
            peak = size.unwrap_or(0).max(peak);
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        peak
    }
}

#[test]
fn workbooks_are_read_by_what_they_saved() {
    let offered = Offered::new("max_reject_share = 0.9\n");
    let write = |name: &str, rows: &[[&str; 8]], amounts: &[Formula]| {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        for (column, title) in HEADER.split(',').enumerate() {
            sheet.write(0, column as u16, title).expect("a cell");
        }
        for (row, cells) in rows.iter().enumerate() {
            for (column, cell) in cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
                sheet.write(row as u32 + 1, column as u16, *cell).expect("a cell");
            }
        }
        for (row, amount) in amounts.iter().enumerate() {
            sheet.write(row as u32 + 1, 6, amount.clone()).expect("a cell");
        }
        if name == "far.xlsx" {
            sheet.write(1_048_575, 16_383, "far").expect("a cell");
        }
        book.save_to_buffer().expect(name)
    };
    let row = |month: &'static str| [month, "A", "C1", "P1", "Anna", "1", "10.5", "5"];
    let bytes = write("far.xlsx", &[row("2024-02-10")], &[]);
    // The cell far away stands in a row of its own, which has no date.
    offered.reads("workbook with a far-away cell", "far.xlsx", &bytes, [1, 0, 1]);
    let formulas = [
        Formula::new("=6*7").set_result("42"),
        Formula::new("='[/etc/other.xlsx]Sheet1'!A1").set_result("12.5"),
        // A wrong value was saved: it counts, because nothing is computed.
        Formula::new("=1+1").set_result("3"),
    ];
    let bytes = write(
        "formulas.xlsx",
        &[row("2024-03-10"), row("2024-03-11"), row("2024-03-12")],
        &formulas,
    );
    let input = "workbook with formulas and links to other files";
    offered.reads(input, "formulas.xlsx", &bytes, [3, 0, 0]);
    let revenue = offered
        .project
        .query("select revenue, source_file from sales where sale_date between date '2024-03-10' and date '2024-03-12' order by sale_date");
    let file = "formulas.xlsx#Sheet1";
    assert_eq!(revenue, ["42.0000", "12.5000", "3.0000"].map(|sum| format!("{sum},{file}")));
    let errors = [Formula::new("=NA()").set_result("#N/A"), Formula::new("=1").set_result("1")];
    let bytes = write("errors.xlsx", &[row("2024-04-10"), row("2024-04-11")], &errors);
    let input = "workbook with `#N/A` in a declared column";
    let rejects = offered.reads(input, "errors.xlsx", &bytes, [1, 0, 1]);
    assert_eq!(rejects, ["2,amount,is an error or no single value"]);
}
