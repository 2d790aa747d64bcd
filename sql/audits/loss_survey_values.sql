-- A reason of loss belongs to one of the four groups, and a client has one main reason in a survey.
-- audits: loss_survey
-- reads:  loss_survey[0]
with main_reasons as (
    select
        month,
        client_id,
        answer_date,
        count(*) as times
    from loss_survey
    where month between $first_month and $last_month and coalesce(reason_rank, 1) = 1
    group by month, client_id, answer_date
)

select
    loss_survey.month,
    loss_survey.source,
    loss_survey.source_file,
    loss_survey.source_row,
    loss_survey.client_id,
    loss_survey.answer_date,
    loss_survey.reason,
    loss_survey.reason_group,
    loss_survey.reason_rank,
    coalesce(main_reasons.times, 0) as main_reasons
from loss_survey
left join main_reasons
    on loss_survey.month = main_reasons.month
    and loss_survey.client_id = main_reasons.client_id
    and loss_survey.answer_date = main_reasons.answer_date
where
    loss_survey.month between $first_month and $last_month
    and (
        loss_survey.reason_group not in ('company', 'client', 'competitor', 'market')
        or loss_survey.reason_rank < 1
        or (main_reasons.times is distinct from 1)
    )
