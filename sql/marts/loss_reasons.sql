-- Why clients leave: one row per months of silence, cut and its value, and answer of the survey of
-- lost clients: its share with a 95 % interval, and what that means for all who are lost.
-- grain:  lost_after_months, cut, cut_value, level, reason_group, answer
-- reads:  survey_answers[all], lost_pool[all]
-- param:  churn_lost_after_months bigint[]
-- column: lost_after_months bigint not null -- Whole months without a purchase that make a loss:
--     which pool the shares are extrapolated to
-- column: cut text not null -- all, channel, region, department, branch or manager
-- column: cut_value text not null -- Value of the cut at the client's last purchase, 'all' for all
-- column: level text not null -- reason, group (of reasons) or recoverable
-- column: reason_group text not null -- company, client, competitor or market; (all) at level
--     recoverable
-- column: answer text not null -- Code of the reason; the group again at level group; yes, no or
--     unknown at level recoverable
-- column: respondents bigint not null -- Clients of the cut who answered, each once
-- column: answers bigint not null -- Those of them with this as main reason
-- column: recoverable bigint not null -- Those of the answers who could be won back
-- column: share double not null -- Answers divided by respondents
-- column: share_low double not null -- Lower end of its 95 % interval, by Wilson
-- column: share_high double not null -- Upper end of its 95 % interval
-- column: pool_clients bigint not null -- Clients of the cut who are lost on the as-of date
-- column: pool_revenue_12m decimal(28,4) not null -- Their revenue in the 12 months ending with the
--     month of the last purchase
-- column: lost_clients double not null -- Share of pool_clients: lost for this reason
-- column: lost_clients_low double not null -- share_low of pool_clients
-- column: lost_clients_high double not null -- share_high of pool_clients
-- column: lost_revenue_12m decimal(28,4) not null -- Share of pool_revenue_12m
-- column: lost_revenue_12m_low decimal(28,4) not null -- share_low of pool_revenue_12m
-- column: lost_revenue_12m_high decimal(28,4) not null -- share_high of pool_revenue_12m
with settings as (
    -- The two-sided 95 % point of the normal distribution.
    select cast(1.959963984540054 as double) as z
),

-- Every respondent gives one answer at each level.
answers_by_level as (
    select
        levels.level,
        case when levels.level = 'recoverable' then '(all)' else survey_answers.reason_group end
            as reason_group,
        case levels.level
            when 'reason' then survey_answers.reason
            when 'group' then survey_answers.reason_group
            else
                case
                    when survey_answers.is_recoverable then 'yes'
                    when not survey_answers.is_recoverable then 'no'
                    else 'unknown'
                end
        end as answer,
        coalesce(survey_answers.is_recoverable, false) as is_recoverable,
        survey_answers.channel,
        survey_answers.region,
        survey_answers.department,
        survey_answers.branch,
        survey_answers.manager
    from (values ('reason'), ('group'), ('recoverable')) as levels (level)
    cross join survey_answers
),

answers_by_cut as (
    select
        cuts.cut,
        case cuts.cut
            when 'channel' then answers_by_level.channel
            when 'region' then answers_by_level.region
            when 'department' then answers_by_level.department
            when 'branch' then answers_by_level.branch
            when 'manager' then answers_by_level.manager
            else 'all'
        end as cut_value,
        answers_by_level.level,
        answers_by_level.reason_group,
        answers_by_level.answer,
        answers_by_level.is_recoverable
    from (
        values ('all'), ('channel'), ('region'), ('department'), ('branch'), ('manager')
    ) as cuts (cut)
    cross join answers_by_level
),

counts as (
    select
        cut,
        cut_value,
        level,
        reason_group,
        answer,
        count(*) as answers,
        sum(case when is_recoverable then 1 else 0 end) as recoverable
    from answers_by_cut
    group by cut, cut_value, level, reason_group, answer
),

respondents as (
    select
        rules.lost_after_months,
        counts.cut,
        counts.cut_value,
        counts.level,
        counts.reason_group,
        counts.answer,
        counts.answers,
        counts.recoverable,
        sum(counts.answers) over (
            partition by rules.lost_after_months, counts.cut, counts.cut_value, counts.level
        ) as respondents
    from (
        select unnest(cast($churn_lost_after_months as bigint[])) as lost_after_months
    ) as rules
    cross join counts
),

pool_by_cut as (
    select
        lost_pool.lost_after_months,
        cuts.cut,
        case cuts.cut
            when 'channel' then lost_pool.channel
            when 'region' then lost_pool.region
            when 'department' then lost_pool.department
            when 'branch' then lost_pool.branch
            when 'manager' then lost_pool.manager
            else 'all'
        end as cut_value,
        lost_pool.revenue_12m_before
    from (
        values ('all'), ('channel'), ('region'), ('department'), ('branch'), ('manager')
    ) as cuts (cut)
    cross join lost_pool
),

pools as (
    select
        lost_after_months,
        cut,
        cut_value,
        count(*) as clients,
        sum(revenue_12m_before) as revenue_12m
    from pool_by_cut
    group by lost_after_months, cut, cut_value
),

shares as (
    select
        respondents.lost_after_months,
        respondents.cut,
        respondents.cut_value,
        respondents.level,
        respondents.reason_group,
        respondents.answer,
        respondents.respondents,
        respondents.answers,
        respondents.recoverable,
        cast(respondents.answers as double) / respondents.respondents as share,
        cast(respondents.respondents as double) as n,
        settings.z,
        coalesce(pools.clients, 0) as pool_clients,
        coalesce(pools.revenue_12m, 0) as pool_revenue_12m
    from settings
    cross join respondents
    left join pools
        on respondents.lost_after_months = pools.lost_after_months
        and respondents.cut = pools.cut
        and respondents.cut_value = pools.cut_value
),

-- Wilson's score interval; at 0 and at all of n it ends exactly there, whatever the rounding.
intervals as (
    select
        lost_after_months,
        cut,
        cut_value,
        level,
        reason_group,
        answer,
        respondents,
        answers,
        recoverable,
        share,
        (share + z * z / (2 * n) - z * sqrt(share * (1 - share) / n + z * z / (4 * n * n)))
        / (1 + z * z / n) as share_low,
        case
            when answers = respondents then cast(1 as double)
            else
                (share + z * z / (2 * n) + z * sqrt(share * (1 - share) / n + z * z / (4 * n * n)))
                / (1 + z * z / n)
        end as share_high,
        pool_clients,
        pool_revenue_12m
    from shares
)

select
    lost_after_months,
    cut,
    cut_value,
    level,
    reason_group,
    answer,
    respondents,
    answers,
    recoverable,
    share,
    share_low,
    share_high,
    pool_clients,
    cast(pool_revenue_12m as decimal(28, 4)) as pool_revenue_12m,
    share * pool_clients as lost_clients,
    share_low * pool_clients as lost_clients_low,
    share_high * pool_clients as lost_clients_high,
    cast(share * cast(pool_revenue_12m as double) as decimal(28, 4)) as lost_revenue_12m,
    cast(share_low * cast(pool_revenue_12m as double) as decimal(28, 4)) as lost_revenue_12m_low,
    cast(share_high * cast(pool_revenue_12m as double) as decimal(28, 4)) as lost_revenue_12m_high
from intervals
