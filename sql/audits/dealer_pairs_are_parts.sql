-- What grew of a basket is a part of it, what is new of what grew, and the growth is one.
-- audits: dealer_pairs
-- reads:  dealer_pairs[0]
select
    month,
    silent_client_id,
    dealer_client_id,
    products,
    grown_products,
    new_products,
    grown_revenue
from dealer_pairs
where
    month between $first_month and $last_month
    and (
        grown_products not between 1 and products
        or new_products not between 0 and grown_products
        or grown_revenue < 0
        or silent_client_id = dealer_client_id
    )
