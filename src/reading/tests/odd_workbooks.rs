//! Workbooks as programs other than Excel write them.

use super::packed::zip_of;
use super::*;

const CONTENT_TYPES: &str = r#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>"#;
const PACKAGE: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const RELATIONS: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/></Relationships>"#;
const STRINGS: &str = r#"<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>id</t></si><si><r><t xml:space="preserve">Двойной </t></r><r><t>текст</t></r></si></sst>"#;
const STYLES: &str = r#"<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>"#;

fn sheet(rows: &str) -> String {
    format!(
        r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>"#
    )
}

fn workbook(properties: &str) -> String {
    format!(
        r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">{properties}<sheets><sheet name="Лист1" sheetId="1" r:id="rId1"/></sheets></workbook>"#
    )
}

fn book_of(names: [&str; 7], properties: &str, rows: &str) -> Vec<u8> {
    let (workbook, sheet) = (workbook(properties), sheet(rows));
    let parts = [CONTENT_TYPES, PACKAGE, &workbook, RELATIONS, &sheet, STRINGS, STYLES];
    let files: Vec<(&str, &[u8])> =
        names.into_iter().zip(parts).map(|(name, part)| (name, part.as_bytes())).collect();
    zip_of(&files)
}

const NAMES: [&str; 7] = [
    "[Content_Types].xml",
    "_rels/.rels",
    "xl/workbook.xml",
    "xl/_rels/workbook.xml.rels",
    "xl/worksheets/sheet1.xml",
    "xl/sharedStrings.xml",
    "xl/styles.xml",
];

fn read_rows(properties: &str, rows: &str) -> Result<Read> {
    read(
        &delivered("book.xlsx", book_of(NAMES, properties, rows)).path,
        &Layout::default(),
        &["id"],
    )
}

const HEADER: &str =
    r#"<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>x</t></is></c></row>"#;

#[test]
fn names_of_parts_may_be_in_another_case() {
    let rows = format!(r#"{HEADER}<row r="2"><c r="A2" t="s"><v>1</v></c></row>"#);
    for names in [
        ["xl/SharedStrings.xml", "xl/styles.xml", "xl/worksheets/Sheet1.xml"],
        ["XL/SHAREDSTRINGS.XML", "XL/STYLES.XML", "XL/WORKSHEETS/SHEET1.XML"],
        ["xl\\sharedStrings.xml", "xl\\styles.xml", "xl\\worksheets\\sheet1.xml"],
    ] {
        let [strings, styles, sheet] = names;
        let names = [NAMES[0], NAMES[1], NAMES[2], NAMES[3], sheet, strings, styles];
        let file = delivered("book.xlsx", book_of(names, "", &rows));
        let read = read(&file.path, &Layout::default(), &["id"]).expect("rows");
        assert_eq!(read.rows, [["Двойной текст", ""]], "{strings}");
    }
}

#[test]
fn formulas_and_dates_are_told_apart() {
    let rows = format!(
        r#"{HEADER}
        <row r="2"><c r="A2"><f>1+1</f></c><c r="B2"><f>1+1</f><v>2</v></c></row>
        <row r="3"><c r="A3"><f>"a"</f><v></v></c><c r="B3" t="str"><f>"a"</f><v></v></c></row>
        <row r="4"><c r="A4" s="1"><v>45657</v></c><c r="B4" t="e"><v>#REF!</v></c></row>
        <row r="5"><c r="A5" t="d"><v>2024-12-31T10:00:00</v></c><c r="B5" s="1"><v>60</v></c></row>"#
    );
    let read = read_rows("", &rows).expect("rows");
    assert_eq!(read.row(0), ["e:(not computed)", "n:2"]);
    assert_eq!(read.row(1), ["e:(not computed)", ""]);
    assert_eq!(read.row(2), ["d:2024-12-31", "e:#REF!"]);
    assert_eq!(read.row(3), ["d:2024-12-31 10:00:00", "n:60"]);
    let rows = format!(r#"{HEADER}<row r="2"><c r="A2" s="1"><v>44195</v></c></row>"#);
    let read = read_rows(r#"<workbookPr date1904="1"/>"#, &rows).expect("rows");
    assert_eq!(read.row(0), ["d:2024-12-31", ""]);
}

#[test]
fn places_may_be_left_out() {
    let rows = r#"<row><c t="s"><v>0</v></c><c t="s"><v>1</v></c></row><row><c><v>1</v></c><c><v>2</v></c></row>"#;
    let read = read_rows("", rows).expect("rows");
    assert_eq!(read.row(0), ["n:1", "n:2"]);
    assert_eq!(read.lines, [2]);
}

#[test]
fn cells_out_of_order_are_refused() {
    for row in [
        r#"<row r="3"><c r="A3"><v>1</v></c></row><row r="2"><c r="A2"><v>1</v></c></row>"#,
        r#"<row r="2"><c r="B2"><v>1</v></c><c r="A2"><v>1</v></c></row>"#,
        r#"<row r="2"><c r="A2"><v>1</v></c><c r="A2"><v>1</v></c></row>"#,
    ] {
        let error = told(read_rows("", &format!("{HEADER}{row}")));
        assert!(error.starts_with("book.xlsx/Лист1:2: the cells are not stored in"), "{error}");
    }
}

#[test]
fn damage_is_told() {
    let wrong_string = format!(r#"{HEADER}<row r="2"><c r="A2" t="s"><v>9</v></c></row>"#);
    let unclosed = format!(r#"{HEADER}<row r="2"><c r="A2"><v>9</v>"#);
    for rows in [wrong_string, unclosed] {
        let error = told(read_rows("", &rows));
        assert!(error.starts_with("book.xlsx/Лист1: the workbook cannot be read: "), "{error}");
    }
    let far = format!(r#"{HEADER}<row r="2"><c r="XFE2"><v>9</v></c></row>"#);
    assert!(told(read_rows("", &far)).starts_with("book.xlsx/Лист1"));
    let long = format!(
        r#"{HEADER}<row r="2"><c r="A2" t="inlineStr"><is><t>{}</t></is></c></row>"#,
        "x".repeat(5 << 20)
    );
    assert!(told(read_rows("", &long)).contains("has a text of more than 4194304 bytes"));
    let long = long.replace(&"x".repeat(3 << 20), "");
    assert!(told(read_rows("", &long)).starts_with("book.xlsx/Лист1:2: a cell has more than"));
    let bytes = super::workbooks::simple_book();
    for end in [bytes.len() - 1, bytes.len() / 2, 30] {
        let cut = delivered("book.xlsx", &bytes[..end]);
        let error = told(read(&cut.path, &Layout::default(), &["id"]));
        assert!(error.contains("cannot be read"), "{error}");
    }
}

#[test]
fn a_link_to_another_workbook_is_not_followed() {
    let rows = format!(
        r#"{HEADER}<row r="2"><c r="A2"><f>[1]Other!A1</f><v>5</v></c><c r="B2"><f>[1]Other!A2</f></c></row>"#
    );
    let read = read_rows(r#"<externalReferences/>"#, &rows).expect("rows");
    assert_eq!(read.row(0), ["n:5", "e:(not computed)"]);
}

fn open_document(table: &str) -> Result<Read> {
    let content = format!(
        r#"<?xml version="1.0"?><office:document-content><office:body><office:spreadsheet>{table}</office:spreadsheet></office:body></office:document-content>"#
    );
    let bytes = zip_of(&[
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        ("META-INF/manifest.xml", b"<manifest:manifest/>"),
        ("content.xml", content.as_bytes()),
    ]);
    read(&delivered("book.ods", bytes).path, &Layout::default(), &["id"])
}

#[test]
fn a_table_without_its_end_is_told() {
    let cell = |text| {
        format!(
            "<table:table-cell office:value-type=\"string\"><text:p>{text}</text:p></table:table-cell>"
        )
    };
    let row = |text| format!("<table:table-row>{}</table:table-row>", cell(text));
    let rows = row("id") + &row("1");
    let table = format!("<table:table table:name=\"a\">{rows}</table:table>");
    assert_eq!(open_document(&table).expect("rows").rows, [["1"]]);
    // Each of these kept the parser busy for ever.
    let name = format!("<table:table table:name=\"{rows}</table:table>");
    let commented = format!("<table:table table:name=\"a\">{rows}<!--</table:table>-->");
    let annotated = table.replace("<text:p>1", "<office:annotation><text:p>1");
    for broken in [name, commented, annotated] {
        let error = told(open_document(&broken));
        assert!(error.starts_with("book.ods/content.xml: the XML is damaged"), "{error}");
    }
}

#[test]
fn repeated_text_is_no_way_to_exhaust_memory() {
    let table = |attributes: &str, text: &str| {
        format!(
            "<table:table table:name=\"a\"><table:table-row><table:table-cell{attributes}>\
             <text:p>id{text}</text:p></table:table-cell></table:table-row></table:table>"
        )
    };
    let spaces = table("", "<text:s text:c=\"4000000000\"/>");
    let copies = table(" table:number-columns-repeated=\"16000\"", &"x".repeat(1 << 20));
    for bomb in [spaces, copies] {
        let error = told(open_document(&bomb));
        assert!(error.starts_with("book.ods: repeats more than 536870912 bytes"), "{error}");
    }
}
