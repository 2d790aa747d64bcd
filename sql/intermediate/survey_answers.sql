-- One row per client who said in the last survey.answer_months why it left: its last main reason.
-- grain:  client_id
-- reads:  loss_survey[all], canonical_client[all], client_state[all]
-- param:  as_of_date date
-- param:  survey_answer_months bigint
-- column: client_id text not null -- Canonical client
-- column: answer_date date not null -- Day of its last answer
-- column: reason text not null -- Main reason of that day
-- column: reason_group text not null -- company, client, competitor or market
-- column: is_recoverable boolean -- The client could be won back; null when nobody said
-- column: manager text not null -- Manager of the last purchase, (unknown) without a purchase
-- column: department text not null -- Department of the last purchase
-- column: branch text not null -- Branch of the last purchase
-- column: region text not null -- Region of the last purchase
-- column: channel text not null -- Sales channel of the last purchase
with settings as (
    select
        cast(
            cast($as_of_date as date)
            - cast(concat(cast($survey_answer_months as text), ' months') as interval) as date
        ) as after_date
),

-- Where two ids of one client answered, the later answer counts. All that is kept of it stands in
-- one text, so that its maximum leaves no tie.
last_answers as (
    select
        coalesce(canonical_client.canonical_client_id, loss_survey.client_id) as client_id,
        max(
            concat(
                cast(loss_survey.answer_date as text), chr(31),
                replace(loss_survey.reason, chr(31), ' '), chr(31),
                replace(loss_survey.reason_group, chr(31), ' '), chr(31),
                coalesce(cast(loss_survey.is_recoverable as text), '')
            )
        ) as last_answer
    from settings
    inner join loss_survey
        on settings.after_date < loss_survey.answer_date
    left join canonical_client
        on loss_survey.client_id = canonical_client.client_id
    where coalesce(loss_survey.reason_rank, 1) = 1
    group by coalesce(canonical_client.canonical_client_id, loss_survey.client_id)
)

select
    last_answers.client_id,
    cast(split_part(last_answers.last_answer, chr(31), 1) as date) as answer_date,
    split_part(last_answers.last_answer, chr(31), 2) as reason,
    split_part(last_answers.last_answer, chr(31), 3) as reason_group,
    case split_part(last_answers.last_answer, chr(31), 4)
        when 'true' then true
        when 'false' then false
    end as is_recoverable,
    coalesce(client_state.manager, '(unknown)') as manager,
    coalesce(client_state.department, '(unknown)') as department,
    coalesce(client_state.branch, '(unknown)') as branch,
    coalesce(client_state.region, '(unknown)') as region,
    coalesce(client_state.channel, '(unknown)') as channel
from last_answers
left join client_state
    on last_answers.client_id = client_state.client_id
    and client_state.month = cast(date_trunc('month', $as_of_date) as date)
