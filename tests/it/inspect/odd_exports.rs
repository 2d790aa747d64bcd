//! Exports with the habits of real programs; sums reckoned by hand.

use super::runner::{Outcome, inspect};

fn csv(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

fn accepted(name: &str, text: &str, options: &[&str]) -> Outcome {
    let outcome = inspect(&[(name, csv(text))], options);
    assert_eq!(outcome.code, 0, "{}", outcome.all());
    outcome
}

/// 10.50 + 20.00 of two clients.
fn two_lines(text: &str, options: &[&str]) -> Outcome {
    let outcome = accepted("x.csv", text, options);
    assert_eq!(outcome.line("all "), "all 2 30.50 2", "{}", outcome.all());
    outcome
}

#[test]
fn lines_that_end_or_begin_with_a_delimiter() {
    for header in ["Дата;Клиент;Сумма", "Дата;Клиент;Сумма;"] {
        for end in ["", ";"] {
            let rows = format!("13.01.2024;Ромашка;10,50{end}\n14.01.2024;Лютик;20,00{end}\n");
            two_lines(&format!("{header}\n{rows}"), &[]);
        }
    }
    two_lines(";Дата;Клиент;Сумма\n;13.01.2024;Ромашка;10,50\n;14.01.2024;Лютик;20,00\n", &[]);
}

#[test]
fn headers_with_line_breaks_and_units() {
    let header = "\"Дата\nпродажи\";Клиент;\"Сумма,\nруб.\"";
    two_lines(&format!("{header}\n13.01.2024;Ромашка;10,50\n14.01.2024;Лютик;20,00\n"), &[]);
    for (quantity, sum) in [
        ("Кол-во (шт)", "Сумма, руб."),
        ("Количество, шт.", "Сумма с НДС"),
        ("Кол-во", "Выручка без НДС"),
        ("Qty (pcs)", "Revenue, USD"),
        ("Количество", "Сумма, ₽"),
    ] {
        let text = format!(
            "Дата;Клиент;{quantity};{sum}\n13.01.2024;Ромашка;2;10,50\n14.01.2024;Лютик;1;20,00\n"
        );
        let outcome = two_lines(&text, &[]);
        for role in [format!("\"{quantity}\" as quantity"), format!("\"{sum}\" as revenue")] {
            assert!(outcome.staging.contains(&role), "{}", outcome.staging);
        }
    }
}

/// Days 1 to 28 of January 2024 with 1.50, 2.50, … 28.50: 420.00 in all.
fn january() -> String {
    let lines = (1..=28).map(|day| format!("{day:02}.01.2024;К{};Чай;{day},50;1,10\n", day % 4));
    format!("Дата;Клиент;Товар;Сумма;Себестоимость\n{}", lines.collect::<String>())
}

#[test]
fn words_for_no_value_are_blanks_that_are_told() {
    for word in ["-", "—", "NULL", "null", "N/A", "#N/A", "нет"] {
        let text = format!("{}29.01.2024;К1;Чай;5,00;{word}\n", january());
        let outcome = accepted("x.csv", &text, &[]);
        assert_eq!(outcome.line("all "), "all 29 425.00 4", "{}", outcome.all());
        let told = format!("read as blank (1 cells): «{word}» × 1");
        assert!(outcome.report.contains(&told), "{}", outcome.report);
        let written = format!("null_values = [\"{word}\"]");
        assert!(outcome.pipeline.contains(&written), "{}", outcome.pipeline);
    }
    // No amount and no day are no line.
    let text = format!("{}29.01.2024;К1;Чай;-;1,00\n-;К1;Чай;7,00;1,00\n", january());
    let outcome = accepted("x.csv", &text, &[]);
    assert_eq!(outcome.line("all "), "all 28 420.00 4");
    assert_eq!(outcome.line("rejected revenue is missing"), "rejected revenue is missing: 1");
    assert_eq!(outcome.line("rejected sale_date is missing"), "rejected sale_date is missing: 1");
    // A word that may be a name stands for nothing among numbers only.
    let text = "Date,Client,Region,Amount,Cost\n2024-01-13,Acme,NA,10.50,NA\n2024-01-14,Bolt,EU,20.00,1.00\n";
    let outcome = two_lines(text, &[]);
    assert!(outcome.pipeline.contains("null_values = [\"NA\"]"), "{}", outcome.pipeline);
    assert!(outcome.staging.contains("    \"Region\" as region,"), "{}", outcome.staging);
    // Other words are rejected as before.
    let text = format!("{}29.01.2024;К1;Чай;5,00;скоро\n", january());
    let outcome = accepted("x.csv", &text, &[]);
    assert_eq!(outcome.line("all "), "all 28 420.00 4");
    assert!(!outcome.pipeline.contains("null_values"), "{}", outcome.pipeline);
}

#[test]
fn a_client_called_nothing_is_no_client() {
    let text = format!("{}29.01.2024;<не указан>;Чай;7,00;1,00\n", january());
    let outcome = accepted("x.csv", &text, &[]);
    assert_eq!(outcome.line("all "), "all 28 420.00 4");
    assert_eq!(outcome.line("excluded no_client"), "excluded no_client: 1, revenue 7.00");
    let name = "nullif(trim(\"Клиент\"), '<не указан>') as client_id";
    assert!(outcome.staging.contains(name), "{}", outcome.staging);
    let rule = "when \"Клиент\" is null or trim(\"Клиент\") in ('<не указан>') then 'no_client'";
    assert!(outcome.staging.contains(rule), "{}", outcome.staging);
    let outcome = inspect(
        &[(
            "x.csv",
            csv(
                "Дата;Клиент;Сумма\n2024-01-02;NULL;1,50\n2024-01-03;NULL;2,50\n2024-01-04;Лютик;4,50\n",
            ),
        )],
        &[],
    );
    assert_eq!(outcome.code, 65, "{}", outcome.all());
    assert!(outcome.line("?").contains("2 of 3 lines with a date and an amount have none"));
    assert!(outcome.report.contains("--name source --no-client exclude"), "{}", outcome.report);
}

#[test]
fn an_order_whose_day_of_cancelling_is_a_dash_was_not_cancelled() {
    let text = "Дата;Клиент;Сумма;Дата отмены\n13.01.2024;Ромашка;10,50;-\n14.01.2024;Лютик;20,00;—\n15.01.2024;Лютик;5,00;16.01.2024\n";
    let outcome = two_lines(text, &[]);
    assert_eq!(outcome.line("excluded cancelled"), "excluded cancelled: 1, revenue 5.00");
}

#[test]
fn months_with_names() {
    for (one, other, pattern) in [
        ("31 дек 2024", "1 янв 2025", "ru:%d %b %Y"),
        ("31 дек. 2024 г.", "1 мая 2025 г.", "ru:%d %b %Y г."),
        ("31 декабря 2024 г.", "1 мая 2025 г.", "ru:%d %B %Y г."),
        ("31 декабря 2024 г. 9:05:00", "1 января 2025 г. 10:00:00", "ru:%d %B %Y г. %H:%M:%S"),
        ("31-Dec-2024", "1-Jan-2025", "%d-%b-%Y"),
        ("Dec 31, 2024", "Jan 1, 2025", "%b %d, %Y"),
        ("December 31, 2024", "May 1, 2025", "%B %d, %Y"),
    ] {
        let text = format!("Дата;Клиент;Сумма\n{one};Ромашка;10,50\n{other};Лютик;20,00\n");
        let outcome = two_lines(&text, &[]);
        assert_eq!(outcome.line("2024-12"), "2024-12 1 10.50 1", "{one}");
        let written = format!("date_formats = [\"{pattern}\"]");
        assert!(outcome.pipeline.contains(&written), "{}", outcome.pipeline);
    }
    let text = "Дата;Клиент;Сумма\n31-Dec-24;Ромашка;10,50\n1-Jan-25;Лютик;20,00\n";
    let outcome = inspect(&[("x.csv", csv(text))], &[]);
    assert_eq!(outcome.code, 65, "{}", outcome.all());
    let outcome = two_lines(text, &["--date-order", "dmy"]);
    assert_eq!(outcome.line("2024-12"), "2024-12 1 10.50 1");
}

#[test]
fn digits_of_binary_fractions_go_and_no_others() {
    // 1234.56 + 20.10 + 0.30 = 1254.96
    let text = "Date,Client,Amount\n2024-01-02,Acme,1234.5600000000002\n2024-01-03,Bolt,20.1\n2024-01-04,Bolt,0.30000000000000004\n";
    let outcome = accepted("x.csv", text, &[]);
    assert_eq!(outcome.line("all "), "all 3 1,254.96 2");
    assert!(outcome.report.contains("(2), as 1234.5600000000002 in row 2"), "{}", outcome.report);
    assert!(outcome.staging.contains("-- raw: Amount decimal(38,20)\n"), "{}", outcome.staging);
    assert!(
        outcome.staging.contains(
            "    case when cast(\"Amount\" as decimal(38, 11)) = cast(\"Amount\" as decimal(38, 4)) \
             then cast(\"Amount\" as decimal(38, 4)) else \"Amount\" end as revenue"
        ),
        "{}",
        outcome.staging
    );
    // 2 × 1234.56 + 20.10 = 2489.22
    let text =
        "Date,Client,Qty,Price\n2024-01-02,Acme,2,1234.5600000000002\n2024-01-03,Bolt,1,20.1\n";
    assert_eq!(accepted("x.csv", text, &[]).line("all "), "all 2 2,489.22 2");
    // One amount of many has decimals of its own: it is rejected, not rounded.
    let lines: String = (1..=200).map(|_| "2024-01-05,Acme,0.30000000000000004\n").collect();
    let text = format!("Date,Client,Amount\n{lines}2024-01-06,Acme,1.23456\n");
    let outcome = accepted("x.csv", &text, &[]);
    assert_eq!(outcome.line("all "), "all 200 60.00 1");
    assert!(outcome.report.contains("revenue has more than 4 decimals: 1"), "{}", outcome.report);

    let text = "Date,Client,Amount\n2024-01-02,Acme,1234.56789\n2024-01-03,Bolt,20.1\n";
    let outcome = inspect(&[("x.csv", csv(text))], &[]);
    assert_eq!(outcome.code, 65, "{}", outcome.all());
    assert!(outcome.line("?").contains("more than 4 decimals (1 of 2), as 1234.56789 in row 2"));
}

#[test]
fn currencies_that_sums_would_mix() {
    let signs = "Дата;Клиент;Сумма\n13.01.2024;Ромашка;10,50 ₽\n14.01.2024;Лютик;20,00 $\n";
    let outcome = two_lines(signs, &[]);
    assert!(outcome.report.contains("in 2 currencies, as \"Сумма\" says (RUB 1, USD 1)"));
    let of = |one: &str, other: &str| {
        format!(
            "Дата;Клиент;Сумма;Валюта\n13.01.2024;Ромашка;10,50;{one}\n14.01.2024;Лютик;20,00;{other}\n"
        )
    };
    let outcome = two_lines(&of("EUR", "USD"), &[]);
    assert!(outcome.report.contains("in 2 currencies, as \"Валюта\" says (EUR 1, USD 1)"));
    for (one, other) in [("руб.", "руб"), ("USD", "usd"), ("RUB", "")] {
        assert!(!two_lines(&of(one, other), &[]).report.contains("currencies"), "{one} {other}");
    }
}

#[test]
fn totals_that_say_so_at_their_end() {
    let text = "Дата;Клиент;Документ;Товар;Сумма\n\
        13.01.2024;ООО Ромашка;1;Чай;10,50\n\
        14.01.2024;ООО Ромашка;2;Мёд;20,00\n\
        ;ООО Ромашка Итог;;;30,50\n\
        15.01.2024;Масло Total;3;Масло Total;5,00\n\
        16.01.2024;Масло Total;;;1,00\n\
        ;Масло Total Итог;;;6,00\n\
        Общий итог;;;;36,50\n";
    let outcome = accepted("x.csv", text, &[]);
    assert_eq!(outcome.line("all "), "all 4 36.50 2", "{}", outcome.all());
    assert_eq!(outcome.line("7 rows ="), "7 rows = 4 accepted + 3 excluded by rules + 0 rejected");
    let text = "Date,Client,Product,Amount\n\
        2024-01-13,Acme,Tea,10.50\n,Subtotal Acme,,10.50\n\
        2024-01-14,Bolt,Tea,20.00\n,Bolt Total,,20.00\n,Grand Total,,30.50\n";
    let outcome = two_lines(text, &[]);
    assert!(outcome.report.contains("the total at the end of the file, 30.50, equals"));
}

#[test]
fn a_header_of_two_rows_on_every_page() {
    let header = "Дата;Клиент;Продажи;\n;;Количество;Сумма\n";
    let text = format!(
        "{header}13.01.2024;Ромашка;1;10,50\n14.01.2024;Лютик;2;20,00\n\
         {header}15.01.2024;Ромашка;3;5,00\nВсего;;6;35,50\n"
    );
    let outcome = accepted("x.csv", &text, &[]);
    assert_eq!(outcome.line("all "), "all 3 35.50 2", "{}", outcome.all());
    assert_eq!(outcome.line("excluded repeated_header"), "excluded repeated_header: 2");
    assert_eq!(outcome.line("excluded totals_row"), "excluded totals_row: 1");
}

#[test]
fn documents_in_rows_of_their_own_below_clients() {
    let text = "Отчет о продажах;;;;\n;;;;\n\
        Контрагент;Документ;Номенклатура;Количество;Сумма продаж\n\
        ООО Ромашка;;;3,000;30,50\n\
        ;Реализация товаров и услуг ТД00-000001 от 13.01.2024 12:00:00;;3,000;30,50\n\
        ;;Чай;1,000;10,50\n\
        ;;Мёд;2,000;20,00\n\
        ООО Лютик;;;1,000;5,00\n\
        ;Реализация товаров и услуг ТД00-000002 от 15.02.2024 13:00:00;;1,000;5,00\n\
        ;;Чай;1,000;5,00\n\
        Итого;;;4,000;35,50\n";
    let outcome = accepted("x.csv", text, &[]);
    assert_eq!(outcome.line("all "), "all 3 35.50 2", "{}", outcome.all());
    assert_eq!(outcome.line("2024-01"), "2024-01 2 30.50 1");
    assert_eq!(outcome.line("excluded group_row"), "excluded group_row: 4");
    assert!(outcome.pipeline.contains("fill_down = [\"Контрагент\", \"Документ\"]"));
}

#[test]
fn a_list_drawn_with_lines() {
    let text = "13.01.2024            Dynamic List Display            1\n\
        ------------------------------------------------------\n\
        |Billing Doc.|Bill. Date|Sold-to pt|Name 1   |Bill.qty |Net value  |Curr.|\n\
        ------------------------------------------------------\n\
        |90000001    |13.01.2024|0000010001|Acme GmbH|    2,000|   1.020,50|EUR  |\n\
        |90000002    |14.01.2024|0000010002|Bolt AG  |    1,000|      20,00|EUR  |\n\
        |90000003    |15.01.2024|0000010001|Acme GmbH|    1,000|      10,50-|EUR  |\n\
        ------------------------------------------------------\n\
        |*           |          |          |         |         |   1.030,00|EUR  |\n\
        ------------------------------------------------------\n";
    let outcome = accepted("list.txt", text, &[]);
    // 1020.50 + 20.00 − 10.50
    assert_eq!(outcome.line("all "), "all 3 1,030.00 2", "{}", outcome.all());
    assert_eq!(outcome.line("excluded ruler_row"), "excluded ruler_row: 3");
    assert!(outcome.report.contains("the total at the end of the file, 1,030.00, equals"));
}

#[test]
fn exports_of_shops_and_accounts() {
    let text = "№;Время;Контрагент;Организация;Сумма;Валюта;Оплачено;Комментарий;\n\
        00001;13.01.2024 12:15;\"ООО \"\"Ромашка\"\"\";ООО Продавец;1 500,00;руб;1 500,00;;\n\
        00002;14.01.2024 09:05;ИП Лютик;ООО Продавец;250,50;руб;0,00;;\n";
    assert_eq!(accepted("x.csv", text, &[]).line("all "), "all 2 1,750.50 2");
    let text = "Order ID,Order Date,Status,Customer Name,Email (Billing),Item Name,SKU,Quantity,Item Cost,Order Total Amount\n\
        501,2024-01-13 10:00:00,wc-completed,Ann Lee,ann@example.com,Tea,T-1,2,20.00,25.00\n\
        501,2024-01-13 10:00:00,wc-completed,Ann Lee,ann@example.com,Honey,H-1,1,5.00,25.00\n\
        502,2024-01-14 11:00:00,wc-cancelled,Bob Ray,bob@example.com,Tea,T-1,1,10.00,10.00\n";
    let outcome = accepted("x.csv", text, &[]);
    assert_eq!(outcome.line("all "), "all 2 25.00 1");
    let text = "Номер заказа;Дата оформления;Статус заказа;Ваш SKU;Название товара;Количество;Цена за шт., ₽;Покупатель\n\
        1;13.01.2024;Доставлен;T-1;Чай;2;10.50;Иванов\n2;14.01.2024;Отменён;T-1;Чай;1;10.50;Петров\n";
    assert_eq!(accepted("x.csv", text, &[]).line("all "), "all 1 21.00 1");
}

#[test]
fn a_pivot_table_is_no_list_of_lines() {
    for (one, other) in [("Январь 2024", "Февраль 2024"), ("01.2024", "02.2024")] {
        let text =
            format!("Контрагент;{one};{other};Итого\nРомашка;1,50;2,50;4,00\nЛютик;1,00;;1,00\n");
        let outcome = inspect(&[("x.csv", csv(&text))], &[]);
        assert_eq!(outcome.code, 65, "{}", outcome.all());
        let told = format!("columns are named after dates (2, such as «{one}», «{other}»)");
        assert!(outcome.line("?").contains(&told), "{}", outcome.report);
        assert!(outcome.report.contains("correct the export as said above"), "{}", outcome.report);
    }
}
