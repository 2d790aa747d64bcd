#!/usr/bin/env python3
"""Weights and scores of probable successors on UCI Online Retail II, recomputed from the raw files.

    python3 tests/independent/successors.py RAW_FOLDER PUBLISHED_FOLDER

Computes who fell silent and who appeared, their baskets, rhythm, size and region, the pairs drawn by
chance and the clients compared with themselves, from the lines, one client after the other in plain
Python; DuckDB only reads the files. All weights of the attributes that these data have must agree with
`successor_weights`, and for every row of `successor_candidates` its days, its revenue, its similarity
and its score. Not recomputed: which pairs share a block, and so the sum that turns odds into
probabilities (an audit proves that candidates share them). Ends with 0 when all agrees, and prints what
differs otherwise. Needs `duckdb` from PyPI.
"""

import math
import sys
from collections import Counter, defaultdict
from decimal import Decimal

import duckdb

BURN_IN, LEAST_DAYS, MOST_DAYS, SAMPLED, PER_MONTH, SET_PAIRS = 3, -60, 183, 4000, 5, 20
M_SET = {
    "basket": dict(extreme=0.10, very_high=0.15, high=0.15, medium=0.20, low=0.20, none=0.20),
    "rhythm": dict(same=0.55, near=0.35, different=0.10),
    "size": dict(same=0.55, near=0.35, different=0.10),
    "timing": dict(overlap=0.15, within_45_days=0.50, within_105_days=0.25, later=0.10),
    "region": dict(same=0.90, different=0.10)}
AGAINST = ("different", "none", "later")

RAW, PUBLISHED = sys.argv[1], sys.argv[2]
db = duckdb.connect()
lines = db.execute(
    f"""
    select "Customer ID", "StockCode", cast("InvoiceDate" as timestamp)::date, "Invoice", "Country",
        cast("Quantity" as decimal(18, 3)) * cast("Price" as decimal(18, 4))
    from read_csv('{RAW}/sales_*.csv.gz', all_varchar = true, header = true)
    where "Customer ID" is not null and "Customer ID" <> ''
        and cast("Price" as decimal(18, 4)) > 0
        and cast("Quantity" as decimal(18, 3)) > 0
        and "Invoice" not like 'C%'
    """
).fetchall()


def number(day):
    return day.year * 12 + day.month - 1


class Month:
    """What one client bought in one month."""

    def __init__(self):
        self.days, self.products, self.revenue, self.last = set(), set(), Decimal(0), None


class Side:
    """A client at a turn of its life: as it fell silent, appeared, or went on."""

    def __init__(self, client, day, life, months, width):
        self.client, self.day, self.life, self.width = client, day, life, width
        self.purchases = sum(len(month.days) for month in months)
        self.revenue = sum(month.revenue for month in months)
        self.products = set().union(*(month.products for month in months))
        self.region = max(month.last for month in months)[2]


lives = defaultdict(lambda: defaultdict(Month))
for client, product, day, invoice, country, revenue in lines:
    month = lives[client][number(day)]
    month.days.add(day)
    month.products.add(product)
    month.revenue += revenue
    month.last = max(month.last or (day, invoice, country), (day, invoice, country))
first_month = min(min(months) for months in lives.values())
last_month = max(max(months) for months in lives.values())

silent, appeared, continued = {}, {}, {}
for client, months in lives.items():
    start, end = min(months), max(months)
    life = min(months[start].days), max(months[end].days)
    if end <= last_month - 2:
        turn = [months[m] for m in range(end - 2, end + 1) if m in months]
        silent[client] = Side(client, life[1], life, turn, min(3, end - start + 1))
    if start >= first_month + BURN_IN:
        for sides, begin, day in ((appeared, start, life[0]), (continued, start + 3, life[0])):
            bought = [m for m in range(begin, begin + 3) if m in months]
            if bought:
                sides[client] = Side(client, day, life, [months[m] for m in bought], bought[-1] - begin + 1)

# Products: thousandths of a bit, by how few of the silent and appeared baskets hold them.
held = Counter(p for sides in (silent, appeared) for side in sides.values() for p in side.products)
baskets = len(silent) + len(appeared)


def whole(value):
    return int(math.floor(abs(value) + 0.5)) * (1 if value >= 0 else -1)


rarity = {p: whole(1000 * math.log2((1 + baskets) / count)) for p, count in held.items()}
for sides in (silent, appeared, continued):
    for side in sides.values():
        side.products = {p for p in side.products if p in rarity}
        side.weight = sum(rarity[p] for p in side.products)
filled = [s for sides in (silent, appeared, continued) for s in sides.values() if s.products]
usual_baskets, usual_products = len(filled), sum(len(s.products) for s in filled)


def basket(old, new):
    """Similarity and thousandths of a bit; nothing where one product each is no basket."""
    if not old.products or not new.products or max(len(old.products), len(new.products)) == 1:
        return None, None
    shared = old.products & new.products
    weight = sum(rarity[p] for p in shared)
    chance = whole(1000 * (math.log2(1 / 0.3) + math.log2(len(new.products) * usual_baskets / usual_products)))
    missed = whole(-1000 * math.log2(0.7))
    bits = weight - len(shared) * chance - (min(len(old.products), len(new.products)) - len(shared)) * missed
    return 2 * weight / (old.weight + new.weight), bits


def ratio(one, other, *borders):
    """The first border that the larger of two rates does not exceed, as a place."""
    for place, border in enumerate(borders):
        if one <= border * other and other <= border * one:
            return place
    return len(borders)


def degrees(old, new, timed=True):
    found = {"region": "same" if old.region == new.region else "different"}
    similarity, bits = basket(old, new)
    if bits is not None:
        found["basket"] = (
            "extreme" if bits >= 60000 and similarity >= 0.4 else
            "very_high" if bits >= 40000 and similarity >= 0.3 or bits >= 8000 and similarity >= 0.6 else
            "high" if bits >= 25000 and similarity >= 0.2 or bits >= 8000 and similarity >= 0.4 else
            "medium" if bits >= 8000 and similarity >= 0.2 else "low" if bits >= 3000 else "none")
    names = ("same", "near", "different")
    found["rhythm"] = names[ratio(Decimal(old.purchases * new.width), Decimal(new.purchases * old.width),
                                  Decimal("1.5"), Decimal(3))]
    found["size"] = names[ratio(old.revenue * new.width, new.revenue * old.width, Decimal(2), Decimal(5))]
    if timed:
        gap = (new.day - old.day).days
        found["timing"] = ("overlap" if gap < 0 else "within_45_days" if gap <= 45 else
                           "within_105_days" if gap <= 105 else "later")
    return found


def possible(old, new):
    return (old.client != new.client and LEAST_DAYS <= (new.day - old.day).days <= MOST_DAYS
            and old.life[0] < new.life[0] and old.life[1] < new.life[1])


def by_chance(client):
    return client[::-1], client


# Pairs drawn by chance: every silent client with up to five of each month near its last purchase.
months_of = defaultdict(list)
for client in sorted(appeared, key=by_chance):
    months_of[number(appeared[client].day)].append(client)
drawn = set()
for place, client in enumerate(sorted(silent, key=by_chance)[:SAMPLED], 1):
    end = number(silent[client].day)
    for month in range(end - 2, end + 7):
        others = months_of.get(month, [])
        for draw in range(PER_MONTH if others else 0):
            other = others[(place * 7919 + draw * 104729) % len(others)]
            if possible(silent[client], appeared[other]):
                drawn.add((client, other))
chance, learned = defaultdict(Counter), defaultdict(Counter)
for old, new in drawn:
    for attribute, level in degrees(silent[old], appeared[new]).items():
        chance[attribute][level] += 1
for client in sorted(continued, key=by_chance)[:SAMPLED]:
    for attribute, level in degrees(continued[client], appeared[client], timed=False).items():
        if attribute != "region":
            learned[attribute][level] += 1

regions = Counter(side.region for side in appeared.values())
region_clients = sum(regions.values())
region_chance = min(1.0, max(0.02, sum(n * (n - 1) for n in regions.values()) / region_clients))


def weight(attribute, level, region=None):
    """m, u and the weight in bits; where regions are the same, for that region."""
    m = (SET_PAIRS * M_SET[attribute][level] + learned[attribute][level]) / (
        SET_PAIRS + sum(learned[attribute].values()))
    if (attribute, level) == ("region", "same"):
        others = 0 if region is None else max(regions[region] - 2, 0)
        u = (others + region_chance) / region_clients
    else:
        u = (chance[attribute][level] + 0.5) / (sum(chance[attribute].values()) + 0.5 * len(M_SET[attribute]))
    bits = math.log2(m / u)
    return m, u, min(0.0, bits) if level in AGAINST else bits


problems = []


def compare(what, expected, found, near=1e-9):
    same = expected == found if near == 0 else abs(float(expected) - float(found)) <= near * max(1, abs(float(expected)))
    if not same:
        problems.append(f"{what}: expected {expected}, published {found}")


published = db.execute(
    f"""
    select attribute, level, m, u, weight_bits, random_pairs, random_compared, learned_pairs, learned_compared
    from '{PUBLISHED}/successor_weights/*.parquet'
    """
).fetchall()
seen = 0
for attribute, level, m, u, bits, pairs, compared, taught, looked in published:
    if attribute in M_SET:
        seen += 1
        name = f"{attribute} {level}"
        for what, expected, found in zip(("m", "u", "weight"), weight(attribute, level), (m, u, bits)):
            compare(f"{name}: {what}", expected, found)
        compare(f"{name}: pairs by chance", chance[attribute][level], pairs, 0)
        compare(f"{name}: pairs compared", sum(chance[attribute].values()), compared, 0)
        compare(f"{name}: pairs to learn from", learned[attribute][level], taught, 0)
        compare(f"{name}: pairs looked at", sum(learned[attribute].values()), looked, 0)
compare("weights", sum(map(len, M_SET.values())), seen, 0)

candidates = db.execute(
    f"""
    select silent_client_id, appeared_client_id, last_purchase_date, first_purchase_date, gap_days, silent_revenue,
        appeared_revenue, basket_similarity, score_bits, probability
    from '{PUBLISHED}/successor_candidates/*.parquet'
    """
).fetchall()
for old, new, last_day, first_day, gap, old_revenue, new_revenue, similarity, score, probability in candidates:
    name = f"{old}>{new}"
    if old not in silent or new not in appeared or not possible(silent[old], appeared[new]):
        problems.append(f"{name}: cannot be a succession")
        continue
    one, other = silent[old], appeared[new]
    compare(f"{name}: last purchase", one.day, last_day, 0)
    compare(f"{name}: first purchase", other.day, first_day, 0)
    compare(f"{name}: days between", (other.day - one.day).days, gap, 0)
    compare(f"{name}: revenue of the silent", one.revenue, old_revenue, 0)
    compare(f"{name}: revenue of the appeared", other.revenue, new_revenue, 0)
    if similarity is not None:
        compare(f"{name}: similarity", basket(one, other)[0], similarity)
    bits = sum(whole(1000 * weight(attribute, level, one.region)[2])
               for attribute, level in degrees(one, other).items())
    compare(f"{name}: score", bits / 1000, score)
    if not 0.05 <= probability <= 1:
        problems.append(f"{name}: probability {probability}")

print(f"{len(silent)} silent, {len(appeared)} appeared, {len(drawn)} pairs by chance, {seen} weights, "
      f"{len(candidates)} candidates: {len(problems)} differ")
for problem in problems[:40]:
    print(" ", problem)
sys.exit(1 if problems or not candidates else 0)
