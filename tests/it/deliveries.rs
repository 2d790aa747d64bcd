//! What a delivered file replaces: kinds of deliveries and the periods they speak for.

use crate::support::{HEADER, TestProject, months_built, notes};

const DAY_IN_NAME: &str = "period = \"file_name\"\n\
    file_name_pattern = '(?<year>\\d{4})-(?<month>\\d\\d)(-(?<day>\\d\\d))?'\n";

fn change_staging(project: &TestProject, old: &str, new: &str) {
    let path = project.path("sql/staging/test_sales.sql");
    let text = std::fs::read_to_string(&path).expect("the staging");
    assert!(text.contains(old));
    std::fs::write(&path, text.replace(old, new)).expect("writable");
}

#[test]
fn daily_files_replace_days_of_a_month() {
    let project = TestProject::new(DAY_IN_NAME);
    project.deliver(
        "s_2024-03.csv",
        &[
            "2024-03-01,A,C1,P1,Anna,1,10.00,5",
            "2024-03-02,B,C1,P1,Anna,1,20.00,5",
            "2024-03-02,C,C2,P1,Anna,1,30.00,5",
            "2024-03-31,D,C1,P1,Anna,1,40.00,5",
        ],
    );
    project.run();
    // A day replaces that day of the month's file and nothing else.
    project.deliver("s_2024-03-02.csv", &["2024-03-02,B,C1,P1,Anna,1,21.00,5"]);
    let report = project.run();
    assert_eq!(report["restatements"][0]["documents_removed"], 1);
    assert_eq!(report["restatements"][0]["documents_changed"], 1);
    let with_the_day = [
        "2024-03-01,A,10.0000,s_2024-03.csv",
        "2024-03-02,B,21.0000,s_2024-03-02.csv",
        "2024-03-31,D,40.0000,s_2024-03.csv",
    ];
    assert_eq!(project.lines(), with_the_day);
    // The same file with a header only: that day had no sales.
    project.deliver("s_2024-03-02.csv", &[]);
    project.run();
    assert_eq!(project.lines(), [with_the_day[0], with_the_day[2]]);
    // The whole month again: it is the last to speak for all its days.
    project.deliver("s_2024-03.csv", &["2024-03-02,E,C1,P1,Anna,1,50.00,5"]);
    project.run();
    assert_eq!(project.lines(), ["2024-03-02,E,50.0000,s_2024-03.csv"]);
    project.assert_at_rest();
}

#[test]
fn a_week_replaces_its_days_on_both_sides_of_a_month() {
    let project = TestProject::new(
        "period = \"file_name\"\nfile_name_pattern = '(?<year>\\d{4})(?<month>\\d\\d)(?<day>\\d\\d)-(?<to_year>\\d{4})(?<to_month>\\d\\d)(?<to_day>\\d\\d)'\n",
    );
    // 2024 has a February 29; Monday 26 February to Sunday 3 March.
    project.deliver(
        "w_20240226-20240303.csv",
        &["2024-02-26,A,C1,P1,Anna,1,1.00,5", "2024-03-03,B,C1,P1,Anna,1,2.00,5"],
    );
    project.deliver("w_20240304-20240310.csv", &["2024-03-04,C,C1,P1,Anna,1,4.00,5"]);
    let report = project.run();
    assert_eq!(report["snapshots"][0]["months"], serde_json::json!(["2024-02", "2024-03"]));
    project.deliver(
        "w_20240226-20240303.csv",
        &["2024-02-29,A,C1,P1,Anna,1,8.00,5", "2024-03-01,B,C1,P1,Anna,1,16.00,5"],
    );
    project.run();
    let expected = [
        "2024-02-29,A,8.0000,w_20240226-20240303.csv",
        "2024-03-01,B,16.0000,w_20240226-20240303.csv",
        "2024-03-04,C,4.0000,w_20240304-20240310.csv",
    ];
    assert_eq!(project.lines(), expected);
    // A line outside its week is rejected, not taken.
    project.deliver("w_20240311-20240317.csv", &["2024-03-18,X,C1,P1,Anna,1,1.00,5"]);
    let message = project.refused(65);
    assert!(
        message
            .contains("\"2024-03-18\" lies outside the period of the file, 2024-03-11..2024-03-17"),
        "{message}"
    );
}

#[test]
fn the_days_of_the_data_are_a_period() {
    let project = TestProject::new("period = \"days\"\n");
    let day = |day: u32, amount: u32| format!("2024-03-{day:02},D{day},C1,P1,Anna,1,{amount}.00,5");
    let rows: Vec<String> = (1..=10).map(|number| day(number, number)).collect();
    project.deliver("a.csv", &rows.iter().map(String::as_str).collect::<Vec<_>>());
    project.run();
    // From the 4th to the 7th, although the 5th and 6th have no line: those days are empty now.
    project.deliver("b.csv", &[&day(4, 400), &day(7, 700)]);
    project.run();
    let revenue = project.query("select revenue from sales order by sale_date");
    let expected =
        ["1.0000", "2.0000", "3.0000", "400.0000", "700.0000", "8.0000", "9.0000", "10.0000"];
    assert_eq!(revenue, expected);
}

#[test]
fn what_a_file_gives_back_the_earlier_file_has_again() {
    let project = TestProject::new("");
    project.deliver(
        "a.csv",
        &["2024-01-10,A,C1,P1,Anna,1,10.00,5", "2024-02-10,A,C1,P1,Anna,1,11.00,5"],
    );
    project.run();
    project.deliver("b.csv", &["2024-01-12,B,C1,P1,Anna,1,20.00,5"]);
    project.run();
    assert_eq!(project.lines(), ["2024-01-12,B,20.0000,b.csv", "2024-02-10,A,11.0000,a.csv"]);
    // It was a slip: b.csv is about March.
    project.deliver("b.csv", &["2024-03-12,B,C1,P1,Anna,1,20.00,5"]);
    let report = project.run();
    let reasons: Vec<_> =
        report["snapshots"].as_array().expect("files").iter().map(|file| &file["reason"]).collect();
    assert_eq!(reasons, ["changed", "speaks_again"]);
    let both =
        ["2024-01-10,A,10.0000,a.csv", "2024-02-10,A,11.0000,a.csv", "2024-03-12,B,20.0000,b.csv"];
    assert_eq!(project.lines(), both);
    project.assert_at_rest();
    // The same slip, but the earlier file is gone by then: said, and no failure every night.
    project.deliver("b.csv", &["2024-02-12,B,C1,P1,Anna,1,30.00,5"]);
    project.run();
    project.remove("a.csv");
    project.deliver("b.csv", &["2024-03-12,B,C1,P1,Anna,1,20.00,5"]);
    let report = project.run();
    let said = "b.csv no longer has 2024-02, and a.csv, which had it before, is not there to be \
                read again: nothing is left of 2024-02";
    assert!(notes(&report).contains(&said), "{report:#}");
    assert_eq!(project.lines(), [both[0], both[2]]);
    project.assert_at_rest();
}

#[test]
fn increments_add_and_replace_by_key() {
    let project = TestProject::new("kind = \"increment\"\nkey = [\"document_id\"]\n");
    project.deliver(
        "01.csv",
        &[
            "2024-01-31,A,C1,P1,Anna,1,10.00,5",
            "2024-01-31,A,C1,P2,Anna,1,1.00,5",
            "2024-01-31,B,C1,P1,Anna,1,20.00,5",
        ],
    );
    project.run();
    // Document A moves to February and has one line now; C is new; B is left alone.
    project.deliver(
        "02.csv",
        &["2024-02-01,A,C1,P1,Anna,1,12.00,5", "2024-02-01,C,C1,P1,Anna,1,30.00,5"],
    );
    let report = project.run();
    let expected = [
        "2024-01-31,B,20.0000,01.csv",
        "2024-02-01,A,12.0000,02.csv",
        "2024-02-01,C,30.0000,02.csv",
    ];
    assert_eq!(project.lines(), expected);
    assert_eq!(report["restatements"][0]["month"], "2024-01");
    assert_eq!(report["restatements"][0]["lines_removed"], 2);
    assert_eq!(report["restatements"][0]["files"], serde_json::json!(["02.csv"]));
    // The same bytes under another name add nothing.
    std::fs::copy(project.path("in/02.csv"), project.path("in/03.csv")).expect("a copy");
    let report = project.run();
    let said = "03.csv: not added, because it has the same bytes as 02.csv";
    assert!(notes(&report).contains(&said), "{report:#}");
    assert_eq!(report["snapshots"][0]["state"], "duplicate");
    assert_eq!(project.lines(), expected);
    assert_eq!(months_built(&report), 0);
    // Other rules read everything again, in the order of the deliveries; what is gone stays
    // as it was read and is not overwritten by what came before it.
    project.remove("02.csv");
    change_staging(&project, "'TOTAL'", "'SUM'");
    project.run();
    assert_eq!(project.lines(), expected);
    project.deliver("01.csv", &["2024-01-31,B,C1,P1,Anna,1,21.00,5"]);
    project.run();
    assert_eq!(project.lines(), ["2024-01-31,B,21.0000,01.csv", expected[1], expected[2]]);
    // A later line of the same document, whatever the order of writing: the path decides.
    project.deliver("05.csv", &["2024-02-05,B,C1,P1,Anna,1,5.00,5"]);
    project.deliver("04.csv", &["2024-02-04,B,C1,P1,Anna,1,4.00,5"]);
    project.run();
    assert_eq!(project.lines()[2], "2024-02-05,B,5.0000,05.csv");
    assert_eq!(project.query("select count(*) from sales where document_id = 'B'"), ["1"]);
}

#[test]
fn an_increment_passed_over_is_taken_when_its_twin_changes() {
    let project = TestProject::new("kind = \"increment\"\n");
    let day = |number: u32| format!("2024-01-{number:02},D{number},C1,P1,Anna,1,{number}.00,5");
    // `latest.csv` is overwritten every day and kept under the day's name.
    project.deliver("latest.csv", &[&day(10)]);
    project.run();
    project.deliver("zz_2024-01-10.csv", &[&day(10)]);
    let report = project.run();
    assert_eq!(report["snapshots"][0]["state"], "duplicate");
    project.deliver("latest.csv", &[&day(11)]);
    project.run();
    let expected =
        ["2024-01-10,D10,10.0000,zz_2024-01-10.csv", "2024-01-11,D11,11.0000,latest.csv"];
    assert_eq!(project.lines(), expected);
    // Both at once: overwritten and kept.
    project.deliver("latest.csv", &[&day(12)]);
    project.deliver("zz_2024-01-11.csv", &[&day(11)]);
    project.run();
    let days = project.query("select document_id from sales order by 1");
    assert_eq!(days, ["D10", "D11", "D12"]);
    project.assert_at_rest();
}

#[test]
fn a_full_export_makes_work_only_of_changes() {
    let project = TestProject::new("kind = \"full\"\n");
    let january = "2024-01-10,A,C1,P1,Anna,1,10.00,5";
    let february = "2024-02-10,B,C1,P1,Anna,1,11.00,5";
    project.deliver("export_01.csv", &[january, february]);
    project.run();
    let before = project.published();
    // The same rows under a new name, in another order: nothing is built or published.
    project.deliver("export_02.csv", &[february, january]);
    let report = project.run();
    assert_eq!(months_built(&report), 0);
    assert_eq!(report["published"], serde_json::json!([0, 0]));
    assert_eq!(report["restatements"], serde_json::json!([]));
    assert_eq!(
        notes(&report),
        ["source `shop`: 2024-01..2024-02 delivered again without a difference (export_02.csv)"]
    );
    assert!(project.published() == before);
    // Of two new exports the last by its path counts; a month that it lacks is gone.
    project.deliver("export_04.csv", &[february, "2024-03-10,C,C1,P1,Anna,1,12.00,5"]);
    project.deliver("export_03.csv", &["2024-01-10,A,C1,P1,Anna,1,99.00,5"]);
    let report = project.run();
    let said = "export_03.csv: not read, because a later file of the whole history arrived with it";
    assert!(notes(&report).contains(&said), "{report:#}");
    assert_eq!(
        project.query("select sale_date, revenue from sales order by 1"),
        ["2024-02-10,11.0000", "2024-03-10,12.0000"]
    );
    project.remove("export_04.csv");
    project.assert_at_rest();
    let fresh = TestProject::new("kind = \"full\"\n");
    fresh.deliver("any.csv", &["2024-03-10,C,C1,P1,Anna,1,12.00,5", february]);
    fresh.run();
    assert!(project.published() == fresh.published());
}

#[test]
fn the_same_bytes_under_another_name_change_nothing() {
    let project = TestProject::new("");
    project.deliver("a.csv", &["2024-01-10,A,C1,P1,Anna,1,10.00,5"]);
    project.run();
    let before = project.published();
    std::fs::copy(project.path("in/a.csv"), project.path("in/b.csv")).expect("a copy");
    let report = project.run();
    assert_eq!(months_built(&report), 0);
    assert_eq!(
        notes(&report),
        ["source `shop`: 2024-01 delivered again without a difference (b.csv)"]
    );
    assert!(project.published() == before);
    assert_eq!(project.query("select count(*) from sales"), ["1"]);
    // Together they cannot arrive: which one is right is not known.
    let together = TestProject::new("");
    for name in ["a.csv", "b.csv"] {
        together.deliver(name, &["2024-01-10,A,C1,P1,Anna,1,10.00,5"]);
    }
    let message = together.refused(65);
    assert!(
        message.contains("a.csv and b.csv both deliver 2024-01, and arrived together"),
        "{message}"
    );
}

#[test]
fn a_forgotten_day_is_named_once_and_an_empty_folder_every_time() {
    let project = TestProject::new(DAY_IN_NAME);
    let deliver = |day: u32| {
        let row = format!("2024-01-{day:02},A{day},C1,P1,Anna,1,10.00,5");
        project.deliver(&format!("s_2024-01-{day:02}.csv"), &[&row]);
    };
    // Four weeks without Sundays, and without Wednesday the 17th.
    for day in (1..=27).filter(|day| day % 7 != 0 && *day != 17) {
        deliver(day);
    }
    assert_eq!(notes(&project.run()), ["source `shop` delivered nothing for 2024-01-17"]);
    deliver(29);
    assert!(notes(&project.run()).is_empty(), "it is known, and Sundays are no working days");
    deliver(31);
    assert_eq!(notes(&project.run()), ["source `shop` delivered nothing for 2024-01-30"]);
    let folder = project.path("in");
    std::fs::remove_dir_all(&folder).expect("removable");
    std::fs::create_dir(&folder).expect("a folder");
    let told =
        "source `shop`: no file matches its `files` any more; what it delivered before stays";
    assert_eq!(notes(&project.run()), [told]);
    assert_eq!(notes(&project.run()), [told]);
    assert_eq!(project.query("select count(*) from sales"), ["25"]);
}

#[test]
fn rows_of_a_copy_that_is_gone_do_not_go_unnoticed() {
    let project = TestProject::new("kind = \"increment\"\n");
    let row = "2024-01-10,A,C1,P1,Anna,1,10.00,5";
    project.deliver("latest.csv", &[row]);
    project.run();
    project.deliver("old_1.csv", &[row]);
    project.run();
    project.remove("old_1.csv");
    project.deliver("latest.csv", &["2024-02-10,B,C1,P1,Anna,1,11.00,5"]);
    let told = "latest.csv has other bytes now, and old_1.csv, which had its former ones, is gone: \
                those rows went; deliver the copy again if they are to stay";
    assert!(notes(&project.run()).contains(&told));
    assert_eq!(project.query("select sum(revenue) from sales"), ["11.0000"]);
    project.deliver("old_1.csv", &[row]);
    project.run();
    assert_eq!(project.query("select sum(revenue) from sales"), ["21.0000"]);
}

#[test]
fn missing_months_and_names_without_a_period_are_named() {
    let project = TestProject::new(DAY_IN_NAME);
    for month in ["2024-01", "2024-04", "2024-05", "2024-07"] {
        project
            .deliver(&format!("s_{month}.csv"), &[&format!("{month}-10,A,C1,P1,Anna,1,10.00,5")]);
    }
    let report = project.run();
    assert_eq!(notes(&report), ["source `shop` delivered nothing for 2024-02..2024-03, 2024-06"]);
    project.write("in/sales.csv", &format!("{HEADER}\n"));
    let message = project.refused(65);
    assert!(
        message.contains("sales.csv: the file's name does not fit file_name_pattern"),
        "{message}"
    );
    project.remove("sales.csv");
    project.write("in/s_2024-02-30.csv", &format!("{HEADER}\n"));
    let message = project.refused(65);
    assert!(
        message.contains("s_2024-02-30.csv: the file's name says days that cannot be"),
        "{message}"
    );
}

#[test]
fn undeclared_columns_are_kept_on_request() {
    let project = TestProject::new("extra = true\n");
    let head = format!("{HEADER},Склад,note,Склад 2");
    let row = "2024-01-10,A,C1,P1,Anna,1,10.00,5";
    project.write("in/a.csv", &format!("{head}\n{row},Юг,\"a \"\"b\"\"\",\n{row},,,\n"));
    project.run();
    let extra = project.query("select extra from sales order by source_row");
    // As CSV: quotes are doubled. Blank cells are left out, and so is a row without any.
    assert_eq!(extra, [r#""{""note"":""a \""b\"""",""Склад"":""Юг""}""#, "\"\""]);
    let plain = TestProject::new("");
    plain.write("in/a.csv", &format!("{head}\n{row},Юг,x,\n"));
    plain.run();
    assert_eq!(plain.query("select extra is null from sales"), ["true"]);
}

#[test]
fn a_workbook_of_any_name_is_replaced_when_it_comes_again() {
    let project = TestProject::new("");
    project.write(
        "pipelines/shop.toml",
        "[[source]]\nname = \"shop\"\nfiles = \"in/*\"\nstaging = \"test_sales\"\nkind = \"increment\"\n",
    );
    let deliver = |name: &str, amount: &str| {
        let mut book = rust_xlsxwriter::Workbook::new();
        let sheet = book.add_worksheet();
        sheet.set_name("A#1").expect("a name");
        let row = format!("2024-01-10,{name},C1,P1,Anna,1,{amount},5");
        for (place, line) in [HEADER, row.as_str()].into_iter().enumerate() {
            for (column, cell) in line.split(',').enumerate() {
                sheet.write(place as u32, column as u16, cell).expect("a cell");
            }
        }
        book.save(project.path("in").join(name)).expect("a workbook");
    };
    // The names begin alike, up to the letter that sets off the sheet.
    for (name, amount) in [("s.xlsx", "1"), ("s.xlsx#2.xlsx", "2"), ("#3.xlsx", "4")] {
        deliver(name, amount);
    }
    project.run();
    deliver("s.xlsx", "10");
    project.run();
    deliver("#3.xlsx", "40");
    project.run();
    assert_eq!(
        project.lines(),
        [
            "2024-01-10,#3.xlsx,40.0000,#3.xlsx#A#1",
            "2024-01-10,s.xlsx,10.0000,s.xlsx#A#1",
            "2024-01-10,s.xlsx#2.xlsx,2.0000,s.xlsx#2.xlsx#A#1",
        ]
    );
}
