-- What a restatement did to a month, in one row. Lines are compared as what they say: equal
-- lines are counted, not numbered. Of a document's lines that differ, those that went and
-- those that came count in pairs as changed; what is left over was removed or added.
with
    both_versions as (
        select
            sale_date, document_id, line_number, client_id, client_name, product_id,
            product_name, category, manager, department, branch, region, channel, kind,
            quantity, revenue, cost, extra, 1 as before_lines, 0 as after_lines
        from lines_before
        union all
        select
            sale_date, document_id, line_number, client_id, client_name, product_id,
            product_name, category, manager, department, branch, region, channel, kind,
            quantity, revenue, cost, extra, 0, 1
        from lines_after
    ),
    line as (
        select
            client_id,
            sale_date,
            -- Lines without a document belong to the client's day.
            coalesce(document_id, cast(sale_date as text)) as document,
            sum(before_lines) as before_lines,
            sum(after_lines) as after_lines
        from both_versions
        group by
            sale_date, document_id, line_number, client_id, client_name, product_id,
            product_name, category, manager, department, branch, region, channel, kind,
            quantity, revenue, cost, extra
    ),
    document as (
        select
            client_id,
            sum(before_lines) as before_lines,
            sum(after_lines) as after_lines,
            sum(greatest(before_lines - after_lines, 0)) as went,
            sum(greatest(after_lines - before_lines, 0)) as came,
            min(case when after_lines > before_lines then sale_date end) as first_came
        from line
        group by client_id, document
    ),
    counted as (
        select
            count(case when before_lines = 0 then 1 end) as documents_added,
            count(case when after_lines = 0 then 1 end) as documents_removed,
            count(case when before_lines > 0 and after_lines > 0 then 1 end)
                as documents_changed,
            coalesce(sum(came - least(went, came)), 0) as lines_added,
            coalesce(sum(went - least(went, came)), 0) as lines_removed,
            coalesce(sum(least(went, came)), 0) as lines_changed,
            count(distinct client_id) as clients_touched,
            min(first_came) as first_came
        from document
        where went + came > 0
    ),
    before as (
        select
            sum(revenue) as revenue,
            sum(revenue - cost) as profit,
            max(sale_date) as last_day
        from lines_before
    ),
    after as (
        select sum(revenue) as revenue, sum(revenue - cost) as profit from lines_after
    )
select
    -- A running month that goes on says nothing else of the days that were known.
    case
        when documents_removed = 0 and documents_changed = 0 and first_came > before.last_day
            then 'extended'
        else 'restated'
    end as kind,
    documents_added,
    documents_removed,
    documents_changed,
    lines_added,
    lines_removed,
    lines_changed,
    coalesce(before.revenue, 0) as revenue_before,
    coalesce(after.revenue, 0) as revenue_after,
    coalesce(before.profit, 0) as profit_before,
    coalesce(after.profit, 0) as profit_after,
    clients_touched
from counted
cross join before
cross join after
