"""What the scan alone costs in each of its forms: "dump" is the task iterator,
which Linux 5.8 to 6.6 has and nothing cheaper."""

import collections
import subprocess

from cost import mid
from machine import Crowd, Limits, ms, say
from tables import BUDGET_SIZE

COUNT, PAUSE_MS = 8, 1000


def scans(bench):
    """{form: median ns} with as many processes as the budgets speak of."""
    found = collections.defaultdict(list)
    with Limits(BUDGET_SIZE), \
            Crowd(bench.tool("sleepers"), BUDGET_SIZE, bench.names):
        out = subprocess.run([bench.tool("scans"), str(bench.build / "procman-hold"),
                              str(COUNT), str(PAUSE_MS)],
                             stdout=subprocess.PIPE, text=True, check=True)
    for line in out.stdout.splitlines():
        form, ns, _ = line.split()
        found[form].append(int(ns))
    say(f"scans: {', '.join(f'{f} {ms(mid(ns))} ms' for f, ns in found.items())}")
    return {form: mid(ns) for form, ns in found.items()}


def scan_line(found):
    forms = ", ".join(f"{form} {ms(ns)} ms" for form, ns in found.items())
    return f"one scan of {BUDGET_SIZE} processes, after a second of rest: {forms}"


def dump_verdict(found, size):
    """What a whole collectd would cost that has to dump; budget 50."""
    if not size.taken["procman", "network"] or not size.taken["processes",
                                                              "network"]:
        return []
    ours = mid(size.ns("procman", "network")) - found["walk"] + found["dump"]
    ratio = mid(size.ns("processes", "network")) / ours
    return [f"{'kept' if ratio >= 50 else 'MISSED'}: with the dump in place of "
            f"the walk it would cost {ms(ours)} ms; processes {ratio:.0f} x "
            "(budget 50)"]
