-- Survey of the sample's lost clients, as the call centre wrote it down: one reason per row.
-- raw: "Дата" date
-- raw: "Код клиента" text
-- raw: "Причина" text
-- raw: "Группа" text
-- raw: "Главная" text
-- raw: "Вернётся" text
-- raw: "Конкурент" text
-- raw: "Кто спросил" text
-- raw: "Ответ" text
select
    "Дата" as answer_date,
    "Код клиента" as client_id,
    case "Причина"
        when 'Срыв сроков' then 'late_delivery'
        when 'Поднялись цены' then 'price_rise'
        when 'Ушёл менеджер' then 'manager_left'
        when 'Дешевле у других' then 'cheaper_offer'
        when 'Шире выбор у других' then 'wider_choice'
        when 'Разовая потребность' then 'one_off_need'
        when 'Сменил направление' then 'other_business'
        when 'Закрылся' then 'closed_down'
        when 'Новое юрлицо' then 'new_legal_entity'
        when 'Упал спрос' then 'demand_fell'
        else "Причина"
    end as reason,
    case "Группа"
        when 'компания' then 'company'
        when 'клиент' then 'client'
        when 'конкурент' then 'competitor'
        when 'рынок' then 'market'
        else "Группа"
    end as reason_group,
    case when "Главная" = 'нет' then 2 else 1 end as reason_rank,
    "Вернётся" = 'да' as is_recoverable,
    "Конкурент" as competitor,
    "Кто спросил" as interviewer,
    "Ответ" as comment
from raw
