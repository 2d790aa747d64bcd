//! What is known beside the sales: each feed is read, audited, and changes what depends on it.

use serde_json::Value;

use crate::support::{TestProject, notes};

/// A feed: its table, the columns of its file with their types, columns of the `select` that
/// are not columns of the file, and good rows.
struct Feed {
    table: &'static str,
    columns: &'static [(&'static str, &'static str)],
    computed: &'static str,
    good: &'static [&'static str],
}

const FEEDS: [Feed; 7] = [
    Feed {
        table: "clients",
        columns: &[
            ("client_id", "text"),
            ("client_type", "text"),
            ("closed", "text"),
            ("closed_date", "date"),
        ],
        computed: "closed = 'yes' as is_closed",
        good: &["C1,B2B,no,", "C2,B2C,yes,2024-02-05", "C3,,,"],
    },
    Feed {
        table: "client_links",
        columns: &[
            ("client_id", "text"),
            ("linked_client_id", "text"),
            ("kind", "text"),
            ("decision", "text"),
        ],
        computed: "",
        good: &["C9,C8,dealer,rejected"],
    },
    Feed {
        table: "interactions",
        columns: &[
            ("interaction_date", "date"),
            ("client_id", "text"),
            ("kind", "text"),
            ("score", "bigint"),
            ("resolved_date", "date"),
        ],
        computed: "",
        good: &["2024-01-05,C1,nps,9,", "2024-02-05,LEAD,inquiry,,"],
    },
    Feed {
        table: "loss_survey",
        columns: &[
            ("answer_date", "date"),
            ("client_id", "text"),
            ("reason", "text"),
            ("reason_group", "text"),
            ("reason_rank", "bigint"),
            ("back", "text"),
        ],
        computed: "back = 'yes' as is_recoverable",
        good: &["2024-02-01,C3,price,competitor,1,yes", "2024-02-01,C3,delay,company,2,"],
    },
    Feed {
        table: "purchase_potential",
        columns: &[
            ("period_start", "date"),
            ("period_months", "bigint"),
            ("client_id", "text"),
            ("category", "text"),
            ("amount", "decimal(18,4)"),
        ],
        computed: "",
        good: &["2024-01-01,12,C1,,1000.5", "2024-01-01,12,C1,bolts,300"],
    },
    Feed {
        table: "segment_playbook",
        columns: &[
            ("segment", "text"),
            ("abc", "text"),
            ("action", "text"),
            ("within_days", "bigint"),
        ],
        computed: "",
        good: &["regular_dozing,A,call,3", "regular_dozing,,write,7"],
    },
    Feed {
        table: "costs",
        columns: &[
            ("cost_date", "date"),
            ("kind", "text"),
            ("amount", "decimal(18,4)"),
            ("contacts", "bigint"),
        ],
        computed: "",
        good: &["2024-01-31,contact,120.25,54", "2024-02-29,acquisition,1000,"],
    },
];

impl Feed {
    fn of(table: &str) -> &'static Self {
        FEEDS.iter().find(|feed| feed.table == table).expect("a feed")
    }

    fn deliver(&self, project: &TestProject, rows: &[&str]) {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
        let mut text = names.join(",") + "\n";
        for row in rows {
            text.push_str(row);
            text.push('\n');
        }
        project.write(&format!("feeds/{}.csv", self.table), &text);
    }

    fn staging(&self) -> String {
        let raw: String =
            self.columns.iter().map(|(name, kind)| format!("-- raw: {name} {kind}\n")).collect();
        let is_canonical = |name: &&str| !["closed", "back"].contains(name);
        let mut selected: Vec<&str> =
            self.columns.iter().map(|(name, _)| *name).filter(is_canonical).collect();
        selected.extend((!self.computed.is_empty()).then_some(self.computed));
        format!("-- A feed of the test.\n{raw}select {} from raw\n", selected.join(", "))
    }
}

/// Sales of January to April: C1 and C3 buy in every month, C2 in January and March.
fn shop(tables: &[&str]) -> TestProject {
    let sources: String = tables
        .iter()
        .map(|table| {
            format!(
                "[[source]]\nname = \"{table}\"\ntable = \"{table}\"\nfiles = \"feeds/{table}.csv\"\nstaging = \"feed_{table}\"\n"
            )
        })
        .collect();
    let project = TestProject::new(&format!("period = \"file_name\"\n{sources}"));
    for month in ["2024-01", "2024-02", "2024-03", "2024-04"] {
        let mut rows = vec![
            format!("{month}-05,A,C1,P1,Anna,1,10.00,5"),
            format!("{month}-06,B,C3,P1,Anna,1,30.00,5"),
        ];
        if matches!(month, "2024-01" | "2024-03") {
            rows.push(format!("{month}-07,C,C2,P1,Anna,1,20.00,5"));
        }
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        project.deliver(&format!("s_{month}.csv"), &rows);
    }
    for table in tables {
        let feed = Feed::of(table);
        feed.deliver(&project, feed.good);
        project.write(&format!("sql/staging/feed_{table}.sql"), &feed.staging());
    }
    project
}

const ALL: [&str; 7] = [
    "clients",
    "client_links",
    "interactions",
    "loss_survey",
    "purchase_potential",
    "segment_playbook",
    "costs",
];

fn table<'r>(report: &'r Value, name: &str) -> &'r Value {
    let tables = report["tables"].as_array().expect("tables");
    tables.iter().find(|table| table["table"] == name).expect("the table")
}

#[test]
fn every_feed_is_read_and_kept() {
    let project = shop(&ALL);
    project.run();
    for (sql, expected) in [
        (
            "select client_id, client_type, is_closed, closed_date, source_row from clients order by 1",
            &["C1,B2B,false,,2", "C2,B2C,true,2024-02-05,3", "C3,,,,4"] as &[&str],
        ),
        (
            "select client_id, linked_client_id, kind, decision, source from client_links",
            &["C9,C8,dealer,rejected,client_links"],
        ),
        (
            "select month, client_id, kind, score from interactions order by 1",
            &["2024-01-01,C1,nps,9", "2024-02-01,LEAD,inquiry,"],
        ),
        (
            "select month, reason, reason_group, reason_rank, is_recoverable from loss_survey order by 4",
            &["2024-02-01,price,competitor,1,true", "2024-02-01,delay,company,2,"],
        ),
        (
            "select period_months, category, amount from purchase_potential order by 3",
            &["12,bolts,300.0000", "12,,1000.5000"],
        ),
        (
            "select segment, abc, action, within_days from segment_playbook order by 4",
            &["regular_dozing,A,call,3", "regular_dozing,,write,7"],
        ),
        (
            "select month, kind, amount, contacts from costs order by 1",
            &["2024-01-01,contact,120.2500,54", "2024-02-01,acquisition,1000.0000,"],
        ),
    ] {
        assert_eq!(project.query(sql), expected, "{sql}");
    }
    project.assert_at_rest();
    // A whole delivery takes away what it lacks; a period leaves the others alone.
    Feed::of("clients").deliver(&project, &["C2,B2C,yes,2024-02-05"]);
    project.write("feeds/costs.csv", "cost_date,kind,amount,contacts\n2024-02-28,contact,7,\n");
    project.run();
    assert_eq!(project.query("select client_id from clients"), ["C2"]);
    // The same file with other bytes: its January went with it.
    assert_eq!(project.query("select month, amount from costs"), ["2024-02-01,7.0000"]);
}

#[test]
fn rows_of_a_feed_that_do_not_fit_are_rejected() {
    let project = shop(&["costs"]);
    let feed = Feed::of("costs");
    feed.deliver(&project, &["2024-02-30,contact,1,", "2024-02-01,contact,,", feed.good[0]]);
    let message = project.refused(65);
    assert!(message.contains("costs.csv: 2 of 3 lines rejected"), "{message}");
    assert!(message.contains("costs.csv:2: cost_date \"2024-02-30\" is not a date"), "{message}");
    assert!(message.contains("costs.csv:3: amount is missing"), "{message}");
}

#[test]
fn audits_of_feeds_refuse_what_nobody_knows() {
    let project = shop(&ALL);
    project.run();
    let before = project.published();
    let counts = ALL.map(|table| project.query(&format!("select count(*) from {table}")));
    for (name, rows, audit) in [
        ("clients", &["C1,B2G,,"] as &[&str], "clients_values"),
        ("clients", &["C1,B2B,,", "C1,B2B,,"], "clients_values"),
        ("clients", &["C1,B2B,no,2024-01-01"], "clients_values"),
        ("client_links", &["C2,C1,friend,"], "client_links_values"),
        ("client_links", &["C2,C1,dealer,perhaps"], "client_links_values"),
        ("client_links", &["C2,C1,dealer,", "C2,C3,dealer,"], "canonical_client_has_one_target"),
        ("client_links", &["C2,C1,dealer,", "C1,C2,dealer,"], "canonical_client_ends_links"),
        ("client_links", &["C2,C2,dealer,"], "canonical_client_ends_links"),
        ("interactions", &["2024-01-05,C1,chat,,"], "interactions_values"),
        ("interactions", &["2024-01-05,C1,nps,11,"], "interactions_values"),
        ("interactions", &["2024-01-05,C1,nps,,"], "interactions_values"),
        ("interactions", &["2024-01-05,C1,conflict,,2024-01-04"], "interactions_values"),
        ("loss_survey", &["2024-02-01,C3,price,weather,1,"], "loss_survey_values"),
        (
            "loss_survey",
            &["2024-02-01,C3,price,market,,", "2024-02-01,C3,x,market,1,"],
            "loss_survey_values",
        ),
        ("purchase_potential", &["2024-01-02,12,C1,,5"], "purchase_potential_values"),
        ("purchase_potential", &["2024-01-01,5,C1,,5"], "purchase_potential_values"),
        ("segment_playbook", &["regular_sleepy,,call,3"], "segment_playbook_values"),
        (
            "segment_playbook",
            &["new_active,,call,3", "new_active,,write,3"],
            "segment_playbook_values",
        ),
        ("costs", &["2024-01-31,bribe,1,"], "costs_values"),
        ("costs", &["2024-01-31,contact,-1,"], "costs_values"),
        // Before the first and after the last month of the sales.
        ("costs", &["2023-11-30,bribe,1,"], "costs_values"),
        ("costs", &["2024-06-30,bribe,1,"], "costs_values"),
        ("purchase_potential", &["2025-01-01,5,C1,,5"], "purchase_potential_values"),
    ] {
        let feed = Feed::of(name);
        feed.deliver(&project, rows);
        let (code, report, said) = project.run_with(&[]);
        assert_eq!(code, 65, "{name} {rows:?}: {report:#}");
        assert_eq!(report["outcome"], "audit_failed");
        let failed = report["audits"]["failed"].as_array().expect("audits");
        assert!(failed.iter().any(|one| one["audit"] == audit), "{name} {rows:?}: {failed:?}");
        assert!(said.contains(&format!("error: audit {audit} of ")), "{said}");
        feed.deliver(&project, feed.good);
    }
    assert!(project.published() == before);
    assert_eq!(ALL.map(|table| project.query(&format!("select count(*) from {table}"))), counts);
    project.assert_at_rest();
}

#[test]
fn a_link_changes_the_months_in_which_the_client_bought() {
    let project = shop(&["client_links"]);
    project.run();
    let clients = "select month, entity_id, revenue from entity_month
        where dimension = 'client' order by 1, 2";
    let apart = project.query(clients);
    assert_eq!(apart.len(), 10, "two clients, and a third in two months: {apart:?}");
    // Nobody of the sales: the decision changes no month.
    let links = Feed::of("client_links");
    links.deliver(&project, &["C9,C8,dealer,confirmed"]);
    let report = project.run();
    assert_eq!(table(&report, "canonical_client")["rows"], 1);
    assert_eq!(table(&report, "entity_month")["months_changed"], 0, "{report:#}");
    // C2, which bought in January and March, goes on as C1.
    links.deliver(&project, &["C2,C1,successor,"]);
    let report = project.run();
    assert_eq!(table(&report, "entity_month")["months_changed"], 2, "{report:#}");
    let joined = project.query(clients);
    assert_eq!(
        joined,
        [
            "2024-01-01,C1,30.0000",
            "2024-01-01,C3,30.0000",
            "2024-02-01,C1,10.0000",
            "2024-02-01,C3,30.0000",
            "2024-03-01,C1,30.0000",
            "2024-03-01,C3,30.0000",
            "2024-04-01,C1,10.0000",
            "2024-04-01,C3,30.0000",
        ]
    );
    let fresh = shop(&["client_links"]);
    links.deliver(&fresh, &["C2,C1,successor,"]);
    fresh.run();
    assert!(project.published() == fresh.published(), "results are those of a full build");
    // One more month of sales builds one month, although all links are read.
    project.deliver("s_2024-05.csv", &["2024-05-05,A,C2,P1,Anna,1,50.00,5"]);
    let report = project.run();
    let built = &table(&report, "entity_month")["built"];
    assert_eq!(built, "2024-05", "{report:#}");
    assert_eq!(project.query(clients).last().expect("May"), "2024-05-01,C1,50.0000");
    // Taken back, the months are as they were.
    links.deliver(&project, &["C2,C1,successor,rejected"]);
    project.run();
    assert_eq!(project.query(clients)[..10], apart);
}

#[test]
fn sources_of_feeds_are_checked_before_anything_is_read() {
    for (old, new, message) in [
        ("table = \"costs\"", "table = \"cost\"", "source.table"),
        ("table = \"costs\"", "table = \"clients\"", "staging/feed_costs"),
        (
            "table = \"costs\"",
            "table = \"costs\"\nperiod = \"file_name\"",
            "file's name holds no month",
        ),
    ] {
        let project = shop(&["costs"]);
        let path = project.path("pipelines/shop.toml");
        let text = std::fs::read_to_string(&path).expect("the pipeline");
        assert!(text.contains(old));
        std::fs::write(&path, text.replace(old, new)).expect("writable");
        let called = project.call(&["run", "shop", "--quiet"]);
        assert!(matches!(called.code, 65 | 78), "{new}: {}", called.stderr);
        assert!(called.stderr.contains(message), "{new}: {}", called.stderr);
    }
    // What a source delivered stays in its table.
    let project = shop(&["costs"]);
    let report = project.run();
    assert!(notes(&report).is_empty(), "{report:#}");
    let path = project.path("pipelines/shop.toml");
    let text = std::fs::read_to_string(&path).expect("the pipeline");
    let other = text.replace("table = \"costs\"", "table = \"segment_playbook\"");
    std::fs::write(&path, other.replace("feed_costs", "feed_segment_playbook")).expect("writable");
    let playbook = Feed::of("segment_playbook");
    project.write("sql/staging/feed_segment_playbook.sql", &playbook.staging());
    project.write("feeds/costs.csv", "segment,abc,action,within_days\nnew_active,,call,3\n");
    let message = project.refused(78);
    assert!(message.contains("source `costs` delivered `costs` before"), "{message}");
}
