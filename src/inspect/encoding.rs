//! Which encoding a text has, by what its letters would be in each.

use encoding_rs::{Encoding, IBM866, KOI8_R, UTF_8, WINDOWS_1251, WINDOWS_1252, X_MAC_CYRILLIC};

use super::byte_evidence::ByteEvidence;

/// An encoding and why.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EncodingChoice {
    /// The encoding.
    pub encoding: &'static Encoding,
    /// Why.
    pub proof: EncodingProof,
}

/// Why an encoding was chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum EncodingProof {
    /// The user said so.
    Given,
    /// A byte order mark.
    Mark,
    /// Zero bytes in every second place.
    ZeroBytes,
    /// No byte beyond ASCII: every encoding reads the same.
    Ascii,
    /// Letters of several bytes, all valid.
    ValidUtf8 {
        /// How many.
        letters: u64,
    },
    /// Mostly valid, with faults: their rows are rejected.
    MostlyUtf8 {
        /// Letters that are valid.
        letters: u64,
        /// Places that are not.
        faults: u64,
    },
    /// The letters make Russian (or western) words in this encoding and not in the others.
    Letters {
        /// Bytes beyond ASCII.
        letters: u64,
        /// The second best.
        next: &'static Encoding,
    },
    /// Two encodings fit about as well: the user must say which.
    Unsure {
        /// Bytes beyond ASCII.
        letters: u64,
        /// The second best.
        next: &'static Encoding,
    },
}

const SINGLE_BYTE: [&Encoding; 5] = [WINDOWS_1251, KOI8_R, IBM866, X_MAC_CYRILLIC, WINDOWS_1252];

/// Difference of log-likelihoods from which on the best encoding is sure: e^12 to 1.
const SURE: f64 = 12.0;

/// Decides the encoding of a text.
pub fn decide_encoding(
    evidence: &ByteEvidence,
    given: Option<&'static Encoding>,
) -> EncodingChoice {
    let choice = |encoding, proof| EncodingChoice { encoding, proof };
    if let Some(encoding) = given {
        return choice(encoding, EncodingProof::Given);
    }
    if let Some(encoding) = evidence.mark {
        return choice(encoding, EncodingProof::Mark);
    }
    if let Some(encoding) = evidence.utf16 {
        return choice(encoding, EncodingProof::ZeroBytes);
    }
    if evidence.high_bytes == 0 {
        return choice(UTF_8, EncodingProof::Ascii);
    }
    let (letters, faults) = (evidence.utf8_letters, evidence.utf8_faults);
    if faults == 0 {
        return choice(UTF_8, EncodingProof::ValidUtf8 { letters });
    }
    if letters > 20 * faults {
        return choice(UTF_8, EncodingProof::MostlyUtf8 { letters, faults });
    }
    let mut scores: Vec<(f64, &'static Encoding)> =
        SINGLE_BYTE.iter().map(|encoding| (score(evidence, encoding), *encoding)).collect();
    scores.sort_by(|one, other| other.0.total_cmp(&one.0));
    let (best, next) = (scores[0], scores[1]);
    let letters = evidence.high_bytes;
    let next_encoding = next.1;
    if best.0 - next.0 >= SURE || reads_the_same(evidence, best.1, next.1) {
        choice(best.1, EncodingProof::Letters { letters, next: next_encoding })
    } else {
        choice(best.1, EncodingProof::Unsure { letters, next: next_encoding })
    }
}

/// Whether two encodings make the same text of the bytes that are there.
fn reads_the_same(
    evidence: &ByteEvidence,
    one: &'static Encoding,
    other: &'static Encoding,
) -> bool {
    let is_there = |byte: usize| (0..256).any(|before| evidence.pairs[before << 8 | byte] > 0);
    (0x80..=0xff)
        .filter(|byte| is_there(usize::from(*byte)))
        .all(|byte| letter_of(byte, one) == letter_of(byte, other))
}

/// Log-likelihood of the text in an encoding: letters by their frequency in Russian, pairs by
/// whether words look so.
fn score(evidence: &ByteEvidence, encoding: &'static Encoding) -> f64 {
    let letters: Vec<char> = (0..=255).map(|byte| letter_of(byte, encoding)).collect();
    let mut sum = 0.0;
    for (place, count) in evidence.pairs.iter().enumerate().filter(|(_, count)| **count > 0) {
        let (before, after) = (letters[place >> 8], letters[place & 0xff]);
        let mut pair = if after.is_ascii() { 0.0 } else { frequency(after) };
        pair += fit(before, after);
        sum += pair * f64::from(*count);
    }
    sum
}

fn letter_of(byte: u8, encoding: &'static Encoding) -> char {
    let bytes = [byte];
    let (text, _) = encoding.decode_without_bom_handling(&bytes);
    text.chars().next().unwrap_or('\u{fffd}')
}

/// Natural logarithm of how often a letter is met in trade data.
fn frequency(letter: char) -> f64 {
    // Shares of letters in Russian text, in hundredths of a percent.
    const RUSSIAN: [(char, f64); 33] = [
        ('о', 1097.0),
        ('е', 845.0),
        ('а', 801.0),
        ('и', 735.0),
        ('н', 670.0),
        ('т', 626.0),
        ('с', 547.0),
        ('р', 473.0),
        ('в', 454.0),
        ('л', 440.0),
        ('к', 349.0),
        ('м', 321.0),
        ('д', 298.0),
        ('п', 281.0),
        ('у', 262.0),
        ('я', 201.0),
        ('ы', 190.0),
        ('ь', 174.0),
        ('г', 170.0),
        ('з', 165.0),
        ('б', 159.0),
        ('ч', 144.0),
        ('й', 121.0),
        ('х', 97.0),
        ('ж', 94.0),
        ('ш', 73.0),
        ('ю', 64.0),
        ('ц', 48.0),
        ('щ', 36.0),
        ('э', 32.0),
        ('ф', 26.0),
        ('ъ', 4.0),
        ('ё', 4.0),
    ];
    let lower = letter.to_lowercase().next().unwrap_or(letter);
    if let Some((_, share)) = RUSSIAN.iter().find(|(known, _)| *known == lower) {
        return (share / 10_000.0).ln();
    }
    let share: f64 = match letter {
        '№' | '«' | '»' | '–' | '—' | '\u{a0}' | '“' | '”' | '„' | '’' => 0.01,
        '°' | '²' | '³' | '®' | '©' | '™' | '…' | '±' | '·' | '½' | '¼' | '×' => {
            0.001
        }
        '€' | '£' | '§' | 'µ' | '‰' => 0.002,
        letter if is_western(letter) => 0.01,
        '\u{fffd}' | '\u{80}'..='\u{9f}' => 1e-9,
        _ => 1e-6,
    };
    share.ln()
}

/// How well two letters stand side by side; the second may open or end a word.
fn fit(before: char, after: char) -> f64 {
    let cyrillic = |letter: char| ('\u{400}'..='\u{4ff}').contains(&letter);
    let both = cyrillic(before) && cyrillic(after);
    if both {
        return match (before.is_lowercase(), after.is_lowercase()) {
            (true, true) => 1.0,
            (false, true) => 0.5,
            (false, false) => 0.4,
            // «ооО» is no word.
            (true, false) => -5.0,
        };
    }
    let mixed = |cyrillic_letter: char, other: char| {
        cyrillic(cyrillic_letter) && (other.is_ascii_alphabetic() || is_western(other))
    };
    if mixed(before, after) || mixed(after, before) {
        return -4.0;
    }
    if is_western(before) && is_western(after) {
        return -4.0;
    }
    let starts_small = !before.is_alphabetic() && cyrillic(after) && after.is_lowercase();
    if starts_small { -0.3 } else { 0.0 }
}

fn is_western(letter: char) -> bool {
    letter.is_alphabetic() && ('\u{c0}'..='\u{17f}').contains(&letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, encoding: &'static Encoding) -> EncodingChoice {
        let bytes: Vec<u8> = match encoding == X_MAC_CYRILLIC || encoding.can_encode_everything() {
            _ if encoding == UTF_8 => text.as_bytes().to_vec(),
            _ => encoding.encode(text).0.into_owned(),
        };
        decide_encoding(&ByteEvidence::collect(&bytes[..]).unwrap(), None)
    }

    const NAMES: &str = "Дата;Контрагент;Номенклатура;Сумма\n\
        31.12.2024;ООО «Ромашка»;Чай чёрный листовой;15 480,00\n\
        31.12.2024;ИП Фёдоров Юрий Эдуардович;Объёмная щётка № 5;1,00\n";

    #[test]
    fn cyrillic_encodings_are_told_apart() {
        for encoding in [WINDOWS_1251, KOI8_R, IBM866, X_MAC_CYRILLIC] {
            let text = NAMES.replace('—', "-");
            let text = if [KOI8_R, IBM866].contains(&encoding) {
                text.replace(['«', '»'], "\"").replace('№', "N")
            } else {
                text
            };
            let choice = of(&text, encoding);
            assert_eq!(choice.encoding.name(), encoding.name());
            assert!(matches!(choice.proof, EncodingProof::Letters { .. }), "{choice:?}");
        }
        assert_eq!(of(NAMES, UTF_8).encoding, UTF_8);
    }

    #[test]
    fn capitals_alone_are_enough() {
        // Capitals have the same bytes in IBM866 and Mac Cyrillic.
        for encoding in [WINDOWS_1251, KOI8_R, IBM866] {
            let choice = of(&"КЛИЕНТ;СУММА\nОАО ЗАВОД СТРОЙДЕТАЛЬ;1\n".repeat(3), encoding);
            assert_eq!(choice.encoding.name(), encoding.name());
            assert!(matches!(choice.proof, EncodingProof::Letters { .. }), "{choice:?}");
        }
    }

    #[test]
    fn western_names_are_not_russian() {
        let text =
            "Date,Customer,Amount\n2024-01-31,Café Müller,12.50\n2024-01-31,Señor Núñez,£3\n";
        assert_eq!(of(text, WINDOWS_1252).encoding, WINDOWS_1252);
    }

    #[test]
    fn one_letter_proves_nothing() {
        let choice = of("Date,Customer\n2024-01-31,Kiosk ©\n", WINDOWS_1252);
        assert!(matches!(choice.proof, EncodingProof::Unsure { .. }), "{choice:?}");
    }
}
