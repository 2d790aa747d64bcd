"""Side feeds of the sample data: master data, links, interactions, survey, potential, playbook, costs.

Called by generate_sample.py. Tax numbers are of a region (00) and a month (13) that do not exist, phones
of a code (000) that is not given out, addresses of the Internet end in `.example`.
"""

import calendar
import csv
import datetime
import io
import json
from collections import defaultdict
from dataclasses import dataclass, field

from sample_dice import Dice
from sample_stories import is_later

FIRST_DATE, TODAY = datetime.date(2023, 1, 1), datetime.date(2026, 1, 20)
YEARS = (2023, 2024, 2025)
SUCCESSORS = {"C00448": "C00121", "C00449": "C00178"}       # new, old: what they still share
LINKS = (                                       # client, linked, kind, decision, since, decided, by, comment
    ("C00121", "C00448", "successor", "confirmed", "2025-03-06", "2025-09-15", "Никитин Павел",
     "Новое юрлицо тех же владельцев, договор переоформлен"),
    ("C00356", "C00413", "dealer", "confirmed", "2025-07-01", "2025-11-10", "Ахметова Айгуль",
     "Берёт наш товар у дилера"),
    ("C00366", "C00094", "successor", "rejected", "", "2025-12-02", "Смирнова Анна",
     "Похожи только названия: другой город, другие владельцы"))
KEY_CLIENT, DROPPED_PRODUCT, DROPPED_SKU = "C00107", "C00112", "CH-0101"
LEAVING_MANAGER = "Орлов Дмитрий"
SEASONAL = tuple(f"C{n:05d}" for n in (*range(201, 207), *range(211, 217)))
LARGE_ONE_OFF = ("C00401", "C00402", "C00403", "C00404")
CAMPAIGN, CAMPAIGN_MONTH = "winback-2025-10", "2025-10"
LETTERS = dict(zip("абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
                   "a b v g d e e zh z i i k l m n o p r s t u f h ts ch sh sch  y  e yu ya".split(" ")))
STREETS = "Складская Примерная Речная Заводская Весенняя Полевая Новая Парковая Торговая Дальняя".split()
FIRST_NAMES = "Ольга Пётр Марина Сергей Ирина Тимур Алия Виктор Наталья Денис".split()
CITIES = {"Москва": 1, "Санкт-Петербург": 2, "Екатеринбург": 3, "Алматы": 4}
REASONS = (                                     # what, group, will it come back, weight, words of the client
    ("Срыв сроков", "компания", "да", 6, "Дважды привезли на неделю позже"),
    ("Поднялись цены", "компания", "да", 8, "После повышения брать стало невыгодно"),
    ("Ушёл менеджер", "компания", "да", 2, "Орлов ушёл, больше никто не звонил"),
    ("Дешевле у других", "конкурент", "да", 9, "Там дают отсрочку и скидку"),
    ("Шире выбор у других", "конкурент", "да", 4, "Всё берём в одном месте"),
    ("Разовая потребность", "клиент", "нет", 6, "Нужно было один раз"),
    ("Сменил направление", "клиент", "нет", 4, "Этим больше не торгуем"),
    ("Упал спрос", "рынок", "нет", 11, "Покупателей стало вдвое меньше"))
CLOSED_REASON = ("Закрылся", "клиент", "нет", 0, "Фирма закрыта")
NEW_ENTITY_REASON = ("Новое юрлицо", "клиент", "", 0, "Мы и не уходили, работаем от другой фирмы")
PLAYBOOK = (                                    # segment, ABC, action, by, within days
    ("new_active", "", "Поблагодарить за первый заказ, предложить второй", "phone", 14),
    ("new_dozing", "", "Узнать, подошёл ли товар", "phone", 30),
    ("new_asleep", "", "Оставить в рассылке", "email", ""),
    ("prospective_active", "", "Предложить смежные товары", "phone", 30),
    ("prospective_dozing", "", "Напомнить о себе, предложить пробный заказ", "phone", 14),
    ("prospective_asleep", "", "Письмо с новинками", "email", 60),
    ("regular_active", "", "Держать ритм, предлагать ассортимент", "visit", 30),
    ("regular_dozing", "A", "Встреча руководителя в течение трёх дней", "visit", 3),
    ("regular_dozing", "", "Звонок менеджера: что случилось", "phone", 7),
    ("regular_asleep", "A", "Разбор причин и личное предложение директора", "visit", 7),
    ("regular_asleep", "", "Предложение о возвращении со скидкой", "phone", 14))


@dataclass
class Story:
    """What the sales know of a client, and what its card says."""
    client: object
    days: list = field(default_factory=list)    # of purchases
    kopecks: dict = field(default_factory=lambda: defaultdict(int))     # year -> net revenue
    category_kopecks: dict = field(default_factory=lambda: defaultdict(int))
    closed: object = None
    silent_wish: bool = False                   # must not be contacted

    @property
    def code(self):
        return self.client.code

    @property
    def silent_days(self):
        return (TODAY - self.days[-1]).days if self.days else None

    def is_lost(self):
        return self.days and self.silent_days > 112 and self.code not in SEASONAL


def write_feeds(out, clients, lines):
    """Writes all feeds; the number of rows of each file."""
    stories = {client.code: Story(client) for client in clients}
    for line in lines:
        story = stories[line.client.code]
        if line.operation == "sale" and line.date not in story.days[-1:]:
            story.days.append(line.date)
        story.kopecks[line.date.year] += line.amount
        story.category_kopecks[line.date.year, line.product.category] += line.amount
    for story in stories.values():
        dice = Dice(20, story.client.number)
        later = story.days[-1] + datetime.timedelta(dice.between(40, 150)) if story.days else TODAY
        if story.is_lost() and later < TODAY and dice.chance(0.14) and story.code not in SUCCESSORS.values():
            story.closed = later
        story.silent_wish = dice.chance(0.02)
    out.mkdir(parents=True, exist_ok=True)
    feeds = {
        "clients.csv": client_cards(stories), "links.csv": links(), "interactions.jsonl": interactions(stories),
        "loss_survey.csv": loss_survey(stories), "potential.csv": potential(stories), "playbook.csv": playbook(),
        "costs.csv": costs(stories)}
    for name, rows in feeds.items():
        write_feed(out / name, rows)
    return {name: len(rows) - (not name.endswith("jsonl")) for name, rows in feeds.items()}


def write_feed(path, rows):
    if path.suffix == ".jsonl":
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        path.write_bytes(text.encode("utf-8"))
        return
    text, from_1c = io.StringIO(), path.name == "clients.csv"
    delimiter = ";" if path.name in ("clients.csv", "loss_survey.csv") else ","
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n" if from_1c else "\n").writerows(rows)
    # 1C writes a question mark for the Kazakh letters that windows-1251 lacks.
    path.write_bytes(text.getvalue().encode(*(("cp1251", "replace") if from_1c else ("utf-8",))))


def russian(date):
    return date.strftime("%d.%m.%Y") if date else ""


def check_digit(digits, weights):
    return str(sum(int(d) * w for d, w in zip(digits, weights)) % 11 % 10)


def tax_number(story, dice):
    """An INN of ten (company) or twelve (person) digits with right check digits, or a Kazakh BIN."""
    digits = "".join(str(dice.between(0, 9)) for _ in range(8))
    if story.client.seat[2] == "Алматы" and not story.client.name.startswith("ООО"):
        return f"{digits[:2]}1340{digits[2:]}"[:12]
    if not story.client.name.startswith("ИП"):
        number = f"00{CITIES[story.client.seat[2]]}{digits[:6]}"
        return number + check_digit(number, (2, 4, 10, 3, 5, 9, 4, 6, 8))
    number = f"00{CITIES[story.client.seat[2]]}{digits[:7]}"
    number += check_digit(number, (7, 2, 4, 10, 3, 5, 9, 4, 6, 8))
    return number + check_digit(number, (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8))


def mail_domain(name):
    plain = "".join(LETTERS.get(letter, letter) for letter in name.split("«")[-1].strip("»").lower())
    return "-".join("".join(c if c.isascii() and c.isalnum() else " " for c in plain).split()) + ".example"


def contacts_of(story, dice):
    """Person, phones, e-mails, addresses, KPP: what a successor shares with the client before it."""
    name, city = story.client.name, story.client.seat[2]
    person = f"{dice.pick(FIRST_NAMES)} {dice.pick('АБВГДЕКЛМНПРСТ')}."
    number = f"{dice.between(100, 999)}{dice.between(10, 99)}{dice.between(10, 99)}"
    phones = [dice.pick((f"+7 (000) {number[:3]}-{number[3:5]}-{number[5:]}", f"8 000 {number}"))]
    if dice.chance(0.25):
        phones.append(f"+7 (000) {dice.between(100, 999)}-{dice.between(10, 99)}-{dice.between(10, 99)}")
    mail = f"{dice.pick(('info', 'zakaz', 'buh'))}@{mail_domain(name)}"
    address = f"{city}, ул. {dice.pick(STREETS)}, д. {dice.between(1, 90)}, оф. {dice.between(1, 400)}"
    delivery = "" if dice.chance(0.6) else f"{city}, ул. {dice.pick(STREETS)}, д. {dice.between(1, 90)}, склад"
    kpp = f"00{CITIES[city]}{dice.between(1, 6)}01001" if name.startswith(("ООО", "АО", "ФГБУ")) else ""
    return dict(person=person if dice.chance(0.8) else "", phones=", ".join(phones) if dice.chance(0.93) else "",
                mail=mail if dice.chance(0.85) else "", address=address, delivery=delivery, kpp=kpp)


def client_cards(stories):
    """The counterparties as 1C exports them, with its folders as rows of their own."""
    rows = [["Код", "Наименование", "Полное наименование", "ИНН", "КПП", "Вид", "Контактное лицо", "Телефоны",
             "Эл. почта", "Юридический адрес", "Адрес доставки", "Ответственный", "Филиал", "Регион",
             "Дата создания", "Ликвидирован", "Дата ликвидации", "Не беспокоить", "Это группа"]]
    rows += [[f"Г{n:05d}", f"Покупатели {city}"] + [""] * 16 + ["Да"] for city, n in CITIES.items()]
    forms = {"ООО": "Общество с ограниченной ответственностью", "АО": "Акционерное общество",
             "ТОО": "Товарищество с ограниченной ответственностью", "ИП": "Индивидуальный предприниматель",
             "ФГБУ": "Федеральное государственное бюджетное учреждение"}
    for code, story in sorted(stories.items()):
        client, dice = story.client, Dice(21, story.client.number)
        tax, own = tax_number(story, dice), contacts_of(story, dice)
        if code in SUCCESSORS or code in SUCCESSORS.values():
            # The successor has another tax number, and what the people took with them.
            old = stories[SUCCESSORS.get(code, code)]
            own = {**own, **{k: v for k, v in contacts_of(old, Dice(22, old.client.number)).items() if v}}
            own["phones"] = own["phones"].split(", ")[0]
            own["mail"] = f"{'zakaz' if code in SUCCESSORS else 'info'}@{mail_domain(old.client.name)}"
        first_word, _, rest = client.name.partition(" ")
        full = f"{forms[first_word]} {rest}" if first_word in forms else client.name
        since = story.days[0] if story.days and story.days[0] >= datetime.date(2023, 4, 1) else None
        since = since - datetime.timedelta(dice.between(0, 20)) if since else datetime.date(
            dice.between(2016, 2022), dice.between(1, 12), dice.between(1, 28))
        if not story.days:
            since = datetime.date(2025, dice.between(1, 12), dice.between(1, 28))
        is_person = first_word == "ИП" and client.kind in ("one_off", "few") and dice.chance(0.4)
        rows.append([
            code, client.name, full, tax, own["kpp"], "Физлицо" if is_person else "Юрлицо", own["person"],
            own["phones"], own["mail"], own["address"], own["delivery"], client.seat[0], client.seat[2],
            client.region, russian(since), "Да" if story.closed else "Нет", russian(story.closed),
            "Да" if story.silent_wish else "Нет", "Нет"])
    return rows


def links():
    head = "client_code linked_client_code kind decision since decided_on decided_by comment".split()
    return [head] + [list(link) for link in LINKS]


def interactions(stories):
    """Contacts beside purchases, numbered by day: fixed stories, surveys, inquiries, a campaign."""
    found = [("2024-11-20", KEY_CLIENT, "nps", dict(score=9)), ("2025-05-21", KEY_CLIENT, "nps", dict(score=6)),
             ("2025-11-19", KEY_CLIENT, "nps", dict(score=3)),
             ("2025-06-10", KEY_CLIENT, "complaint", dict(resolved="2025-06-24", text="Недовоз по двум накладным")),
             ("2025-10-14", KEY_CLIENT, "conflict", dict(text="Спор об отсрочке, требуют скидку задним числом")),
             ("2025-06-30", DROPPED_PRODUCT, "inquiry", dict(text=f"Почему {DROPPED_SKU} дороже, чем в сети")),
             ("2025-07-15", DROPPED_PRODUCT, "complaint", dict(text=f"{DROPPED_SKU} нашли дешевле")),
             ("2025-11-19", DROPPED_PRODUCT, "nps", dict(score=7)),
             ("2025-02-28", "C00121", "inquiry", dict(text="Как переоформить договор на другое юрлицо")),
             ("2024-09-02", "C00178", "inquiry", dict(text="Отгрузка на ТОО вместо ИП"))]
    fixed = {KEY_CLIENT, DROPPED_PRODUCT}
    for code, story in sorted(stories.items()):
        dice, days = Dice(23, story.client.number), story.days
        left_with_him = story.client.seat[0] == LEAVING_MANAGER and story.is_lost()
        if not days:                            # a lead: it asked and never bought
            found += [(f"2025-{dice.between(3, 12):02d}-{dice.between(1, 28):02d}", code, "inquiry",
                       dict(text="Просят прайс и условия")) for _ in range(dice.between(1, 4))]
            continue
        for survey in ("2024-11-20", "2025-05-21", "2025-11-19"):
            day = datetime.date.fromisoformat(survey)
            before = [d for d in days if 0 < (day - d).days <= 90]
            if code not in fixed and before and dice.chance(0.35):
                leaves = story.is_lost() and (days[-1] - day).days < 120
                score = dice.between(0, 7) if leaves else dice.weighted(range(4, 11), (1, 1, 2, 5, 8, 9, 6))
                found.append((survey, code, "nps", dict(score=score)))
        if left_with_him and days[-1] >= datetime.date(2025, 5, 1) and dice.chance(0.5):
            day = days[-1] + datetime.timedelta(dice.between(3, 20))
            found.append((day.isoformat(), code, "complaint", dict(text="Менеджер не отвечает")))
        for _ in range(dice.between(0, 3) if dice.chance(0.3) else 0):
            day = dice.pick(days) - datetime.timedelta(dice.between(1, 5))
            if day >= FIRST_DATE:
                found.append((day.isoformat(), code, "inquiry", dict(text="Наличие и сроки")))
        if story.is_lost() and not story.closed and dice.chance(0.06):       # asks, but does not buy
            for step in (20, 34, 55):
                day = days[-1] + datetime.timedelta(step + dice.between(0, 9))
                found.append((day.isoformat(), code, "inquiry", dict(text="Запрос цен, заказа не было")))
        if dice.chance(0.03):
            day = dice.pick(days) + datetime.timedelta(2)
            settled = day + datetime.timedelta(dice.between(2, 30))
            more = dict(resolved=settled.isoformat()) if settled < TODAY else {}
            found.append((day.isoformat(), code, "conflict", dict(more, text="Расхождение в акте сверки")))
        if dice.chance(0.015) and not story.is_lost() and len(days) > 30:
            new = dice.pick([c for c, s in sorted(stories.items())
                             if s.days and s.days[0] > days[10] and not is_later(s.client)])
            found.append((stories[new].days[0].isoformat(), code, "referral", dict(referred=new)))
    for code, day in campaign_contacts(stories):
        found.append((day.isoformat(), code, "contact", dict(campaign=CAMPAIGN, text="Звонок: вернуть клиента")))
    rows = []
    for number, (day, code, what, more) in enumerate(sorted(found, key=lambda f: (f[0], f[1], f[2])), 1):
        if day > TODAY.isoformat():
            continue
        channel = "phone" if what in ("nps", "contact", "inquiry") else "email"
        rows.append(dict(id=f"I{number:05d}", date=day, client=code, type=what, channel=channel,
                         manager=stories[code].client.seat[0], **more))
    return rows


def campaign_contacts(stories):
    """Who was called to come back, and when: lost clients that may be called."""
    first, last = (datetime.date.fromisoformat(f"{CAMPAIGN_MONTH}-{day}") for day in ("06", "24"))
    for code, story in sorted(stories.items()):
        dice, before = Dice(24, story.client.number), [day for day in story.days if day < first]
        if len(before) < 4 or not 90 <= (first - before[-1]).days <= 500 or code in SEASONAL or code == LINKS[0][0]:
            continue
        if not story.silent_wish and (not story.closed or story.closed > last):
            day = first + datetime.timedelta(dice.between(0, (last - first).days))
            if not any(first <= bought <= day for bought in story.days):
                yield code, day


def loss_survey(stories):
    """Answers of lost clients in November 2025, as the call centre wrote them down."""
    rows = [["Дата", "Код клиента", "Причина", "Группа", "Главная", "Вернётся", "Конкурент", "Кто спросил", "Ответ"]]
    for code, story in sorted(stories.items()):
        dice = Dice(25, story.client.number)
        answered = code == "C00178" or dice.chance(0.45)
        if not story.is_lost() or story.silent_days < 180 or code in LARGE_ONE_OFF or not answered:
            continue
        day = datetime.date(2025, 11, dice.pick((5, 6, 7, 10, 11, 12, 13, 14, 17, 18)))
        weights = [reason[3] for reason in REASONS]
        if story.client.kind in ("one_off", "few"):
            weights[5] *= 5
        if story.client.seat[0] == LEAVING_MANAGER:
            weights[2] *= 20
        elif story.client.kind != "one_off":
            weights[2] = 0                      # nobody else has left
        chosen = [dice.weighted(REASONS, weights)]
        if code == "C00178":
            chosen = [NEW_ENTITY_REASON]
        elif story.closed:
            chosen = [CLOSED_REASON]
        elif dice.chance(0.2):
            chosen.append(dice.pick([reason for reason in REASONS[:5] if reason not in chosen and reason[3] != 2]))
        for place, (what, group, back, _, words) in enumerate(chosen, 1):
            rival = f"Конкурент {dice.pick('АБВ')}" if group == "конкурент" else ""
            rows.append([russian(day), code, what, group, "да" if place == 1 else "нет", back, rival,
                         dice.pick(("Колл-центр 1", "Колл-центр 2")), words])
    return rows


def potential(stories):
    """What the largest clients buy from all suppliers in a year, as their managers estimate it."""
    rows = [["client_code", "period_start", "months", "category", "amount", "estimated_on", "estimated_by", "basis"]]
    largest = sorted(stories.values(), key=lambda s: (-s.kopecks[2024], s.code))
    chosen = [s for s in largest if s.client.kind in ("steady", "even", "regular") and s.code not in SUCCESSORS
              and not is_later(s.client)][:60]
    for year in YEARS[1:]:
        for story in sorted(chosen, key=lambda s: s.code):
            dice, own = Dice(26, story.client.number), max(story.kopecks[2024], story.kopecks[year]) / 100
            total = own / (0.25 + 0.5 * dice.unit()) * (1.0 if year == 2024 else 0.95 + 0.1 * dice.unit())
            if story.client.number % 7 == 0 and year == 2025 and story.code != DROPPED_PRODUCT:
                total *= 1.5                    # it grows, and buys the growth elsewhere
            asked = ("опрос закупщика", "отчётность", "оценка менеджера")[dice.between(0, 2)]
            rows.append([story.code, f"{year}-01-01", "12", "", str(int(total / 1000) * 1000),
                         f"{year + 1}-01-{dice.between(9, 19):02d}", story.client.seat[0], asked])
            if story.code == DROPPED_PRODUCT:
                own = story.category_kopecks[2024, "Бытовая химия"] / 100
                rows.append(rows[-1][:3] + ["Бытовая химия", str(int(own / 800) * 1000)] + rows[-1][5:])
    return rows


def playbook():
    return [["segment", "abc", "action", "channel", "within_days"]] + [list(row) for row in PLAYBOOK]


def costs(stories):
    """Money spent on clients: advertising and sales bonus for new ones, calls, the campaign."""
    rows = [["date", "kind", "amount", "campaign", "channel", "branch", "client_code", "contacts", "comment"]]
    for month in range(37):
        dice, year, number = Dice(27, month), 2023 + month // 12, month % 12 + 1
        first, last = (f"{year}-{number:02d}-{day:02d}" for day in (1, calendar.monthrange(year, number)[1]))
        rows.append([first, "acquisition", f"{dice.between(180, 260) * 1000}.00", "", "web", "", "", "", "Реклама"])
        for city in CITIES:
            new = sum(1 for s in stories.values() if s.days and s.client.seat[2] == city and month
                      and s.days[0].isoformat()[:7] == first[:7])
            if new and last <= TODAY.isoformat():
                rows.append([last, "acquisition", f"{new * 4500}.00", "", "field", city, "", str(new),
                             "Бонус за новых клиентов"])
        calls = dice.between(240, 420)
        if last <= TODAY.isoformat():
            rows.append([last, "contact", f"{calls * 35}.50", "", "phone", "", "", str(calls), "Колл-центр"])
    called = list(campaign_contacts(stories))
    rows.append([f"{CAMPAIGN_MONTH}-31", "contact", f"{len(called) * 180}.00", CAMPAIGN, "phone", "", "",
                 str(len(called)), "Звонки ушедшим"])
    for code, day in called:
        back = [bought for bought in stories[code].days if bought > day]
        if back:
            rows.append([back[0].isoformat(), "incentive", "3000.00", CAMPAIGN, "phone", "", code, "1",
                         "Скидка на первый заказ"])
    return [rows[0]] + sorted(rows[1:])
