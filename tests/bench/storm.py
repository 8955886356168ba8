"""A storm of short children that all have one name: how much of the CPU that
wait4(2) says they used does each contestant charge to it?"""

import json
import re
import subprocess
import time

from contestants import AppsPlugin, Collectd, ProcessExporter
from machine import Failed, say

SECONDS, EACH_US = 10, 300
INTERVAL = 1


class Storm:
    """What one contestant made of it; charged: seconds, None = nothing."""

    def __init__(self, who, children, seconds, used, charged):
        self.who, self.children, self.seconds = who, children, seconds
        self.used, self.charged = used, charged

    def percent(self):
        return None if self.charged is None else 100 * self.charged / self.used


def rage(bench):
    out = subprocess.run([bench.tool("storm"), str(SECONDS), str(EACH_US)],
                         stdout=subprocess.PIPE, text=True, check=True).stdout
    children, took, used = out.split()
    return int(children), float(took), float(used)


# ---- what each says of the name ----


def newest(run, series):
    """The last row of a csv series; [] if there is none."""
    files = sorted(run.glob(f"data/localhost/{series}-20*"))
    lines = files[-1].read_text().split() if files else []
    return [float(n) for n in lines[-1].split(",")[1:]] if lines else []


def of_collectd(one, series):
    return sum(newest(one.run, series)) / 1e6


def of_exporter(one):
    found = re.findall(r'^namedprocess_namegroup_cpu_seconds_total'
                       r'\{groupname="storm",mode="\w+"\} (\S+)',
                       one.scrape(), re.M)
    return sum(map(float, found))


def contestants(bench):
    """(name, contestant, the seconds that it charged so far)"""
    group = '  <Group "storm">\n    Name "storm"\n  </Group>\n'
    for reader in ("procman", "procman, proc"):
        yield (reader, Collectd(bench, reader, "csv", INTERVAL, group, False),
               lambda one: of_collectd(one, "procman-storm/ps_cputime"))
    yield ("processes",
           Collectd(bench, "processes", "csv", INTERVAL,
                    '  Process "storm"\n', False),
           lambda one: of_collectd(one, "processes-storm/ps_cputime"))
    if "process-exporter" in bench.readers:
        yield "process-exporter", ProcessExporter(bench, INTERVAL), of_exporter
    if "apps.plugin" in bench.readers:
        yield ("apps.plugin", AppsPlugin(bench, INTERVAL, "storm"),
               AppsPlugin.charged)


# ---- what the probe costs ----


def probes():
    """{name: (runs, ns)} of the programs that see processes end."""
    try:
        out = subprocess.run(["bpftool", "-j", "prog", "show"],
                             capture_output=True, text=True).stdout
        progs = json.loads(out)
    except (FileNotFoundError, ValueError):
        return {}
    return {p["name"]: (p.get("run_cnt", 0), p.get("run_time_ns", 0))
            for p in progs if p.get("name") in ("leaves", "died")}


STATS = "/proc/sys/kernel/bpf_stats_enabled"


def set_stats(value):
    try:
        with open(STATS) as file:
            before = file.read()
        with open(STATS, "w") as file:
            file.write(value)
        return before
    except OSError:
        return None


def probe_line(children):
    seen = probes()
    if not seen or not all(runs for runs, _ in seen.values()):
        return "not measured: the probe's cost an exit: bpftool shows nothing"
    each = sum(ns / runs for runs, ns in seen.values())
    parts = ", ".join(f"{name} {ns / runs:.0f} ns"
                      for name, (runs, ns) in sorted(seen.items()))
    return (f"the probes cost {each:.0f} ns an exit ({parts}; "
            f"kernel.bpf_stats_enabled, {children} children)")


# ---- all ----


def one_storm(bench, who, one, charged):
    with one:
        for _ in range(4):
            time.sleep(INTERVAL)
        one.check()
        before = charged(one)
        children, took, used = rage(bench)
        line = None
        if who == "procman":
            line = probe_line(children)
            bench.samplers.add(one.sampler())
        time.sleep(4 * INTERVAL)
        one.check()
        return Storm(who, children, took, used, charged(one) - before), line


def storms(bench):
    """([Storm], [lines])"""
    found, lines = [], []
    stats = set_stats("1")
    try:
        for who, one, charged in contestants(bench):
            say(f"storm, {who} ...", end="")
            try:
                storm, line = one_storm(bench, who, one, charged)
                found.append(storm)
                lines += [line] if line else []
                say(f" {storm.percent():.2f} %")
            except Failed as error:
                say(f" FAILED: {error}")
                lines.append(f"not measured: storm, {who}: {error}")
    finally:
        if stats is not None:
            set_stats(stats)
    return found, lines
