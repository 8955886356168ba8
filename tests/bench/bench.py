#!/usr/bin/python3
"""What a collectd with procman costs, against the bare reading of /proc and
against collectd's own "processes" plugin, in the same run.

Everything is measured in turn, round after round, and the floor before and
after each collectd: a machine that gets slower or faster meanwhile does so for
all, and ratios are taken between neighbours.
"""

import argparse
import collections
import datetime
import itertools
import os
import pathlib
import platform
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
PROC = pathlib.Path("/proc")

# the budgets
FLOOR_BUDGET = 1.2  # x floor, at FLOOR_SIZE processes
FLOOR_SIZE = 10000
LINEAR_BUDGET = 1.1  # growth per process, beyond what /proc's own grows
BYTES_BUDGET = 300  # resident, per process

READERS = ("idle", "procman", "processes")
WRITERS = ("network", "csv")

# Intervals that are not measured.  procman lays its base in the first, admits
# groups in the next and looks closer at their members in the one after.
WARM_UP = {"idle": 2, "procman": 4, "processes": 2}

# the floor's max/min beyond which the report warns
RESTLESS = 1.3

# of each time the floor is measured
FLOOR_PASSES = 3

# One measurement of one collectd: a list of CPU ns, one an interval, and what
# it held at the end.
Taken = collections.namedtuple("Taken", "ns rss pss tables files note")


class Failed(Exception):
    """Something could not be measured."""


def say(text, end="\n"):
    print(text, end=end, file=sys.stderr, flush=True)


def ms(ns):
    return f"{ns / 1e6:.1f}" if ns < 1e9 else f"{ns / 1e6:.0f}"


def mid(values):
    return statistics.median(values)


# ---- the machine ----


def read_number(path):
    return int(pathlib.Path(path).read_text())


def thread_count():
    # the fourth field of loadavg is runnable/all
    return int((PROC / "loadavg").read_text().split()[3].split("/")[1])


class Limits:
    """Raises what bounds the number of processes, and puts it back."""

    # room for what else runs and starts meanwhile
    SPARE = 4096
    FILES = ("/proc/sys/kernel/pid_max", "/proc/sys/kernel/threads-max")

    def __init__(self, count):
        self.need = count + thread_count() + self.SPARE
        self.before = {}

    def __enter__(self):
        for path in self.FILES:
            have = read_number(path)
            if have >= self.need:
                continue
            try:
                pathlib.Path(path).write_text(str(self.need))
                self.before[path] = have
            except OSError as error:
                # without the spare room it may still do
                if have < self.need - self.SPARE:
                    self.__exit__()
                    name = os.path.basename(path)
                    raise Failed(f"{name} is {have}: {error.strerror}")
        return self

    def __exit__(self, *_):
        for path, value in self.before.items():
            pathlib.Path(path).write_text(str(value))


class Sleepers:
    """COUNT processes that do nothing."""

    def __init__(self, program, count, names):
        self.command = [program, str(count), str(names)]

    def __enter__(self):
        say(f"starting {self.command[1]} processes ...", end="")
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        try:
            if self.process.stdout.readline() != "ready\n":
                raise Failed(self.process.stderr.read().strip())
        except BaseException:  # also a signal of ours while they start
            self.__exit__()
            raise
        say(" ready")
        return self

    def __exit__(self, *_):
        say("ending them ...", end="")
        self.process.stdin.close()
        self.process.wait()
        say(" done")


class Sink:
    """A UDP socket that takes what the network writer sends."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.drain, daemon=True).start()

    def drain(self):
        packet = bytearray(65536)
        while True:
            self.socket.recv_into(packet)


# ---- processes, as /proc shows them ----


def thread_ns(pid):
    """CPU of all threads; 0 for a process that is gone."""
    total = 0
    try:
        for thread in (PROC / str(pid) / "task").iterdir():
            total += int((thread / "schedstat").read_text().split()[0])
    except (FileNotFoundError, ProcessLookupError):
        pass
    return total


def children(pid):
    found = []
    for thread in (PROC / str(pid) / "task").iterdir():
        found += (thread / "children").read_text().split()
    return [int(child) for child in found]


def field_bytes(path, name):
    match = re.search(rf"^{name}:\s+(\d+) kB", path.read_text(), re.M)
    return int(match.group(1)) * 1024


# ---- a collectd of our own ----

WRITER_CONFIG = {
    "network": 'LoadPlugin network\n<Plugin network>\n'
               '  Server "127.0.0.1" "{port}"\n</Plugin>\n',
    "csv": 'LoadPlugin csv\n<Plugin csv>\n'
           '  DataDir "{run}/data"\n  StoreRates true\n</Plugin>\n',
}
READER_CONFIG = {
    "idle": "",
    "procman": 'LoadPlugin procman\n<Plugin procman>\n'
               '  Helper "{build}/procman-hold"\n{more}</Plugin>\n',
    "processes": 'LoadPlugin processes\n<Plugin processes>\n'
                 '  ProcessMatch "all" ".*"\n</Plugin>\n',
}
CONFIG = """BaseDir "{run}"
PIDFile "{run}/pid"
PluginDir "{run}/plugins"
Hostname "localhost"
Interval {interval}
LoadPlugin logfile
<Plugin logfile>
  LogLevel info
  File "{run}/log"
</Plugin>
"""


def module_dir(collectd):
    text = subprocess.run([collectd, "-h"], capture_output=True,
                          text=True).stdout
    match = re.search(r"Plugin directory\s+(\S+)", text)
    return pathlib.Path(match.group(1) if match else "/usr/lib/collectd")


class Collectd:
    """One reader, one writer, in the foreground, in a directory of its own."""

    def __init__(self, bench, reader, writer, interval):
        self.bench, self.reader = bench, reader
        self.run = pathlib.Path(tempfile.mkdtemp(prefix="procman-bench."))
        plugins = self.run / "plugins"
        plugins.mkdir()
        # collectd takes no symbolic links for modules
        for name in {"logfile", writer, reader} - {"idle"}:
            where = bench.modules
            if name == "procman":
                where = bench.build / ".libs"
            shutil.copy(where / f"{name}.so", plugins)
        text = CONFIG + WRITER_CONFIG[writer] + READER_CONFIG[reader]
        more = f'  Sampler "{bench.sampler}"\n' if bench.sampler else ""
        (self.run / "conf").write_text(text.format(
            run=self.run, interval=interval, port=bench.sink.port,
            build=bench.build, more=more))

    def __enter__(self):
        with open(self.run / "errors", "w") as errors:
            self.process = subprocess.Popen(
                [self.bench.collectd, "-f", "-C", str(self.run / "conf")],
                stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.run, ignore_errors=True)

    def log(self):
        try:
            return (self.run / "log").read_text()
        except FileNotFoundError:
            return ""

    def check(self):
        if self.process.poll() is not None:
            errors = (self.run / "errors").read_text() + self.log()
            raise Failed(f"collectd ended: {errors.strip()[-500:]}")

    def sampler(self):
        match = re.search(r'by the sampler "(\w+)"', self.log())
        return match.group(1) if match else None

    def cpu(self, helpers):
        return sum(thread_ns(p) for p in [self.process.pid, *helpers])


def wait_for_lull(collectd, interval):
    """Returns just after a reading: from here whole ones are counted."""
    step = interval / 50
    end = time.monotonic() + 1.5 * interval
    before, busy, quiet = collectd.cpu(()), False, 0
    while time.monotonic() < end and not (busy and quiet >= 3):
        time.sleep(step)
        now = collectd.cpu(())
        calm = now - before < 500_000
        quiet = quiet + 1 if calm else 0
        busy = busy or not calm
        before = now


def take(collectd, interval, count):
    """The CPU of COUNT intervals, each on its own."""
    helpers = children(collectd.process.pid)
    begin = time.monotonic()
    marks = [collectd.cpu(helpers)]
    for i in range(1, count + 1):
        time.sleep(max(0, begin + i * interval - time.monotonic()))
        marks.append(collectd.cpu(helpers))
        say(".", end="")
    collectd.check()
    note = ""
    if children(collectd.process.pid) != helpers:
        note = "the helper was restarted meanwhile; its CPU is not complete"
    ns = [b - a for a, b in zip(marks, marks[1:])]
    if max(ns) > 0.8e9 * interval:
        note = "a reading hardly fits into the interval"
    own = PROC / str(collectd.process.pid)
    return Taken(ns, field_bytes(own / "smaps_rollup", "Rss"),
                 field_bytes(own / "smaps_rollup", "Pss"),
                 field_bytes(own / "status", "VmPTE"),
                 len(list((own / "fd").iterdir())), note)


def measure_collectd(bench, reader, writer, interval):
    with Collectd(bench, reader, writer, interval) as collectd:
        for _ in range(WARM_UP[reader]):
            time.sleep(interval)
            say("w", end="")
            collectd.check()
        if reader != "idle":
            wait_for_lull(collectd, interval)
        taken = take(collectd, interval, bench.count)
        if reader == "procman":
            bench.samplers.add(collectd.sampler())
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


# ---- all of one size ----


class Size:
    """What was measured with so many processes."""

    def __init__(self, wanted, interval):
        self.wanted, self.interval = wanted, interval
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

    def to_procman(self, writer):
        """What the peer costs, in procmans."""
        both = [(spent.get(("processes", writer)),
                 spent.get(("procman", writer))) for spent in self.rounds]
        ratios = [theirs / ours for theirs, ours in both if theirs and ours]
        return mid(ratios) if ratios else None

    def median(self, what, reader, writer="network"):
        values = [getattr(t, what) for t in self.taken[reader, writer]]
        return mid(values) if values else None


def one(bench, size, reader, writer):
    try:
        taken = measure_collectd(bench, reader, writer, size.interval)
    except Failed as error:
        say(f" FAILED: {error}")
        size.failed.append(f"{reader} with {writer}: {error}")
        return None
    size.taken[reader, writer].append(taken)
    say(f" {ms(mid(taken.ns))} ms {taken.note}", end="")
    return mid(taken.ns)


def one_round(bench, size, label):
    say(f"{label}", end="")
    before, spent = measure_floor(bench, size), {}
    say("")
    for writer in bench.writers:
        for reader in bench.readers:
            if reader == "idle" and size.rounds:
                continue  # it does not change: once is enough
            say(f"{label} {reader} with {writer} ", end="")
            ns = one(bench, size, reader, writer)
            if ns is not None and reader != "idle":
                after = measure_floor(bench, size)
                size.ratios[reader, writer].append(2 * ns / (before + after))
                spent[reader, writer] = ns
                before = after
            say("")
    size.rounds.append(spent)


def measure_size(bench, wanted):
    interval = bench.interval or (1 if wanted <= 2000 else
                                  2 if wanted <= 10000 else 4)
    size = Size(wanted, interval)
    try:
        with Limits(wanted), \
                Sleepers(bench.tool("sleepers"), wanted, bench.names):
            for i in range(bench.rounds):
                one_round(bench, size,
                          f"{wanted} processes, round {i + 1}/{bench.rounds}:")
    except Failed as error:
        say(f"FAILED: {error}")
        size.failed.append(str(error))
    return size


# ---- what is shown ----


def number(value):
    return "–" if value is None else f"{value:.2f}"


def cost_row(size, name, ns, to_floor, to_procman):
    return [f"{size.processes():.0f}", f"{size.interval:g}", name,
            ms(mid(ns)), ms(min(ns)), ms(max(ns)), str(len(ns)),
            number(to_floor), number(to_procman)]


def cost_table(sizes):
    rows = [["processes", "interval s", "what", "median ms", "min", "max",
             "intervals", "/ floor", "/ procman"]]
    for size in sizes:
        rows.append(cost_row(size, "floor", size.floor, 1, None))
        for reader, writer in itertools.product(READERS, WRITERS):
            ns = size.ns(reader, writer)
            if not ns:
                continue
            idle = reader == "idle"
            rows.append(cost_row(
                size, f"{reader}, {writer}", ns,
                None if idle else size.to_floor(reader, writer),
                size.to_procman(writer) if reader == "processes" else None))
    return rows


def per_process(first, size, what, reader):
    """Growth from the smallest number of processes to this one."""
    low, high = first.median(what, reader), size.median(what, reader)
    if size is first or low is None or high is None:
        return None
    return (high - low) / (size.processes() - first.processes())


def memory_table(sizes):
    rows = [["processes", "what", "RSS kB", "PSS kB", "RSS bytes/process",
             "PSS bytes/process", "page tables kB", "descriptors"]]
    for size in sizes:
        for reader in READERS:
            if not size.taken[reader, "network"]:
                continue
            growth = [per_process(sizes[0], size, what, reader)
                      for what in ("rss", "pss")]
            rows.append(
                [f"{size.processes():.0f}", reader]
                + [f"{size.median(w, reader) / 1024:.0f}"
                   for w in ("rss", "pss")]
                + ["–" if g is None else f"{g:.0f}" for g in growth]
                + [f"{size.median('tables', reader) / 1024:.0f}",
                   f"{size.median('files', reader):.0f}"])
    return rows


def markdown(rows):
    """Aligned, so that it reads well on a terminal too."""
    left = {rows[0].index("what")}
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]

    def line(row):
        cells = [cell.ljust(w) if i in left else cell.rjust(w)
                 for i, (cell, w) in enumerate(zip(row, widths))]
        return "| " + " | ".join(cells) + " |"

    rule = ["-" * w if i in left else "-" * (w - 1) + ":"
            for i, w in enumerate(widths)]
    return "\n".join([line(rows[0]), line(rule), *map(line, rows[1:])])


# ---- verdicts ----


def verdict(holds, text):
    return f"{'kept' if holds else 'MISSED'}: {text}"


def floor_verdict(sizes):
    for size in sizes:
        if size.wanted == FLOOR_SIZE and size.ratios["procman", "network"]:
            ratio = size.to_floor("procman", "network")
            return [verdict(
                ratio <= FLOOR_BUDGET,
                f"at {FLOOR_SIZE} processes a whole collectd with procman and "
                f"network costs {ratio:.2f} x floor (budget "
                f"{FLOOR_BUDGET} for the sampler proc)")]
    return []


def growth_verdict(sizes):
    """/proc itself does not grow quite linearly; that is not procman's."""
    able = [s for s in sizes if s.ratios["procman", "network"]]
    if len(able) < 2:
        return []
    low, high = able[-2], able[-1]
    each = [mid(s.ns("procman", "network")) / s.processes() * 1000
            for s in (low, high)]
    growth = (high.to_floor("procman", "network")
              / low.to_floor("procman", "network"))
    return [verdict(
        growth <= LINEAR_BUDGET,
        f"per 1000 processes procman costs {ms(each[0])} ms at {low.wanted} "
        f"and {ms(each[1])} ms at {high.wanted}; against the floor it grows "
        f"x {growth:.2f} (budget {LINEAR_BUDGET})")]


def memory_verdict(sizes):
    growth = None
    if len(sizes) > 1:
        growth = per_process(sizes[0], sizes[-1], "rss", "procman")
    if growth is None:
        return []
    return [verdict(
        growth <= BYTES_BUDGET,
        f"{growth:.0f} bytes resident per process from {sizes[0].wanted} to "
        f"{sizes[-1].wanted} (budget {BYTES_BUDGET})")]


def notes(sizes):
    lines = []
    for size in sizes:
        if size.floor and max(size.floor) > RESTLESS * min(size.floor):
            lines.append(
                f"note: {size.wanted} processes: the machine was not quiet, "
                f"the floor went from {ms(min(size.floor))} to "
                f"{ms(max(size.floor))} ms; look at the ratios")
        lines += [f"not measured: {size.wanted} processes: {why}"
                  for why in size.failed]
        for (reader, writer), taken in size.taken.items():
            lines += [f"note: {size.wanted} processes, {reader} with "
                      f"{writer}: {note}"
                      for note in sorted({t.note for t in taken}) if note]
    return lines


# ---- the report ----


def git(*words):
    result = subprocess.run(["git", "--no-optional-locks", *words], cwd=HERE,
                            capture_output=True, text=True)
    return result.stdout.strip() if result.returncode == 0 else ""


def is_stale(build):
    """The commit of the source says nothing about an older module."""
    module = build / ".libs" / "procman.so"
    rooms = (HERE.parent.parent / room for room in ("plugin", "control"))
    return module.exists() and any(
        file.stat().st_mtime > module.stat().st_mtime
        for room in rooms for file in room.rglob("*.[chd]*"))


def commit(build):
    """Asked for before the measurement: the source may change meanwhile."""
    name = git("rev-parse", "--short", "HEAD") or "unknown"
    changed = git("status", "--porcelain", "--", "../../plugin",
                  "../../control")
    return (name + (" with changes" if changed else "")
            + (", MODULE OLDER THAN THE SOURCE" if is_stale(build) else ""))


def cpu_model():
    match = re.search(r"^model name\s*:\s*(.+)$",
                      (PROC / "cpuinfo").read_text(), re.M)
    return match.group(1) if match else platform.machine()


def kernel():
    """Without what a distribution or a builder adds to the version."""
    return re.match(r"[\d.]*", platform.release()).group()


def command_line(bench):
    """Without the arguments that are paths."""
    sizes = " ".join(map(str, bench.sizes))
    return (f"bench.py --sizes {sizes} --rounds {bench.rounds} --count "
            f"{bench.count} --names {bench.names}"
            + (f" --interval {bench.interval:g}" if bench.interval else "")
            + (f" --sampler {bench.sampler}" if bench.sampler else "")
            + "".join(f" --{what} {' '.join(chosen)}" for what, chosen, all_ in
                      (("readers", bench.readers, READERS),
                       ("writers", bench.writers, WRITERS))
                      if tuple(chosen) != all_))


def report(bench, sizes):
    samplers = ", ".join(sorted(filter(None, bench.samplers))) or "–"
    head = [
        f"## {datetime.date.today()}, {bench.commit}", "",
        f"{cpu_model()}, {os.cpu_count()} cores, Linux "
        f"{kernel()}; load average at the start {bench.load[0]:.1f}.  "
        f"Sampler: {samplers}; program names: {bench.names}.", "",
        f"    {command_line(bench)}", ""]
    measured = [s for s in sizes if s.floor]
    costs = ["CPU per interval: of floor's thread; of a whole collectd, all "
             "threads and children.  Ratios are medians of each round's, to "
             "the floors before and after.", "",
             markdown(cost_table(measured)), ""]
    memory = ["Memory of collectd with network; growth counts from the "
              "first row of its kind.", "",
              markdown(memory_table(measured)), ""]
    lines = (floor_verdict(measured) + growth_verdict(measured)
             + memory_verdict(measured) + notes(sizes))
    return "\n".join(head + costs + memory + [f"- {x}" for x in lines]) + "\n"


def append(path, text):
    path = pathlib.Path(path)
    begin = "# Measurements\n" if not path.exists() else ""
    with open(path, "a") as file:
        file.write(f"{begin}\n{text}")


# ---- the command ----


class Bench:
    """What is the same for all measurements of one run."""

    def __init__(self, options):
        vars(self).update(vars(options))
        self.build = pathlib.Path(options.build).resolve()
        self.collectd = (os.environ.get("COLLECTD") or
                         shutil.which("collectd") or "/usr/sbin/collectd")
        self.modules = module_dir(self.collectd)
        self.sizes = sorted(set(options.sizes))
        self.samplers = set()
        self.load = os.getloadavg()
        self.commit = commit(self.build)
        self.sink = Sink()

    def tool(self, name):
        return str(self.build / "tests" / "bench" / name)


def parse(arguments):
    parser = argparse.ArgumentParser(
        description="measure a collectd with procman against the bare reading "
                    "of /proc and against the plugin processes")
    parser.add_argument("--build", default=".", help="the build directory")
    parser.add_argument("--sizes", type=int, nargs="+", metavar="N",
                        default=[1000, 10000, 30000],
                        help="numbers of processes (1000 10000 30000)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--count", type=int, default=5,
                        help="intervals measured a round")
    parser.add_argument("--interval", type=float,
                        help="collectd's, in seconds (by size: 1, 2 or 4)")
    parser.add_argument("--names", type=int, default=1,
                        help="different program names")
    parser.add_argument("--sampler", help="procman's Sampler")
    parser.add_argument("--readers", nargs="+", choices=READERS,
                        default=READERS)
    parser.add_argument("--writers", nargs="+", choices=WRITERS,
                        default=WRITERS)
    parser.add_argument("--write", metavar="FILE",
                        help="append the result to FILE, in Markdown")
    return parser.parse_args(arguments)


def missing(bench):
    files = [bench.tool("floor"), bench.tool("sleepers"), bench.collectd]
    if "procman" in bench.readers:
        files += [bench.build / ".libs" / "procman.so",
                  bench.build / "procman-hold"]
    files += [bench.modules / f"{name}.so"
              for name in {"logfile", *bench.writers, *bench.readers}
              - {"idle", "procman"}]
    return [str(f) for f in files if not os.path.exists(f)]


def stop(number, _):
    # an exception, so that processes are ended and limits put back
    sys.exit(128 + number)


def main():
    bench = Bench(parse(sys.argv[1:]))
    if missing(bench):
        say(f"missing: {' '.join(missing(bench))}")
        return 1
    for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sig, stop)
    sizes = [measure_size(bench, wanted) for wanted in bench.sizes]
    text = report(bench, sizes)
    print(text)
    if bench.write:
        append(bench.write, text)
    return 1 if any(size.failed for size in sizes) else 0


if __name__ == "__main__":
    sys.exit(main())
