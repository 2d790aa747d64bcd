#!/usr/bin/env python3
"""Loss and winning back on UCI Online Retail II, recomputed from the raw files.

    python3 tests/independent/loss.py RAW_FOLDER PUBLISHED_FOLDER

Reads the delivered CSV files with DuckDB and goes through every client's purchase days in plain
Python: own rhythm, churn by segment and ABC class with its revenue as reported and restated,
survival by Kaplan and Meier of cohorts and after returns, chances of return, the list of clients to
win back and the watch of those won back. Counts, dates and money must agree with the published
tables, ratios to nine digits. Ends with 0 when they do, and prints what differs otherwise. Needs
`duckdb` from PyPI.
"""

import calendar
import math
import statistics
import sys
from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal

import duckdb

RAW, PUBLISHED = sys.argv[1], sys.argv[2]
RULES = (3, 6)
BURN_IN, REGULAR, PROSPECTIVE, ACTIVE, ASLEEP = 12, 4, 2, 60, 180
NORMAL = statistics.NormalDist().inv_cdf(0.975)

db = duckdb.connect()
failures = 0


def number(day):
    return day.year * 12 + day.month - 1


def first_day(month):
    return date(month // 12, month % 12 + 1, 1)


def end_of(month):
    return date(month // 12, month % 12 + 1, calendar.monthrange(month // 12, month % 12 + 1)[1])


def published(table, columns, where="true"):
    return db.execute(
        f"select {columns} from read_parquet('{PUBLISHED}/{table}/*.parquet') where {where}"
    ).fetchall()


def agree(what, expected, found, near=None):
    """Compares two dictionaries; values are tuples whose floats may differ by `near`."""
    global failures

    def same(one, other):
        if isinstance(one, float) or isinstance(other, float):
            return one is not None and other is not None and abs(one - other) <= (near or 0)
        return one == other

    wrong = [
        key
        for key in expected.keys() | found.keys()
        if key not in expected
        or key not in found
        or not all(map(same, expected[key], found[key]))
    ]
    print(f"{what}: {len(expected)} expected, {len(found)} found, {len(wrong)} differ")
    for key in sorted(wrong, key=str)[:5]:
        print(f"    {key}: expected {expected.get(key)}, found {found.get(key)}")
    failures += len(wrong)


rows = db.execute(
    f"""
    select "Customer ID", cast("InvoiceDate" as timestamp)::date, "StockCode",
        sum(cast("Quantity" as decimal(18, 3)) * cast("Price" as decimal(18, 4)))
    from read_csv('{RAW}/sales_*.csv.gz', all_varchar = true, header = true)
    where "Customer ID" <> '' and cast("Price" as decimal(18, 4)) > 0
        and cast("Quantity" as decimal(18, 3)) > 0 and "Invoice" not like 'C%'
    group by all
    """
).fetchall()
days, money, products = defaultdict(set), defaultdict(Counter), defaultdict(Counter)
for client, day, product, revenue in rows:
    days[client].add(day)
    money[client][number(day)] += revenue
    products[client][number(day), product] += revenue
# A product is called as on the last day on which a line names it; of several names the greatest.
names = dict(
    db.execute(
        f"""
        select "StockCode", max(struct_pack(
            day := cast("InvoiceDate" as timestamp)::date, name := trim("Description"))).name
        from read_csv('{RAW}/sales_*.csv.gz', all_varchar = true, header = true)
        where "Customer ID" <> '' and cast("Price" as decimal(18, 4)) > 0
            and cast("Quantity" as decimal(18, 3)) > 0 and "Invoice" not like 'C%'
            and trim("Description") <> ''
        group by 1
        """
    ).fetchall()
)
days = {client: sorted(client_days) for client, client_days in days.items()}
as_of = max(client_days[-1] for client_days in days.values())
first, last = min(number(client_days[0]) for client_days in days.values()), number(as_of)
last_finished = last if as_of == end_of(last) else last - 1


def year(client, month):
    return sum((money[client][m] for m in range(month - 11, month + 1)), Decimal(0))


def known_end(month):
    return min(end_of(month), as_of)


# ABC by revenue: A while the strictly greater totals are below 80 % of all, B below 95 %.
abc = {}
for month in range(first, last + 1):
    totals = sorted(((year(c, month), c) for c in days), reverse=True)
    totals = [(total, client) for total, client in totals if total > 0]
    whole, greater, before, running = sum(t for t, _ in totals), Decimal(0), None, Decimal(0)
    for total, client in totals:
        if total != before:
            greater, before = running, total
        running += total
        abc[client, month] = (
            "A" if greater * 100 < whole * 80 else "B" if greater * 100 < whole * 95 else "C"
        )


def segment(bought, silent):
    count = "regular" if bought >= REGULAR else "prospective" if bought >= PROSPECTIVE else "new"
    return count, "active" if silent <= ACTIVE else "dozing" if silent <= ASLEEP else "asleep"


# Every client, month by month.
grounds = {}
stock = defaultdict(lambda: [0, 0, 0, 0, 0, Decimal(0)])
losses, returns, at_risk, state_now = {}, {}, Counter(), {}
for client, client_days in days.items():
    months = sorted({number(day) for day in client_days})
    classes = {}
    in_force = None
    for month in range(months[0], last + 1):
        known = [day for day in client_days if day <= end_of(month)]
        silent = (known_end(month) - known[-1]).days
        lately = number(known[-1])
        if lately == month:
            counted, recent = segment(len(known), silent)
            classes[month] = (counted, f"{counted}_{recent}", abc[client, month])
        # Two purchases are one interval, which is no rhythm.
        if len(known) > 2:
            median = statistics.median((b - a).days for a, b in zip(known, known[1:]))
            broken = silent >= 3 * median
            if broken and in_force != known[-1]:
                since = known[-1] + timedelta(math.ceil(3 * median))
                grounds[first_day(month), client] = (since, silent / median, year(client, month))
            in_force = known[-1] if broken else None
        earlier = [m for m in months if m < month]
        previous = earlier[-1] if earlier else None
        if previous is not None and month <= last_finished:
            key = classes[previous][0], classes[previous][2], min(month - previous - 1, 36)
            at_risk[key + ("at_risk",)] += 1
            at_risk[key + ("returned",)] += lately == month
        for rule in RULES:
            for cut, place in (("segment", 1), ("abc", 2)):
                row = stock[first_day(month), rule, cut, classes[lately][place]]
                gap = month - previous if previous is not None else None
                row[0] += gap is not None and gap <= rule
                row[1] += gap is None
                row[2] += gap is not None and gap > rule and lately == month
                row[3] += month - lately == rule
                row[4] += gap is not None and gap > rule
                if month - lately == rule:
                    row[5] += year(client, lately)
            if month - lately == rule:
                losses[client, rule, month] = (lately, classes[lately])
            if lately == month and previous is not None and month - previous > rule:
                returns[client, rule, month] = (previous, classes[month])
        if month == last:
            counted, recent = segment(len(known), silent)
            state_now[client] = (known, lately, counted, recent, classes[lately][2])

agree(
    "own rhythm",
    grounds,
    {
        (month, client): (since, value, revenue)
        for month, client, since, value, revenue in published(
            "loss_grounds", "month, client_id, since_date, value, revenue_12m"
        )
    },
    1e-9,
)
agree(
    "churn by segment and class",
    {key: tuple(row) for key, row in stock.items()},
    {
        row[:4]: row[4:]
        for row in published(
            "churn",
            "period, lost_after_months, cut, cut_value, clients_start, new, returned, lost,"
            " lost_pool_start, lost_revenue_12m",
            "period_kind = 'month' and cut in ('segment', 'abc') and"
            " clients_start + new + returned + lost + lost_pool_start + clients_end > 0",
        )
    },
)
restated = defaultdict(lambda: [0, 0, Decimal(0), Decimal(0)])
for (client, rule, month), (lately, classed) in losses.items():
    back = any((client, rule, m) in returns and returns[client, rule, m][0] == lately
               for m in range(month + 1, last + 1))
    row = restated[date(month // 12, month % 12 // 3 * 3 + 1, 1), rule, classed[2]]
    row[0] += 1
    row[1] += back
    row[2] += year(client, lately)
    row[3] += year(client, lately) if back else 0
agree(
    "temporary losses by quarter and class",
    {key: tuple(row) for key, row in restated.items()},
    {
        row[:3]: row[3:]
        for row in published(
            "churn_restated",
            "period, lost_after_months, cut_value, lost_as_reported, returned_since,"
            " lost_revenue_12m, returned_since_revenue_12m",
            "period_kind = 'quarter' and cut = 'abc' and lost_as_reported > 0",
        )
    },
)


def kaplan_meier(stays, most=10**6, is_whole=False):
    """At risk, lost, survival, standard error, low and high by age, of pairs (duration, is_lost).

    Where all or none survive, the bounds are those of a binomial of all stays, when they were seen
    as a whole, and else of those still at risk.
    """
    survival, greenwood, curve = 1.0, 0.0, {}
    for age in range(min(most, max(duration for duration, _ in stays)) + 1):
        n = sum(duration >= age for duration, _ in stays)
        d = sum(duration == age and is_lost for duration, is_lost in stays)
        survival *= 1 - d / n
        greenwood += d / (n * (n - d)) if d < n else 0
        edge = 0.025 ** (1 / (len(stays) if is_whole else n))
        if survival == 0:
            bounds = 0.0, 1 - edge
        elif greenwood == 0:
            bounds = edge, 1.0
        else:
            wide = math.exp(NORMAL * math.sqrt(greenwood) / abs(math.log(survival)))
            bounds = survival**wide, survival ** (1 / wide)
        curve[age] = (n, d, survival, survival * math.sqrt(greenwood)) + bounds
    return curve


cohorts, curves = {}, {}
for rule in RULES:
    lost_in = defaultdict(list)
    for client, r, month in losses:
        if r == rule:
            lost_in[client].append(month)
    stays = defaultdict(list)
    for client, client_days in days.items():
        came = number(client_days[0])
        lost = min(lost_in[client], default=None)
        stays["month", came].append(
            (lost - came, True) if lost is not None else (last - came, False)
        )
        if came > last_finished:
            continue
        lost = lost if lost is not None and lost <= last_finished else None
        stay = (lost - came, True) if lost is not None else (last_finished - came, False)
        stays["first_purchase", "year", str(came // 12)].append(stay)
        if came - first >= BURN_IN:
            stays["first_purchase", "all", "all"].append(stay)
    for (client, r, month), (_, classed) in returns.items():
        if r != rule or month > last_finished:
            continue
        lost = min((m for m in lost_in[client] if month < m <= last_finished), default=None)
        stay = (lost - month, True) if lost is not None else (last_finished - month, False)
        stays["return", "all", "all", "all", "all"].append(stay)
        stays["return", "all", "all", "month", str(first_day(month))[:7]].append(stay)
        stays["return", "abc", classed[2], "all", "all"].append(stay)
    for key, durations in stays.items():
        is_month = key[0] == "month"
        curve = kaplan_meier(durations, 10**6 if is_month else 36, is_month)
        for age, row in curve.items():
            if key[0] == "month":
                cohorts[rule, first_day(key[1]), age] = row
            elif key[0] == "first_purchase":
                curves[(rule, key[0], "all", "all") + key[1:] + (age,)] = row
            else:
                curves[(rule,) + key + (age,)] = row
COLUMNS = "age, at_risk, lost, survival, standard_error, survival_low, survival_high"
found = {
    row[:3]: row[3:]
    for row in published(
        "churn_cohorts", f"lost_after_months, cohort_month, {COLUMNS}", "at_risk > 0"
    )
}
agree("survival of cohorts", cohorts, found, 1e-9)
agree(
    "survival curves",
    curves,
    {
        row[:7]: row[7:]
        for row in published(
            "survival_curves",
            f"lost_after_months, starts_with, cut, cut_value, cohort_kind, cohort, {COLUMNS}",
            "starts_with = 'first_purchase' or (cut = 'all' and cohort_kind <> 'year')"
            " or (cut = 'abc' and cohort_kind = 'all')",
        )
    },
    1e-9,
)

# Chances: piecewise monthly rates, drawn to the rate of all by a beta prior fitted by moments.
BANDS = [range(b, b + 1) for b in range(6)] + [
    range(6, 9), range(9, 12), range(12, 18), range(18, 24), range(24, 36), range(36, 48)
]
GROUPS = [(s, c) for s in ("new", "prospective", "regular") for c in "ABC"]
hazard, base = {}, None
for band in BANDS:
    seen = {
        (s, c): [sum(at_risk[s, c, m, what] for m in band) for what in ("at_risk", "returned")]
        for s, c in GROUPS
    }
    filled = [(n, x) for n, x in seen.values() if n]
    total, bought = sum(n for n, _ in filled), sum(x for _, x in filled)
    if total:
        base, weight, p = (bought + 0.5) / (total + 1), 1000.0, bought / total
        spread = total - sum(n * n for n, _ in filled) / total - (len(filled) - 1)
        if len(filled) > 1 and 0 < p < 1:
            q = sum(n * (x / n - p) ** 2 for n, x in filled) / (p * (1 - p))
            rho = (q - (len(filled) - 1)) / spread
            weight = min(max(1 / rho - 1, 1.0), 1000.0) if rho > 0 else 1000.0
    for group, (n, x) in seen.items():
        rate = (x + weight * base) / (n + weight)
        hazard.update({group + (step,): rate for step in band})
chances = {
    (s, c, silent): (1 - math.prod(1 - hazard[s, c, silent + k] for k in range(12)),)
    for s, c in GROUPS
    for silent in range(37)
}
agree(
    "chances of return",
    chances,
    {
        row[:3]: row[3:]
        for row in published(
            "return_chances",
            "count_segment, abc, months_silent, chance_12m",
            "abc in ('A', 'B', 'C')",
        )
    },
    1e-9,
)


def greatest(amounts):
    chosen = [p for _, p in sorted((-r, p) for p, r in amounts.items())[:3]]
    return "; ".join(f"{p} {names[p]}" if names.get(p, p) != p else p for p in chosen)


# Causes of movement are recomputed by movements.py; here, which of them stands in the list.
fallen = {
    (row[0], number(row[1])): (row[2], row[3]) if row[3] < 0 else ("vanished", None)
    for row in published("client_movements", "client_id, month, cause, change", "compare = 'previous'")
}


# Who probably goes on as another is taken as published: it is judged elsewhere.
probable = {
    row[0]
    for row in published("successor_candidates", "silent_client_id", "band = 'probable' and silent_rank = 1")
}
to_call, left_out, watched = {}, {}, {}
for client, (known, lately, counted, recent, classed) in state_now.items():
    silent = last - lately
    # A month that is not over makes nobody lost.
    whole = silent - (last - last_finished)
    if recent != "active" or whole >= min(RULES):
        reasons = ["probable_successor"] if client in probable else []
        reasons += (["one_off"] if len(known) == 1 else []) + (["class_c"] if classed == "C" else [])
        if reasons:
            left_out[client] = (reasons[0], ", ".join(reasons), year(client, lately))
        else:
            main = Counter()
            for (month, product), revenue in products[client].items():
                if lately - 12 < month <= lately:
                    main[product] += revenue
            here = {p: r for (m, p), r in products[client].items() if m == lately}
            chance = chances[counted, classed, min(max(whole, 0), 36)][0]
            revenue = year(client, lately)
            to_call[client] = (
                f"{counted}_{recent}", classed,
                max((n for n in RULES if n <= whole), default=None), revenue,
                *fallen.get((client, lately), (None, None)), greatest(here), greatest(main),
                chance, chance * float(revenue),
            )
    back = [m for c, r, m in ((client, min(RULES), m) for m in range(last - 11, last + 1))
            if (c, r, m) in returns]
    if back:
        watched[client] = (
            first_day(back[-1]), sum(number(day) >= back[-1] for day in known),
            sum((money[client][m] for m in range(back[-1], last + 1)), Decimal(0)),
            year(client, returns[client, min(RULES), back[-1]][0]), silent >= min(RULES),
        )
agree(
    "clients to win back",
    to_call,
    {
        row[0]: row[1:-1] + (float(row[-1]),)
        for row in published(
            "winback_list",
            "client_id, segment, abc, lost_after_months, typical_revenue_12m, cause,"
            " cause_change, last_products, main_products, chance_of_return, expected_revenue",
        )
    },
    1e-4,
)
agree(
    "clients left out",
    left_out,
    {
        row[0]: row[1:]
        for row in published("winback_excluded", "client_id, reason, reasons, typical_revenue_12m")
    },
)
agree(
    "clients watched",
    watched,
    {
        row[0]: row[1:]
        for row in published(
            "returned_watch",
            "client_id, returned_month, purchases_since, revenue_since, revenue_12m_before,"
            " lost_again",
        )
    },
)
sys.exit(1 if failures else 0)
