-- Purchases and documents of clients are those counted from sales; each other dimension that
-- splits them can only count a purchase or a document once more, never lose one.
-- audits: entity_month
-- reads:  entity_month[0], purchase_month[0], sales[0]
with expected_purchases as (
    select
        month,
        sum(purchases) as purchases
    from purchase_month
    where month between $first_month and $last_month
    group by month
),

-- A document begins with one line.
expected_documents as (
    select
        month,
        sum((marks >> 8) & 1) as documents
    from sales
    where month between $first_month and $last_month
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
