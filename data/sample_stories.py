"""Stories o to r of the sample: returns before a loss, a price cut, new products, a dealer.

Their clients have numbers above `LATER_FROM` and document numbers of their own, and nothing that is drawn
for the others looks at them: so the other stories stay as they are.
"""

import datetime

from sample_dice import Dice

LATER_FROM = 500
LATER_DOCUMENTS = 80_000                        # added to the numbers of their documents
RETURNER, RETURNER_LAST = "C00501", "2025-07"   # (o) brings back more and more, then stays away
RISING_RETURNS = {"2025-04": 0.05, "2025-05": 0.12, "2025-06": 0.20, "2025-07": 0.30}
BARGAINER, BARGAIN_FROM, BARGAIN = "C00502", "2025-07", 0.20        # (p) the same goods, a fifth cheaper
EXPLORER, EXPLORER_FROM, EXPLORER_MORE = "C00503", "2025-06", 0.45  # (q) takes up kitchenware as well
EXPLORER_SKUS = ("KT-0101", "KT-0302", "KT-0503")
SHOP, SHOP_LAST, DEALER, DEALER_PART = "C00504", "2025-06", "C00505", 0.9   # (r) buys from the dealer since
LATER_NAMES = {
    RETURNER: "ООО «Дом у реки»", BARGAINER: "АО «Бережливый покупатель»", EXPLORER: "ООО «Новая полка»",
    SHOP: "ООО «Лавка на углу»", DEALER: "АО «Торговая база Полюс»"}


def is_later(client):
    return client.number > LATER_FROM


def later_stories(make, products, months, index):
    """The clients; `make` builds one, `index` numbers a month."""
    every, key = range(months), dict(documents=(5, 5), noise=0.04, full_basket=True)
    returner = make(RETURNER, {m: 1.0 for m in every if m <= index(RETURNER_LAST)}, 320_000, 2, "even")
    bargain = index(BARGAIN_FROM)
    bargainer = make(BARGAINER, {m: 1.0 if m < bargain else 1 - BARGAIN for m in every}, 480_000, 5,
                     cheaper=(bargain, BARGAIN), **key)
    more = index(EXPLORER_FROM)
    explorer = make(EXPLORER, {m: 1.0 if m < more else 1 + EXPLORER_MORE for m in every}, 390_000, 4, **key)
    explorer.basket = [(p, w) for p, w in explorer.basket if not p.sku.startswith("KT")]
    weight = sum(w for _, w in explorer.basket) * EXPLORER_MORE / len(EXPLORER_SKUS)
    explorer.taken_up = more, [(p, weight) for p in products if p.sku in EXPLORER_SKUS]
    last = index(SHOP_LAST)
    shop = make(SHOP, {m: 1.0 for m in every if m <= last}, 260_000, 6, "even", region="Урал")
    part = DEALER_PART * shop.budget / 1_600_000
    dealer = make(DEALER, {m: 1.0 if m <= last else 1 + part for m in every}, 1_600_000, 6, region="Урал", **key)
    of_shop = [p for p, _ in shop.basket]
    dealer.basket = [(p, w) for p, w in dealer.basket if p not in of_shop]
    weight = sum(w for _, w in dealer.basket) * part / sum(w for _, w in shop.basket)
    dealer.taken_up = last + 1, [(p, w * weight) for p, w in shop.basket]
    return [returner, bargainer, explorer, shop, dealer]


def rising_returns(lines, client):
    """What the returner brings back: of every line of a month the same part, some days later."""
    dice, found = Dice(11, client.number), []
    for line in lines:
        part = RISING_RETURNS.get(line.date.isoformat()[:7], 0) if client.code == RETURNER else 0
        step = 1 if line.product.by_weight else 1000
        back = int(line.quantity * part) // step * step
        if back:
            date = line.date + datetime.timedelta(days=dice.between(1, 3))
            found.append(line._replace(date=date, number=1, operation="return", quantity=-back,
                amount=-(line.amount * back // line.quantity), cost=-(line.cost * back // line.quantity)))
    return found
