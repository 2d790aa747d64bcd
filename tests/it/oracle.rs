//! Results on UCI Online Retail II against independent ones, class by class, client by
//! client, to the last unit. Needs data kept beside the repository; skips without it.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::sync::OnceLock;

use crate::support::{TestProject, repository, shared};

pub const DATA: &str = "data/online_retail_ii";
pub const ORACLE: &str = "oracle/online_retail_ii";

/// A run of the shipped pipeline; and a second one for the other conventions.
struct Runs {
    shipped: TestProject,
    other: TestProject,
}

/// The run of the shipped pipeline, if the data are there.
pub fn shipped() -> Option<&'static TestProject> {
    runs().map(|runs| &runs.shipped)
}

fn runs() -> Option<&'static Runs> {
    static RUNS: OnceLock<Option<Runs>> = OnceLock::new();
    RUNS.get_or_init(|| {
        let data = shared(DATA)?;
        shared(ORACLE)?;
        Some(Runs {
            shipped: run(&data, "", ""),
            other: run(
                &data,
                "tables = [\"abc_xyz\", \"abc_xyz_matrix\", \"abc_xyz_transitions\"]\n",
                "preset = \"client\"\n[parameters.abc]\ncrossing = \"down\"\n\
                 dimensions = [\"client\"]\nmeasures = [\"revenue\"]\n",
            ),
        })
    })
    .as_ref()
}

/// The shipped pipeline file over the data where it lies, in a project of its own.
fn run(data: &Path, top: &str, extra: &str) -> TestProject {
    let project = TestProject::new("");
    let shipped = std::fs::read_to_string(repository().join("pipelines/online_retail_ii.toml"))
        .expect("the shipped pipeline");
    let here = data.canonicalize().expect("the data");
    let text = shipped.replace("../shared/data/online_retail_ii", &here.display().to_string());
    assert_ne!(text, shipped, "the pipeline file says where the data lies");
    std::fs::remove_file(project.path("pipelines/shop.toml")).expect("removable");
    project.write("pipelines/online_retail_ii.toml", &format!("{top}{text}{extra}"));
    project.copy_segments();
    let called = project.call(&["run"]);
    assert_eq!(called.code, 0, "{}\n{}", called.stdout, called.stderr);
    project
}

type Row = BTreeMap<String, String>;

fn oracle(name: &str) -> Vec<Row> {
    let path = shared(ORACLE).expect("checked before").join(name);
    let bytes = std::fs::read(&path).expect("the oracle");
    let mut text = String::new();
    if name.ends_with(".gz") {
        flate2::read::GzDecoder::new(&*bytes).read_to_string(&mut text).expect("gzip");
    } else {
        text = String::from_utf8(bytes).expect("text");
    }
    rows(&text)
}

fn rows(text: &str) -> Vec<Row> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().map(|row| row.expect("a row")).collect()
}

fn query(project: &TestProject, sql: &str) -> Vec<Row> {
    let called = project.call(&["query", "--format", "csv", sql]);
    assert_eq!(called.code, 0, "{}", called.stderr);
    rows(&called.stdout)
}

/// Thousandths, as the oracles write money, of a decimal text.
fn thousandths(text: &str) -> i128 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let (kept, rest) = fraction.split_at(fraction.len().min(3));
    assert!(rest.bytes().all(|digit| digit == b'0'), "{text} has more than three decimals");
    format!("{whole}{kept:0<3}").parse().expect("a number")
}

fn close(one: &str, other: &str, tolerance: f64) -> bool {
    match (one.parse::<f64>(), other.parse::<f64>()) {
        (Ok(one), Ok(other)) => (one - other).abs() <= tolerance,
        _ => one == other,
    }
}

fn month(row: &Row, column: &str) -> String {
    row[column][..7].to_owned()
}

fn by_key(rows: Vec<Row>, key: impl Fn(&Row) -> String) -> BTreeMap<String, Row> {
    let count = rows.len();
    let map: BTreeMap<String, Row> = rows.into_iter().map(|row| (key(&row), row)).collect();
    assert_eq!(map.len(), count, "keys repeat");
    map
}

const CLIENT_REVENUE: &str = "dimension = 'client' and measure = 'revenue'";

#[test]
fn lines_are_counted_as_in_the_cleaning_steps() {
    let Some(runs) = runs() else { return };
    let steps: BTreeMap<String, String> = oracle("cleaning_steps.csv")
        .into_iter()
        .map(|row| (row["step"].trim().to_owned(), row["value"].clone()))
        .collect();
    let step = |start: &str| {
        steps
            .iter()
            .find(|(name, _)| name.contains(start))
            .map(|(_, value)| value.as_str())
            .expect("a step")
    };
    let sums = query(
        &runs.shipped,
        "select sum(lines) as lines, sum(accepted) as accepted, sum(rejected) as rejected, \
         sum(cast(revenue as decimal(28,4))) as revenue from snapshots",
    );
    assert_eq!(sums[0]["lines"], step("after dropping sheet 1"));
    assert_eq!(sums[0]["accepted"], step("SALES variant lines"));
    assert_eq!(sums[0]["rejected"], "0");
    assert_eq!(thousandths(&sums[0]["revenue"]).to_string(), step("SALES variant revenue"));
    let counts = query(
        &runs.shipped,
        "select count(distinct client_id) as clients, count(distinct document_id) as invoices from sales",
    );
    assert_eq!(counts[0]["clients"], step("SALES variant clients"));
    assert_eq!(counts[0]["invoices"], step("SALES variant invoices"));
    let excluded = query(&runs.shipped, "select excluded_by_rule from snapshots");
    let mut by_rule: BTreeMap<String, u64> = BTreeMap::new();
    for row in excluded {
        let rules: BTreeMap<String, u64> =
            serde_json::from_str(&row["excluded_by_rule"]).expect("JSON");
        for (rule, count) in rules {
            *by_rule.entry(rule).or_default() += count;
        }
    }
    assert_eq!(by_rule["no_client"].to_string(), step("CustomerID missing"));
    assert_eq!(by_rule["price_zero"].to_string(), step("Price = 0"));
    assert_eq!(by_rule["cancellation"].to_string(), step("Invoice starts with C"));
}

#[test]
fn every_client_has_its_class_in_every_month() {
    let Some(runs) = runs() else { return };
    let expected = by_key(oracle("abc_xyz_clients.csv.gz"), |row| {
        format!("{} {}", row["month"], row["client"])
    });
    let sql = format!(
        "select month, entity_id, total, share, cumulative_share, rank, abc, cv, xyz, purchase_months \
         from abc_xyz where {CLIENT_REVENUE} and month >= date '2010-11-01'"
    );
    let key = |row: &Row| format!("{} {}", month(row, "month"), row["entity_id"]);
    let shipped = by_key(query(&runs.shipped, &sql), key);
    let other = by_key(query(&runs.other, &sql), key);
    assert_eq!(shipped.len(), expected.len());
    // The oracle numbers equal totals one after another; a shared rank is their lowest.
    let mut tied: BTreeMap<(String, String), u64> = BTreeMap::new();
    for row in expected.values() {
        let rank: u64 = row["rank"].parse().expect("a rank");
        let lowest = tied
            .entry((row["month"].clone(), row["revenue_12m_thousandths"].clone()))
            .or_insert(rank);
        *lowest = rank.min(*lowest);
    }
    let mut ties = 0;
    for (key, row) in &expected {
        let (actual, second) = (&shipped[key], &other[key]);
        assert_eq!(
            thousandths(&actual["total"]).to_string(),
            row["revenue_12m_thousandths"],
            "{key}"
        );
        assert_eq!(actual["abc"], row["abc"], "{key}");
        assert_eq!(second["abc"], row["abc_after_rule"], "{key}");
        assert_eq!(actual["xyz"], row["xyz_10_25"], "{key}");
        assert_eq!(second["xyz"], row["xyz_50_100"], "{key}");
        assert_eq!(actual["purchase_months"], row["months_active"], "{key}");
        assert!(close(&actual["cv"], &row["cv"], 1e-9), "{key}: {} {}", actual["cv"], row["cv"]);
        let lowest = tied[&(row["month"].clone(), row["revenue_12m_thousandths"].clone())];
        assert_eq!(actual["rank"], lowest.to_string(), "{key}");
        if actual["rank"] == row["rank"] {
            let before = actual["cumulative_share"].parse::<f64>().expect("a share")
                - actual["share"].parse::<f64>().expect("a share");
            assert!(close(&before.to_string(), &row["cum_before"], 1e-9), "{key}");
        } else {
            ties += 1;
        }
    }
    assert!(ties > 0 && ties < expected.len() / 20, "{ties} ties");
}

#[test]
fn class_sizes_and_borders_are_those_of_every_month() {
    let Some(runs) = runs() else { return };
    let sql = format!(
        "select month, abc, count(*) as clients, sum(total) as revenue, min(total) as least, \
         bool_or(is_partial) as partial from abc_xyz \
         where {CLIENT_REVENUE} and month >= date '2010-11-01' group by month, abc"
    );
    let key = |row: &Row| format!("{} {}", month(row, "month"), row["abc"]);
    let shipped = by_key(query(&runs.shipped, &sql), key);
    let other = by_key(query(&runs.other, &sql), key);
    let expected = oracle("abc_by_month.csv");
    assert_eq!(shipped.len(), expected.len() * 3, "nobody is in class N");
    for row in expected {
        for class in ["A", "B", "C"] {
            let key = format!("{} {class}", row["month"]);
            let actual = &shipped[&key];
            assert_eq!(actual["clients"], row[class], "{key}");
            assert_eq!(
                thousandths(&actual["revenue"]).to_string(),
                row[&format!("rev_{class}")],
                "{key}"
            );
            assert_eq!(
                thousandths(&actual["least"]).to_string(),
                row[&format!("min_rev_{class}")],
                "{key}"
            );
            assert_eq!(other[&key]["clients"], row[&format!("{class}_after_rule")], "{key}");
            assert_eq!(actual["partial"] == "true", row["partial_month"] == "1", "{key}");
        }
    }
}

#[test]
fn the_nine_cells_hold_the_same_clients_and_money() {
    let Some(runs) = runs() else { return };
    let sql = format!(
        "select month, abc, xyz, entities, total from abc_xyz_matrix \
         where {CLIENT_REVENUE} and month >= date '2010-11-01' and abc <> 'N' and xyz <> 'N'"
    );
    let key = |row: &Row| format!("{} {} {}", month(row, "month"), row["abc"], row["xyz"]);
    let presets = BTreeMap::from([
        ("xyz_10_25", by_key(query(&runs.shipped, &sql), key)),
        ("xyz_50_100", by_key(query(&runs.other, &sql), key)),
    ]);
    for row in oracle("abc_xyz_matrix.csv") {
        // The second run has the other crossing, so only whole columns of XYZ compare there.
        let actual = &presets[row["thresholds"].as_str()];
        let key = format!("{} {} {}", row["month"], row["abc"], row["xyz"]);
        if row["thresholds"] == "xyz_10_25" {
            assert_eq!(actual[&key]["entities"], row["clients"], "{key}");
            assert_eq!(thousandths(&actual[&key]["total"]).to_string(), row["revenue"], "{key}");
        }
    }
    let sums = |rows: Vec<(String, i128)>| {
        let mut sums: BTreeMap<String, i128> = BTreeMap::new();
        for (key, count) in rows {
            *sums.entry(key).or_default() += count;
        }
        sums
    };
    let expected =
        oracle("abc_xyz_matrix.csv").into_iter().filter(|row| row["thresholds"] == "xyz_50_100");
    let expected = sums(
        expected
            .map(|row| {
                (
                    format!("{} {}", row["month"], row["xyz"]),
                    row["clients"].parse().expect("a count"),
                )
            })
            .collect(),
    );
    let actual = sums(
        presets["xyz_50_100"]
            .values()
            .map(|row| {
                (
                    format!("{} {}", month(row, "month"), row["xyz"]),
                    row["entities"].parse().expect("a count"),
                )
            })
            .collect(),
    );
    assert_eq!(actual, expected);
}

#[test]
fn movements_between_classes_add_up_to_the_same_numbers() {
    let Some(runs) = runs() else { return };
    let class = |cell: &str| match cell {
        "new" | "returned" | "gone" => cell.to_owned(),
        cell => cell[..1].to_owned(),
    };
    let sql = format!(
        "select month, from_cell, to_cell, entities from abc_xyz_transitions \
         where {CLIENT_REVENUE} and month >= date '2010-12-01'"
    );
    let mut moved: BTreeMap<String, u64> = BTreeMap::new();
    let mut entered: BTreeMap<String, u64> = BTreeMap::new();
    for row in query(&runs.shipped, &sql) {
        let count: u64 = row["entities"].parse().expect("a count");
        let (from, to) = (class(&row["from_cell"]), class(&row["to_cell"]));
        let entering = from == "new" || from == "returned";
        if entering {
            *entered.entry(format!("{} {to} {from}", month(&row, "month"))).or_default() += count;
        }
        let from = if entering { "new".to_owned() } else { from };
        *moved.entry(format!("{} {from} {to}", month(&row, "month"))).or_default() += count;
    }
    let counted = |rows: Vec<Row>, key: &dyn Fn(&Row) -> String| -> BTreeMap<String, u64> {
        rows.iter()
            .map(|row| (key(row), row["clients"].parse().expect("a count")))
            .filter(|(_, count)| *count > 0)
            .collect()
    };
    let expected = counted(oracle("abc_transitions.csv"), &|row| {
        format!("{} {} {}", row["to_month"], row["from"], row["to"])
    });
    assert_eq!(moved, expected);
    let expected = counted(oracle("abc_transitions_entering.csv"), &|row| {
        let kind = if row["new_kind"] == "first_purchase" { "new" } else { "returned" };
        format!("{} {} {kind}", row["to_month"], row["to"])
    });
    assert_eq!(entered, expected);
}

#[test]
fn cohorts_keep_the_same_clients_and_money() {
    let Some(runs) = runs() else { return };
    let sql = "select cohort_month, age, month, clients, cohort_size, retention, revenue from cohort_retention";
    let key = |row: &Row| format!("{} {}", month(row, "cohort_month"), row["age"]);
    let actual = by_key(query(&runs.shipped, sql), key);
    let expected = oracle("cohort_retention.csv");
    assert_eq!(actual.len(), expected.len());
    for row in expected {
        let key = format!("{} {}", row["cohort"], row["month_offset"]);
        let cell = &actual[&key];
        assert_eq!(month(cell, "month"), row["month"], "{key}");
        assert_eq!(cell["clients"], row["clients"], "{key}");
        assert_eq!(cell["cohort_size"], row["cohort_size"], "{key}");
        assert!(close(&cell["retention"], &row["retention"], 1e-9), "{key}");
        assert_eq!(thousandths(&cell["revenue"]).to_string(), row["revenue_thousandths"], "{key}");
    }
}

#[test]
fn the_stock_of_clients_moves_alike() {
    let Some(runs) = runs() else { return };
    for lost_after in [3, 6] {
        let sql = format!(
            "select period, clients_start, new, returned, lost, clients_end, churn_rate, is_partial \
             from churn where period_kind = 'month' and cut = 'all' and lost_after_months = {lost_after}"
        );
        let actual = by_key(query(&runs.shipped, &sql), |row| month(row, "period"));
        let expected = oracle(&format!("churn_{lost_after}_months.csv"));
        assert_eq!(actual.len(), expected.len());
        for row in expected {
            let (key, churn) = (&row["month"], &actual[&row["month"]]);
            assert_eq!(churn["new"], row["new"], "{key}");
            assert_eq!(churn["returned"], row["returned"], "{key}");
            assert_eq!(churn["lost"], row["churned"], "{key}");
            assert_eq!(churn["clients_end"], row["clients_end"], "{key}");
            assert!(close(&churn["churn_rate"], &row["churn_rate"], 1e-9), "{key}");
            assert_eq!(churn["is_partial"] == "true", row["partial_month"] == "1", "{key}");
        }
        let buyers = by_key(
            query(
                &runs.shipped,
                "select month, count(*) as active from entity_month \
                 where dimension = 'client' and purchases > 0 group by month",
            ),
            |row| month(row, "month"),
        );
        for row in oracle(&format!("churn_{lost_after}_months.csv")) {
            assert_eq!(buyers[&row["month"]]["active"], row["active"], "{}", row["month"]);
        }
    }
}

#[test]
fn every_loss_has_the_same_month_and_return() {
    let Some(runs) = runs() else { return };
    for lost_after in [3, 6] {
        let sql = format!(
            "select l.client_id, l.last_purchase_date, l.month, min(r.month) as return_month \
             from lost_clients l left join returned_clients r on r.client_id = l.client_id \
             and r.lost_after_months = l.lost_after_months and r.lost_month = l.month \
             where l.lost_after_months = {lost_after} group by 1, 2, 3"
        );
        let short = |text: &str| text.get(..7).unwrap_or("").to_owned();
        let mut actual: Vec<[String; 4]> = query(&runs.shipped, &sql)
            .iter()
            .map(|row| {
                [
                    row["client_id"].clone(),
                    short(&row["last_purchase_date"]),
                    short(&row["month"]),
                    short(&row["return_month"]),
                ]
            })
            .collect();
        let mut expected: Vec<[String; 4]> =
            oracle(&format!("churn_events_{lost_after}_months.csv.gz"))
                .iter()
                .map(|row| {
                    [
                        row["client"].clone(),
                        row["last_purchase_month"].clone(),
                        row["churn_month"].clone(),
                        row["return_month"].clone(),
                    ]
                })
                .collect();
        actual.sort();
        expected.sort();
        assert_eq!(actual.len(), expected.len());
        assert_eq!(actual, expected);
    }
}

#[test]
fn products_of_a_window_have_the_same_class() {
    let Some(runs) = runs() else { return };
    let sql = "select entity_id, total, abc from abc_xyz where dimension = 'product' \
               and measure = 'revenue' and month = date '2011-11-01'";
    let actual = by_key(query(&runs.shipped, sql), |row| row["entity_id"].clone());
    let expected = oracle("abc_products_2011-11.csv");
    assert_eq!(actual.len(), expected.len());
    for row in expected {
        let product = &actual[&row["StockCode"]];
        assert_eq!(thousandths(&product["total"]).to_string(), row["revenue_thousandths"]);
        assert_eq!(product["abc"], row["abc"], "{}", row["StockCode"]);
    }
}

#[test]
fn every_client_has_the_same_days_and_documents() {
    let Some(runs) = runs() else { return };
    let actual = by_key(
        query(
            &runs.shipped,
            "select client_id, first_purchase_date, last_purchase_date, days_since_last_purchase, \
             documents, purchases from client_lifecycle where month = date '2011-11-01'",
        ),
        |row| row["client_id"].clone(),
    );
    let money = by_key(
        query(
            &runs.shipped,
            "select entity_id, sum(revenue) as revenue, sum(lines) as lines from entity_month \
             where dimension = 'client' and month <= date '2011-11-01' group by entity_id",
        ),
        |row| row["entity_id"].clone(),
    );
    let expected = oracle("rfm_2011-11-30.csv.gz");
    assert_eq!(actual.len(), expected.len());
    for row in expected {
        let (key, client) = (&row["client"], &actual[&row["client"]]);
        assert_eq!(client["first_purchase_date"], row["first_day"], "{key}");
        assert_eq!(client["last_purchase_date"], row["last_day"], "{key}");
        assert_eq!(client["days_since_last_purchase"], row["recency_days"], "{key}");
        assert_eq!(client["documents"], row["invoices"], "{key}");
        assert_eq!(client["purchases"], row["purchase_days"], "{key}");
        assert_eq!(money[key]["lines"], row["lines"], "{key}");
        assert_eq!(
            thousandths(&money[key]["revenue"]).to_string(),
            row["monetary_thousandths"],
            "{key}"
        );
    }
}
