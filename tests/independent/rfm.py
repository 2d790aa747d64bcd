"""Recomputes RFM of Online Retail II from the raw files, with DuckDB and plain Python, and compares it
with the published tables `rfm`, `rfm_segments` and `rfm_transitions`, and with a kept result.

    python3 tests/independent/rfm.py RAW_FOLDER PUBLISHED_FOLDER [KEPT_CSV]

RAW_FOLDER holds sales_*.csv.gz, PUBLISHED_FOLDER the folder with one folder per table, KEPT_CSV
rfm_2011-11-30.csv.gz. Needs the package duckdb. No code is shared with the models: scores are
counted by sorting lists. Ends with 1 and the first differences if anything differs.
"""

import bisect
import collections
import datetime
import sys

import duckdb

SALES = """
    select "Customer ID" as client, cast(InvoiceDate as date) as day, Invoice as invoice,
        cast(Quantity as decimal(18, 3)) * cast(Price as decimal(18, 4)) as revenue
    from read_csv('{}/sales_*.csv.gz', all_varchar = true, header = true)
    where "Customer ID" is not null and cast(Quantity as decimal(18, 3)) > 0
        and cast(Price as decimal(18, 4)) > 0 and not starts_with(Invoice, 'C')
"""

NAMES = {
    "hibernating": ("12", "12"), "at_risk": ("12", "34"), "cannot_lose": ("12", "5"),
    "about_to_sleep": ("3", "12"), "need_attention": ("3", "3"), "loyal": ("34", "45"),
    "promising": ("4", "1"), "new": ("5", "1"), "potential_loyalists": ("45", "23"),
    "champions": ("5", "45"),
}


def month_ends(first, last):
    """Last days of the months from first to last; the last one is cut off at `last`."""
    day = first.replace(day=1)
    while day <= last:
        following = (day.replace(day=28) + datetime.timedelta(days=4)).replace(day=1)
        yield day, min(following - datetime.timedelta(days=1), last)
        day = following


def fifths(values):
    """Score of every value: 1, and one more for each full fifth of the base that is smaller."""
    ordered = sorted(values)
    return [1 + 5 * bisect.bisect_left(ordered, value) // len(ordered) for value in values]


def segment(recency, frequency):
    found = [name for name, (r, f) in NAMES.items() if str(recency) in r and str(frequency) in f]
    assert len(found) == 1, (recency, frequency, found)
    return found[0]


def main():
    raw, published = sys.argv[1:3]
    data = duckdb.connect()
    data.execute("create table lines as " + SALES.format(raw))
    first, last = data.execute("select min(day), max(day) from lines").fetchone()
    problems = []
    segments_before = {}
    for month, end in month_ends(first, last):
        rows = data.execute(
            "select client, max(day), count(distinct day), count(distinct invoice), sum(revenue) "
            "from lines where day <= ? group by client order by client", [end]).fetchall()
        recency = fifths([-(end - row[1]).days for row in rows])
        frequency = fifths([row[2] for row in rows])
        money = fifths([row[4] for row in rows])
        segments = {}
        expected = set()
        for row, r, f, m in zip(rows, recency, frequency, money):
            segments[row[0]] = segment(r, f)
            expected.add((row[0], (end - row[1]).days, row[2], row[3], round(row[4], 4),
                          f"{r}{f}{m}", segments[row[0]]))
        stored = set(data.execute(
            "select client_id, days_since_last_purchase, purchases, documents, revenue, score, segment "
            f"from read_parquet('{published}/rfm/*.parquet') where month = ?", [month]).fetchall())
        problems += [f"{month} rfm expected {row}" for row in sorted(expected - stored)[:3]]
        problems += [f"{month} rfm stored   {row}" for row in sorted(stored - expected)[:3]]
        counted = dict(data.execute(
            f"select segment, clients from read_parquet('{published}/rfm_segments/*.parquet') "
            "where month = ?", [month]).fetchall())
        if counted != collections.Counter(segments.values()):
            problems.append(f"{month} rfm_segments {counted}")
        moves = collections.Counter(
            (segments_before.get(client, "first_purchase"), name) for client, name in segments.items())
        stored_moves = {(row[0], row[1]): row[2] for row in data.execute(
            "select from_segment, to_segment, clients "
            f"from read_parquet('{published}/rfm_transitions/*.parquet') where month = ?",
            [month]).fetchall()}
        if stored_moves != moves:
            problems.append(f"{month} rfm_transitions differ")
        segments_before = segments
    if len(sys.argv) > 3:
        differing = data.execute(f"""
            select kept.client, stored.client_id
            from read_csv('{sys.argv[3]}', types = {{'client': 'varchar'}}) as kept
            full join (
                select * from read_parquet('{published}/rfm/*.parquet') where month = '2011-11-01'
            ) as stored on kept.client = stored.client_id
            where (kept.last_day, kept.recency_days, kept.invoices, kept.purchase_days,
                kept.monetary_thousandths)
                is distinct from (stored.last_purchase_date, stored.days_since_last_purchase,
                stored.documents, stored.purchases, cast(stored.revenue * 1000 as bigint))
            """).fetchall()
        problems += [f"kept result differs for {row}" for row in differing[:5]]
    print("\n".join(problems) or "rfm: equal")
    sys.exit(1 if problems else 0)


main()
