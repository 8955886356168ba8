#!/usr/bin/python3
"""Manners of a guest: no descriptor leaks and none below 1024 are kept, it
lives as nobody and under hidepid, without its helper, and stops at once."""
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from harness import HIGH, STOPPED, Collectd, idle_uids, in_a_chroot, near_once, wait_for


def seen_once(pid):
    """All but sockets, of which our own questions make some."""
    folder, found = f"/proc/{pid}/fd", {}
    for n in os.listdir(folder):
        try:
            found[int(n)] = os.readlink(f"{folder}/{n}")
        except FileNotFoundError:
            pass
    return {n: to for n, to in found.items() if "socket" not in to}


def descriptors(pid):
    """Those that are there each time: some of collectd's are open for the
    moment of a read or a write."""
    kept = seen_once(pid)
    for _ in range(20):
        time.sleep(0.05)
        now = seen_once(pid)
        kept = {n: to for n, to in kept.items() if now.get(n) == to}
    return kept


# Python ignores SIGPIPE and SIGXFSZ and puts them back in its children;
# collectd ignores SIGPIPE and SIGCHLD.
PYTHONS = 1 << 12 | 1 << 24
COLLECTDS = 1 << 12 | 1 << 16


HANDLED = 1 << 1 | 1 << 9 | 1 << 14  # INT, USR1, TERM: collectd has handlers
STANDARD = (1 << 31) - 1  # what lies above is the C library's own


def ignored(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        line = next(l for l in f if l.startswith("SigIgn"))
    return int(line.split()[1], 16) & STANDARD


def check_descriptors():
    with Collectd(interval=1) as c:
        wait_for("a close", lambda: c.value("procman_self/count-series"))
        c.intervals(1)
        wait_for("the helper", lambda: any("pidfd" in to for to in
                                           seen_once(c.process.pid).values()))
        before = descriptors(c.process.pid)
        for _ in range(200):
            subprocess.run(["true"], check=True)
        c.intervals(3)
        # a helper that was too slow is given up, and there is none for a while
        wait_for("no more descriptors than before",
                 lambda: set(descriptors(c.process.pid)) == set(before))
        after = descriptors(c.process.pid)
        ours = {n for n, to in after.items()
                if to in ("/proc", "/sys") or "pidfd" in to}
        assert ours and (min(ours) >= 1024 or not HIGH), after
        print(f"  {len(after)} descriptors before and after 200 processes")
        want = (ignored("self") | COLLECTDS) & ~(PYTHONS & ~COLLECTDS) & ~HANDLED
        assert ignored(c.process.pid) == want, (ignored(c.process.pid), want)
        print("  signal dispositions are collectd's own")


def check_without_helper():
    c = Collectd()
    c.options = '  Helper "/nowhere/procman-hold"\n  Disk "/" \n' \
                '  <Group "x">\n    Command "sleep"\n  </Group>'
    c.write()
    with c:
        wait_for("a close", lambda: c.value("procman_self/count-series"))
        c.intervals(3)
        # in a chroot the mounts do not tell what "/" is: then it is asked for
        local = not in_a_chroot()
        assert bool(c.value("procman_disk-root/bytes-total")) == local
        said = c.said()
        assert said.count("start the helper /nowhere/procman-hold") == 1, said
        print("  without its helper: one line in the log, the rest works")


def check_hidepid():
    """As somebody who has no other process, on a /proc that hides others'."""
    if os.geteuid() != 0:
        print("  (not root: hidepid cannot be mounted)")
        return
    c = Collectd()
    proc = c.path("proc")
    os.mkdir(proc)
    c.options = f'  ProcPath "{proc}"'
    c.write()
    spread = "unchanged" if in_a_chroot() else "private"
    uid, = idle_uids(1)
    c.prefix = ["unshare", "-m", "--propagation", spread, "sh", "-c",
                f'chown -R {uid} {c.dir} && '
                f'mount -t proc -o hidepid=2 proc {proc} && '
                f'exec setpriv --reuid {uid} --regid {uid} --clear-groups -- "$@"',
                "-"]
    with c:
        wait_for("a close", lambda: c.value("procman_self/count-series"))
        c.intervals(3)
        near_once("processes that he sees",
                  lambda: c.get("procman_system/ps_count")["processes"],
                  lambda: 2, absolute=1)
        names = c.names()
        assert not any("_unattributed" in n for n in names), names
        assert "procman_self/gauge-surplus_seconds" not in names
        assert "could not be read" not in c.said(), c.said()
        c.stop()
        if spread == "unchanged":  # it may have spread to here
            subprocess.run(["umount", "-q", proc], check=False)


def check_stop():
    """SIGTERM in the middle of whatever it does."""
    with Collectd(interval=1) as c:
        wait_for("a close", lambda: c.value("procman_self/count-series"))
        took = c.stop()
        assert c.process.returncode == 0, c.process.returncode
        assert took < STOPPED, took
        print(f"  stopped after {took:.2f} s with status 0")


def main():
    check_descriptors()
    check_without_helper()
    check_hidepid()
    check_stop()


if __name__ == "__main__":
    main()
