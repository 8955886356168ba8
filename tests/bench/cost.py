"""What one interval costs: everything is measured in turn, round after round,
and the floor before and after each contestant.  A machine that gets slower or
faster meanwhile does so for all, and ratios are taken between neighbours."""

import collections
import re
import statistics
import subprocess
import time

from contestants import contestant
from machine import PROC, Crowd, Failed, Limits, field_bytes, ms, say

# of each time the floor is measured
FLOOR_PASSES = 3

# One measurement of one contestant: a list of CPU ns, one an interval, and
# what it held at the end.
Taken = collections.namedtuple("Taken", "ns rss pss maps tables files note")


def mid(values):
    return statistics.median(values)


def wait_for_lull(one, interval):
    """Returns just after a reading: from here whole ones are counted."""
    step = interval / 50
    end = time.monotonic() + 1.5 * interval
    before, busy, quiet = one.cpu(()), False, 0
    while time.monotonic() < end and not (busy and quiet >= 3):
        time.sleep(step)
        now = one.cpu(())
        calm = now - before < 500_000
        quiet = quiet + 1 if calm else 0
        busy = busy or not calm
        before = now


def map_bytes(own):
    """What is resident of memory that BPF programs write: the kernel's."""
    found = re.findall(r"anon_inode:bpf-map\n(?:.*\n)*?Rss:\s+(\d+) kB",
                       (own / "smaps").read_text())
    return sum(map(int, found)) * 1024


def take(one, interval, count):
    """The CPU of COUNT intervals, each on its own."""
    helpers = one.helpers()
    begin = time.monotonic()
    marks = [one.cpu(helpers)]
    for i in range(1, count + 1):
        time.sleep(max(0, begin + i * interval - time.monotonic()))
        marks.append(one.cpu(helpers))
        say(".", end="")
    one.check()
    note = ""
    if one.helpers() != helpers:
        note = "the helper was restarted meanwhile; its CPU is not complete"
    ns = [b - a for a, b in zip(marks, marks[1:])]
    if max(ns) > 0.8e9 * interval:
        note = "a reading hardly fits into the interval"
    own = PROC / str(one.process.pid)
    return Taken(ns, field_bytes(own / "smaps_rollup", "Rss"),
                 field_bytes(own / "smaps_rollup", "Pss"), map_bytes(own),
                 field_bytes(own / "status", "VmPTE"),
                 len(list((own / "fd").iterdir())), note)


def measure(bench, reader, writer, interval):
    with contestant(bench, reader, writer, interval) as one:
        for _ in range(one.warm_up):
            time.sleep(interval)
            say("w", end="")
            one.check()
        if reader != "idle":
            wait_for_lull(one, interval)
        taken = take(one, interval, bench.count)
        if reader == "procman":
            bench.samplers.add(one.sampler())
    return taken


def measure_floor(bench, size):
    """Rests as long between two passes as collectd does: caches cool alike."""
    out = subprocess.run(
        [bench.tool("floor"), str(FLOOR_PASSES),
         str(int(size.interval * 1000))],
        stdout=subprocess.PIPE, text=True, check=True).stdout
    ns = []
    for line in out.splitlines():
        what, spent, processes = line.split()
        if what == "pass":
            ns.append(int(spent))
            size.seen.append(int(processes))
    size.floor += ns
    say(f" (floor {ms(mid(ns))})", end="")
    return mid(ns)


class Size:
    """What was measured with so many processes."""

    def __init__(self, wanted, what, interval):
        self.wanted, self.what, self.interval = wanted, what, interval
        self.seen = []  # processes, as floor found them
        self.floor = []  # ns
        self.taken = collections.defaultdict(list)  # (reader, writer)
        self.ratios = collections.defaultdict(list)  # to floor, one a round
        self.rounds = []  # of {(reader, writer): median ns}
        self.failed = []

    def processes(self):
        return mid(self.seen)

    def ns(self, reader, writer):
        return [n for t in self.taken[reader, writer] for n in t.ns]

    def to_floor(self, reader, writer):
        return mid(self.ratios[reader, writer])

    def to_procman(self, reader, writer):
        """What the peer costs, in procmans."""
        both = [(spent.get((reader, writer)),
                 spent.get(("procman", writer))) for spent in self.rounds]
        ratios = [theirs / ours for theirs, ours in both if theirs and ours]
        return mid(ratios) if ratios else None

    def median(self, what, reader, writer="network"):
        values = [getattr(t, what) for t in self.taken[reader, writer]]
        return mid(values) if values else None


def one(bench, size, reader, writer):
    try:
        taken = measure(bench, reader, writer, size.interval)
    except Failed as error:
        say(f" FAILED: {error}")
        size.failed.append(f"{reader} with {writer}: {error}")
        return None
    size.taken[reader, writer].append(taken)
    say(f" {ms(mid(taken.ns))} ms {taken.note}", end="")
    return mid(taken.ns)


def one_round(bench, size, label, pairs):
    say(f"{label}", end="")
    before, spent = measure_floor(bench, size), {}
    say("")
    for reader, writer in pairs:
        if reader == "idle" and size.rounds:
            continue  # it does not change: once is enough
        say(f"{label} {reader}, {writer} ", end="")
        ns = one(bench, size, reader, writer)
        if ns is not None and reader != "idle":
            after = measure_floor(bench, size)
            size.ratios[reader, writer].append(2 * ns / (before + after))
            spent[reader, writer] = ns
            before = after
        say("")
    size.rounds.append(spent)


def measure_size(bench, wanted, pairs, crowd):
    """crowd: the program and its arguments that make so many."""
    interval = bench.interval or (1 if wanted <= 2000 else
                                  2 if wanted <= 10000 else 4)
    with Limits(wanted), Crowd(*crowd) as there:
        size = Size(wanted, there.what, interval)
        try:
            for i in range(bench.rounds):
                one_round(bench, size,
                          f"{there.what}, round {i + 1}/{bench.rounds}:", pairs)
        except Failed as error:
            say(f"FAILED: {error}")
            size.failed.append(str(error))
    return size
