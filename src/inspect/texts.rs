//! All texts for people, one file a language.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::notes::{Note, NoteId};
use crate::error::{Error, Result};

/// Language of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English
    #[default]
    En,
    /// Russian
    Ru,
}

macro_rules! texts {
    ($name:ident: $($field:ident)*) => {
        /// Texts by what they are for; values stand in braces.
        #[derive(Debug, Clone, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[allow(missing_docs)]
        pub struct $name { $(pub $field: String,)* }

        impl $name {
            #[cfg(test)]
            fn all(&self) -> Vec<&String> {
                vec![$(&self.$field,)*]
            }
        }
    };
}

texts!(Words: inspected how_read columns choices warnings questions first_lines fates fates_sum excluded
    rejected months files column means filled examples why file rows accepted month lines revenue clients
    all days more example row_is next next_write next_run next_answer next_correct written reason_given reason_header
    reason_unfit reason_behind reason_unknown reason_unusable refused refused_hint);

texts!(ProjectTexts: description pipeline files encoding header fill_down numbers period_data period_days
    period_file_name null_values rejects staging staging_raw staging_rules staging_dust);

/// The texts of one language.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    /// Words of the report.
    pub words: Words,
    /// Comments of the written project.
    pub project: ProjectTexts,
    notes: BTreeMap<NoteId, String>,
}

impl Texts {
    /// The texts of a language.
    ///
    /// # Errors
    /// A bug, when the shipped file is wrong.
    pub fn new(language: Language) -> Result<Self> {
        let text = match language {
            Language::En => include_str!("texts/en.toml"),
            Language::Ru => include_str!("texts/ru.toml"),
        };
        toml::from_str(text).map_err(|error| Error::bug("a file of texts is wrong").because(error))
    }

    /// A note as a sentence.
    pub fn note(&self, note: &Note) -> String {
        let template = self.notes.get(&note.id).map_or("", String::as_str);
        let values: Vec<(&str, &str)> =
            note.values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        fill(template, &values)
    }
}

/// Puts values into the braces of a text.
pub fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    // In one pass: a value that holds braces is never taken for another name.
    while let Some((before, behind)) = rest.split_once('{') {
        text.push_str(before);
        let Some((name, after)) = behind.split_once('}') else {
            text.push('{');
            text.push_str(behind);
            return text;
        };
        let value = values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
        text.push_str(value);
        rest = after;
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(template: &str) -> Vec<&str> {
        let mut names: Vec<&str> = template
            .split('{')
            .skip(1)
            .filter_map(|rest| rest.split_once('}'))
            .map(|(name, _)| name)
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    #[test]
    fn both_languages_say_the_same() {
        let (english, russian) =
            (Texts::new(Language::En).unwrap(), Texts::new(Language::Ru).unwrap());
        for id in NoteId::ALL {
            let one = english.notes.get(id).unwrap_or_else(|| panic!("{id:?} has no English text"));
            let other =
                russian.notes.get(id).unwrap_or_else(|| panic!("{id:?} has no Russian text"));
            assert_eq!(names(one), names(other), "{id:?}");
        }
        for (one, other) in english.words.all().iter().zip(russian.words.all()) {
            assert_eq!(names(one), names(other), "{one}");
        }
        for (one, other) in english.project.all().iter().zip(russian.project.all()) {
            assert_eq!(names(one), names(other), "{one}");
        }
    }

    #[test]
    fn values_fill_braces_once() {
        assert_eq!(fill("{a} and {b}", &[("a", "{b}"), ("b", "2")]), "{b} and 2");
        assert_eq!(fill("open {", &[]), "open {");
    }
}
