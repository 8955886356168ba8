"""Alerts and recording rules, by promtool's own tests."""
import glob
import os
import re
import subprocess

from harness import SRC

HERE = os.path.dirname(os.path.abspath(__file__))


def promtool(*words):
    said = subprocess.run(["promtool", *words], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr
    return said.stdout


def tested():
    found = re.findall(r"(\d+) rules found",
                       promtool("check", "rules", *glob.glob(f"{SRC}/conf/prometheus/*.yml")))
    tests = sorted(glob.glob(f"{HERE}/*.test.yml"))
    promtool("test", "rules", *tests)
    return f"{sum(map(int, found))} alerts and rules pass promtool's {len(tests)} files of tests"
