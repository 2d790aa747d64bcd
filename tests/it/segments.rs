//! Target segments: files of the project, their tables, and their export.

use crate::commands::check;
use crate::support::TestProject;

const TABLES: &str = "tables = ['segment_summary', 'client_contacts', 'client_identity']\n";
const SOURCES: &str = "\
[[source]]
name = \"shop\"
files = \"in/*.csv\"
staging = \"test_sales\"
period = \"file_name\"

[[source]]
name = \"cards\"
table = \"clients\"
files = \"cards/*.csv\"
staging = \"test_cards\"
";
const CARDS: &str = "\
-- Test cards of clients: one a row.
-- raw: client text
-- raw: name text
-- raw: phones text
-- raw: closed text
-- raw: barred text
select
    client as client_id,
    name as client_name,
    phones,
    closed = 'yes' as is_closed,
    barred = 'yes' as do_not_contact
from raw
";
/// Who buys in the first months of the year, and what their cards say.
const CLIENTS: &str = "\
client,name,phones,closed,barred
00012,\"Old \"\"Mill\"\", Ltd\",+7 000 1234567,no,no
C2,=1+1,,no,no
C3,Closed Ltd,123456,yes,no
C4,Barred Ltd,123456,no,yes
";
const BUYERS: &str = "\
-- Clients who bought in the month.
-- reads: purchase_month[0]
select
    month,
    client_id
from purchase_month
where month between $first_month and $last_month
";
const REPEAT: &str = "\
-- Clients who have bought twice or more.
-- reads: client_state[0]
select
    month,
    client_id
from client_state
where
    month between $first_month and $last_month
    and purchases >= 2
";

/// A shop with cards and two segments: February lacks C5, which comes without a card in January.
fn shop() -> TestProject {
    let project = TestProject::new("");
    project.write("pipelines/shop.toml", &format!("{TABLES}{SOURCES}"));
    project.write("sql/staging/test_cards.sql", CARDS);
    project.write("sql/segments/buyers.sql", BUYERS);
    project.write("sql/segments/repeat_buyers.sql", REPEAT);
    project.write("cards/cards.csv", CLIENTS);
    for (month, clients) in
        [("01", ["00012", "C2", "C5"].as_slice()), ("02", &["00012", "C2", "C3", "C4"])]
    {
        let rows: Vec<String> = clients
            .iter()
            .enumerate()
            .map(|(place, client)| {
                format!("2024-{month}-1{place},D{month}{place},{client},P,Anna,1,1{place}0.50,5")
            })
            .collect();
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        project.deliver(&format!("sales_2024-{month}.csv"), &rows);
    }
    project
}

#[test]
fn members_are_exported_with_their_contacts() {
    let project = shop();
    check("export_before_run", &project, &project.call(&["export", "buyers"]));
    project.run();
    check("export", &project, &project.call(&["export", "buyers"]));
    check("export_all", &project, &project.call(&["export", "buyers", "--all"]));
    let entered = project.call(&["export", "buyers", "--all", "--entered", "--month", "2024-02"]);
    check("export_entered", &project, &entered);
    check("export_month", &project, &project.call(&["export", "buyers", "--month", "2024-01"]));
    check("export_excel", &project, &project.call(&["export", "buyers", "--excel"]));
    let file = project.path("buyers.csv").display().to_string();
    let called = project.call(&["export", "buyers", "--excel", "--quiet", "--output", &file]);
    assert_eq!((called.code, called.stdout.as_str(), called.stderr.as_str()), (0, "", ""));
    let bytes = std::fs::read(&file).expect("written");
    assert!(bytes.starts_with("\u{feff}client_id;client_name;".as_bytes()));
    assert!(bytes.ends_with(b"\r\n"));
}

#[test]
fn what_cannot_be_exported_is_said() {
    let project = shop();
    project.run();
    check("export_unknown", &project, &project.call(&["export", "repeat_buyer"]));
    check("export_no_month", &project, &project.call(&["export", "buyers", "--month", "2030-01"]));
    project.write("sql/segments/newer.sql", BUYERS);
    check("export_newer", &project, &project.call(&["export", "newer"]));
    let nowhere = project.path("nowhere/buyers.csv").display().to_string();
    let called = project.call(&["export", "buyers", "--output", &nowhere]);
    assert_eq!(called.code, 69, "{}", called.stderr);
    let none = TestProject::new("");
    check("export_no_segments", &none, &none.call(&["export", "buyers"]));
    project.write(
        "pipelines/shop.toml",
        &format!("{}{SOURCES}", TABLES.replace(", 'client_identity'", "")),
    );
    // The table stays in the warehouse as it was, but no run speaks for it any more.
    project.run();
    check("export_lacks_table", &project, &project.call(&["export", "buyers"]));
}

#[test]
fn a_changed_segment_rebuilds_itself_and_no_other() {
    let project = shop();
    project.run();
    project.assert_at_rest();
    let members = "select segment, count(*) from segment_members group by segment order by segment";
    assert_eq!(project.query(members), ["buyers,7", "repeat_buyers,2"]);
    project.write("sql/segments/repeat_buyers.sql", &REPEAT.replace(">= 2", ">= 1"));
    let report = project.run();
    assert_eq!(built(&report, "segment_repeat_buyers"), Some(2));
    assert_eq!(built(&report, "segment_buyers"), Some(0));
    assert_eq!(project.query(members), ["buyers,7", "repeat_buyers,8"]);
    // A comment is no change; a segment that is gone leaves the results.
    project.write("sql/segments/buyers.sql", &format!("-- Nobody else. {BUYERS}"));
    project.assert_at_rest();
    std::fs::remove_file(project.path("sql/segments/repeat_buyers.sql")).expect("removable");
    project.run();
    assert_eq!(project.query(members), ["buyers,7"]);
}

fn built(report: &serde_json::Value, table: &str) -> Option<u64> {
    let tables = report["tables"].as_array().expect("tables");
    let found = tables.iter().find(|entry| entry["table"] == table)?;
    found["months_built"].as_u64()
}

#[test]
fn a_pipeline_chooses_its_segments() {
    let project = shop();
    let choose = |segments: &str| {
        project.write("pipelines/shop.toml", &format!("{TABLES}{segments}\n{SOURCES}"));
    };
    choose("segments = ['buyers']");
    let report = project.run();
    assert_eq!(built(&report, "segment_buyers"), Some(2));
    assert_eq!(built(&report, "segment_repeat_buyers"), None);
    choose("segments = []");
    project.run();
    assert_eq!(project.query("select count(*) from segment_members"), ["0"]);
    let mut texts = String::new();
    for wrong in ["segments = ['buyer']", "segments = ['buyers', 'buyers']", "segments = 'all'"] {
        choose(wrong);
        let called = project.call(&["check"]);
        assert_eq!(called.code, 78, "{wrong}");
        texts.push_str(&format!("{wrong}\n{}\n", project.redact(&called.stderr)));
    }
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("wrong_segments", texts);
    });
}

/// Everything a person can write wrong in the file of a segment.
#[test]
fn wrong_segment_files_are_refused() {
    let cases = [
        ("good.sql", BUYERS.to_owned()),
        ("no_client.sql", BUYERS.replace(",\n    client_id", "")),
        ("order.sql", BUYERS.replace("month,\n    client_id", "client_id,\n    month")),
        ("more.sql", BUYERS.replace("    client_id\n", "    client_id,\n    purchases\n")),
        ("type.sql", BUYERS.replace("    month,", "    cast(month as text) as month,")),
        ("columns.sql", format!("-- Buyers.\n-- column: month date -- Month\n{BUYERS}")),
        ("no_sentence.sql", BUYERS.replace("-- Clients who bought in the month.\n", "")),
        ("Big.sql", BUYERS.to_owned()),
        ("members.sql", BUYERS.to_owned()),
        ("playbook.sql", BUYERS.to_owned()),
        (
            "all.sql",
            BUYERS
                .replace("purchase_month[0]", "segments[0]")
                .replace("from purchase_month", "from segments"),
        ),
        ("later.sql", BUYERS.replace("[0]", "[0..1]")),
    ];
    let mut texts = String::new();
    for (name, text) in cases {
        let project = TestProject::new("");
        project.write(&format!("sql/segments/{name}"), &text);
        project.compute("segment_summary", true);
        let called = project.call(&["check", "shop"]);
        let code = if name == "good.sql" { 0 } else { 78 };
        assert_eq!(called.code, code, "{name}: {}", called.stderr);
        texts.push_str(&format!("{name}\n{}\n", project.redact(&called.stderr)));
    }
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("wrong_segment_files", texts);
    });
}

#[test]
fn a_client_named_twice_fails_the_run() {
    let project = shop();
    let twice = format!("{BUYERS}union all\nselect month, client_id from purchase_month\n");
    project.write("sql/segments/twice.sql", &twice);
    let message = project.refused(65);
    assert!(message.contains("segment_twice") && message.contains("unique_grain"), "{message}");
}
