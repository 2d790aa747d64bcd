//! Arguments of `clientbase inspect`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

/// `clientbase inspect`.
#[derive(Debug, Args)]
pub struct InspectArguments {
    /// Files to look at, folders of files, or globs; several are read together when they are alike
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub files: Vec<PathBuf>,
    /// Write a ready project to this folder
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub write: Option<PathBuf>,
    /// Name of the written pipeline [default: from the file's name]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Replace files of the project that are there already
    #[arg(long, requires = "write")]
    pub force: bool,
    /// Order of day, month and year, where the dates do not prove it
    #[arg(long, value_enum, value_name = "ORDER")]
    pub date_order: Option<DateOrderArgument>,
    /// Decimal separator, where the numbers do not prove it: `.` or `,`
    #[arg(long, value_name = "SEPARATOR", value_parser = ["." , ","])]
    pub decimal: Option<String>,
    /// Encoding of the text, such as windows-1251
    #[arg(long, value_name = "ENCODING")]
    pub encoding: Option<String>,
    /// Delimiter of the text: one character, or `tab`
    #[arg(long, value_name = "DELIMITER")]
    pub delimiter: Option<String>,
    /// Sheet to read, a name or a glob; may be given several times
    #[arg(long, value_name = "SHEET")]
    pub sheet: Vec<String>,
    /// Row of the header, the first is 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub header_row: Option<u64>,
    /// Column of the file to use, such as revenue="Сумма продажи"; may be given several times
    ///
    /// Columns of a sales line: sale_date, document_id, line_number, client_id, client_name,
    /// product_id, product_name, category, manager, department, branch, region, channel, kind,
    /// quantity, revenue, cost. Columns that help to make one: price (revenue is quantity times
    /// price), order_total (revenue where lines have no amount), registrar (name, number and day of
    /// a document in one text), status and cancelled_at (cancelled orders are left out), currency
    /// (told when there are several).
    #[arg(long, value_name = "ROLE=HEADER")]
    pub column: Vec<String>,
    /// Column whose blank cells take the value above, by its header; may be given several times
    #[arg(long, value_name = "HEADER")]
    pub fill_down: Vec<String>,
    /// What becomes of lines without a client, where they are many
    #[arg(long, value_enum, value_name = "FATE")]
    pub no_client: Option<NoClientArgument>,
    /// More headers and their meanings [default: dictionary.toml of the project, if it is there]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub dictionary: Option<PathBuf>,
    /// How many of the first lines are shown
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(0..=50))]
    pub rows: u16,
    /// Language of the report and of the comments in the written files
    #[arg(long, value_enum, default_value_t = LanguageArgument::En)]
    pub language: LanguageArgument,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
}

/// Order of day, month and year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DateOrderArgument {
    /// 31.12.2024
    Dmy,
    /// 12/31/2024
    Mdy,
    /// 2024-12-31
    Ymd,
}

/// What becomes of lines without a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum NoClientArgument {
    /// A rule leaves them out, and they are counted
    Exclude,
    /// They are rejected, and the run is refused when they are too many
    Reject,
}

/// Language of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LanguageArgument {
    /// English
    En,
    /// Russian
    Ru,
}
