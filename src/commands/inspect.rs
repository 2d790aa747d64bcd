//! `clientbase inspect`: work out how unknown files are to be read, show it, write a project.

use std::path::Path;

use crate::cli::{DateOrderArgument, InspectArguments, LanguageArgument, NoClientArgument};
use crate::console::Console;
use crate::error::{Error, Result};
use crate::exit_code::ExitCode;
use crate::inspect::{
    DateOrder, Dictionary, Inspection, Language, NoClient, Options, Project, ROLES, Role, Texts,
    answers, fill, given_files, inspect as look, report, report_json,
};

/// Inspects files. `root` is the project folder, whose `dictionary.toml` counts when it is there.
///
/// # Errors
/// When a file cannot be read, an argument is wrong, or a project file would be replaced.
pub fn inspect(root: &Path, arguments: &InspectArguments, console: &Console) -> Result<ExitCode> {
    let language = match arguments.language {
        LanguageArgument::En => Language::En,
        LanguageArgument::Ru => Language::Ru,
    };
    let texts = Texts::new(language)?;
    let mut dictionary = Dictionary::shipped()?;
    let of_project = root.join("dictionary.toml");
    if of_project.is_file() {
        dictionary.add_file(&of_project)?;
    }
    if let Some(path) = &arguments.dictionary {
        dictionary.add_file(path)?;
    }
    let files = given_files(&arguments.files)?;
    let options = options(arguments)?;
    let inspection = look(files, &options, &dictionary, usize::from(arguments.rows))?;
    let folder = arguments.write.as_deref();
    let project = Project::new(&inspection, arguments.name.as_deref(), folder, &texts)?;
    let next = match &project {
        Some(project) => next_commands(root, arguments, project, &texts),
        None => next_answers(root, arguments, &inspection, &texts),
    };
    if arguments.json {
        let report = report_json(&inspection, &texts, &next);
        console.data(serde_json::to_string_pretty(&report)?)?;
    } else {
        console.data(report(&inspection, &texts, &next))?;
    }
    let Some(project) = project else { return Err(undecided(&inspection, &texts)) };
    if let Some(folder) = &arguments.write {
        for path in project.write(folder, arguments.force)? {
            let path = path.display().to_string();
            console.talk(fill(&texts.words.written, &[("file", &path)]));
        }
    }
    Ok(ExitCode::Ok)
}

fn undecided(inspection: &Inspection, texts: &Texts) -> Error {
    let count = inspection.questions().count().to_string();
    Error::data(fill(&texts.words.refused, &[("count", &count)])).hint(&texts.words.refused_hint)
}

fn options(arguments: &InspectArguments) -> Result<Options> {
    let encoding = match &arguments.encoding {
        None => None,
        Some(label) => {
            Some(encoding_rs::Encoding::for_label(label.as_bytes()).ok_or_else(|| {
                Error::configuration(format!("--encoding {label}: is no known encoding"))
                    .hint("write it like utf-8, windows-1251, koi8-r, ibm866 or utf-16le")
            })?)
        }
    };
    let delimiter = match arguments.delimiter.as_deref() {
        None => None,
        Some("tab" | "\\t" | "\t") => Some(b'\t'),
        Some(text) => match text.as_bytes() {
            [byte @ (b',' | b';' | b'|')] => Some(*byte),
            _ => {
                return Err(Error::configuration(format!("--delimiter {text}: is no delimiter"))
                    .hint("one of `,`, `;`, `|` and `tab`"));
            }
        },
    };
    let columns = arguments.column.iter().map(|given| column(given)).collect::<Result<Vec<_>>>()?;
    Ok(Options {
        date_order: arguments.date_order.map(|order| match order {
            DateOrderArgument::Dmy => DateOrder::Dmy,
            DateOrderArgument::Mdy => DateOrder::Mdy,
            DateOrderArgument::Ymd => DateOrder::Ymd,
        }),
        decimal: arguments.decimal.as_ref().and_then(|text| text.chars().next()),
        encoding,
        delimiter,
        sheets: (!arguments.sheet.is_empty()).then(|| arguments.sheet.clone()),
        header_row: arguments.header_row,
        columns,
        fill_down: arguments.fill_down.clone(),
        no_client: arguments.no_client.map(|answer| match answer {
            NoClientArgument::Exclude => NoClient::Exclude,
            NoClientArgument::Reject => NoClient::Reject,
        }),
        project: arguments.write.clone(),
    })
}

fn column(given: &str) -> Result<(Role, String)> {
    let (name, header) = given.split_once('=').ok_or_else(|| {
        Error::configuration(format!("--column {given}: has no `=`"))
            .hint("write it like --column revenue=\"Сумма продажи\"")
    })?;
    let role = Role::of_name(name.trim()).ok_or_else(|| {
        let names: Vec<&str> = ROLES.iter().map(|(_, name)| *name).collect();
        Error::configuration(format!("--column {given}: `{name}` is no column of a sales line"))
            .hint(format!("the names are: {}", names.join(", ")))
    })?;
    Ok((role, header.to_owned()))
}

/// What to type next, with what it does.
fn next_commands(
    root: &Path,
    arguments: &InspectArguments,
    project: &Project,
    texts: &Texts,
) -> Vec<(String, String)> {
    let words = &texts.words;
    let folder = arguments.write.as_deref().unwrap_or(Path::new("my-project"));
    let folder = quoted(&folder.display().to_string());
    let mut next = Vec::new();
    if arguments.write.is_none() {
        let command = format!("{} --write {folder}", typed(root, arguments));
        next.push((words.next_write.clone(), command));
    }
    let run = format!("clientbase --project {folder} run {}", project.name);
    next.push((words.next_run.clone(), run));
    next
}

/// The command with each answer to the first question.
fn next_answers(
    root: &Path,
    arguments: &InspectArguments,
    inspection: &Inspection,
    texts: &Texts,
) -> Vec<(String, String)> {
    let command = typed(root, arguments);
    let words = &texts.words;
    let answers = inspection.questions().next().map(answers).unwrap_or_default();
    if answers.is_empty() {
        return vec![(words.next_correct.clone(), command)];
    }
    let with = |answer: Vec<String>| {
        let options: Vec<String> = answer.iter().map(|word| quoted(word)).collect();
        (words.next_answer.clone(), format!("{command} {}", options.join(" ")))
    };
    answers.into_iter().map(with).collect()
}

/// The command that was typed, as it may be typed again.
fn typed(root: &Path, arguments: &InspectArguments) -> String {
    let mut words = vec!["clientbase inspect".to_owned()];
    words.extend(arguments.files.iter().map(|file| quoted(&file.display().to_string())));
    let mut option = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            words.push(format!("--{name} {}", quoted(value)));
        }
    };
    let folder = arguments.write.as_ref().map(|path| path.display().to_string());
    option("write", folder.as_deref());
    option("name", arguments.name.as_deref());
    option(
        "date-order",
        arguments.date_order.map(|order| match order {
            DateOrderArgument::Dmy => "dmy",
            DateOrderArgument::Mdy => "mdy",
            DateOrderArgument::Ymd => "ymd",
        }),
    );
    option("decimal", arguments.decimal.as_deref());
    option("encoding", arguments.encoding.as_deref());
    option("delimiter", arguments.delimiter.as_deref());
    arguments.sheet.iter().for_each(|sheet| option("sheet", Some(sheet)));
    let row = arguments.header_row.map(|row| row.to_string());
    option("header-row", row.as_deref());
    arguments.column.iter().for_each(|column| option("column", Some(column)));
    arguments.fill_down.iter().for_each(|header| option("fill-down", Some(header)));
    option(
        "no-client",
        arguments.no_client.map(|answer| match answer {
            NoClientArgument::Exclude => "exclude",
            NoClientArgument::Reject => "reject",
        }),
    );
    let dictionary = arguments.dictionary.as_ref().map(|path| path.display().to_string());
    option("dictionary", dictionary.as_deref());
    let root = (root != Path::new(".")).then(|| root.display().to_string());
    option("project", root.as_deref());
    option("language", (arguments.language == LanguageArgument::Ru).then_some("ru"));
    if arguments.force {
        words.push("--force".to_owned());
    }
    words.join(" ")
}

/// A word of a command, in quotes where the shell needs them.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "_-./=:@%+,".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
