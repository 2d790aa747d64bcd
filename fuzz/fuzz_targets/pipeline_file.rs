//! Any text as a pipeline file: it is accepted and within its bounds, or the error says where.
#![no_main]

use std::sync::LazyLock;

use clientbase_fuzz::config::{ParameterValue, Pipeline, Project};
use clientbase_fuzz::error::{Error, Fault};
use clientbase_fuzz::reading::DateParser;
use libfuzzer_sys::{Corpus, fuzz_target};

const SHOWN: &str = "pipelines/fuzz.toml";

static PROJECT: LazyLock<Project> =
    LazyLock::new(|| Project::open(&std::env::temp_dir()).expect("a folder"));

fuzz_target!(|data: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(data) else { return Corpus::Reject };
    match Pipeline::parse(&PROJECT, "fuzz", SHOWN, text) {
        Ok(pipeline) => check_pipeline(&pipeline),
        Err(error) => check_error(&error, text),
    }
    Corpus::Keep
});

fn check_pipeline(pipeline: &Pipeline) {
    assert!(pipeline.limits.memory_bytes >= 64 << 20);
    assert!((1..=1200).contains(&pipeline.limits.slice_months));
    assert!((1..=1024).contains(&pipeline.limits.threads));
    assert!(pipeline.sources.iter().any(|source| source.table.name == "sales"));
    for source in &pipeline.sources {
        assert!((0.0..=1.0).contains(&source.max_reject_share));
        assert!((1..=5).contains(&source.layout.header_rows));
        assert_ne!(source.layout.quote, Some(source.layout.delimiter));
        assert_ne!(source.numbers.group, Some(source.numbers.decimal));
        assert!(!source.places.is_empty());
        assert!(source.places.iter().all(|place| place.folder.as_str().ends_with('/')));
        assert!(!source.date_formats.is_empty());
        let _ = DateParser::new(&source.date_formats).parse("2024-02-29");
        let _ = source.reading_settings();
    }
    let share = |name| match pipeline.parameters.get(name) {
        Some(ParameterValue::Decimal { unscaled, .. }) => *unscaled,
        other => panic!("{name} is {other:?}"),
    };
    let (a, b) = (share("abc_a_share"), share("abc_b_share"));
    assert!(0 < a && a < b && b < 10_000, "{a} {b}");
    let number = |name| pipeline.parameters.whole_number(name).expect("a whole number");
    assert!(number("lifecycle_prospective_purchases") < number("lifecycle_regular_purchases"));
    assert!(number("lifecycle_active_days") < number("lifecycle_asleep_days"));
    assert!(number("xyz_min_months") <= number("abc_window_months"));
    assert!(number("xyz_frequency_y_months") <= number("xyz_frequency_x_months"));
    assert!((1..=60).contains(&number("churn_lost_after_months")));
    for (name, value) in pipeline.parameters.iter() {
        assert!(!value.to_string().is_empty(), "{name}");
    }
}

/// `file: what` or `file:line:column: what`, with a place that the file has.
fn check_error(error: &Error, text: &str) {
    assert_eq!(error.fault(), Fault::Configuration, "{}", error.chain());
    let message = error.to_string();
    let rest = message.strip_prefix(SHOWN).and_then(|rest| rest.strip_prefix(':'));
    let Some(rest) = rest else { panic!("{message:?} does not say in which file") };
    let mut parts = rest.split(':').map(str::parse::<usize>);
    if let (Some(Ok(line)), Some(Ok(column))) = (parts.next(), parts.next()) {
        // An error at the end of the file stands behind its last line feed.
        let lines: Vec<&str> = text.split('\n').collect();
        let on_line = lines.get(line - 1).expect("a line of the file");
        assert!((1..=on_line.chars().count() + 1).contains(&column), "{message:?}");
    }
}
