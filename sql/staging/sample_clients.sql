-- Counterparties of the sample, as 1C exports its catalogue: one counterparty per row, folders too.
-- raw: "Код" text
-- raw: "Наименование" text
-- raw: "Полное наименование" text
-- raw: "ИНН" text
-- raw: "КПП" text
-- raw: "Вид" text
-- raw: "Контактное лицо" text
-- raw: "Телефоны" text
-- raw: "Эл. почта" text
-- raw: "Юридический адрес" text
-- raw: "Адрес доставки" text
-- raw: "Ответственный" text
-- raw: "Филиал" text
-- raw: "Регион" text
-- raw: "Дата создания" date
-- raw: "Ликвидирован" text
-- raw: "Дата ликвидации" date
-- raw: "Не беспокоить" text
-- raw: "Это группа" text
select
    "Код" as client_id,
    "Наименование" as client_name,
    "Полное наименование" as legal_name,
    -- A word that is not known stays as it is, so that an audit finds it.
    case "Вид" when 'Юрлицо' then 'B2B' when 'Физлицо' then 'B2C' else "Вид" end as client_type,
    trim("ИНН") as tax_id,
    trim("КПП") as kpp,
    "Контактное лицо" as contact_person,
    "Телефоны" as phones,
    "Эл. почта" as emails,
    "Юридический адрес" as address,
    "Адрес доставки" as delivery_address,
    "Ответственный" as manager,
    "Филиал" as branch,
    "Регион" as region,
    "Дата создания" as client_since,
    "Ликвидирован" = 'Да' as is_closed,
    "Дата ликвидации" as closed_date,
    -- When in doubt, nobody is called.
    "Не беспокоить" <> 'Нет' as do_not_contact,
    case when "Это группа" = 'Да' then 'folder' end as excluded
from raw
