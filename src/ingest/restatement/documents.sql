-- Every line of the documents that differ between two versions of a month, in both versions.
-- Lines are compared as what they say: equal lines are counted, not numbered.
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
            sale_date, document_id, line_number, client_id, client_name, product_id,
            product_name, category, manager, department, branch, region, channel, kind,
            quantity, revenue, cost, extra,
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
            client_id as of_client,
            document as of_document,
            case
                when sum(before_lines) = 0 then 'added'
                when sum(after_lines) = 0 then 'removed'
                else 'changed'
            end as change
        from line
        group by client_id, document
        having sum(case when before_lines = after_lines then 0 else 1 end) > 0
    ),
    restated as (
        select line.*, document.change
        from document
        join line on line.client_id = of_client and line.document = of_document
    )
select
    client_id, document_id, change, 'before' as version, before_lines as lines,
    sale_date, line_number, client_name, product_id, product_name, category, manager,
    department, branch, region, channel, kind, quantity, revenue, cost, extra
from restated
where before_lines > 0
union all
select
    client_id, document_id, change, 'after', after_lines,
    sale_date, line_number, client_name, product_id, product_name, category, manager,
    department, branch, region, channel, kind, quantity, revenue, cost, extra
from restated
where after_lines > 0
