-- One row per lost client who is not to be asked why it left, and so stands outside survey_sample:
-- with the reason, and what would be needed to ask it after all.
-- grain:  client_id
-- reads:  lost_pool[all], survey_answers[all]
-- param:  as_of_date date
-- param:  churn_lost_after_months bigint[]
-- param:  survey_ask_again_months bigint
-- column: client_id text not null -- Canonical client
-- column: reason text not null -- closed, do_not_contact, asked_lately (answered in the last
--     survey.ask_again_months) or no_phone (the master data know it without a phone number): the
--     first that holds
-- column: reasons text not null -- All that hold, in this order
-- column: has_phone boolean not null -- The master data hold a phone number
-- column: has_email boolean not null -- The master data hold an e-mail address
-- column: last_answer_date date -- Day of its last answer, if it has answered lately
-- column: months_silent bigint not null -- Months since the month of the last purchase
-- column: purchases bigint not null -- Lifetime purchase days
-- column: revenue_12m_before decimal(28,4) not null -- Revenue in the 12 months ending with the
--     month of the last purchase
-- column: last_purchase_date date not null -- Last purchase day
-- column: manager text not null -- Manager of the last purchase
-- column: branch text not null -- Branch of the last purchase
-- column: region text not null -- Region of the last purchase
with settings as (
    select
        cast(
            cast($as_of_date as date)
            - cast(concat(cast($survey_ask_again_months as text), ' months') as interval) as date
        ) as asked_after,
        array_min(cast($churn_lost_after_months as bigint[])) as lost_after_months
),

asked as (
    select survey_answers.client_id, survey_answers.answer_date
    from settings
    inner join survey_answers
        on settings.asked_after < survey_answers.answer_date
),

judged as (
    select
        lost_pool.client_id,
        -- Whom the master data do not know at all may have a phone that the manager knows.
        nullif(
            concat_ws(
                ', ',
                case when lost_pool.is_closed then 'closed' end,
                case when lost_pool.do_not_contact then 'do_not_contact' end,
                case when asked.client_id is not null then 'asked_lately' end,
                case
                    when lost_pool.is_in_master_data and not lost_pool.has_phone then 'no_phone'
                end
            ),
            ''
        ) as reasons,
        lost_pool.has_phone,
        lost_pool.has_email,
        asked.answer_date as last_answer_date,
        lost_pool.months_silent,
        lost_pool.purchases,
        lost_pool.revenue_12m_before,
        lost_pool.last_purchase_date,
        lost_pool.manager,
        lost_pool.branch,
        lost_pool.region
    from settings
    inner join lost_pool
        on settings.lost_after_months = lost_pool.lost_after_months
    left join asked
        on lost_pool.client_id = asked.client_id
)

select
    client_id,
    split_part(reasons, ', ', 1) as reason,
    reasons,
    has_phone,
    has_email,
    last_answer_date,
    months_silent,
    purchases,
    revenue_12m_before,
    last_purchase_date,
    manager,
    branch,
    region
from judged
where reasons is not null
