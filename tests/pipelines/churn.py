"""An hour of churn in seconds: the plugin itself, played on a simulated machine
(tests/host/play), says what it sends in each interval, and the real collectd is
given that with PUTVAL, under the times of the hour that has just passed, as a
host of its own.  So plugin, writers and far ends are real; machine and clock are
not."""
import os
import subprocess
import tempfile
import time as clock

from daemons import TYPES
from harness import BUILD

TOP, NEW = 20, 20
TICKS, NAMES, SECONDS = 360, 30, 10
# the places, those that the first hour's allowance lets in, and as it is refilled;
# _other and _kernel (tests/scenario/12-crash-loop.scn)
MOST = TOP + 2 * NEW + 2

CHURN = f"""config
  Top {TOP}
  NewNamesPerHour {NEW}
end
machine deaths yes
task 1 init
start
""" + f"churn 1 {NAMES}\nshow\n" * TICKS


def types():
    """{type: [DERIVE, GAUGE…]} of types.db."""
    found = {}
    with open(TYPES, encoding="utf-8") as f:
        for line in f:
            words = line.replace(",", " ").split()
            if words and words[0][0] != "#":
                found[words[0]] = [w.split(":")[1] for w in words[1:]]
    return found


def played():
    """A list for each interval, of what was sent of groups: (name, [text of each
    value])"""
    with tempfile.NamedTemporaryFile("w", suffix=".scn") as f:
        f.write(CHURN)
        f.flush()
        said = subprocess.run([os.path.join(BUILD, "tests/host/play"), f.name],
                              capture_output=True, text=True, check=True).stdout
    known, ticks = types(), []
    for line in said.splitlines():
        name, *values = line.split()
        if not name.startswith("procman-"):
            continue
        if not ticks or any(name == other for other, _ in ticks[-1]):
            ticks.append([])
        kinds = known[name.split("/")[1].split("-")[0]]
        ticks[-1].append((name, [v if k == "GAUGE" else str(int(float(v)))
                                 for v, k in zip(values, kinds)]))
    return ticks


def put(collectd, host, ticks):
    """Hands all to collectd; the names of the groups that have been sent."""
    begin = clock.time() - len(ticks) * SECONDS
    with collectd.connected() as s:
        answers = s.makefile("r")
        for at, tick in enumerate(ticks):
            lines = [f"PUTVAL {host}/{name} interval={SECONDS} "
                     f"{begin + at * SECONDS:.3f}:{':'.join(values)}\n"
                     for name, values in tick]
            s.sendall("".join(lines).encode())
            for line in lines:
                answer = answers.readline()
                assert answer.startswith("0 "), (line, answer)
    return {name.split("/")[0].split("-", 1)[1] for tick in ticks for name, _ in tick}
