//! The sample data tells its stories, and its generator still makes it.

use std::process::Command;
use std::sync::OnceLock;

use crate::support::{TestProject, repository};

/// A run of the shipped sample pipeline over a copy of the shipped data.
fn sample() -> &'static TestProject {
    static SAMPLE: OnceLock<TestProject> = OnceLock::new();
    SAMPLE.get_or_init(|| {
        let project = TestProject::new("");
        std::fs::remove_file(project.path("pipelines/shop.toml")).expect("removable");
        let root = repository();
        let pipeline = std::fs::read_to_string(root.join("pipelines/sample.toml")).expect("there");
        project.write("pipelines/sample.toml", &pipeline);
        project.copy_segments();
        for folder in ["data/sample", "data/sample/feeds"] {
            std::fs::create_dir_all(project.path(folder)).expect("a folder");
            for entry in std::fs::read_dir(root.join(folder)).expect("the sample") {
                let path = entry.expect("an entry").path();
                if path.is_file() {
                    let name = path.file_name().expect("a name");
                    std::fs::copy(&path, project.path(folder).join(name)).expect("a copy");
                }
            }
        }
        let called = project.call(&["run", "sample"]);
        assert_eq!(called.code, 0, "{}\n{}", called.stdout, called.stderr);
        for expected in [
            "73,501 lines = 73,360 accepted + 129 excluded by rules + 12 rejected",
            "ABC-XYZ of clients by revenue in 2025-12",
            "excluded by rule: internal_transfer (107)",
            "excluded by rule: test_order (12)",
            "excluded by rule: totals_row (6)",
        ] {
            assert!(called.stdout.contains(expected), "{expected}\n{}", called.stdout);
        }
        project
    })
}

#[test]
fn revenue_is_that_of_the_generator() {
    let sums = sample().query("select count(*), sum(revenue) from sales");
    assert_eq!(sums, ["71841,1491211503.9800"]);
    let of_clients =
        sample().query("select sum(revenue) from entity_month where dimension = 'client'");
    assert_eq!(of_clients, ["1491211503.9800"]);
}

#[test]
fn a_key_client_buys_less_and_less() {
    let totals = sample().query(
        "select revenue from entity_month where dimension = 'client' and entity_id = 'C00107' \
         and month in (date '2025-03-01', date '2025-12-01') order by month",
    );
    let revenue: Vec<f64> = totals.iter().map(|text| text.parse().expect("money")).collect();
    assert!(revenue[1] < 0.6 * revenue[0], "{revenue:?}");
    let class = sample().query(
        "select abc from abc_xyz where dimension = 'client' and measure = 'revenue' \
         and entity_id = 'C00107' and month = date '2025-12-01'",
    );
    assert_eq!(class, ["A"], "the total of a year hides it");
}

#[test]
fn a_client_under_another_name_looks_lost_until_the_link_is_confirmed() {
    // C00448 is the confirmed successor of C00121: one client from the first purchase on.
    let lost = sample().query("select month from lost_clients where client_id = 'C00121'");
    assert_eq!(lost, [""; 0]);
    let successor = sample().query(
        "select first_purchase_date, purchases from client_lifecycle \
         where client_id = 'C00448' and month = date '2025-12-01'",
    );
    assert_eq!(successor, ["2023-01-11,102"]);
    // C00356 buys through a dealer, which is confirmed too.
    let through_dealer =
        sample().query("select month from lost_clients where client_id = 'C00356'");
    assert_eq!(through_dealer, [""; 0]);
    // Nobody confirmed that C00178 goes on as C00449. A return after the last purchase moves no date.
    let other = sample().query(
        "select lost_after_months, month from lost_clients where client_id = 'C00178' order by 1",
    );
    assert_eq!(other, ["3,2024-11-01", "6,2025-02-01"]);
}

#[test]
fn one_large_order_makes_an_a_that_frequency_does_not_believe() {
    let classes = sample().query(
        "select entity_id, abc, purchase_months, xyz_frequency from abc_xyz \
         where dimension = 'client' and measure = 'revenue' and month = date '2025-12-01' \
         and entity_id in ('C00402', 'C00403') order by 1",
    );
    assert_eq!(classes, ["C00402,A,1,Z", "C00403,A,1,Z"]);
}

#[test]
fn the_clients_of_one_manager_leave() {
    let lost = sample().query(
        "select sum(lost) from churn where period_kind = 'month' and lost_after_months = 3 \
         and cut = 'manager' and cut_value = 'Орлов Дмитрий' and period >= date '2025-08-01' \
         and period <= date '2025-12-01'",
    );
    let lost: u64 = lost[0].parse().expect("a count");
    assert!(lost >= 18, "{lost}");
}

#[test]
fn lost_clients_return() {
    let returned = sample().query(
        "select client_id, month from returned_clients where lost_after_months = 6 \
         and client_id in ('C00231', 'C00232', 'C00233') order by 1",
    );
    assert_eq!(returned, ["C00231,2024-10-01", "C00232,2025-01-01", "C00233,2025-09-01"]);
    let restated = sample().query(
        "select sum(returned_since) > 0 from churn_restated where cut = 'all' and period_kind = 'month'",
    );
    assert_eq!(restated, ["true"]);
}

#[test]
fn the_cause_of_a_change_is_named() {
    let causes = |client: &str, month: &str| {
        sample().query(&format!(
            "select cause, product_id from client_movements \
             where client_id = '{client}' and month = date '{month}' and compare = 'previous'"
        ))
    };
    assert_eq!(causes("C00112", "2025-09-01"), ["dropped_product,CH-0101"]);
    assert!(causes("C00502", "2025-09-01")[0].starts_with("cheaper,"));
    assert_eq!(causes("C00503", "2025-08-01"), ["added_product,KT-0101"]);
    // Nearly all of the fall is the price: a fifth less for the same goods.
    let share = sample().query(
        "select price_mix_effect < 0.9 * change from client_movements \
         where client_id = 'C00502' and month = date '2025-09-01' and compare = 'previous'",
    );
    assert_eq!(share, ["true"]);
}

#[test]
fn rising_returns_warn_before_the_loss() {
    let warned = sample().query(
        "select month from warnings where client_id = 'C00501' and is_returns_rising order by 1",
    );
    assert_eq!(warned[..3], ["2025-05-01", "2025-06-01", "2025-07-01"]);
    let lost = sample().query(
        "select month from lost_clients where client_id = 'C00501' and lost_after_months = 3",
    );
    assert_eq!(lost, ["2025-10-01"]);
}

#[test]
fn a_client_that_buys_from_a_dealer_is_found_in_its_growth() {
    let first = sample().query(
        "select silent_client_id, dealer_client_id, band <> 'unlikely' from dealer_candidates \
         order by probability desc limit 1",
    );
    assert_eq!(first, ["C00504,C00505,true"]);
}

#[test]
fn the_generator_makes_the_shipped_files() {
    let out = tempfile::TempDir::new().expect("a folder");
    let made = Command::new("python3")
        .arg(repository().join("data/generate_sample.py"))
        .arg(out.path())
        .output();
    let Ok(made) = made else {
        println!("skipped, there is no python3");
        return;
    };
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let shipped = repository().join("data/sample");
    for name in [
        "sales_2023-01.csv",
        "sales_2026-01.csv",
        "sales_2025-06.csv.gz",
        "late/sales_2024-03.csv.gz",
        "feeds/clients.csv",
        "feeds/links.csv",
        "feeds/interactions.jsonl",
        "feeds/loss_survey.csv",
        "feeds/potential.csv",
        "feeds/playbook.csv",
        "feeds/costs.csv",
    ] {
        let text = |path: std::path::PathBuf| {
            let bytes = std::fs::read(&path).expect("readable");
            if name.ends_with(".gz") {
                // Other versions of zlib pack otherwise; what is inside must be the same.
                let mut text = Vec::new();
                std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&*bytes), &mut text)
                    .expect("gzip");
                return text;
            }
            bytes
        };
        assert!(text(out.path().join(name)) == text(shipped.join(name)), "{name} differs");
    }
}

#[test]
fn settings_are_suggested_with_lines_for_the_pipeline_file() {
    let project = sample();
    let called = project.call(&["suggest"]);
    assert_eq!(called.code, 0, "{}", called.stderr);
    let at = called.stdout.find("[parameters.").expect("lines for the pipeline file");
    let snippet = &called.stdout[at..];
    // What is printed is taken as it stands, and is then what is in use.
    let shipped = std::fs::read_to_string(project.path("pipelines/sample.toml")).expect("there");
    let tables = "tables = [\"lifecycle_matrix\"]\n";
    let other = TestProject::new("");
    other.write("pipelines/shop.toml", &format!("{tables}{shipped}\n{snippet}"));
    let checked = other.call(&["check", "shop"]);
    assert_eq!(checked.code, 0, "{}\n{snippet}", checked.stderr);
    for key in ["active_days = ", "asleep_days = ", "lost_after_months = ["] {
        assert!(snippet.contains(key), "{key}\n{}", called.stdout);
    }
}

#[test]
fn warnings_are_judged_by_what_came_after() {
    let called = sample().call(&["backtest"]);
    assert_eq!(called.code, 0, "{}", called.stderr);
    let mut reasons = called.stdout.lines().filter_map(|line| line.split_whitespace().next());
    assert!(reasons.any(|reason| reason == "any"), "{}", called.stdout);
    assert!(reasons.any(|reason| reason == "overdue"), "{}", called.stdout);
}

#[test]
fn a_probable_successor_is_checked_before_its_predecessor_is_called() {
    let sql = "select reason from winback_excluded where client_id = 'C00178'";
    let called = sample().call(&["query", sql]);
    assert_eq!(called.stdout.trim(), "reason\nprobable_successor", "{}", called.stderr);
}

/// The examples of target segments, against counts that share no table with them but the sales.
#[test]
fn target_segments_hold_whom_they_say() {
    let members = |segment: &str, month: &str| {
        format!(
            "select client_id from segment_members where segment = '{segment}' \
             and month = date '{month}' order by client_id"
        )
    };
    let canonical = "coalesce(canonical_client.canonical_client_id, sales.client_id)";
    let from = "from sales left join canonical_client \
                on sales.client_id = canonical_client.client_id where is_purchase";
    let thrice = format!(
        "select {canonical} as client_id {from} and sale_date < date '2026-01-01' group by 1 \
         having count(distinct sale_date) >= 3 order by 1"
    );
    let found = sample().query(&members("bought_three_times", "2025-12-01"));
    assert_eq!(found.len(), 354);
    assert_eq!(found, sample().query(&thrice));
    let season = format!(
        "with months as (select {canonical} as client_id, sales.month {from} group by 1, 2) \
         select client_id from months \
         where month between date '2023-11-01' and date '2025-10-01' group by client_id \
         having count(*) <= 6 and bool_or(month = date '2023-11-01') \
         and bool_or(month = date '2024-11-01') order by client_id"
    );
    assert_eq!(
        sample().query(&members("season_next_month", "2025-10-01")),
        sample().query(&season)
    );
    let tea = format!(
        "select distinct {canonical} as client_id {from} and category = 'Чай и кофе' \
         and sales.month between date '2025-01-01' and date '2025-12-01'"
    );
    let without_tea = format!(
        "select entity_id from abc_xyz where month = date '2025-12-01' and abc = 'A' \
         and dimension = 'client' and measure = 'revenue' \
         and entity_id not in ({tea}) order by 1"
    );
    let found = sample().query(&members("a_class_without_tea", "2025-12-01"));
    assert!(found.len() > 20, "{found:?}");
    assert_eq!(found, sample().query(&without_tea));
    let shares = sample().query(
        "select clients_before + clients_entered - clients_left - clients, \
         share_of_clients between 0 and 1 from segment_summary group by 1, 2",
    );
    assert_eq!(shares, ["0,true"]);
}
