//! How delivered files may be written, and what a file replaces.

use std::io::Write as _;

use crate::support::{HEADER, TestProject};

const STAGING: &str = "\
-- An export as 1C writes it.
-- raw: \"Дата\" date
-- raw: \"Номер\" text
-- raw: \"Контрагент\" text
-- raw: \"Сумма\" decimal(18,2)
-- raw: \"Количество\" decimal(18,3) optional
-- raw: \"Менеджер\" text optional
select
    \"Дата\" as sale_date,
    \"Номер\" as document_id,
    \"Контрагент\" as client_id,
    \"Менеджер\" as manager,
    \"Количество\" as quantity,
    \"Сумма\" as revenue,
    case when \"Контрагент\" = 'Итого' then 'totals_row' end as excluded
from raw
";

const PIPELINE: &str = "\
[[source]]
name = \"buh\"
files = \"выгрузка/**/*.csv*\"
staging = \"onec\"
delimiter = \";\"
encoding = \"windows-1251\"
decimal_separator = \",\"
date_formats = [\"%d.%m.%Y\", \"%d.%m.%Y %H:%M:%S\"]
max_reject_share = 0.5
";

fn onec() -> TestProject {
    let project = TestProject::new("");
    project.write("pipelines/shop.toml", PIPELINE);
    project.write("sql/staging/onec.sql", STAGING);
    project
}

fn windows_1251(text: &str) -> Vec<u8> {
    encoding_rs::WINDOWS_1251.encode(text).0.into_owned()
}

fn put(project: &TestProject, name: &str, bytes: &[u8]) {
    let path = project.path(name);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
    std::fs::write(path, bytes).expect("a file");
}

#[test]
fn a_russian_export_is_read_exactly() {
    let project = onec();
    let text = "Дата;Номер;Контрагент;Сумма;Количество;Менеджер\r\n\
                31.01.2024;УТ-1;ООО «Ромашка»;1 234,56;2;Иванова\r\n\
                31.01.2024 23:59:59;УТ-2;ООО «Ромашка»;1\u{a0}234\u{a0}567,8;2,5;\r\n\
                01.02.2024;УТ-3;\"ИП \"\"Лев\"\"; Москва\";-10,00;-1;Петров\r\n\
                ;;Итого;1 235 792,36;;\r\n\
                29.02.2024;УТ-4;АО Ёлка;0,005;1;Петров\r\n\
                29.02.2024;УТ-5;АО Ёлка;1.5;1;Петров\r\n";
    put(&project, "выгрузка/2024/продажи.csv", &windows_1251(text));
    let report = project.run();
    let snapshot = &report["snapshots"][0];
    assert_eq!(snapshot["file"], "2024/продажи.csv");
    assert_eq!(
        (&snapshot["lines"], &snapshot["accepted"], &snapshot["rejected"]),
        (&6.into(), &3.into(), &2.into())
    );
    assert_eq!(snapshot["excluded"]["totals_row"], 1);
    let lines = project.query(
        "select sale_date, client_id, revenue, quantity, kind, is_purchase from sales order by source_row",
    );
    assert_eq!(
        lines,
        [
            "2024-01-31,ООО «Ромашка»,1234.5600,2.000,sale,true",
            "2024-01-31,ООО «Ромашка»,1234567.8000,2.500,sale,true",
            "2024-02-01,\"ИП \"\"Лев\"\"; Москва\",-10.0000,-1.000,return,false",
        ]
    );
    let rejects = project.query("select row_number, value, reason from rejects order by 1");
    assert_eq!(rejects, ["6,\"0,005\",has more than 2 decimals", "7,1.5,is not a number"]);
}

#[test]
fn an_unclosed_quote_is_refused() {
    let project = TestProject::new("max_reject_share = 0.5\n");
    let mut rows = vec!["2024-01-10,A,C1,P1,Anna,1,10.00,5"; 50];
    rows[10] = "2024-01-10,A,\"C1,P1,Anna,1,10.00,5";
    project.deliver("all.csv", &rows);
    let open = project.call(&["run", "shop"]);
    assert_eq!(open.code, 65, "{}", open.stdout);
    assert!(open.stderr.contains("all.csv:12: one row spans 40 lines"), "{}", open.stderr);
    // A second stray quote gives a row of the right width, which is far too long.
    rows[40] = "2024-01-10,A,C1\",P1,Anna,1,10.00,5";
    project.deliver("all.csv", &rows);
    let closed = project.call(&["run", "shop"]);
    assert_eq!(closed.code, 65, "{}", closed.stdout);
    assert!(closed.stderr.contains("all.csv:12: one row spans"), "{}", closed.stderr);
}

#[test]
fn impossible_years_and_blank_names_are_rejected() {
    let project = TestProject::new("max_reject_share = 0.9\n");
    project.deliver(
        "all.csv",
        &[
            "2024-01-10,A,C1,P1,Anna,1,10.00,5",
            "-2024-01-10,A,C1,P1,Anna,1,10.00,5",
            "0024-01-10,A,C1,P1,Anna,1,10.00,5",
            "2024-01-10,A,  ,P1,Anna,1,10.00,5",
        ],
    );
    project.run();
    let rejects = project.query("select row_number, reason from rejects order by 1");
    assert_eq!(
        rejects,
        [
            "3,\"is in the year -2024, which cannot be\"",
            "4,\"is in the year 24, which cannot be\"",
            "5,is missing"
        ]
    );
}

#[test]
fn a_replaced_file_stays_replaced_when_the_rules_change() {
    let project = TestProject::new("");
    project.deliver(
        "a.csv",
        &["2024-01-10,A,C1,P1,Anna,1,10.00,5", "2024-02-10,A,C1,P1,Anna,1,11.00,5"],
    );
    project.run();
    project.deliver("b.csv", &["2024-01-10,A,C1,P1,Anna,1,20.00,5"]);
    let report = project.run();
    assert_eq!(
        report["notes"][0],
        "2024-01 of source `shop` restated by b.csv: 0 documents added, 0 removed, 1 changed; \
         revenue 10.0000 to 20.0000"
    );
    std::fs::remove_file(project.path("in/b.csv")).expect("removable");
    let path = project.path("sql/staging/test_sales.sql");
    let text = std::fs::read_to_string(&path).expect("the staging");
    std::fs::write(&path, text.replace("'TOTAL'", "'SUM'")).expect("writable");
    project.run();
    let lines = project.query("select month, revenue, source_file from sales order by 1");
    assert_eq!(lines, ["2024-01-01,20.0000,b.csv", "2024-02-01,11.0000,a.csv"]);
    assert_eq!(project.run()["outcome"], "nothing_to_do");
}

#[test]
fn folders_may_have_any_name() {
    let base = TestProject::new("");
    let folder = base.path("Проект #1 [50%] ~a b");
    let project = TestProject::within(&folder);
    project.deliver("продажи 100%.csv", &["2024-01-10,A,C1,P1,Anna,1,10.00,5"]);
    project.run();
    assert_eq!(project.query("select source_file from sales"), ["продажи 100%.csv"]);
    assert_eq!(project.run()["outcome"], "nothing_to_do");
}

#[test]
fn a_cyrillic_name_says_its_month() {
    let project = TestProject::new("period = \"file_name\"\n");
    project.deliver("продажи_2024-03.csv", &["2024-03-10,A,C1,P1,Anna,1,10.00,5"]);
    assert_eq!(project.run()["snapshots"][0]["months"], serde_json::json!(["2024-03"]));
}

#[test]
fn packed_files_give_what_plain_ones_give() {
    let text = "Дата;Номер;Контрагент;Сумма\n05.03.2024;1;А;10\n06.03.2024;2;Б;20,5\n";
    let bytes = windows_1251(text);
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gz.write_all(&bytes).expect("in memory");
    let packed = [
        ("a.csv", bytes.clone()),
        ("a.csv.gz", gz.finish().expect("in memory")),
        ("a.csv.zst", zstd::encode_all(&*bytes, 3).expect("in memory")),
    ];
    for (name, bytes) in packed {
        let project = onec();
        put(&project, &format!("выгрузка/{name}"), &bytes);
        project.run();
        let lines =
            project.query("select client_id, revenue, quantity, manager from sales order by 1");
        assert_eq!(lines, ["А,10.0000,,", "Б,20.5000,,"], "{name}");
    }
}

#[test]
fn a_byte_that_is_no_text_costs_its_row_only() {
    let project = TestProject::new("max_reject_share = 0.5\n");
    let mut bytes = format!("\u{feff}{HEADER}\n2024-01-10,A,C1,P1,Anna,2,50.00,20\n").into_bytes();
    bytes.extend_from_slice(b"2024-01-11,B,C\xff2,P1,Anna,2,50.00,20\n");
    bytes
        .extend_from_slice("2024-01-12,\"two\nlines\",C3,P1,\"A \"\"B\"\"\",2,50.00,20".as_bytes());
    put(&project, "in/sales.csv", &bytes);
    let report = project.run();
    assert_eq!(report["snapshots"][0]["accepted"], 2);
    let rejects = project.query("select row_number, column_name, reason from rejects");
    assert_eq!(rejects, ["3,client,is not valid in the encoding of the source"]);
    let lines = project.query("select client_id, source_row, manager from sales order by 1");
    assert_eq!(lines, ["C1,2,Anna", "C3,4,\"A \"\"B\"\"\""]);
}

#[test]
fn one_file_may_hold_many_months_and_be_delivered_again() {
    let project = TestProject::new("");
    project.deliver(
        "all.csv",
        &[
            "2024-03-31,A,C1,P1,Anna,1,10.00,5",
            "2023-12-31,B,C1,P1,Anna,1,20.00,5",
            "2024-02-29,C,C2,P1,Anna,1,30.00,5",
        ],
    );
    let report = project.run();
    assert_eq!(report["months"][0], "2023-12");
    assert_eq!(
        report["snapshots"][0]["months"],
        serde_json::json!(["2023-12", "2024-02", "2024-03"])
    );
    // March is gone from the new delivery, so it is gone from the history.
    project.deliver(
        "all.csv",
        &["2023-12-31,B,C1,P1,Anna,1,20.00,5", "2024-02-29,C,C2,P1,Anna,1,31.00,5"],
    );
    project.run();
    let lines = project.query("select month, revenue from sales order by 1");
    assert_eq!(lines, ["2023-12-01,20.0000", "2024-02-01,31.0000"]);
}

#[test]
fn a_header_alone_empties_its_month() {
    let project = TestProject::new("period = \"file_name\"\n");
    project.deliver("s_2024-01.csv", &["2024-01-10,A,C1,P1,Anna,1,10.00,5"]);
    project.deliver("s_2024-02.csv", &["2024-02-10,A,C1,P1,Anna,1,10.00,5"]);
    project.run();
    project.deliver("s_2024-02.csv", &[]);
    let report = project.run();
    assert_eq!(report["snapshots"][0]["lines"], 0);
    assert_eq!(project.query("select count(*) from sales"), ["1"]);
    assert_eq!(report["months"], serde_json::json!(["2024-01", "2024-01"]));
}

#[test]
fn a_changed_staging_reads_the_files_again() {
    let project = TestProject::new("");
    project.deliver(
        "all.csv",
        &["2024-01-10,A,C1,P1,Anna,1,10.00,5", "2024-01-11,B,C2,P1,Anna,1,20.00,5"],
    );
    project.run();
    let path = project.path("sql/staging/test_sales.sql");
    let text = std::fs::read_to_string(&path).expect("the staging");
    std::fs::write(&path, text.replace("'TOTAL' then 'totals_row'", "'C2' then 'not_ours'"))
        .expect("writable");
    let report = project.run();
    assert_eq!(report["snapshots"][0]["reason"], "staging_changed");
    assert_eq!(project.query("select client_id from sales"), ["C1"]);
    assert_eq!(project.run()["outcome"], "nothing_to_do");
}

#[test]
fn every_source_has_a_history_of_its_own() {
    let project = TestProject::new(
        "[[source]]\nname = \"web\"\nfiles = \"web/*.csv\"\nstaging = \"test_sales\"\n",
    );
    project.deliver("all.csv", &["2024-01-10,A,C1,P1,Anna,1,10.00,5"]);
    project.write("web/all.csv", &format!("{HEADER}\n2024-01-10,A,C1,P1,,1,7.00,5\n"));
    project.run();
    let lines = project.query("select source, revenue from sales order by 1");
    assert_eq!(lines, ["shop,10.0000", "web,7.0000"]);
    // The same document number in two sources is two documents.
    let documents =
        project.query("select documents, purchases from entity_month where dimension = 'client'");
    assert_eq!(documents, ["2,1"]);
    project.write("web/all.csv", &format!("{HEADER}\n2024-01-10,A,C1,P1,,1,8.00,5\n"));
    project.run();
    let lines = project.query("select source, revenue from sales order by 1");
    assert_eq!(lines, ["shop,10.0000", "web,8.0000"]);
}

#[test]
fn files_of_a_zip_are_chosen_and_so_are_tables() {
    let project = TestProject::new("");
    let pipeline = "tables = [\"lifecycle_matrix\"]\n[[source]]\nname = \"shop\"\nfiles = \"in/*.zip\"\n\
                    staging = \"test_sales\"\nzip_files = [\"*.csv\"]\n";
    project.write("pipelines/shop.toml", pipeline);
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    let rows = format!("{HEADER}\n2024-01-05,D1,A,P1,Anna,1,100,60\n");
    for (name, text) in [("readme.txt", "Sales of January."), ("sales_2024-01.csv", &rows)] {
        zip.start_file(name, options).expect("an entry");
        std::io::Write::write_all(&mut zip, text.as_bytes()).expect("written");
    }
    let bytes = zip.finish().expect("a zip").into_inner();
    std::fs::write(project.path("in/sales.zip"), bytes).expect("delivered");
    project.run();
    let found = std::fs::read_dir(project.path("published/shop")).expect("results");
    let found = found.map(|entry| entry.expect("an entry").file_name().into_string());
    let mut found: Vec<String> = found.map(|name| name.expect("a name")).collect();
    found.sort();
    // With what it is made of, and nothing else.
    assert_eq!(found, ["client_lifecycle", "entity_month", "lifecycle_matrix", "manifest.json"]);

    project.write("pipelines/shop.toml", &pipeline.replace("lifecycle_matrix", "lifecycle"));
    let called = project.call(&["run", "shop"]);
    assert_eq!(called.code, 78);
    let expected = "pipelines/shop.toml:1:10: tables names `lifecycle`, but no model makes it";
    assert!(called.stderr.contains(expected), "{}", called.stderr);

    project.write("pipelines/shop.toml", &pipeline.replace("*.csv", "*.tsv"));
    let called = project.call(&["run", "shop"]);
    assert_eq!(called.code, 65);
    assert!(called.stderr.contains("no file in it is called `*.tsv`"), "{}", called.stderr);
}
