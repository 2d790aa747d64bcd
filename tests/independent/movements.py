#!/usr/bin/env python3
"""Causes of movement on UCI Online Retail II, recomputed from the raw files.

    python3 tests/independent/movements.py RAW_FOLDER PUBLISHED_FOLDER

Reads the delivered CSV files with DuckDB and computes both periods of every client, its movement, its
five effects, its cause and its dropped products again: joined month by month instead of expanded, the
effects as the mean over all six orders of change instead of by a closed formula. Everything must agree
with the published tables, money to the last ten-thousandth; effects may differ by a rounding. Ends with
0 when it does, and prints what differs otherwise. Needs `duckdb` from PyPI.
"""

import itertools
import sys
from decimal import Decimal

import duckdb

MONTHS = 3
BASES = {"previous": MONTHS, "year_ago": 12}
# Effects are rounded to four decimals from doubles, and the basket takes what is left of two.
NEAR = Decimal("0.0003")

RAW, PUBLISHED = sys.argv[1], sys.argv[2]
db = duckdb.connect()
db.execute("set preserve_insertion_order = false")
db.execute(
    f"""
    create table lines as
    select
        "Customer ID" as client,
        "StockCode" as product,
        cast("InvoiceDate" as timestamp)::date as day,
        date_trunc('month', cast("InvoiceDate" as timestamp))::date as month,
        cast("Quantity" as decimal(18, 3)) as quantity,
        cast("Quantity" as decimal(18, 3)) * cast("Price" as decimal(18, 4)) as revenue
    from read_csv('{RAW}/sales_*.csv.gz', all_varchar = true, header = true)
    where "Customer ID" is not null and "Customer ID" <> ''
        and cast("Price" as decimal(18, 4)) > 0
        and cast("Quantity" as decimal(18, 3)) > 0
        and "Invoice" not like 'C%'
    """
)
first, last, last_day = db.execute("select min(month), max(month), max(day) from lines").fetchone()
db.execute(
    """
    create table products as
    select client, product, month, sum(revenue) as revenue, sum(quantity) as units
    from lines group by all;
    create table days as select distinct client, day, month from lines;
    create table firsts as select client, min(month) as first_month from lines group by client;
    """
)


def shift(month, months):
    number = month.year * 12 + month.month - 1 + months
    return month.replace(year=number // 12, month=number % 12 + 1)


def effects(before, now):
    """Mean contribution of each factor over all orders in which they change."""
    count = len(before)
    sums = [0.0] * count
    orders = list(itertools.permutations(range(count)))
    for order in orders:
        values = list(before)
        for factor in order:
            old = 1.0
            for value in values:
                old *= value
            values[factor] = now[factor]
            new = 1.0
            for value in values:
                new *= value
            sums[factor] += new - old
    return [value / len(orders) for value in sums]


def four(value):
    return Decimal(value).quantize(Decimal("0.0001"))


problems = 0
rows_compared = 0
totals = {}


def differ(*what):
    global problems
    problems += 1
    if problems <= 20:
        print("differs:", *what)


month = first
while month <= last:
    for compare, back in BASES.items():
        if shift(month, 1 - MONTHS - back) < first:
            continue
        now = (shift(month, 1 - MONTHS), month)
        before = (shift(now[0], -back), shift(month, -back))
        pairs = db.execute(
            """
            with n as (
                select client, product, sum(revenue) as revenue, sum(units) as units,
                    max(month) as last_month
                from products where month between $1 and $2 group by all
            ),
            b as (
                select client, product, sum(revenue) as revenue, sum(units) as units,
                    count(*) as months
                from products where month between $3 and $4 group by all
            ),
            x as (
                select client, product, b.revenue as rb, n.revenue as rn, b.units as ub,
                    n.units as un, b.months as mb, n.last_month
                from n full join b using (client, product)
            )
            select
                client,
                coalesce(sum(rb), 0), coalesce(sum(rn), 0),
                coalesce(sum(rb) filter (rn is not null), 0),
                coalesce(sum(rn) filter (rb is not null), 0),
                coalesce(sum(ub) filter (rn is not null), 0),
                coalesce(sum(un) filter (rb is not null), 0),
                coalesce(sum(rb) filter (rn is null), 0),
                coalesce(sum(rn) filter (rb is null), 0),
                count(*) filter (rn is null), count(*) filter (rb is null),
                coalesce(sum(rn - rb) filter (mb = $5 and last_month < $2), 0),
                max(last_month) = $2
            from x group by client
            """,
            [now[0], now[1], before[0], before[1], MONTHS],
        ).fetchall()
        counts = {
            client: (b, n)
            for client, b, n in db.execute(
                """
                select client, count(*) filter (month between $3 and $4),
                    count(*) filter (month between $1 and $2)
                from days group by client
                """,
                [now[0], now[1], before[0], before[1]],
            ).fetchall()
        }
        firsts = dict(db.execute("select client, first_month from firsts").fetchall())
        partial = shift(month, 1).toordinal() - 1 > last_day.toordinal()
        published = {
            row[0]: row[1:]
            for row in db.execute(
                f"""
                select client_id, movement, revenue_before, revenue_now, change, frequency_effect,
                    basket_effect, price_mix_effect, dropped_effect, added_effect,
                    purchases_before, purchases_now, products_dropped, products_added, cause
                from '{PUBLISHED}/client_movements/*{month:%Y-%m}*.parquet' where compare = $1
                """,
                [compare],
            ).fetchall()
        }
        if published.keys() != {pair[0] for pair in pairs}:
            differ(month, compare, "clients", len(published), len(pairs))
        for client, rb, rn, kb, kn, ub, un, dropped, added, nd, na, stopped, in_last in pairs:
            rows_compared += 1
            times_b, times_n = counts[client]
            change = rn - rb
            if times_b and times_n:
                movement = "stayed"
                if ub > 0 and un > 0:
                    f, _, p = effects(
                        [times_b, float(ub) / times_b, float(kb) / float(ub)],
                        [times_n, float(un) / times_n, float(kn) / float(un)],
                    )
                else:
                    f, _ = effects([times_b, float(kb) / times_b], [times_n, float(kn) / times_n])
                    p = 0.0
                parts = [four(f), None, four(p), -dropped, added]
            else:
                if times_b:
                    movement = "vanished"
                elif firsts[client] > before[1]:
                    movement = "new"
                else:
                    movement = "returned"
                parts = [change, None, Decimal(0), Decimal(0), Decimal(0)]
            parts[1] = change - parts[0] - parts[2] - parts[3] - parts[4]
            if change == 0:
                cause = "unchanged"
            elif movement != "stayed":
                cause = movement
            else:
                rivals = [parts[0], parts[1], parts[2], parts[3] + parts[4]]
                names = (
                    ["less_often", "smaller_orders", "cheaper", "dropped_product"]
                    if change < 0
                    else ["more_often", "larger_orders", "dearer", "added_product"]
                )
                worst = (min if change < 0 else max)(rivals)
                # Parts that are equal but for a rounding may name either cause.
                cause = {n for n, part in zip(names, rivals) if abs(part - worst) <= NEAR}
                if change < 0 and in_last and not partial and 2 * stopped <= change and stopped < 0:
                    cause = {"dropped_product"}
            row = published.get(client)
            if row is None:
                differ(month, compare, client, "is not published")
                continue
            exact = (movement, rb, rn, change, times_b, times_n, nd, na)
            if (*row[:4], *row[9:13]) != exact:
                differ(month, compare, client, row, exact)
            if any(abs(one - other) > NEAR for one, other in zip(row[4:9], parts)):
                differ(month, compare, client, row[4:9], parts)
            if row[13] != cause and row[13] not in cause:
                differ(month, compare, client, "cause", row[13], cause)
            if sum(row[4:9]) != change:
                differ(month, compare, client, "parts", sum(row[4:9]), change)
            total = totals.setdefault((month, compare), [Decimal(0)] * 8)
            for place, value in enumerate((rb, rn, change, *row[4:9])):
                total[place] += value
        for row in db.execute(
            f"""
            select cut, sum(revenue_before), sum(revenue_now), sum(change), sum(frequency_effect),
                sum(basket_effect), sum(price_mix_effect), sum(dropped_effect), sum(added_effect)
            from '{PUBLISHED}/entity_movements/*{month:%Y-%m}*.parquet' where compare = $1
            group by cut
            """,
            [compare],
        ).fetchall():
            if list(row[1:]) != totals[month, compare]:
                differ(month, compare, "cut", row[0], row[1:], totals[month, compare])
        expected = {
            row[:2]: row[2:]
            for row in db.execute(
                """
                with client_sums as (
                    select client,
                        coalesce(sum(revenue) filter (month between $3 and $4), 0) as rb,
                        coalesce(sum(revenue) filter (month between $1 and $2), 0) as rn,
                        count(*) filter (month = $2) as in_last
                    from products where month <= $2 group by client
                ),
                p as (
                    select client, product,
                        coalesce(sum(revenue) filter (month between $3 and $4), 0) as rb,
                        coalesce(sum(revenue) filter (month between $1 and $2), 0) as rn,
                        count(*) filter (month between $3 and $4) as mb,
                        max(month) as last_month
                    from products where month <= $2 group by all
                )
                select client, product, last_month, p.rb, p.rn
                from p join client_sums using (client)
                where client_sums.rn > 0 and client_sums.rb > client_sums.rn and mb > 0
                    and (p.rb - p.rn) * 20 >= client_sums.rb
                    and (p.rn = 0 or (mb = $5 and last_month < $2 and in_last > 0 and not $6))
                """,
                [now[0], now[1], before[0], before[1], MONTHS, partial],
            ).fetchall()
        }
        dropped = {
            row[:2]: row[2:]
            for row in db.execute(
                f"""
                select client_id, product_id, last_bought_month, revenue_before, revenue_now
                from '{PUBLISHED}/dropped_products/*{month:%Y-%m}*.parquet' where compare = $1
                """,
                [compare],
            ).fetchall()
        }
        if dropped != expected:
            odd = set(dropped.items()) ^ set(expected.items())
            differ(month, compare, "dropped products", len(odd), sorted(odd)[:3])
    month = shift(month, 1)

for (month, compare), total in sorted(totals.items()):
    if compare == "previous" and month == shift(last, -1):
        print(
            f"{month:%Y-%m}: change {total[2]}, of it frequency {total[3]}, basket {total[4]}, "
            f"price and mix {total[5]}, dropped {total[6]}, added {total[7]}"
        )
print(f"{rows_compared} rows of client_movements compared, {problems} differences")
sys.exit(1 if problems else 0)
