"""Recomputes the repeat-sales indicators, the years of new and repeat clients and the evidence of silences of
Online Retail II from the raw files, and compares them with the published tables
`repeat_sales_indicators`, `new_versus_repeat`, `suggest_silence` and `suggest_lost`.

    python3 tests/independent/repeat_sales.py RAW_FOLDER PUBLISHED_FOLDER

RAW_FOLDER holds sales_*.csv.gz, PUBLISHED_FOLDER the folder with one folder per table. Needs the package
duckdb. No code is shared with the models: purchases are walked through client by client.
Ends with 1 and the first differences if anything differs.
"""

import collections
import datetime
import sys

import duckdb

SALES = """
    select "Customer ID" as client, cast(InvoiceDate as date) as day,
        cast(Quantity as decimal(18, 3)) * cast(Price as decimal(18, 4)) as revenue
    from read_csv('{}/sales_*.csv.gz', all_varchar = true, header = true)
    where "Customer ID" is not null and cast(Quantity as decimal(18, 3)) > 0
        and cast(Price as decimal(18, 4)) > 0 and not starts_with(Invoice, 'C')
"""


def month_number(day):
    return day.year * 12 + day.month - 1


def month_end(number):
    return datetime.date((number + 1) // 12, (number + 1) % 12 + 1, 1) - datetime.timedelta(days=1)


def indicators(purchases, revenue, first, last):
    """Numerator and denominator of every indicator at every month end."""
    found = {}
    regular_by_month = {}
    for number in range(month_number(first), month_number(last) + 1):
        end = min(month_end(number), last)
        counts = collections.Counter()
        money = collections.Counter()
        for client, days in purchases.items():
            known = [day for day in days if day <= end]
            if not known:
                continue
            regular = len(known) >= 4
            active = (end - known[-1]).days <= 60
            counts["base"] += 1
            counts["one_off_share"] += len(known) == 1
            counts["prospective_share"] += 2 <= len(known) <= 3
            counts["regular_share"] += regular
            counts["active_share"] += active
            counts["regular_active_share"] += regular and active
            for day in known:
                if month_number(day) > number - 12:
                    money["all"] += revenue[client, day]
                    money["repeat"] += revenue[client, day] if day > known[0] else 0
        base = counts.pop("base")
        values = {name: (count, base) for name, count in counts.items()}
        values["repeat_revenue_share"] = (money["repeat"], money["all"])
        regular_by_month[number] = counts["regular_share"]
        before = regular_by_month.get(number - 12)
        values["regular_growth"] = (
            (None, None) if before is None else (counts["regular_share"] - before, before))
        for name, value in values.items():
            found[datetime.date(number // 12, number % 12 + 1, 1), name] = value
    return found


def years(purchases, revenue):
    found = {}
    for client, days in purchases.items():
        for year in {day.year for day in days}:
            row = found.setdefault(year, collections.Counter())
            of_year = [day for day in days if day.year == year]
            is_new = days[0].year == year
            row["buyers"] += 1
            row["new"] += is_new
            row["new_again"] += is_new and len(of_year) > 1
            row["purchases"] += len(of_year)
            total = sum(revenue[client, day] for day in of_year)
            row["revenue"] += total
            row["new_revenue"] += total if is_new else 0
    return found


def silences(purchases, first, last):
    """(part, purchases, days, whether a purchase ended it) of every silence."""
    middle = (month_number(first) + 1 + month_number(last) + 1) // 2
    for days in purchases.values():
        for place, day in enumerate(days):
            is_ended = place + 1 < len(days)
            length = (days[place + 1] if is_ended else last) - day
            part = "first" if month_number(day) + 1 < middle else "second"
            yield part, min(place + 1, 10), length.days, is_ended


def probability(lengths, start, horizon):
    """Kaplan and Meier over the days after `start` up to the horizon; None where nobody is known of."""
    lasting = 1.0
    at_risk = [item for item in lengths if item[0] > start or (item[0] == start and not item[1])]
    if not at_risk:
        return None
    ends = collections.Counter(days for days, is_ended in at_risk if is_ended)
    for day in sorted(ends):
        if day > start + horizon:
            break
        known = sum(1 for days, _ in at_risk if days >= day)
        lasting *= (known - ends[day]) / known
    if lasting > 0 and not any(days >= start + horizon for days, _ in at_risk):
        return None
    return 1 - lasting


def main():
    raw, published = sys.argv[1:3]
    data = duckdb.connect()
    data.execute("create table lines as " + SALES.format(raw))
    first, last = data.execute("select min(day), max(day) from lines").fetchone()
    purchases = collections.defaultdict(list)
    revenue = {}
    for client, day, amount in data.execute(
            "select client, day, sum(revenue) from lines group by all order by client, day").fetchall():
        purchases[client].append(day)
        revenue[client, day] = amount
    problems = []

    def table(name, columns):
        return data.execute(f"select {columns} from read_parquet('{published}/{name}/*.parquet')").fetchall()

    expected = indicators(purchases, revenue, first, last)
    stored = {(row[0], row[1]): row[2:] for row in table(
        "repeat_sales_indicators", "month, indicator, numerator, denominator")}
    problems += [f"indicator {key}: {expected.get(key)} expected, {stored.get(key)} stored"
                 for key in sorted(expected.keys() | stored.keys())
                 if expected.get(key) != stored.get(key)]
    expected_years = years(purchases, revenue)
    stored_years = table(
        "new_versus_repeat", "year, buyers, new, new_again, purchases, revenue, new_revenue")
    if sorted(row[0].year for row in stored_years) != sorted(expected_years):
        problems.append("not the same years")
    for row in stored_years:
        wanted = expected_years[row[0].year]
        names = ("buyers", "new", "new_again", "purchases", "revenue", "new_revenue")
        if tuple(wanted[name] for name in names) != row[1:]:
            problems.append(f"year {row}: {dict(wanted)} expected")
    groups = collections.defaultdict(list)
    for part, count, days, is_ended in silences(purchases, first, last):
        for key in ((part, count), (part, 0), ("all", count), ("all", 0)):
            groups[key].append((days, is_ended))
    rows = [(part, count, days, horizon, lasted, bought, open_, value)
            for part, count, horizon, days, lasted, bought, open_, value in table(
                "suggest_silence", "part, purchases, horizon_days, days_silent, silences, bought, "
                "unfinished, probability") if days % 60 == 0]
    rows += [(part, 0, days, 365, lasted, bought, open_, value)
             for part, days, lasted, bought, open_, value in table(
                 "suggest_lost", "part, days_silent, silences, bought, unfinished, probability")]
    if not rows:
        problems.append("no silences are stored")
    for part, count, days, horizon, lasted, bought, open_, value in rows:
        lengths = groups[part, count]
        wanted = (
            sum(1 for length, ended in lengths if length > days or (length == days and not ended)),
            sum(1 for length, ended in lengths if ended and days < length <= days + horizon),
            sum(1 for length, ended in lengths if not ended and days <= length < days + horizon))
        chance = probability(lengths, days, horizon)
        same = (value is None) == (chance is None) and (value is None or abs(value - chance) < 1e-9)
        if wanted != (lasted, bought, open_) or not same:
            problems.append(f"silence {part} {count} {days} {horizon}: {wanted} {chance} expected, "
                            f"{(lasted, bought, open_)} {value} stored")
    print("\n".join(problems[:20]) or "repeat sales and silences: equal")
    sys.exit(1 if problems else 0)


main()
