-- UCI Online Retail II: one invoice line per row, in the original columns.
-- Sales only: a line counts when the client is known, quantity and price are positive and
-- the invoice is no cancellation.
-- raw: Invoice text
-- raw: StockCode text
-- raw: Description text
-- raw: Quantity decimal(18,3)
-- raw: InvoiceDate date
-- raw: Price decimal(18,4)
-- raw: "Customer ID" text
-- raw: Country text
select
    "InvoiceDate" as sale_date,
    "Invoice" as document_id,
    "Customer ID" as client_id,
    "StockCode" as product_id,
    trim("Description") as product_name,
    "Country" as region,
    'sale' as kind,
    "Quantity" as quantity,
    "Quantity" * "Price" as revenue,
    case
        when "Customer ID" is null then 'no_client'
        when "Price" = 0 then 'price_zero'
        when starts_with("Invoice", 'C') then 'cancellation'
        when "Quantity" <= 0 then 'quantity_not_positive'
        when "Price" < 0 then 'bad_debt_adjustment'
    end as excluded
from raw
