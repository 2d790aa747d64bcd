-- Purchases and documents of clients are those counted from sales; each other dimension that
-- splits them can only count a purchase or a document once more, never lose one.
-- audits: entity_month
-- reads:  entity_month[0], sales[0], canonical_client[all]
with client_days as (
    select
        sales.month,
        coalesce(canonical_client.canonical_client_id, sales.client_id) as client_id,
        sales.sale_date
    from sales
    left join canonical_client
        on sales.client_id = canonical_client.client_id
    where sales.month between $first_month and $last_month and sales.is_purchase
    group by
        sales.month,
        coalesce(canonical_client.canonical_client_id, sales.client_id),
        sales.sale_date
),

client_documents as (
    select
        month,
        client_id,
        source,
        coalesce(document_id, cast(sale_date as text)) as document
    from sales
    where month between $first_month and $last_month and is_purchase
    group by month, client_id, source, coalesce(document_id, cast(sale_date as text))
),

expected_purchases as (
    select
        month,
        count(*) as purchases
    from client_days
    group by month
),

expected_documents as (
    select
        month,
        count(*) as documents
    from client_documents
    group by month
),

actual as (
    select
        month,
        dimension,
        sum(purchases) as purchases,
        sum(documents) as documents
    from entity_month
    where month between $first_month and $last_month
    group by month, dimension
)

select
    actual.month,
    actual.dimension,
    expected_purchases.purchases as sales_purchases,
    actual.purchases as entity_purchases,
    expected_documents.documents as sales_documents,
    actual.documents as entity_documents
from actual
left join expected_purchases
    on actual.month = expected_purchases.month
left join expected_documents
    on actual.month = expected_documents.month
where
    actual.purchases < coalesce(expected_purchases.purchases, 0)
    or actual.documents < coalesce(expected_documents.documents, 0)
    or (
        actual.dimension = 'client'
        and (
            actual.purchases <> coalesce(expected_purchases.purchases, 0)
            or actual.documents <> coalesce(expected_documents.documents, 0)
        )
    )
