#!/usr/bin/python3
"""Every pipeline, with the real collectd, real daemons and real programs; a table
says what was proven.
    run.py [NAME…]     only far ends or parts whose name contains one of these"""
import os
import signal
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import churn
import dashboards
import proofs
import rules
from daemons import free_port
from fleet import Central, Fleet
from graphite import Graphite
from influxdb import InfluxDB, InfluxDBJoin
from json_http import Json
from prometheus import Prometheus, VictoriaMetrics
from rrd import Rrd
from source import Source

COLUMNS = (("arrives", proofs.arrives), ("odd names", proofs.names),
           ("first event", proofs.first_event), ("a group ends", proofs.ended),
           ("an hour of churn", proofs.bounded), ("dashboard", dashboards.alive))


def say(text):
    print(f"-- {text}", file=sys.stderr, flush=True)


class Results:
    def __init__(self):
        self.table, self.faults = {}, []

    def prove(self, what, ends, source):
        """Asks each far end; what it lacks does not keep the others from it."""
        for end in ends:
            try:
                figure = dict(COLUMNS)[what](end, source)
            except (AssertionError, RuntimeError, OSError, KeyError, ValueError) as e:
                self.faults.append(f"{end.title}, {what}: {type(e).__name__} {e}")
                say(self.faults[-1][:2000])
                figure = "NOT PROVEN"
            self.table[end.title, what] = figure
            say(f"{end.title}, {what}: {figure}")

    def print(self, ends):
        rows = [["far end"] + [c for c, _ in COLUMNS]]
        rows += [[end.title] + [self.table.get((end.title, c), "–") for c, _ in COLUMNS]
                 for end in ends]
        rows.insert(1, ["---"] * len(rows[0]))
        print("\n".join("| " + " | ".join(row) + " |" for row in rows))
        print("\n".join(self.faults))


def far_ends(wanted):
    """(what makes it, its arguments) of those that are wanted."""
    port = free_port()
    makers = ((Graphite,), (InfluxDB,), (InfluxDBJoin,), (Prometheus, port),
              (VictoriaMetrics, port), (Json,), (Rrd,))
    return [m for m in makers if not wanted or
            any(word.lower() in m[0].title.lower() for word in wanted)]


def everything(ends, source, results):
    say("the programs run")
    source.workload.ends.kill()
    results.prove("arrives", [end for end in ends if not end.at_rest], source)
    results.prove("odd names", ends, source)
    source.break_things()
    results.prove("first event", ends, source)
    source.truth.next(dashboards.CLOSES)
    results.prove("dashboard", [end for end in ends if end.title in dashboards.FILES], source)
    source.squeeze()
    results.prove("a group ends", ends, source)
    source.workload.disperse()
    source.churned = churn.put(source.collectd, "played", churn.played())
    results.prove("an hour of churn", ends, source)


def in_turn(source_of, makers, results):
    """Everything for these far ends; returns them."""
    ends = []
    try:
        for make, *args in makers:
            ends.append(make(*args))
        with source_of(ends) as source:
            for end in ends:
                end.attach(source)
            everything(ends, source, results)
        results.prove("arrives", [end for end in ends if end.at_rest], source)
    finally:
        for end in ends:
            end.stop()
    return ends


def main():
    # so that all that was started is ended, too
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    wanted, results = sys.argv[1:], Results()
    print(rules.tested())
    makers, ends = far_ends(wanted), []
    if makers:
        ends += in_turn(Source, makers, results)
    if not wanted or "fleet" in wanted:
        ends += in_turn(Fleet, [(Central,)], results)
    results.print(ends)
    return 1 if results.faults else 0


if __name__ == "__main__":
    sys.exit(main())
