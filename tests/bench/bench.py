#!/usr/bin/python3
"""What procman costs, against the bare reading of /proc, collectd's own plugin
"processes" and the peers that are installed; and who of them charges what
short-lived processes use.  Prints a report in Markdown."""

import argparse
import datetime
import os
import pathlib
import platform
import re
import shutil
import signal
import subprocess
import sys

from contestants import PEERS, is_installed, module_dir
from cost import measure_size
from host import host_lines
from jobs import job_lines
from machine import PROC, Failed, Sink, say
from scans import dump_verdict, scan_line, scans
from stages import stage_lines
from storm import storms
from tables import (BUDGET_SIZE, cost_table, memory_table, notes, storm_table,
                    verdicts)
from wire import hostile_user_lines, wire_lines

HERE = pathlib.Path(__file__).resolve().parent

OURS = ("idle", "procman", "procman, proc", "processes")
READERS = OURS + tuple(PEERS)
PARTS = ("cost", "threads", "scans", "storm", "wire", "hostile", "machine",
         "stages", "jobs")
THREADS = 10000


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


def command_line():
    """Without the arguments that are paths."""
    words, skip = [], False
    for word in sys.argv[1:]:
        if not skip and word not in ("--build", "--write"):
            words.append(f"'{word}'" if " " in word else word)
        skip = word in ("--build", "--write")
    return " ".join(["bench.py", *words])


# ---- what is measured ----


def pairs(bench, size):
    """(reader, writer): peers and csv at the size of the budgets only."""
    full = size == BUDGET_SIZE or len(bench.sizes) == 1
    for reader in bench.readers:
        if reader not in PEERS:
            yield reader, "network"
        elif full:
            yield reader, None
    if full and "csv" in bench.writers:
        for reader in bench.readers:
            if reader in ("procman", "processes"):
                yield reader, "csv"


def cost(bench):
    return [measure_size(bench, size, list(pairs(bench, size)),
                         (bench.tool("sleepers"), size, bench.names))
            for size in bench.sizes]


def threads(bench):
    readers = [r for r in bench.readers if r not in PEERS and r != "idle"]
    size = measure_size(bench, THREADS, [(r, "network") for r in readers],
                        (bench.tool("threads"), THREADS))
    size.wanted = None  # no budget is meant for it
    return size


def can_scan(bench):
    """A build without libbpf has no such tool."""
    return "scans" in bench.parts and os.path.exists(bench.tool("scans"))


# ---- the report ----


def head(bench):
    samplers = ", ".join(sorted(filter(None, bench.samplers))) or "–"
    return [
        f"## {datetime.date.today()}, {bench.commit}", "",
        f"{cpu_model()}, {os.cpu_count()} cores, Linux "
        f"{kernel()}; load average at the start {bench.load[0]:.1f}.  "
        f"procman's sampler: {samplers}; program names: {bench.names}.", "",
        f"    {command_line()}", ""]


COST = ("CPU per interval: of floor's thread; of each contestant, all threads "
        "and children.  Ratios are medians of each round's: to the floors "
        "before and after, and to procman with the same writer (peers: with "
        "network).")
MEMORY = ("Memory at the end; growth counts from the first row of its kind. "
          "BPF maps are the kernel's, and part of the RSS.")
STORM = ("Short-lived processes: children of 0.3 ms, one after the other for "
         "10 s, intervals of 1 s.")


def report(bench, sizes, shape, storm, lines):
    text = head(bench)
    if sizes:
        text += [COST, "", cost_table(sizes), "",
                 MEMORY, "", memory_table(sizes), ""]
    if shape:
        text += ["One process with as many threads.", "",
                 cost_table([shape]), ""]
    if storm:
        text += [STORM, "", storm_table(storm), ""]
    everything = sizes + ([shape] if shape else [])
    lines = verdicts(sizes, storm) + lines + notes(everything)
    return "\n".join(text + [f"- {line}" for line in lines]) + "\n"


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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default=".", help="the build directory")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--sizes", type=int, nargs="+", metavar="N",
                        default=[1000, 10000, 30000],
                        help="numbers of processes (1000 10000 30000)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--count", type=int, default=5,
                        help="intervals measured a round")
    parser.add_argument("--interval", type=float,
                        help="in seconds (by size: 1, 2 or 4)")
    parser.add_argument("--names", type=int, default=200,
                        help="different program names")
    parser.add_argument("--readers", nargs="+", choices=READERS,
                        default=READERS)
    parser.add_argument("--writers", nargs="+", choices=("network", "csv"),
                        default=("network", "csv"))
    parser.add_argument("--write", metavar="FILE",
                        help="append the result to FILE")
    return parser.parse_args(arguments)


def missing(bench):
    """Files without which nothing can be measured."""
    files = [bench.tool(t) for t in ("floor", "mounts", "sleepers", "storm",
                                         "threads")]
    files += [bench.collectd, bench.build / ".libs" / "procman.so",
              bench.build / "procman-hold"]
    files += [bench.modules / f"{name}.so"
              for name in ("logfile", "processes", *bench.writers)]
    return [str(f) for f in files if not os.path.exists(f)]


def leave_out_absent(bench):
    absent = [r for r in bench.readers if r in PEERS and not is_installed(r)]
    bench.readers = [r for r in bench.readers if r not in absent]
    return [f"not measured: {peer} is not installed" for peer in absent]


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
    lines = leave_out_absent(bench)
    try:
        sizes = cost(bench) if "cost" in bench.parts else []
        shape = threads(bench) if "threads" in bench.parts else None
        found = scans(bench) if can_scan(bench) else {}
    except Failed as error:
        say(f"FAILED: {error}")
        return 1
    if found:
        lines = [scan_line(found)] + [
            line for size in sizes if size.wanted == BUDGET_SIZE
            for line in dump_verdict(found, size)] + lines
    storm, more = storms(bench) if "storm" in bench.parts else ([], [])
    if "wire" in bench.parts:
        lines = wire_lines(bench) + lines
    if "hostile" in bench.parts:
        lines = hostile_user_lines(bench) + lines
    if "machine" in bench.parts:
        lines = host_lines(bench) + lines
    text = report(bench, sizes, shape, storm, more + lines)
    if "stages" in bench.parts:
        text += "\n" + "\n".join(stage_lines(bench))
    if "jobs" in bench.parts:
        text += "\n" + "\n".join(job_lines(bench)) + "\n"
    print(text)
    if bench.write:
        append(bench.write, text)
    return 1 if any(size.failed for size in sizes) else 0


if __name__ == "__main__":
    sys.exit(main())
