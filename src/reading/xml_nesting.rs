//! Whether every element of an XML document ends. The parser of OpenDocument spreadsheets waits
//! for the end of a table for ever.

/// Elements in elements, far beyond what any program writes.
const DEEPEST: usize = 256;

/// Follows the tags of a document.
#[derive(Debug, Default)]
pub(super) struct XmlNesting {
    /// Names of the elements that have begun.
    open: Vec<Vec<u8>>,
    inside: Inside,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Inside {
    /// In front of the first `<`.
    #[default]
    Beginning,
    /// Directly behind a `<`.
    Markup,
    /// In something that goes on up to its mark, whatever stands in it.
    Until(&'static [u8]),
    /// In a quoted value of a tag.
    Quoted(u8),
}

impl XmlNesting {
    /// Takes what stands behind a `<`, up to and with the next one; at first what stands in
    /// front of the first. None: elements are not nested, or there is what no spreadsheet has.
    pub fn part(&mut self, part: &[u8]) -> Option<()> {
        self.inside = match self.inside {
            Inside::Beginning => Inside::Markup,
            Inside::Markup => self.markup(part)?,
            Inside::Until(mark) => after(part, mark),
            Inside::Quoted(quote) => self.attributes(part, Some(quote))?,
        };
        Some(())
    }

    /// Whether all elements have ended.
    pub fn is_complete(&self) -> bool {
        self.open.is_empty() && self.inside == Inside::Markup
    }

    fn markup(&mut self, part: &[u8]) -> Option<Inside> {
        for (start, mark) in [(&b"!--"[..], &b"-->"[..]), (b"![CDATA[", b"]]>"), (b"?", b"?>")] {
            if let Some(rest) = part.strip_prefix(start) {
                return Some(after(rest, mark));
            }
        }
        let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        if let Some(end) = part.strip_prefix(b"/") {
            let name = &end[..end.iter().position(|byte| *byte == b'>')?];
            let spaces = name.iter().rev().take_while(|byte| is_space(byte)).count();
            return (self.open.pop()? == name[..name.len() - spaces]).then_some(Inside::Markup);
        }
        let length =
            part.iter().position(|byte| is_space(byte) || matches!(byte, b'/' | b'>' | b'<'))?;
        let name = &part[..length];
        if name.is_empty() || name[0] == b'!' || self.open.len() == DEEPEST {
            return None;
        }
        self.open.push(name.to_vec());
        self.attributes(&part[length..], None)
    }

    /// Goes on to the end of a tag, which may have a `<` in a quoted value.
    fn attributes(&mut self, part: &[u8], mut quote: Option<u8>) -> Option<Inside> {
        let mut before = 0;
        for byte in part {
            match (quote, byte) {
                (None, b'"' | b'\'') => quote = Some(*byte),
                (None, b'<') => return None,
                (None, b'>') => {
                    if before == b'/' {
                        self.open.pop();
                    }
                    return Some(Inside::Markup);
                }
                (Some(open), byte) if open == *byte => quote = None,
                _ => {}
            }
            before = *byte;
        }
        quote.map(Inside::Quoted)
    }
}

/// Where a part ends that is passed over up to a mark.
fn after(part: &[u8], mark: &'static [u8]) -> Inside {
    match part.windows(mark.len()).any(|window| window == mark) {
        true => Inside::Markup,
        false => Inside::Until(mark),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_nested(document: &str) -> bool {
        let mut nesting = XmlNesting::default();
        let parts = document.as_bytes().split_inclusive(|byte| *byte == b'<');
        // What a reader of lines makes of a document that begins with `<`.
        parts.into_iter().all(|part| nesting.part(part).is_some()) && nesting.is_complete()
    }

    #[test]
    fn every_element_must_end() {
        for nested in [
            "<a/>",
            "<?xml version='1.0'?>\n<a><b x=\"1\"/>text<b>></b ></a>\n",
            "<a x='<b>' y=\"</a>\"><!-- <b> --><![CDATA[</a>]]></a>",
            "<a x='/'></a>",
            "<a><?b <c ?></a><!---->",
        ] {
            assert!(is_nested(nested), "{nested}");
        }
        for broken in [
            "<a>",
            "<a><b></a>",
            "<a></b></a>",
            "<a/></a>",
            "<a x='/'>",
            "<a><!-- </a> -->",
            "<a><![CDATA[</a>]]>",
            "<a x='</a>'>",
            "<a x='></a>",
            "<a></a",
            "<a><b<c></a>",
            "<!DOCTYPE a><a/>",
            "<!-->",
            "<a><!--></a>",
        ] {
            assert!(!is_nested(broken), "{broken}");
        }
        let deep = |depth| "<a>".repeat(depth) + &"</a>".repeat(depth);
        assert!(is_nested(&deep(256)));
        assert!(!is_nested(&deep(257)));
    }
}
