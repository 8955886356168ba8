"""The dashboards of conf/grafana: every query is taken out, its variables are
filled in, and it is run against the far end; none may be empty, and a stack with
the machine's line must be as high as that."""
import json
import os
import re
import statistics

from farend import INTERVAL
from harness import SRC

FILES = {"Graphite": "procman-graphite.json", "InfluxDB, split": "procman-influxdb.json",
         "Prometheus": "procman-prometheus.json", "VictoriaMetrics": "procman-prometheus.json"}

# What a store cannot say, and why
LACKS = {"procman-influxdb.json": {"Short-lived share": "InfluxQL does not divide by a "
                                   "value of another measurement"}}
SECONDS = 120  # that a panel shows
CLOSES = 12    # to wait for, so that a stack has some height to look at


def board(file):
    with open(os.path.join(SRC, "conf", "grafana", file), encoding="utf-8") as f:
        return json.load(f)


def panels(file):
    return [p for p in board(file)["panels"] if p["type"] != "row"]


def filled(query, program, interval=f"{INTERVAL}s"):
    for name, value in (("$host", "host"), ("$program", program),
                        ("$timeFilter", f"time > now() - {SECONDS}s"),
                        ("$__interval", interval),
                        ("$__rate_interval", f"{10 * INTERVAL}s")):
        query = query.replace(name, value)
    assert not re.search(r"\$\w", query), f"a variable that nobody fills in: {query}"
    return query


def query_of(target):
    return target.get("expr") or target.get("query") or target["target"]


def height(parts):
    """{time: sum} of all lines."""
    found = {}
    for points in parts.values():
        for time, value in points:
            found[time] = found.get(time, 0) + value
    return found


def closes(panel, shown, torn):
    """How far the stack and the machine's line are apart, in percent of the machine:
    the mean without the moments that are furthest off, and none of the others by much.
    A scrape can fall into a close, and then has the machine of one and programs of
    another; and what one interval is charged too much is taken from the next ones
    (surplus)."""
    parts = {name: p for ref, lines in shown.items() if ref != "machine"
             for name, p in lines.items()}
    machine = dict(next(iter(shown["machine"].values())))
    stack = height(parts)
    # the programs begin one close after the machine; and of the newest not everything
    # may have arrived
    moments = sorted(stack.keys() & machine.keys())[1:-2]
    apart = sorted((stack[t] - machine[t] for t in moments), key=abs)
    assert len(apart) > 10, f"{panel['title']}: only {len(apart)} moments"
    usual = apart[:-max(1, int(len(apart) * torn))]
    assert abs(usual[-1]) < 5 and abs(statistics.mean(usual)) < 0.5, (
        f"{panel['title']}: off by {apart}")
    return abs(statistics.mean(usual))


def is_memory(panel, shown, truth):
    """Programs share some anonymous pages after fork(2), so their sum is no less than
    the kernel's, nor much more; and it stays below the machine's line."""
    stack = height(shown["A"])
    used = dict(next(iter(shown["used"].values())))
    moments = sorted(stack.keys() & used.keys())[1:-2]
    assert moments, f"{panel['title']}: no moment"
    high = [t for t in moments if stack[t] > used[t]]
    assert len(high) < len(moments) / 5, f"{panel['title']}: above the machine's line at {high}"
    share = statistics.median(stack[t] / near(truth.anonymous, t) for t in moments)
    assert 0.85 < share < 1.3, f"{panel['title']}: {share:.2f} of the kernel's count"


def near(values, time):
    """Of the time that is closest."""
    return values[min(values, key=lambda t: abs(t - time))]


def run(end, panel):
    """{refId: {name: points}} of all its targets."""
    shown = {}
    for target in panel["targets"]:
        query = filled(query_of(target), "crasher", panel.get("interval", f"{INTERVAL}s"))
        lines = {name: p for name, p in end.ask(query, SECONDS).items() if p}
        assert lines, f"{panel['title']}, {target['refId']} is empty: {query}"
        shown[target["refId"]] = lines
    return shown


def alive(end, source):
    """All panels have something to show."""
    count, faults, apart = 0, [], []
    for panel in panels(FILES[end.title]):
        try:
            shown = run(end, panel)
            count += len(shown)
            if "machine" in shown:
                apart.append(closes(panel, shown, end.torn))
            if "used" in shown:
                is_memory(panel, shown, source.truth)
        except (AssertionError, RuntimeError) as e:
            faults.append(str(e))
    assert not faults, "; ".join(faults)
    assert apart, "no stack with the machine's line"
    more = [end.recorded()] if hasattr(end, "recorded") else []
    return ", ".join([f"{count} queries, sum off by {max(apart):.2f} %"] + more)
