use super::*;
use encoding_rs::{Encoding, KOI8_R, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1251};

const TEXT: &str = "Код;Клиент\r\n1;ООО «Ёж»\r\n";

fn layout(encoding: &'static Encoding) -> Layout {
    Layout { encoding, delimiter: b';', ..Layout::default() }
}

fn utf_16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

#[test]
fn text_in_any_declared_encoding_is_read() {
    // Bytes by Python: "Код;Клиент\r\n1;ООО «Ёж»\r\n".encode("cp1251"); KOI8-R has no «».
    let cp1251 = b"\xca\xee\xe4;\xca\xeb\xe8\xe5\xed\xf2\r\n1;\xce\xce\xce \xab\xa8\xe6\xbb\r\n";
    let read = read_text(cp1251, &layout(WINDOWS_1251), &["Код"]).expect("rows");
    assert_eq!(read.rows, [["1", "ООО «Ёж»"]]);
    let koi8 = b"\xeb\xcf\xc4;\xeb\xcc\xc9\xc5\xce\xd4\n1;\xb3\xd6\n";
    let read = read_text(koi8, &layout(KOI8_R), &["Код", "Клиент"]).expect("rows");
    assert_eq!(read.rows, [["1", "Ёж"]]);
    for marked in ["", "\u{feff}"] {
        let text = format!("{marked}{TEXT}");
        for (encoding, bytes) in [
            (UTF_8, text.clone().into_bytes()),
            (UTF_16LE, utf_16(&text, u16::to_le_bytes)),
            (UTF_16BE, utf_16(&text, u16::to_be_bytes)),
        ] {
            let read = read_text(&bytes, &layout(encoding), &["Код"]).expect("rows");
            assert_eq!(read.rows, [["1", "ООО «Ёж»"]], "{}", encoding.name());
            assert_eq!(read.lines, [2]);
        }
    }
    // The label `utf-16` means little endian, unless the file is marked.
    let big = utf_16(&format!("\u{feff}{TEXT}"), u16::to_be_bytes);
    assert!(read_text(big, &layout(UTF_16LE), &["Код"]).is_ok());
}

#[test]
fn another_encoding_than_declared_is_told() {
    let marked = utf_16(&format!("\u{feff}{TEXT}"), u16::to_le_bytes);
    assert_eq!(
        told(read_text(marked, &layout(UTF_8), &["Код"])),
        "sales.csv: the text is marked as UTF-16LE, not UTF-8 | set `encoding = \"utf-16le\"` \
         for the source"
    );
    let unmarked = utf_16("id;name;amount\n1;a;2\n", u16::to_le_bytes);
    assert!(
        told(read_text(unmarked, &layout(WINDOWS_1251), &["id"]))
            .starts_with("sales.csv: the text looks like UTF-16LE, not windows-1251")
    );
    let utf8 = format!("\u{feff}{TEXT}");
    assert!(
        told(read_text(utf8, &layout(WINDOWS_1251), &["Код"]))
            .starts_with("sales.csv: the text is marked as UTF-8, not windows-1251")
    );
    let cp1251 = b"\xca\xee\xe4;\xca\xeb\xe8\xe5\xed\xf2\n1;x\n";
    let error = told(read_text(cp1251, &layout(UTF_8), &["Код"]));
    assert!(error.ends_with("set `encoding` of the source"), "{error}");
}

#[test]
fn what_does_not_fit_the_encoding_is_marked() {
    let mut bytes = utf_16("a;b\n1;x", u16::to_le_bytes);
    bytes.extend([0x00, 0xd8, b'\n', 0]);
    let read = read_text(bytes, &layout(UTF_16LE), &["a"]).expect("rows");
    assert_eq!(read.rows, [["1", "x\u{fffd}"]]);
    // 0x98 is no letter of Windows-1251.
    let read = read_text(b"a;b\n1;\x98\n", &layout(WINDOWS_1251), &["a"]).expect("rows");
    assert_eq!(read.rows[0][0], "1");
}
