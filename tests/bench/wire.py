"""The control socket with as many processes as the budgets speak of: a whole
list against psutil's, single processes, and what a thousand monitors do to the
tick."""

import json
import os
import pathlib
import resource
import selectors
import statistics
import sys
import threading
import time

from machine import Crowd, Limits, say
from tables import BUDGET_SIZE

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))

LISTS, PSUTIL_PASSES, CALLS, MONITORS, WATCH_S = 9, 3, 20000, 1000, 20
FIELDS = ("pid", "name", "cmdline", "status", "cpu_percent", "memory_percent",
          "memory_info", "create_time", "num_threads", "username")


def ms(seconds):
    return f"{seconds * 1e3:.3g} ms"


def thread_ns(pid):
    """CPU of the control thread."""
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        if (task / "comm").read_text() == "pm-control\n":
            return int((task / "schedstat").read_text().split()[0])
    return 0


def rss_kib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


# ---- lists ----

def by_psutil():
    import psutil
    start = time.perf_counter()
    count = sum(1 for _ in psutil.process_iter(FIELDS))
    return time.perf_counter() - start, count


def lists(wire, pid):
    """Seconds to the last byte, and the control thread's CPU, of one list."""
    seconds, cpu, size = [], [], 0
    for _ in range(LISTS):
        before, start = thread_ns(pid), time.perf_counter()
        wire.send("list_processes")
        line = wire.lines.readline()
        seconds.append(time.perf_counter() - start)
        cpu.append((thread_ns(pid) - before) / 1e9)
        size = len(line)
        time.sleep(0.2)  # ten lists a second are allowed
    count = json.loads(line)["result"]["total"]
    return statistics.median(seconds), statistics.median(cpu), count, size


# ---- single processes ----

def infos(wire, pids):
    taken = []
    for i in range(CALLS):
        start = time.perf_counter()
        wire.send("get_process_info", pid=pids[i % len(pids)])
        wire.lines.readline()
        taken.append(time.perf_counter() - start)
    taken.sort()
    return CALLS / sum(taken), taken[CALLS // 2], taken[CALLS * 99 // 100]


# ---- a thousand monitors ----

class Drinkers(threading.Thread):
    """Clients that read all that comes, and count it."""

    def __init__(self, wires):
        super().__init__(daemon=True)
        self.select = selectors.DefaultSelector()
        for wire in wires:
            wire.socket.setblocking(False)
            self.select.register(wire.socket, selectors.EVENT_READ)
        self.items, self.over = 0, False

    def run(self):
        while not self.over:
            for key, _ in self.select.select(0.5):
                self.items += key.fileobj.recv(1 << 18).count(b"\n")


def turns(wire):
    """How far the gaps between turns are from a second, at worst and mostly."""
    seen, end = [], time.monotonic() + WATCH_S
    while time.monotonic() < end:
        at = wire.call("list_groups", limit=1)["sampled_at"]
        if not seen or at != seen[-1]:
            seen.append(at)
        time.sleep(0.15)
    gaps = sorted(abs(b - a - 1) for a, b in zip(seen, seen[1:]))
    return gaps[len(gaps) // 2], gaps[-1]


def monitors(c, connect):
    alone = turns(connect())
    before, wires = rss_kib(c.leader()), []
    for _ in range(MONITORS):
        wires.append(connect())
        wires[-1].send("monitor_system", interval_seconds=1)
    drinkers = Drinkers(wires)
    drinkers.start()
    cpu, start = thread_ns(c.leader()), time.monotonic()
    crowded = turns(connect())
    share = (thread_ns(c.leader()) - cpu) / 1e9 / (time.monotonic() - start)
    grown = rss_kib(c.leader()) - before
    rate = drinkers.items / (time.monotonic() - start)
    drinkers.over = True
    for wire in wires:
        wire.close()
    return alone, crowded, share, rate, grown


def idle_reader(c, connect):
    """What a client costs that asks for much and never reads."""
    before = rss_kib(c.leader())
    wire = connect()
    for i in range(8):
        wire.id = i
        wire.send("monitor_system", interval_seconds=1, processes=100)
    wire.send("list_processes")
    time.sleep(6)
    grown = rss_kib(c.leader()) - before
    wire.close()
    return grown


# ---- the whole ----

def measure(c, connect):
    import psutil
    wire, pid = connect(), c.leader()
    wire.call("list_processes", max_age_seconds=0)
    seconds, cpu, count, size = lists(wire, pid)
    theirs = [by_psutil() for _ in range(PSUTIL_PASSES)]
    psutil_s = statistics.median(t[0] for t in theirs)
    ratio = psutil_s / seconds
    say(f"lists {ms(seconds)}, psutil {ms(psutil_s)}")
    pids = [p for p in psutil.pids() if p > 2][-500:]
    rate, half, last = infos(wire, pids)
    say(f"infos {rate:.0f} a second")
    alone, crowded, share, items, grown = monitors(c, connect)
    return [
        f"{'kept' if ratio >= 20 else 'MISSED'}: `list_processes` of {count} "
        f"takes {ms(seconds)} to the last of {size >> 10} KiB "
        f"({ms(cpu)} of the control thread's CPU); psutil's `process_iter` "
        f"with ten fields {ms(psutil_s)}: {ratio:.0f} x (budget 20)",
        f"{'kept' if last <= 1e-3 else 'MISSED'}: `get_process_info`, one call "
        f"after the other: {rate:.0f} a second, half within {ms(half)}, 99 % "
        f"within {ms(last)} (budget 1 ms)",
        f"{MONITORS} monitors of a second: {items:.0f} items a second, "
        f"{share * 100:.1f} % of a CPU, {grown} KiB more resident; turns are "
        f"off by {ms(crowded[0])} (median) and {ms(crowded[1])} (worst of "
        f"{WATCH_S} s), without them by {ms(alone[0])} and {ms(alone[1])}",
        f"a client with eight monitors of 100 processes and a list that never "
        f"reads: {idle_reader(c, connect)} KiB more resident",
    ]


def hostile_user_lines(bench):
    """Intervals of a second, so that a late one is seen."""
    os.environ["PM_BUILD"] = str(bench.build)
    os.environ["COLLECTD"] = str(bench.collectd)
    from control import Controlled, Wire
    from hostile import hostile_lines
    with Limits(BUDGET_SIZE), \
            Crowd(bench.tool("sleepers"), BUDGET_SIZE, bench.names), \
            Controlled(interval=1, plugins=("unixsock",)) as c:
        time.sleep(15)
        return hostile_lines(c, lambda: Wire(c.socket))


def wire_lines(bench):
    os.environ["PM_BUILD"] = str(bench.build)
    os.environ["COLLECTD"] = str(bench.collectd)
    from control import Controlled, Wire
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(16384, hard), hard))
    try:
        with Limits(BUDGET_SIZE), \
                Crowd(bench.tool("sleepers"), BUDGET_SIZE, bench.names), \
                Controlled(interval=10, plugins=("unixsock",)) as c:
            time.sleep(15)  # command lines are read a thousand a turn
            return measure(c, lambda: Wire(c.socket))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
