#!/usr/bin/python3
"""An ordinary user makes /proc/PID/cmdline of his process block for ever:
intervals go on, collectd stops in time, and only that process's command line
is missing."""
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from fuse import Fuse
from harness import STOPPED, Collectd, wait_for, written


def blocks(hang):
    """Does reading cmdline hang?  Asked by a child, which is given up."""
    p = subprocess.Popen(["cat", f"/proc/{hang.pids[1]}/cmdline"],
                         stdout=subprocess.DEVNULL)
    try:
        p.wait(timeout=3)  # longer than a busy machine needs to start it
        return False
    except subprocess.TimeoutExpired:
        p.kill()
        return True


def children(pid):
    """Helpers of a collectd, by the kernel's list (ps would hang)."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8",
                      errors="replace") as f:
                stat = f.read()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(stat.rsplit(")", 1)[1].split()[1]) == pid:
            found.append(int(name))
    return found


def check(c, sleeper):
    others = lambda: (c.get("procman-others/ps_count") or {}).get("processes")
    sleeper()
    wait_for("the first process's group", lambda: others() == 1)
    sleeper()
    wait_for("the second process's group", lambda: others() == 2)
    start = time.monotonic()
    c.intervals(5)
    took = time.monotonic() - start
    assert took < 15, f"5 intervals of 1 s took {took:.1f} s"
    print(f"  5 intervals took {took:.2f} s")
    # the FUSE server has the same arguments and can be read; the victim not
    assert c.get("procman-hanging/ps_count")["processes"] == 1
    # others may hold up one of them; who hangs would hold up all
    turn = min(row[1] for row in written(c, "procman_self/duration-turn")[1][-5:])
    assert turn < 0.5, f"a turn takes {turn} s"
    helpers = children(c.process.pid)
    assert 1 <= len(helpers) <= 2, f"helpers: {helpers}"
    print(f"  {len(helpers)} helpers, a turn takes {turn:.4f} s")
    took = c.stop()
    assert took < STOPPED, f"collectd took {took:.1f} s to stop"
    print(f"  stopped after {took:.2f} s")


def check_many():
    """200 processes of one name and address space, none of which can be read;
    those of others are, and no interval is missed."""
    mark = f"97{os.getpid()}"
    hang = Fuse("hang", "share", "200")
    other = subprocess.Popen(["sleep", mark])
    try:
        hang.process.stdin.write("go\n")
        wait_for("a command line that blocks", lambda: blocks(hang))
        with Collectd(options=f"""
  <Group "others">
    Command "^sleep {mark}$"
  </Group>""") as c:
            start = time.monotonic()
            c.intervals(10)
            took = time.monotonic() - start
            assert took < 15, f"10 intervals of 1 s took {took:.1f} s"
            turns = sorted(row[1] for row in written(
                c, "procman_self/duration-turn")[1])
            assert turns[0] < 0.05 and turns[len(turns) // 2] < 0.1, turns
            others = c.get("procman-others/ps_count")["processes"]
            assert others == 1, f"{others} others"
            took = c.stop()
            assert took < STOPPED, f"collectd took {took:.1f} s to stop"
            print(f"  200 of them: turns take {turns[0]:.4f} to {turns[-1]:.4f} s, "
                  f"stopped after {took:.2f} s")
    finally:
        other.kill()
        other.wait()
        hang.end()


def main():
    mark = f"98{os.getpid()}"  # nobody else sleeps so long
    sleepers = []
    hang = Fuse("hang")
    try:
        wait_for("a command line that blocks", lambda: blocks(hang))
        with Collectd(options=f"""
  <Group "others">
    Command "^sleep {mark}$"
  </Group>
  <Group "hanging">
    Command "pmhang .*mnt"
  </Group>""") as c:
            check(c, lambda: sleepers.append(subprocess.Popen(["sleep", mark])))
    finally:
        for p in sleepers:
            p.kill()
            p.wait()
        hang.end()
    check_many()


if __name__ == "__main__":
    main()
