//! Exports as programs write them, made here so that every byte of them is known.

use std::io::{Cursor, Write as _};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Array, Decimal128Array, Float64Array, RecordBatch, StringArray,
};
use encoding_rs::{Encoding, KOI8_R, WINDOWS_1251};
use rust_xlsxwriter::{Format, Workbook};

fn encoded(text: &str, encoding: &'static Encoding) -> Vec<u8> {
    let (bytes, _, had_errors) = encoding.encode(text);
    assert!(!had_errors);
    bytes.into_owned()
}

/// Sales report of 1C:УТ saved as text: title rows, Windows-1251, decimal commas, a total.
pub fn trade_report() -> Vec<u8> {
    let text = "Отчёт о продажах;;;;;;;\r\n\
        Период: 01.12.2024 - 31.12.2024;;;;;;;\r\n\
        ;;;;;;;\r\n\
        Дата;Номер;Контрагент;Номенклатура;Менеджер;Кол-во;Сумма, руб.;Себестоимость\r\n\
        02.12.2024;ТД00-000121;ООО «Ромашка»;Чай чёрный листовой;Иванова А. А.;12,000;15 480,00;11 200,50\r\n\
        02.12.2024;ТД00-000121;ООО «Ромашка»;Мёд цветочный;Иванова А. А.;3,500;1 234,56;900,00\r\n\
        15.12.2024;ТД00-000122;ИП Фёдоров Ю. Э.;Чай чёрный листовой;Петров;1,000;1 290,00;930,00\r\n\
        16.12.2024;ТД00-000123;ИП Фёдоров Ю. Э.;Чай чёрный листовой;Петров;-1,000;-1 290,00;-930,00\r\n\
        ;;;Итого;;15,500;16 714,56;12 100,50\r\n";
    encoded(text, WINDOWS_1251)
}

/// Sales report of 1C as a workbook: a header of two rows, clients in rows of their own.
pub fn grouped_workbook() -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet().set_name("Продажи").expect("a step of the test");
    let date = Format::new().set_num_format("dd.mm.yyyy");
    let plain = Format::new();
    sheet.write(0, 0, "Ведомость продаж за январь 2024").expect("a step of the test");
    for (column, name) in
        ["Контрагент", "Дата документа", "Номер", "Номенклатура"].iter().enumerate()
    {
        sheet
            .merge_range(2, column as u16, 3, column as u16, name, &plain)
            .expect("a step of the test");
    }
    sheet.merge_range(2, 4, 2, 5, "Продажи", &plain).expect("a step of the test");
    sheet
        .write(3, 4, "Количество")
        .expect("a step of the test")
        .write(3, 5, "Сумма")
        .expect("a step of the test");
    let mut row = 4;
    for (client, lines) in [
        ("ООО «Ромашка»", &[(9, "1", "Чай", 2.0, 200.5), (10, "2", "Мёд", 1.0, 99.99)][..]),
        ("ИП Лютик", &[(31, "3", "Чай", 3.0, 300.75)]),
    ] {
        let sum: f64 = lines.iter().map(|line| line.4).sum();
        sheet
            .write(row, 0, client)
            .expect("a step of the test")
            .write(row, 5, sum)
            .expect("a step of the test");
        row += 1;
        for (day, number, product, quantity, amount) in lines {
            let day = rust_xlsxwriter::ExcelDateTime::from_ymd(2024, 1, *day)
                .expect("a step of the test");
            sheet.write_with_format(row, 1, &day, &date).expect("a step of the test");
            sheet
                .write(row, 2, *number)
                .expect("a step of the test")
                .write(row, 3, *product)
                .expect("a step of the test");
            sheet
                .write(row, 4, *quantity)
                .expect("a step of the test")
                .write(row, 5, *amount)
                .expect("a step of the test");
            row += 1;
        }
    }
    sheet
        .write(row, 0, "Итого")
        .expect("a step of the test")
        .write(row, 5, 601.24)
        .expect("a step of the test");
    workbook.save_to_buffer().expect("a step of the test")
}

/// Deals of Bitrix24: byte order mark, every cell in quotes, stages.
pub fn crm_deals() -> Vec<u8> {
    let text = "\u{feff}\"ID сделки\";\"Название сделки\";\"Стадия сделки\";\"Дата создания\";\"Компания\";\"Ответственный\";\"Сумма\"\n\
        \"101\";\"Поставка; чай\";\"Сделка успешна\";\"13.05.2024 10:15:00\";\"ООО \"\"Ромашка\"\"\";\"Анна Смирнова\";\"15000.00\"\n\
        \"102\";\"Мёд\";\"Сделка провалена\";\"14.05.2024 11:00:00\";\"ИП Лютик\";\"Анна Смирнова\";\"7000.50\"\n\
        \"103\";\"Чай\";\"Сделка успешна\";\"02.06.2024 09:30:00\";\"ИП Лютик\";\"Пётр Орлов\";\"12000.25\"\n";
    text.as_bytes().to_vec()
}

/// Orders of Shopify: a zone behind the time, several lines an order, the first line fuller.
pub fn shop_orders() -> Vec<u8> {
    "Name,Email,Financial Status,Paid at,Currency,Subtotal,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Billing Name,Shipping Country,Cancelled at\n\
     #1001,ann@example.com,paid,2024-03-01 10:00:01 +0300,USD,35.00,40.00,2024-03-01 10:00:00 +0300,2,Green tea,10.00,TEA-1,Ann Lee,US,\n\
     #1001,ann@example.com,,,,,,2024-03-01 10:00:00 +0300,1,Honey,15.00,HON-1,,,\n\
     #1002,bob@example.com,paid,2024-04-02 23:59:59 +0300,USD,10.00,15.00,2024-04-02 23:59:00 +0300,1,Green tea,10.00,TEA-1,Bob Ray,DE,\n\
     #1003,bob@example.com,voided,,USD,10.00,15.00,2024-04-03 08:00:00 +0300,1,Green tea,10.00,TEA-1,Bob Ray,DE,2024-04-04 09:00:00 +0300\n"
        .as_bytes()
        .to_vec()
}

/// English invoices; the day is the first or the second number of a date.
pub fn english(day_first: bool) -> Vec<u8> {
    let mut text =
        String::from("Invoice No,Invoice Date,Customer ID,Customer,Item,Qty,Net Amount\n");
    for (number, day, month, amount) in
        [("INV-1", 3, 2, "1,250.00"), ("INV-2", 25, 2, "99.95"), ("INV-3", 7, 3, "1,000,000.00")]
    {
        let date = match day_first {
            true => format!("{day:02}/{month:02}/2024"),
            false => format!("{month}/{day}/2024 4:05:00 PM"),
        };
        text.push_str(&format!("{number},{date},C-7,Acme Ltd,1,3,\"{amount}\"\n"));
    }
    text.into_bytes()
}

/// Dates that can be read both ways.
pub fn ambiguous() -> Vec<u8> {
    "Date,Client,Amount\n01/02/2024,Acme,10.50\n03/04/2024,Acme,20.25\n12/12/2024,Bolt,5.00\n"
        .as_bytes()
        .to_vec()
}

/// JSON Lines of a service.
pub fn json_lines() -> Vec<u8> {
    "{\"order_id\":\"A-1\",\"created_at\":\"2024-01-15T10:00:00\",\"customer_id\":501,\"sku\":\"X\",\"quantity\":2,\"amount\":19.90}\n\
     {\"order_id\":\"A-2\",\"created_at\":\"2024-02-16T11:30:00\",\"customer_id\":502,\"sku\":\"Y\",\"quantity\":1,\"amount\":0.10}\n\
     {\"order_id\":\"A-3\",\"created_at\":\"2024-02-17T12:00:00\",\"customer_id\":null,\"sku\":\"Y\",\"quantity\":1,\"amount\":5}\n"
        .as_bytes()
        .to_vec()
}

/// A Parquet file of a warehouse.
pub fn parquet() -> Vec<u8> {
    let day =
        |text: &str| text.parse::<chrono::NaiveDate>().expect("a step of the test").to_epoch_days();
    let money = Decimal128Array::from(vec![1050, -250, 99999])
        .with_precision_and_scale(12, 2)
        .expect("a step of the test");
    let columns: [(&str, ArrayRef); 5] = [
        (
            "sale_date",
            Arc::new(Date32Array::from(vec![
                day("2024-05-01"),
                day("2024-05-31"),
                day("2024-07-01"),
            ])),
        ),
        ("client_code", Arc::new(StringArray::from(vec!["K1", "K1", "K2"]))),
        ("document_no", Arc::new(StringArray::from(vec!["1", "2", "3"]))),
        ("quantity", Arc::new(Float64Array::from(vec![1.5, -0.5, 2.0]))),
        ("revenue", Arc::new(money)),
    ];
    let batch = RecordBatch::try_from_iter(columns).expect("a step of the test");
    let mut writer = parquet::arrow::ArrowWriter::try_new(Vec::new(), batch.schema(), None)
        .expect("a step of the test");
    writer.write(&batch).expect("a step of the test");
    writer.into_inner().expect("a step of the test")
}

/// A zip file with a file a month.
pub fn zipped_months() -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (month, amount) in [("2024-01", "10.50"), ("2024-02", "20.25")] {
        zip.start_file(format!("sales_{month}.csv"), zip::write::SimpleFileOptions::default())
            .expect("a step of the test");
        write!(zip, "date,client,amount\n{month}-15,Ромашка,{amount}\n{month}-16,Лютик,1.00\n")
            .expect("a step of the test");
    }
    zip.finish().expect("a step of the test").into_inner()
}

/// Unicode text of Excel: UTF-16 with a mark, tabs.
pub fn unicode_text() -> Vec<u8> {
    let text = "Дата\tКлиент\tСумма\r\n13.01.2024\tООО «Ромашка»\t1 234,50\r\n14.01.2024\tИП Лютик\t10,00\r\n";
    let mut bytes = vec![0xff, 0xfe];
    bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    bytes
}

/// An old Unix program: KOI8-R.
pub fn koi8() -> Vec<u8> {
    let text = "Дата,Покупатель,Товар,Сумма\n2024-01-13,Завод \"Серп и молот\",Гайка,100.50\n\
        2024-01-14,Колхоз Заря,Болт,20.00\n";
    encoded(text, KOI8_R)
}

/// Semicolons with decimal points, quantity and price instead of an amount.
pub fn prices() -> Vec<u8> {
    "Дата;Заказ;Клиент;Товар;Количество;Цена\n\
     2024-01-13;1;Ромашка;Чай;2;10.25\n\
     2024-01-14;2;Лютик;Чай;1.5;10.50\n\
     2024-01-15;3;Лютик;Подарок;1;0\n\
     2024-01-16;4;;Чай;1;10.25\n"
        .as_bytes()
        .to_vec()
}

/// No-break spaces between thousands, a currency behind.
pub fn no_break_spaces() -> Vec<u8> {
    "Период, день;Партнёр;Выручка;Выручка (без НДС)\n\
     13.01.2024;Ромашка;12\u{a0}000,00\u{a0}₽;10\u{a0}000,00\u{a0}₽\n\
     14.01.2024;Лютик;1\u{202f}200\u{202f}600,60\u{a0}₽;1\u{202f}000\u{202f}500,50\u{a0}₽\n"
        .as_bytes()
        .to_vec()
}

/// Movements of 1C: number and day stand in the registrar, returns have no minus.
pub fn registrars() -> Vec<u8> {
    "Регистратор;Контрагент;Код контрагента;Сумма\n\
     Реализация товаров и услуг ТД00-000123 от 31.12.2024 12:00:00;Ромашка;000012.0;1000,50\n\
     Реализация товаров и услуг ТД00-000124 от 09.01.2025 9:30:00;Лютик;000013.0;500,00\n\
     Возврат товаров от клиента ТД00-000007 от 10.01.2025 10:00:00;Ромашка;000012.0;100,50\n"
        .as_bytes()
        .to_vec()
}

/// A workbook with two sheets of the same or of other columns, and days as numbers.
pub fn sheets(same: bool) -> Vec<u8> {
    let mut workbook = Workbook::new();
    for (name, serial) in [("Январь", 45_306), ("Февраль", 45_337)] {
        let sheet = workbook.add_worksheet().set_name(name).expect("a step of the test");
        let amount = if same || name == "Январь" { "Сумма" } else { "Долг" };
        sheet
            .write(0, 0, "Дата")
            .expect("a step of the test")
            .write(0, 1, "Клиент")
            .expect("a step of the test")
            .write(0, 2, amount)
            .expect("a step of the test");
        sheet
            .write(1, 0, serial)
            .expect("a step of the test")
            .write(1, 1, "Ромашка")
            .expect("a step of the test")
            .write(1, 2, 10.1)
            .expect("a step of the test");
        sheet
            .write(2, 0, serial + 1)
            .expect("a step of the test")
            .write(2, 1, "Лютик")
            .expect("a step of the test")
            .write(2, 2, 0.2)
            .expect("a step of the test");
    }
    workbook.save_to_buffer().expect("a step of the test")
}
