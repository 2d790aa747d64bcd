#!/usr/bin/env python3
"""Writes the sample data of clientbase: three years of an invented wholesaler's sales.

    python3 data/generate_sample.py [OUT_DIR]        (OUT_DIR: data/sample by default)

One snapshot file a month, most of them gzipped, a redelivery of one old month under `late/`, and what
is known beside the sales under `feeds/`.
The same bytes on every run: own seeded generators, whole kopecks and grams, no clock, no hash order.
All persons and companies are made up. What the data tells is described in README.md.
"""

import calendar
import csv
import datetime
import gzip
import io
import math
import sys
from collections import Counter, namedtuple
from dataclasses import dataclass, field, replace
from pathlib import Path

sys.dont_write_bytecode = True                  # no __pycache__ beside the data
from sample_dice import Dice
from sample_feeds import write_feeds
from sample_stories import LATER_DOCUMENTS, LATER_NAMES, is_later, later_stories, rising_returns

FIRST_YEAR = 2023
MONTHS = 37                                     # 2023-01 .. 2026-01
LAST_DATE = datetime.date(2026, 1, 20)          # the last month is partial
PLAIN_MONTHS = ("2023-01", "2026-01")           # written as .csv, all others as .csv.gz
TOTALS_MONTHS = ("2023-06", "2023-12", "2024-06", "2024-12", "2025-06", "2025-12")
LATE_MONTH = "2024-03"
PRICE_STEP, PRICE_STEP_MONTHS = 0.03, (8, 14, 20, 26, 32)
RETURN_RATE, WEB_SHARE, NO_MANAGER_SHARE, NO_REGION_SHARE = 0.023, 0.06, 0.20, 0.004
SEASON = (0.93, 0.96, 1.00, 1.03, 1.05, 1.03, 0.98, 0.97, 1.00, 1.02, 1.04, 1.08)

COLUMNS = ("document_date document_no line_no operation client_code client_name sku product_name "
           "category manager department branch region channel quantity amount cost").split()

# Stories: who, and when. Months are "YYYY-MM".
SLOW_DECLINE = "C00107"                         # (a) smaller orders month by month
SLOW_DECLINE_FROM, SLOW_DECLINE_END_FACTOR = "2025-04", 0.40
DROPPED_PRODUCT = "C00112"                      # (b) stops buying its main product
DROPPED_PRODUCT_FROM, DROPPED_PRODUCT_SKU, DROPPED_PRODUCT_SHARE = "2025-07", "CH-0101", 0.35
ENTITY_CHANGES = (                              # (c) old, last month, new, first month
    ("C00121", "2025-02", "C00448", "2025-03"), ("C00178", "2024-08", "C00449", "2024-10"))
ONE_OFF_LARGE = {                               # (d) one order: month and roubles
    "C00401": ("2024-10", 4_200_000), "C00402": ("2025-03", 6_800_000),
    "C00403": ("2025-06", 5_100_000), "C00404": ("2025-11", 3_900_000)}
SEASONAL_SPRING = ("C00201", "C00202", "C00203", "C00204", "C00205", "C00206")     # (e)
SEASONAL_YEAR_END = ("C00211", "C00212", "C00213", "C00214", "C00215", "C00216")   # (e)
LEAVING_MANAGER = "Орлов Дмитрий"               # (f) his clients leave one after another
LEAVING_LAST_MONTHS, LEAVING_SHARE = ("2025-05", "2025-09"), 0.80
LOST_AND_RETURNED = {                           # (h) last month before, first month after
    "C00231": ("2023-11", "2024-10"), "C00232": ("2024-05", "2025-01"), "C00233": ("2025-01", "2025-09")}
STORY_NAMES = {
    SLOW_DECLINE: "АО «Торговый дом Меридиан»", DROPPED_PRODUCT: "ООО «Чистый Квартал»",
    "C00121": "ООО «Северный Дом»", "C00448": "ООО «Северный Дом Плюс»", "C00178": "ИП Садыков А. Б.",
    "C00449": "ТОО «Садыков Трейд»", "C00401": "АО «Горстройзаказ»", "C00402": "ООО «Форум-2025»",
    "C00403": "Caspian Expo LLC", "C00404": "ФГБУ «Учебный центр Сосны»", "C00231": "ООО «Возрождение»",
    "C00232": "ИП Лебедева О. Н.", "C00233": "ООО «Третий Причал»", **LATER_NAMES}

# Reference data.
MANAGERS = (                                    # name, department, branch, weight
    ("Смирнова Анна", "Опт", "Москва", 16), (LEAVING_MANAGER, "Опт", "Москва", 12),
    ("Волков Игорь", "Розничные сети", "Москва", 14), ("Фёдорова Елена", "HoReCa", "Москва", 11),
    ("Никитин Павел", "Опт", "Санкт-Петербург", 13), ("Зайцева Мария", "Розничные сети", "Санкт-Петербург", 11),
    ("Шарипов Руслан", "Опт", "Екатеринбург", 12), ("Ахметова Айгуль", "Опт", "Алматы", 11))
REGIONS = {"Москва": ("Центр", "Центр", "Поволжье", "Юг"), "Санкт-Петербург": ("Северо-Запад",),
           "Екатеринбург": ("Урал", "Урал", "Поволжье"), "Алматы": ("Казахстан",)}
CHANNELS = ("field", "field", "field", "phone", "phone", "web", "edi")
CATEGORIES = (                                  # prefix, name, margin, kg goods?, roubles from, to, goods
    ("CH", "Бытовая химия", .24, False, 90, 640, "Порошок|Средство для посуды|Отбеливатель|Гель|Чистящий крем"),
    ("PP", "Бумага и гигиена", .19, False, 45, 380, "Бумага туалетная|Полотенца|Салфетки|Платки|Мыло жидкое"),
    ("GR", "Крупы и мука", .14, True, 42, 135, "Рис|Гречка|Мука пшеничная|Сахар-песок|Горох колотый"),
    ("TE", "Чай и кофе", .28, False, 110, 890, "Чай чёрный|Чай зелёный|Кофе молотый|Кофе растворимый|Какао"),
    ("SW", "Кондитерские изделия", .26, True, 140, 420, "Печенье овсяное|Вафли|Карамель|Мармелад|Пряники"),
    ("CN", "Консервы", .18, False, 68, 310, "Горошек зелёный|Кукуруза|Томаты в соку|Сайра|Тушёнка говяжья"),
    ("DR", "Напитки", .21, False, 35, 190, "Вода питьевая|Сок яблочный|Морс клюквенный|Лимонад|Квас"),
    ("KT", "Посуда и кухня", .31, False, 120, 2400, "Сковорода|Кастрюля|Контейнер|Набор ножей|Чашка"),
    ("HM", "Товары для дома", .33, False, 75, 980, "Швабра|Ведро|Мешки для мусора|Корзина|Лампа"),
    ("PK", "Упаковка", .16, False, 40, 460, "Плёнка пищевая|Фольга|Пакеты фасовочные|Лоток|Скотч"))
VARIANTS = ("эконом", "стандарт", "премиум")
WORDS = ("Ромашка Василёк Рассвет Заря Горизонт Берёзка Каскад Вектор Атлант Феникс Сибирь Родник Кедр Маяк "
         "Парус Орион Гранат Янтарь Топаз Кристалл Лагуна Оазис Магнолия Астра Лотос Калина Рябина Исток Причал "
         "Компас Спектр Импульс Прогресс Тандем Союз Престиж Фаворит Колос Нива Урожай").split()
TAILS = ("", "", "-Трейд", "-Опт", " Сервис", " Плюс", "-Маркет", " и Ко", "-Регион", " Групп")
SURNAMES = ("Иванов Петров Сидоров Кузнецова Попов Соколова Лебедев Козлова Новиков Морозова Егоров Павлова "
            "Семёнов Голубева Виноградов Богданова Воробьёв Фролова").split()
KAZAKH = ("Алтын Дән", "Жасыл Дала", "Ақ Бұлақ", "Нұр Сауда", "Тау Самалы", "Береке", "Шаңырақ", "Дастархан",
          "Көктем", "Ұлы Жол", "Сарыарқа Сауда", "Қазына", "Жетісу Азық", "Мерей")
ENGLISH = "Baltic Pantry|Green Harbour|Nordic Shelf|Silk Way Foods|Blue Kettle|Old Mill|Riverside|Steppe".split("|")
# kind: how many, median monthly roubles, spread (log), noise of a month, documents a month,
#       chance to buy in a month, chance to leave in a month, share that was there before 2023
KINDS = {
    "steady":     (16, 160_000, 1.20, 0.045, (4, 6), 1.00, 0.000, 0.90),
    "even":       (52, 105_000, 1.35, 0.150, (2, 4), 1.00, 0.004, 0.75),
    "regular":    (146, 70_000, 1.45, 0.450, (1, 3), 0.88, 0.013, 0.55),
    "occasional": (117, 34_000, 1.10, 0.550, (1, 2), 0.45, 0.016, 0.50),
    "few":        (44, 25_000, 0.90, 0.400, (1, 1), 1.00, 0.000, 0.00),
    "one_off":    (57, 18_000, 0.90, 0.300, (1, 1), 1.00, 0.000, 0.00)}


# price: kopecks per piece or kg. Line: money in kopecks, quantity in thousandths.
Product = namedtuple("Product", "sku name category price margin by_weight")
Line = namedtuple("Line", "date document number operation client product manager region channel "
                          "quantity amount cost")


@dataclass
class Client:
    """One buyer; `plan` says in which months it buys and for which part of its budget."""
    number: int
    name: str
    seat: tuple                                 # manager, department, branch, weight
    region: str
    channel: str
    kind: str
    budget: float                               # roubles of an ordinary month
    noise: float
    documents: tuple                            # from, to
    basket: list                                # (product, weight)
    full_basket: bool = False                   # every document holds the whole basket
    plan: dict = field(default_factory=dict)    # month index -> factor of the budget
    taken_up: tuple = (MONTHS, [])              # from which month, which products more
    cheaper: tuple = (MONTHS, 0.0)              # from which month, by which part of the price

    @property
    def code(self):
        return f"C{self.number:05d}"


def month_name(index):
    return f"{FIRST_YEAR + index // 12}-{index % 12 + 1:02d}"


def month_index(name):
    return (int(name[:4]) - FIRST_YEAR) * 12 + int(name[5:7]) - 1


def working_days(index):
    """Monday to Friday; the wholesaler rests on 1-8 January."""
    year, month = FIRST_YEAR + index // 12, index % 12 + 1
    days = [datetime.date(year, month, d + 1) for d in range(calendar.monthrange(year, month)[1])]
    return [d for d in days if d.weekday() < 5 and (month > 1 or d.day > 8)]


def build_products():
    products = []
    for prefix, category, margin, by_weight, low, high, goods in CATEGORIES:
        for g, name in enumerate(goods.split("|")):
            middle = low * (high / low) ** ((g + Dice(1, *map(ord, prefix), g).unit()) / 5)
            for v, variant in enumerate(VARIANTS):
                products.append(Product(
                    f"{prefix}-{g + 1:02d}{v + 1:02d}", f"{name} {variant}" + (", кг" if by_weight else ""),
                    category, int(middle * (0.8 + 0.25 * v) * 100), margin + 0.02 * (v - 1), by_weight))
    return products


def company_name(dice, branch, taken):
    """A new invented name: limited companies, sole traders, a few Kazakh and English ones."""
    while True:
        roll, letters = dice.unit(), "АБВГДЕИКЛМНОПРСТ"
        if branch == "Алматы" and roll < 0.6:
            name = f"ТОО «{dice.pick(KAZAKH)}{dice.pick(TAILS)}»"
        elif roll < 0.28:
            name = f"ИП {dice.pick(SURNAMES)} {dice.pick(letters)}. {dice.pick(letters)}."
        elif roll < 0.31:
            name = f"{dice.pick(ENGLISH)} {dice.pick(('LLC', 'Ltd', 'Group'))}"
        elif roll < 0.33:
            name = f'ООО "{dice.pick(WORDS)}, {dice.pick(WORDS)} и партнёры"'
        else:
            name = f"{dice.pick(('ООО', 'ООО', 'ООО', 'АО'))} «{dice.pick(WORDS)}{dice.pick(TAILS)}»"
        if name not in taken:
            taken.add(name)
            return name


def build_basket(dice, products, count):
    """Products with falling weights, half of them from two favourite categories."""
    favourites = dice.sample([c[1] for c in CATEGORIES], 2)
    chosen = dice.sample([p for p in products if p.category in favourites], count // 2)
    chosen += dice.sample([p for p in products if p not in chosen], count - len(chosen))
    return [(p, 1 / (i + 1.5)) for i, p in enumerate(chosen)]


def ordinary_plan(dice, kind, manager):
    """In which months a client of this kind buys: start, pauses, leaving (also with its manager)."""
    _, _, _, _, _, buys, leaves, old_share = KINDS[kind]
    start = 0 if dice.chance(old_share) else dice.between(0, 35)
    if kind == "one_off":
        return {start: 1.0}
    if kind == "few":
        second = start + dice.between(1, 4)
        third = second + (dice.between(1, 4) if dice.chance(0.5) else MONTHS)
        return {m: 1.0 for m in (start, second, third) if m < MONTHS}
    plan, month, end = {}, start, MONTHS
    if manager == LEAVING_MANAGER and start < month_index(LEAVING_LAST_MONTHS[0]) and dice.chance(LEAVING_SHARE):
        end = dice.between(*map(month_index, LEAVING_LAST_MONTHS)) + 1
    while month < end and not dice.chance(leaves):
        if kind in ("regular", "occasional") and dice.chance(0.006):
            month += dice.between(4, 10)        # a long pause: lost and, maybe, returned
        elif month == start > 0 or dice.chance(buys):
            plan[month] = 1.0 if kind == "steady" else SEASON[month % 12]
        month += 1
    return plan


def build_clients(products):
    """Ordinary clients of every kind, then the clients of the stories."""
    stories = {*STORY_NAMES, *SEASONAL_SPRING, *SEASONAL_YEAR_END}
    numbers = (n for n in range(1, 10_000) if f"C{n:05d}" not in stories)
    taken, clients = set(STORY_NAMES.values()), []
    kinds = [kind for kind, spec in KINDS.items() for _ in range(spec[0])]
    for kind in Dice(2).sample(kinds, len(kinds)):
        clients.append(make_client(next(numbers), kind, products, taken))
        clients[-1].plan = ordinary_plan(Dice(3, clients[-1].number), kind, clients[-1].seat[0])
    return sorted(clients + story_clients(products, taken), key=lambda c: c.number)


def make_client(number, kind, products, taken, manager=None):
    dice = Dice(4, number)
    seat = dice.weighted(MANAGERS, [m[3] for m in MANAGERS]) if manager is None else MANAGERS[manager]
    _, median, spread, noise, (fewest, most), *_ = KINDS[kind]
    budget = max(4000, median * math.exp(spread * 4 * (dice.noise(0.25, 2.1) - 1)))
    if budget > median:
        fewest = dice.between(fewest, most)
    name = STORY_NAMES.get(f"C{number:05d}") or company_name(dice, seat[2], taken)
    return Client(number, name, seat, dice.pick(REGIONS[seat[2]]), dice.pick(CHANNELS), kind, budget, noise,
                  (fewest, fewest if kind == "steady" else most),
                  build_basket(dice, products, dice.between(6, 16)))


def story_clients(products, taken):
    """The clients of README's stories, each with a plan of its own."""
    every = range(MONTHS)

    def make(code, plan, budget, manager=None, kind="steady", **changes):
        client = make_client(int(code[1:]), kind, products, taken, manager)
        client.plan, client.budget = plan, budget
        return replace(client, **changes)

    key = dict(documents=(5, 5), noise=0.04, full_basket=True)
    start, fall = month_index(SLOW_DECLINE_FROM), (1 - SLOW_DECLINE_END_FACTOR) / 9
    plan = {m: 1 - fall * min(9, max(0, m - start + 1)) for m in every}
    declining = make(SLOW_DECLINE, plan, 1_400_000, manager=0, **key)
    drop, share = month_index(DROPPED_PRODUCT_FROM), DROPPED_PRODUCT_SHARE
    dropper = make(DROPPED_PRODUCT, {m: 1.0 if m < drop else 1 - share for m in every}, 1_100_000, manager=4, **key)
    main = next(p for p in products if p.sku == DROPPED_PRODUCT_SKU)
    rest = [(p, w) for p, w in dropper.basket if p is not main][:8]
    total = sum(w for _, w in rest)
    dropper.basket = [(main, share)] + [(p, w / total * (1 - share)) for p, w in rest]
    found = [declining, dropper]

    def seasoned(keep):
        return {m: SEASON[m % 12] for m in every if keep(m)}

    for (old, last, new, first), budget, manager in zip(ENTITY_CHANGES, (420_000, 260_000), (4, 7)):
        found.append(make(old, seasoned(lambda m: m <= month_index(last)), budget, manager, "even"))
        found.append(replace(found[-1], number=int(new[1:]), name=STORY_NAMES[new],
                             plan=seasoned(lambda m: m >= month_index(first))))
    for code, (month, roubles) in ONE_OFF_LARGE.items():
        found.append(make(code, {month_index(month): 1.0}, roubles, 3, "one_off", noise=0.0, full_basket=True))
    for codes, months in ((SEASONAL_SPRING, (2, 3, 4)), (SEASONAL_YEAR_END, (10, 11))):
        for i, code in enumerate(codes):
            found.append(make(code, {m: 1.0 for m in every if m % 12 in months}, 90_000 * 1.7 ** i, kind="even"))
    for code, (last, first) in LOST_AND_RETURNED.items():
        plan = seasoned(lambda m: m <= month_index(last) or m >= month_index(first))
        found.append(make(code, plan, 310_000, kind="even"))
    return found + later_stories(make, products, MONTHS, month_index)


def month_lines(client, month):
    """All sale lines of one client in one month; the month's money is met, then rounded."""
    dice = Dice(6, client.number, month)
    price_index = (1 + PRICE_STEP) ** sum(m <= month for m in PRICE_STEP_MONTHS)
    money = client.budget * client.plan[month] * price_index * dice.noise(client.noise) * 100
    days = sorted(dice.sample(working_days(month), dice.between(*client.documents)))
    basket = client.basket
    if client.code == DROPPED_PRODUCT and month >= month_index(DROPPED_PRODUCT_FROM):
        basket = [(p, w) for p, w in basket if p.sku != DROPPED_PRODUCT_SKU]
    basket = basket + (client.taken_up[1] if month >= client.taken_up[0] else [])
    full_price = 1 - (client.cheaper[1] if month >= client.cheaper[0] else 0)
    weights = [dice.noise(0.1 if client.full_basket else 0.25) for _ in days]
    lines, carry = [], 0.0
    for day, weight in zip(days, weights):
        channel = "web" if dice.chance(WEB_SHARE) else client.channel
        manager = "" if channel == "web" and dice.chance(NO_MANAGER_SHARE) else client.seat[0]
        region = "" if dice.chance(NO_REGION_SHARE) else client.region
        chosen = basket if client.full_basket else choose(dice, basket)
        shares = [w * dice.noise(0.1) for _, w in chosen]
        for number, ((product, _), share) in enumerate(zip(chosen, shares), 1):
            target = money * weight / sum(weights) * share / sum(shares) + carry
            price = int(product.price * price_index * full_price)
            step = 100 if product.by_weight else 1000
            quantity = max(step, int(target / price * 1000 / step + 0.5) * step)
            quantity += dice.between(0, 99) - 50 if product.by_weight else 0
            amount = (quantity * price + 500) // 1000
            carry = target - amount
            margin = product.margin + 0.02 * (dice.unit() - 0.5)
            lines.append(Line(day, "", number, "sale", client, product, manager, region, channel,
                              quantity, amount, int(amount / full_price * (1 - margin))))
    return lines


def choose(dice, basket):
    """Two to five products of a basket, the heavy ones more often, in basket order."""
    chosen, rest = [], list(basket)
    for _ in range(dice.between(2, 5)):
        chosen.append(dice.weighted(rest, [w for _, w in rest]))
        rest.remove(chosen[-1])
    return [item for item in basket if item in chosen]


def returns_of(lines, client):
    """A few sale lines come back, in part or whole, two to twenty days later."""
    dice, found = Dice(7, client.number), []
    for line in lines:
        if dice.chance(RETURN_RATE):
            date = line.date + datetime.timedelta(days=dice.between(2, 20))
            step = 1 if line.product.by_weight else 1000
            limit = 0.15 if client.kind in ("steady", "even") else 1.0
            part = max(step, int(line.quantity * limit * (0.1 + 0.9 * dice.unit())) // step * step)
            found.append(line._replace(date=date, number=1, operation="return", quantity=-part,
                amount=-(line.amount * part // line.quantity), cost=-(line.cost * part // line.quantity)))
    return found


def build_lines(clients):
    """Every line until LAST_DATE, in the order of the export, documents numbered by year."""
    lines = []
    for client in clients:
        own = [line for month in sorted(client.plan) for line in month_lines(client, month)]
        lines += own + returns_of(own, client) + rising_returns(own, client)
    lines = [line for line in lines if line.date <= LAST_DATE]
    lines.sort(key=lambda l: (l.date, l.operation == "return", l.client.number))
    numbered, counters = [], Counter()
    for line in lines:
        kind = "S" if line.operation == "sale" else "R", line.date.year % 100, is_later(line.client)
        if line.number == 1:
            counters[kind] += 1
        number = counters[kind] + (LATER_DOCUMENTS if is_later(line.client) else 0)
        numbered.append(line._replace(document=f"{kind[0]}{kind[1]}-{number:05d}"))
    return numbered


def decimal(value, places):
    """A whole number of 10**-places as text, without trailing zeros when places is 3."""
    sign, scale = "-" if value < 0 else "", 10 ** places
    text = f"{sign}{abs(value) // scale}.{abs(value) % scale:0{places}d}"
    return text.rstrip("0").rstrip(".") if places == 3 else text


def as_row(line):
    client, product = line.client, line.product
    return [line.date.isoformat(), line.document, str(line.number), line.operation, client.code, client.name,
            product.sku, product.name, product.category, line.manager, client.seat[1], client.seat[2], line.region,
            line.channel, decimal(line.quantity, 3), decimal(line.amount, 2), decimal(line.cost, 2)]


def excluded_rows(month, lines, products):
    """(rule, row) of what staging leaves out: transfers, test orders, a line of totals."""
    dice, name, found = Dice(8, month), month_name(month), []
    days = [day for day in working_days(month) if day <= LAST_DATE]
    orders = [("internal", days[4], f"T{name[2:4]}{name[5:]}-1", n, "INTERNAL", "Внутреннее перемещение", 200)
              for n in range(1, dice.between(2, 4) + 1)]
    if month % 3 == 1:
        orders.append(("test", days[-2], f"X{name[2:4]}{name[5:]}-1", 1, "TEST", "Тестовый клиент", 1))
    for rule, day, document, number, code, client, pieces in orders:
        product, quantity = dice.pick(products), pieces * dice.between(1, 3)
        money = quantity * product.price
        found.append((rule, [
            day.isoformat(), document, str(number), "sale", code, client, product.sku, product.name,
            product.category, "", "Опт", "Москва", "Центр", "phone", str(quantity), decimal(money, 2),
            decimal(int(money * (1 - product.margin)), 2)]))
    if name in TOTALS_MONTHS:
        sums = [sum(getattr(line, what) for line in lines) for what in ("quantity", "amount", "cost")]
        found.append(("totals", [max(l.date for l in lines).isoformat(), "", "", "sale", "", "Итого"]
                      + [""] * 8 + [decimal(sums[0], 3), decimal(sums[1], 2), decimal(sums[2], 2)]))
    return found


FAULTS = {                                      # column, text put there (or behind), months
    "amount n/a": ("amount", "n/a", ("2023-03", "2024-07", "2025-05")),
    "missing client": ("client_code", "", ("2023-05", "2024-04", "2025-02", "2025-10")),
    "five decimals": ("amount", "+125", ("2023-09", "2024-11", "2025-08")),
    "no such date": ("document_date", "2024-02-30", ("2024-02", "2024-02"))}


def rejected_rows(month, lines):
    """(fault, row): broken copies of ordinary lines under document numbers of their own."""
    found, sales = [], [line for line in lines if line.operation == "sale" and not is_later(line.client)]
    for fault, (column, text, months) in FAULTS.items():
        for name in months:
            if month_index(name) == month:
                row = as_row(Dice(9, month, len(found)).pick(sales))
                row[1], row[2], place = f"E{name[2:4]}{name[5:]}-{len(found) + 1}", "1", COLUMNS.index(column)
                row[place] = row[place] + text[1:] if text.startswith("+") else text
                found.append((fault, row))
    return found


def redelivery(lines):
    """(g) The old month as the source sees it later: 3 documents changed, 1 removed, 1 added."""
    totals = Counter()
    for line in lines:
        if line.operation == "sale" and not is_later(line.client):
            totals[line.document] += line.amount
    (removed, _), (pattern, _) = totals.most_common(2)
    changed = sorted(Dice(10).sample(sorted(set(totals) - {removed, pattern}), 3))
    added = f"S{LATE_MONTH[2:4]}-90001"         # the second largest order once more, on the last day
    late = [line._replace(quantity=line.quantity * 2, amount=line.amount * 2, cost=line.cost * 2)
            if line.document in changed else line for line in lines if line.document != removed]
    late += [l._replace(document=added, date=lines[-1].date) for l in lines if l.document == pattern]
    return late, f"doubled {', '.join(changed)}; removed {removed}; added {added} (copy of {pattern})"


def write_file(path, rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([COLUMNS] + rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        if path.suffix == ".gz":                # no name and no time in the header
            with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=file, mtime=0) as packed:
                packed.write(text.getvalue().encode("utf-8"))
        else:
            file.write(text.getvalue().encode("utf-8"))


def write_month(path, month, lines, products):
    """One snapshot file; dirty rows before the last good line, totals at the end. Its counts."""
    excluded, rejected = excluded_rows(month, lines, products), rejected_rows(month, lines)
    rows = [as_row(line) for line in lines]
    rows[-1:-1] = [row for rule, row in excluded + rejected if rule != "totals"]
    rows += [row for rule, row in excluded if rule == "totals"]
    write_file(path, rows)
    counts = Counter({"lines": len(rows), "good": len(lines), "revenue": sum(l.amount for l in lines)})
    counts.update("good, of these returns" for line in lines if line.operation == "return")
    counts.update(f"excluded: {rule}" for rule, _ in excluded)
    counts.update(f"rejected: {fault}" for fault, _ in rejected)
    return counts


def main():
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("data/sample")
    products = build_products()
    clients = build_clients(products)
    lines = build_lines(clients)
    months = {month_name(m): [] for m in range(MONTHS)}
    for line in lines:
        months[line.date.isoformat()[:7]].append(line)
    assert {datetime.date(2025, 12, 31), LAST_DATE} <= {l.date for l in lines}, "the last month is not whole"
    counts = {}
    for name, own in months.items():
        ending = "csv" if name in PLAIN_MONTHS else "csv.gz"
        counts[name] = write_month(out / f"sales_{name}.{ending}", month_index(name), own, products)
    late, what_changed = redelivery(months[LATE_MONTH])
    late_counts = write_month(out / "late" / f"sales_{LATE_MONTH}.csv.gz", month_index(LATE_MONTH), late, products)

    print(f"files {len(months)} (+ 1 late), clients {len({l.client.number for l in lines})}, "
          f"products {len({l.product.sku for l in lines})}")
    for title, numbers in (("all files, without late", sum(counts.values(), Counter())),
                           (f"{LATE_MONTH} as first delivered", counts[LATE_MONTH]),
                           (f"{LATE_MONTH} redelivered", late_counts)):
        print(f"{title}:")
        for what, number in sorted(numbers.items()):
            print(f"  {what}: {decimal(number, 2) if what == 'revenue' else number}")
    print(f"redelivery: {what_changed}")
    for name, rows in write_feeds(out / "feeds", clients, lines).items():
        print(f"feeds/{name}: {rows} rows")


if __name__ == "__main__":
    main()
