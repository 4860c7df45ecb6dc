"""All that there is to try of a kind, and how much of it has been tried."""

import collections
import random


class Matrix:
    def __init__(self, cells, seed):
        self.cells = list(cells)
        random.Random(seed).shuffle(self.cells)
        self.count = collections.Counter()
        self.done = set()

    def cell(self, case):
        return self.cells[case % len(self.cells)]

    def tried(self, name, cell):
        self.count[name] += 1
        self.done.add(cell)

    def progress(self):
        return f"{len(self.done)} of the {len(self.cells)} that there are"
