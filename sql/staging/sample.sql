-- The sample ERP export: one document line per row, English headers, money with a point.
-- raw: document_date date
-- raw: document_no text
-- raw: line_no bigint
-- raw: operation text
-- raw: client_code text
-- raw: client_name text
-- raw: sku text
-- raw: product_name text
-- raw: category text
-- raw: manager text
-- raw: department text
-- raw: branch text
-- raw: region text
-- raw: channel text
-- raw: quantity decimal(18,3)
-- raw: amount decimal(18,4)
-- raw: cost decimal(18,4)
select
    document_date as sale_date,
    document_no as document_id,
    line_no as line_number,
    client_code as client_id,
    client_name,
    sku as product_id,
    product_name,
    category,
    manager,
    department,
    branch,
    region,
    channel,
    operation as kind,
    quantity,
    amount as revenue,
    cost,
    -- The first rule that fits names the reason; a total has no client, so it comes first.
    case
        when client_name = 'Итого' then 'totals_row'
        when client_code = 'INTERNAL' then 'internal_transfer'
        when client_code = 'TEST' then 'test_order'
    end as excluded
from raw
