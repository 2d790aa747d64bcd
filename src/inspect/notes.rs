//! What inspection has to say, free of any language: an identity and its values.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a note asks of its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Worked out, with its proof.
    Fact,
    /// Decided where another way was possible.
    Choice,
    /// Decided, and worth a look.
    Warning,
    /// Not decided: the user must say.
    Question,
}

macro_rules! note_ids {
    ($($id:ident $level:ident,)*) => {
        /// Identity of a note; its text stands in the language files under the same name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum NoteId { $(#[allow(missing_docs)] $id,)* }

        impl NoteId {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$id,)*];

            /// What it asks of its reader.
            pub fn level(self) -> Level {
                match self { $(Self::$id => Level::$level,)* }
            }
        }
    };
}

note_ids! {
    EncodingGiven Fact,
    EncodingMark Fact,
    EncodingZeroBytes Fact,
    EncodingAscii Fact,
    EncodingUtf8 Fact,
    EncodingLetters Fact,
    EncodingMostlyUtf8 Warning,
    EncodingUnsure Question,
    Delimiter Fact,
    DelimiterGiven Fact,
    DelimiterRival Warning,
    QuotesAreLetters Warning,
    NoDelimiter Question,
    Header Fact,
    HeaderTwoRows Fact,
    HeaderAbove Fact,
    NoHeader Question,
    SheetsTogether Fact,
    EmptyTable Warning,
    EmptyFile Question,
    LineEndsReturn Question,
    LayoutsDiffer Question,
    SheetsDiffer Question,
    SheetSkipped Choice,
    NoSheetHeader Question,
    DecimalGiven Fact,
    DecimalProven Fact,
    DecimalNative Fact,
    DecimalNone Fact,
    GroupForced Choice,
    GroupProven Fact,
    DecimalUnproven Question,
    DecimalMixed Question,
    DateIso Fact,
    DateProven Fact,
    DateProvenElsewhere Fact,
    DateGiven Fact,
    DateNative Fact,
    DateSerial Warning,
    DateZone Choice,
    DateRegistrar Choice,
    DateNamedMonth Fact,
    DateOrderUnproven Question,
    DateOrderMixed Question,
    DateOrderContradicted Question,
    DateShortYear Question,
    DateUnknown Question,
    ColumnChosen Choice,
    ColumnUnfit Choice,
    ColumnTwice Choice,
    ColumnName Choice,
    ColumnMissing Question,
    DatesInHeader Question,
    ColumnOptional Warning,
    ClientByName Choice,
    RevenueByPrice Choice,
    RevenueOfDocument Choice,
    KindUnknown Warning,
    KindMapped Choice,
    ReturnsNegated Choice,
    ReturnsMixed Warning,
    FillDownGroups Choice,
    FillDownDocuments Choice,
    FillDownGiven Choice,
    FillDownBroken Question,
    NoClientAsked Question,
    NoClientGroups Question,
    NoClientLeft Question,
    CodesWithoutPointZero Choice,
    NoValueWords Choice,
    BinaryDust Choice,
    DecimalsTooMany Question,
    CurrenciesMixed Warning,
    FilesBeside Choice,
    RuleHeaders Choice,
    RuleTotals Choice,
    RuleGroups Choice,
    RuleRulers Choice,
    RuleNoClient Choice,
    RuleZeroPrice Choice,
    RuleCancelled Choice,
    TotalsUnseen Warning,
    TotalEqual Fact,
    TotalEqualWithLeftOut Fact,
    TotalDiffers Warning,
    MonthGap Warning,
    ManyRejects Warning,
    NothingAccepted Question,
    FilesOverlap Question,
    FilesOverlapMonths Choice,
    PeriodFileName Choice,
    PeriodData Choice,
    ClientsEstimated Fact,
}

/// One thing to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Which.
    pub id: NoteId,
    /// What it asks of its reader.
    pub level: Level,
    /// Values of its text.
    pub values: BTreeMap<&'static str, String>,
}

impl Note {
    /// A note with its values.
    pub fn new<const N: usize>(
        id: NoteId,
        values: [(&'static str, &dyn std::fmt::Display); N],
    ) -> Self {
        let values = values.into_iter().map(|(name, value)| (name, value.to_string())).collect();
        Self { id, level: id.level(), values }
    }
}
