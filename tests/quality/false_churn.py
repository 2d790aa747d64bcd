#!/usr/bin/env python3
"""How well false churn is found: precision and recall of successor_candidates and dealer_candidates.

    python3 tests/quality/false_churn.py sample        [--program PATH] [--keep FOLDER]
    python3 tests/quality/false_churn.py online-retail [--program PATH] [--keep FOLDER] [--data FOLDER]

Makes a project of its own in a temporary folder, runs the program on it, compares what it proposes
with the truth, prints the figures and, for seed 1, ends with 1 when they are below those of `LEAST`.

sample: first the sample as it is, without its confirmed links, so that they are to be found. Then the
sample with clients that are split in two at a day: the later half gets another id, another tax number,
a name that is written differently or is another one, and a part of phone, e-mail, address and person;
and with clients whose purchases go to a larger client of their region from a day on.

online-retail: UCI Online Retail II, which knows nothing of its clients but a number and a country: only
products, rhythm, amounts and timing can tell.

Seeded: the same figures on every run. Python 3.8 or newer, standard library only.
"""

import argparse
import csv
import datetime
import glob
import gzip
import io
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DAY = datetime.timedelta(days=1)
SAMPLE_TRUTH = {("C00121", "C00448"), ("C00178", "C00449")}     # see data/sample/README.md, story c
SAMPLE_TRAP = ("C00366", "C00094")                              # names and dates alike, nothing else
SAMPLE_DEALER = ("C00504", "C00505")                            # story r
# (precision, recall) from a probability of 0.3 on that seed 1 must reach: a guard against changes that
# spoil something, no measure of quality. The borders in the SQL were chosen on seed 1; on other seeds
# online-retail and dealers are worse. See "How good it is" in docs/false-churn.md.
LEAST = {"sample": (1.0, 1.0), "split": (0.95, 0.8), "dealers": (0.8, 0.35), "online-retail": (0.4, 0.08)}
LATIN = dict(zip("абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
                 "a b v g d e e zh z i y k l m n o p r s t u f kh ts ch sh shch  y  e yu ya".split(" ")))
OTHER_NAMES = "Альтаир Бриз Вымпел Гелиос Дельта Зенит Квант Лидер Меркурий Нептун Омега Пионер".split()


def read_rows(path):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def write_rows(path, rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    data = text.getvalue().encode("utf-8")
    with open(path, "wb") as file:
        file.write(gzip.compress(data, 6) if path.endswith(".gz") else data)


def project(folder, pipeline, text):
    """An empty project with the SQL of this one."""
    shutil.copytree(os.path.join(ROOT, "sql"), os.path.join(folder, "sql"))
    os.makedirs(os.path.join(folder, "pipelines"))
    with open(os.path.join(folder, "pipelines", f"{pipeline}.toml"), "w", encoding="utf-8") as file:
        # Only what is judged here; everything else would take several times as long.
        file.write('tables = ["successor_candidates", "dealer_candidates"]\n' + text)


def run(program, folder, pipeline):
    done = subprocess.run([program, "--project", folder, "run", pipeline, "--quiet"],
                          capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"the run failed with {done.returncode}:\n{done.stderr}{done.stdout}")


def query(program, folder, pipeline, sql):
    done = subprocess.run([program, "--project", folder, "query", "-p", pipeline, "--format", "json", sql],
                          capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def pairs(program, folder, pipeline, table, other):
    rows = query(program, folder, pipeline,
                 f"select silent_client_id, {other} as other, probability from {table}")
    return {(row["silent_client_id"], row["other"]): row["probability"] for row in rows}


def measure(title, found, truth, known=None):
    """Prints precision and recall at several borders; gives those at 0.3."""
    known = truth if known is None else known
    result = None
    print(f"{title}: {len(truth)} true pairs, {len(found)} proposed")
    for border in (0.05, 0.3, 0.8):
        proposed = {pair for pair, probability in found.items() if probability >= border}
        hits = len(proposed & truth)
        precision = len(proposed & known) / len(proposed) if proposed else 1.0
        recall = hits / len(truth) if truth else 1.0
        print(f"  probability from {border:4}: {len(proposed):4} proposed, {hits:4} true, "
              f"precision {precision:.2f}, recall {recall:.2f}")
        if border == 0.3:
            result = precision, recall
    print(f"  sum of the probabilities {sum(found.values()):.1f}, true among the proposed "
          f"{len(set(found) & known)}")
    return result


class Sales:
    """All files of a folder of sales, to be changed line by line and written elsewhere."""

    def __init__(self, folder):
        self.files = {os.path.basename(path): read_rows(path)
                      for path in sorted(glob.glob(os.path.join(folder, "sales_*.csv*")))}
        self.header = next(iter(self.files.values()))[0]

    def lines(self):
        for rows in self.files.values():
            yield from rows[1:]

    def write(self, folder):
        os.makedirs(folder, exist_ok=True)
        for name, rows in self.files.items():
            write_rows(os.path.join(folder, name), rows)


def split_day(dice, days, last_day, least_before, least_after, least_silent=100):
    """A day on which the client goes over, with enough purchases on both sides; None if there is none."""
    fitting = [day for place, day in enumerate(days)
               if place >= least_before and len(days) - place >= least_after
               and (last_day - day).days >= least_silent]
    return dice.choice(fitting) if fitting else None


def other_name(dice, name):
    """The name of the new company: another form, alphabet, spelling, a word more, or another name."""
    plain = name.split("«")[-1].strip("»") if "«" in name else name.split(" ", 1)[-1]
    plain = plain.strip('"')
    form = dice.choice(("ООО", "АО", "ТОО"))
    kind = dice.choice(("form", "latin", "typo", "more", "person", "other"))
    if kind == "form":
        return kind, f"{form} «{plain}»"
    if kind == "latin":
        return kind, "".join(LATIN.get(letter, letter) for letter in plain.lower()).title() + " LLC"
    if kind == "typo":
        letters = [place for place, letter in enumerate(plain) if letter.isalpha()]
        place = dice.choice(letters)
        return kind, f"{form} «{plain[:place]}{dice.choice('аеиоу')}{plain[place + 1:]}»"
    if kind == "more":
        return kind, f"{form} «{plain} Трейд»"
    if kind == "person":
        return kind, f"ИП {dice.choice(('Жуков', 'Зимина', 'Рогов', 'Тихонов'))} {dice.choice('АБВ')}. {dice.choice('ГДЕ')}."
    return kind, f"{form} «{dice.choice(OTHER_NAMES)}-{dice.randint(1, 99)}»"


def sample_project(folder):
    with open(os.path.join(ROOT, "pipelines", "sample.toml"), encoding="utf-8") as file:
        project(folder, "sample", file.read())
    feeds = os.path.join(folder, "data", "sample", "feeds")
    shutil.copytree(os.path.join(ROOT, "data", "sample", "feeds"), feeds)
    with open(os.path.join(feeds, "links.csv"), encoding="utf-8") as file:
        head = file.readline()
    with open(os.path.join(feeds, "links.csv"), "w", encoding="utf-8") as file:
        file.write(head)
    return Sales(os.path.join(ROOT, "data", "sample")), os.path.join(folder, "data", "sample")


def plain_sample(program, folder):
    sales, target = sample_project(folder)
    sales.write(target)
    run(program, folder, "sample")
    found = pairs(program, folder, "sample", "successor_candidates", "appeared_client_id")
    result = measure("sample without its links, successors", found, SAMPLE_TRUTH)
    print(f"  the trap {SAMPLE_TRAP[0]} > {SAMPLE_TRAP[1]}: probability {found.get(SAMPLE_TRAP, 0.0)}")
    dealers = pairs(program, folder, "sample", "dealer_candidates", "dealer_client_id")
    measure("sample without its links, dealers", dealers, {SAMPLE_DEALER})
    return result


def purchase_days(sales, code, date, amount):
    days = defaultdict(set)
    for line in sales.lines():
        if line[code] and float_or_zero(line[amount]) > 0 and is_date(line[date]):
            days[line[code]].add(datetime.date.fromisoformat(line[date][:10]))
    return {client: sorted(found) for client, found in days.items()}


def float_or_zero(text):
    try:
        return float(text)
    except ValueError:
        return 0.0


def is_date(text):
    try:
        return bool(datetime.date.fromisoformat(text[:10]))
    except ValueError:
        return False


def perturbed_sample(program, folder, seed):
    dice = random.Random(seed)
    sales, target = sample_project(folder)
    at = {name: place for place, name in enumerate(sales.header)}
    days = purchase_days(sales, at["client_code"], at["document_date"], at["amount"])
    last_day = max(found[-1] for found in days.values())
    cards_path = os.path.join(folder, "data", "sample", "feeds", "clients.csv")
    with open(cards_path, encoding="cp1251", newline="") as file:
        cards = list(csv.reader(file, delimiter=";"))
    card_at = {name: place for place, name in enumerate(cards[0])}
    card_of = {row[0]: row for row in cards[1:]}
    volume, region = Counter(), {}
    for line in sales.lines():
        volume[line[at["client_code"]]] += float_or_zero(line[at["amount"]])
        region[line[at["client_code"]]] = line[at["region"]] or region.get(line[at["client_code"]])
    reserved = {code for pair in SAMPLE_TRUTH | {SAMPLE_TRAP} for code in pair} | {"C00107", "C00112"}
    # The clients of stories o to r have numbers above 500, and are not to be touched either.
    clients = [code for code in sorted(days) if code in card_of and code not in reserved and code < "C00500"]
    dice.shuffle(clients)

    change, kinds = {}, {}                      # code -> (day, new code), (old, new) -> how
    for code in clients:
        if len(change) == 45:
            break
        day = split_day(dice, days[code], last_day, 5, 4)
        if day is None:
            continue
        # Between the two lies up to a month and a half in which nothing is bought.
        pause = dice.choice((0, 0, 15, 30, 45))
        if not any(found >= day + pause * DAY for found in days[code][-3:]):
            continue
        new = f"S{code[1:]}"
        change[code] = day, new, pause
        old = card_of[code]
        card, kind = list(old), None
        kind, card[card_at["Наименование"]] = other_name(dice, old[card_at["Наименование"]])
        card[0], card[card_at["Полное наименование"]] = new, ""
        card[card_at["ИНН"]] = f"00{dice.randint(10**7, 10**8 - 1)}"
        fresh = card_of[dice.choice(clients)]   # contacts that are not kept are like those of others
        kept = []
        for column, share in (("Телефоны", 0.5), ("Эл. почта", 0.4), ("Юридический адрес", 0.4),
                              ("Контактное лицо", 0.5)):
            if dice.random() < share:
                kept.append(column)
                continue
            text = fresh[card_at[column]]
            if column == "Телефоны":
                text = f"+7 (000) {dice.randint(100, 999)}-{dice.randint(10, 99)}-{dice.randint(10, 99)}"
            elif column == "Эл. почта":
                text = f"info@{new.lower()}.example"
            elif column == "Юридический адрес":
                text = f"{text.split(',')[0]}, ул. {dice.choice(('Южная', 'Лесная', 'Мирная'))}, д. {dice.randint(1, 90)}"
            card[card_at[column]] = text
        card[card_at["Дата создания"]] = (day - dice.randint(0, 20) * DAY).strftime("%d.%m.%Y")
        for column in ("Ликвидирован", "Не беспокоить", "Это группа"):
            card[card_at[column]] = "Нет"
        card[card_at["Дата ликвидации"]] = ""
        cards.append(card)
        kinds[code, new] = f"{kind} name, {len(kept)} of 4 contacts"

    dealers = {}
    for code in clients:
        if len(dealers) == 15:
            break
        larger = [other for other in clients if other not in change and other not in dealers and other != code
                  and region[other] == region[code] and volume[other] > 3 * volume[code]
                  and days[other][-1] > last_day - 40 * DAY and days[other][0] < days[code][0] + 200 * DAY]
        if code in change or len(larger) == 0 or code in dealers.values():
            continue
        day = split_day(dice, days[code], last_day, 6, 4, 130)
        if day is not None:
            dealers[code] = dice.choice(larger)
            change[code] = day, dealers[code], 0

    names = {row[0]: row[card_at["Наименование"]] for row in cards[1:]}
    for name, rows in sales.files.items():
        kept_rows = [rows[0]]
        for line in rows[1:]:
            code = line[at["client_code"]]
            if code in change and is_date(line[at["document_date"]]):
                day, new, pause = change[code]
                date = datetime.date.fromisoformat(line[at["document_date"]])
                if day <= date < day + pause * DAY:
                    continue
                if date >= day:
                    line[at["client_code"]], line[at["client_name"]] = new, names[new]
            kept_rows.append(line)
        sales.files[name] = kept_rows
    sales.write(target)
    with open(cards_path, "w", encoding="cp1251", errors="replace", newline="") as file:
        csv.writer(file, delimiter=";", lineterminator="\r\n").writerows(cards)

    run(program, folder, "sample")
    found = pairs(program, folder, "sample", "successor_candidates", "appeared_client_id")
    truth = set(kinds)
    result = measure("sample with split clients, successors", found, truth, truth | SAMPLE_TRUTH)
    missed = [pair for pair in sorted(truth) if found.get(pair, 0) < 0.3]
    print("  missed: " + "; ".join(f"{old} ({kinds[old, new]}: {found.get((old, new), 0)})" for old, new in missed))
    wrong = [pair for pair in sorted(found) if pair not in truth | SAMPLE_TRUTH and found[pair] >= 0.3]
    print(f"  wrong: {wrong}")
    proposed = pairs(program, folder, "sample", "dealer_candidates", "dealer_client_id")
    truth = set(dealers.items())
    dealer_result = measure("sample with clients gone to dealers", proposed, truth, truth | {SAMPLE_DEALER})
    return result, dealer_result


RETAIL = """[[source]]
name = "online_retail"
files = "data/sales_*.csv.gz"
staging = "online_retail_ii"
date_formats = ["%Y-%m-%d %H:%M:%S"]
period = "file_name"
"""


def online_retail(program, folder, data, seed):
    """Splits 150 of the clients with at least six purchases before a day and four after it."""
    dice = random.Random(seed)
    project(folder, "retail", RETAIL)
    sales = Sales(data)
    at = {name: place for place, name in enumerate(sales.header)}
    days = purchase_days(sales, at["Customer ID"], at["InvoiceDate"], at["Quantity"])
    last_day = max(found[-1] for found in days.values())
    clients = sorted(days)
    dice.shuffle(clients)
    change = {}
    for code in clients:
        day = split_day(dice, days[code], last_day, 6, 4)
        if day is not None and len(change) < 150:
            change[code] = day.isoformat(), f"S{code}"
    truth = {(code, new) for code, (_, new) in change.items()}
    for line in sales.lines():
        code = line[at["Customer ID"]]
        if code in change and line[at["InvoiceDate"]][:10] >= change[code][0]:
            line[at["Customer ID"]] = change[code][1]
    sales.write(os.path.join(folder, "data"))
    run(program, folder, "retail")
    found = pairs(program, folder, "retail", "successor_candidates", "appeared_client_id")
    return measure("Online Retail II with split clients, by behaviour alone", found, truth)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("sample", "online-retail"))
    parser.add_argument("--program", default=os.path.join(ROOT, "target", "debug", "clientbase"))
    parser.add_argument("--data", default=os.path.join(ROOT, "..", "shared", "data", "online_retail_ii"))
    parser.add_argument("--keep", help="a folder for the projects; removed otherwise")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    folder = given.keep or tempfile.mkdtemp(prefix="clientbase-quality-")
    try:
        if given.what == "sample":
            results = {"sample": plain_sample(given.program, os.path.join(folder, "plain"))}
            results["split"], results["dealers"] = perturbed_sample(
                given.program, os.path.join(folder, "split"), given.seed)
        else:
            results = {"online-retail": online_retail(
                given.program, os.path.join(folder, "retail"), given.data, given.seed)}
    finally:
        if not given.keep:
            shutil.rmtree(folder)
    low = [name for name, figures in results.items()
           if figures[0] < LEAST[name][0] or figures[1] < LEAST[name][1]]
    if given.seed != 1:
        sys.exit(0)
    sys.exit(f"below what must be reached: {', '.join(low)}" if low else 0)


if __name__ == "__main__":
    main()
