"""What each stage of an interval takes, and each thing that is done once a
process, user, control group or sensor: with a tenth of the processes and with as
many as the budgets speak of, to see what is not linear."""

import os
import subprocess
import tempfile

from machine import Crowd, Limits, say
from tables import BUDGET_SIZE

SENSORS = 128
LONG_MS = 100


def make_sensors(folder):
    """A /sys with as many sensors as are read."""
    chip = os.path.join(folder, "class/hwmon/hwmon0")
    os.makedirs(chip)
    files = {"name": "coretemp"}
    for i in range(1, SENSORS + 1):
        files[f"temp{i}_input"] = "41000"
        files[f"temp{i}_label"] = f"Core {i}"
    for name, text in files.items():
        with open(os.path.join(chip, name), "w", encoding="ascii") as f:
            f.write(text + "\n")


def run(bench, size):
    """{what: (count, nanoseconds)}"""
    with tempfile.TemporaryDirectory(prefix="procman-bench.") as folder, \
            Limits(size), Crowd(bench.tool("sleepers"), size, size):
        make_sensors(folder)
        out = subprocess.run(
            [bench.tool("stages"), str(bench.build / "procman-hold"), folder],
            stdout=subprocess.PIPE, text=True, check=True)
    rows = (line.split() for line in out.stdout.splitlines())
    return {what: (int(count), int(ns)) for what, count, ns in rows}


def stage_lines(bench):
    sizes = [run(bench, size) for size in (BUDGET_SIZE // 10, BUDGET_SIZE)]
    lines = ["What is done once for each, elapsed time; every process has a name of "
             "its own.", "",
             "| what | count | ms | µs each | count | ms | µs each |",
             "| :--- | ----: | -: | ------: | ----: | -: | ------: |"]
    for what in sizes[0]:
        cells = [cell for size in sizes for cell in (
            f"{size[what][0]}", f"{size[what][1] / 1e6:.3g}",
            f"{size[what][1] / 1e3 / max(size[what][0], 1):.3g}")]
        lines.append(f"| {what} | {' | '.join(cells)} |")
        say(lines[-1])
    long = [what for what, (_, ns) in sizes[1].items() if ns > LONG_MS * 1e6]
    return lines + ["", f"longer than {LONG_MS} ms at {BUDGET_SIZE}: "
                    f"{', '.join(long) or 'nothing'}", ""]
