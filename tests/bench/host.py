"""An ordinary server that runs containers: some processes, many mounts, many
control groups.  What a whole collectd with procman costs an interval there, and
what the mounts are of that: at rest, and when one of them changes each
interval."""

import contextlib
import os
import pathlib
import re
import tempfile

from contestants import Collectd
from cost import mid, take, wait_for_lull
from machine import Crowd, Failed, Limits, children, say

PROCESSES, MOUNTS, CGROUPS = 300, 2000, 500
INTERVAL, COUNT = 1, 20
BUDGET_MS = 1.0

# (what, mounts, milliseconds between changes)
CASES = (("without the mounts", 0, 0),
         (f"{MOUNTS} mounts", MOUNTS, 0),
         (f"{MOUNTS} mounts, one changes each interval", MOUNTS,
          int(INTERVAL * 1000)))


class Host(Collectd):
    """In a mount namespace of its own."""

    def __init__(self, bench, mounts, change_ms):
        super().__init__(bench, "procman", "network", INTERVAL)
        self.prefix = [bench.tool("mounts"), str(mounts), str(change_ms),
                       tempfile.mkdtemp(prefix="procman-bench.")]

    def command(self):
        return self.prefix + super().command()

    def __exit__(self, *arguments):
        super().__exit__(*arguments)
        os.rmdir(self.prefix[-1])


def cgroup_root():
    match = re.search(r"^(?:\S+ ){4}(\S+) .* - cgroup2 ",
                      pathlib.Path("/proc/self/mountinfo").read_text(), re.M)
    if not match:
        raise Failed("there is no cgroup2 file system")
    return pathlib.Path(match[1])


@contextlib.contextmanager
def cgroups(crowd):
    """CGROUPS of them, with the processes of the crowd shared out."""
    root = cgroup_root() / f"procman-bench.{os.getpid()}"
    made = [root / f"unit{i}.service" for i in range(CGROUPS)]
    root.mkdir()
    try:
        for group in made:
            group.mkdir()
        for pid, group in zip(children(crowd.process.pid), made):
            (group / "cgroup.procs").write_text(str(pid))
        yield
    finally:
        for pid in children(crowd.process.pid):
            (root.parent / "cgroup.procs").write_text(str(pid))
        for group in [g for g in made if g.exists()] + [root]:
            group.rmdir()


def measure(bench, mounts, change_ms):
    with Host(bench, mounts, change_ms) as one:
        wait_for_lull(one, (one.warm_up + 2) * INTERVAL)
        return take(one, INTERVAL, COUNT).ns


def line(what, ns, budget):
    text = (f"{PROCESSES} processes, {CGROUPS} control groups, {what}: "
            f"{mid(ns) / 1e6:.2f} ms an interval ({min(ns) / 1e6:.2f} to "
            f"{max(ns) / 1e6:.2f})")
    if not budget:
        return text
    verdict = "kept" if mid(ns) <= BUDGET_MS * 1e6 else "MISSED"
    return f"{verdict}: {text}, budget {BUDGET_MS}"


def host_lines(bench):
    lines = []
    with Limits(PROCESSES), \
            Crowd(bench.tool("sleepers"), PROCESSES, bench.names) as crowd, \
            cgroups(crowd):
        for what, mounts, change_ms in CASES:
            say(f"{what} ", end="")
            ns = measure(bench, mounts, change_ms)
            say(f" {mid(ns) / 1e6:.2f} ms")
            lines.append(line(what, ns, mounts and not change_ms))
    return lines
