"""Random choices for the sample data: the same on every machine and every Python."""

import math
import random

SEED = 20260120


class Dice:
    """Random choices built on `Random.random()` alone, whose sequence Python promises to keep."""

    def __init__(self, *key):
        seed = SEED
        for part in key:
            seed = seed * 1_000_003 + part
        self.unit = random.Random(seed).random

    def chance(self, p):
        return self.unit() < p

    def between(self, low, high):
        """A whole number from low to high, both included."""
        return low + int(self.unit() * (high - low + 1))

    def pick(self, items):
        return items[int(self.unit() * len(items))]

    def weighted(self, items, weights):
        left = self.unit() * sum(weights)
        for item, weight in zip(items, weights):
            left -= weight
            if left < 0:
                break
        return item

    def noise(self, spread, most=2.5):
        """A factor around 1, normal, cut at `most` deviations and never below 0.1."""
        normal = math.sqrt(-2 * math.log(1 - self.unit())) * math.cos(2 * math.pi * self.unit())
        return max(0.1, 1 + spread * max(-most, min(most, normal)))

    def sample(self, items, count):
        rest = list(items)
        return [rest.pop(int(self.unit() * len(rest))) for _ in range(min(count, len(rest)))]
