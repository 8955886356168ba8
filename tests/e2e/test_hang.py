#!/usr/bin/python3
"""An ordinary user makes /proc/PID/cmdline of his process block for ever:
intervals go on, collectd stops in time, and only that process's command line
is missing."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(__file__))
from harness import BUILD, Collectd, skip, wait_for

NOBODY = 65534


class Hang:
    """tests/e2e/hang, as nobody where it is allowed to make a user namespace
    (a chroot forbids it), else mounted by root and then run by nobody."""

    def __init__(self):
        self.pids = []
        self.dir = tempfile.mkdtemp(prefix="procman-hang-")
        os.chmod(self.dir, 0o755)
        self.device = self.prepare_device()
        self.mount = os.path.join(self.dir, "mnt")
        os.mkdir(self.mount)
        shutil.copy(os.path.join(BUILD, "tests", "e2e", "hang"),
                    os.path.join(self.dir, "pmhang"))
        self.start()

    def prepare_device(self):
        if os.geteuid() != 0:
            return "/dev/fuse"
        path = os.path.join(self.dir, "fuse")
        os.mknod(path, 0o020666, os.makedev(10, 229))
        os.chmod(path, 0o666)
        return path

    def start(self):
        why = self.try_start(True)
        if why and os.geteuid() == 0:
            why = self.try_start(False)
        if why:
            shutil.rmtree(self.dir, ignore_errors=True)
            skip("cannot mount FUSE here: " + why)

    def try_start(self, userns):
        def become():
            if os.geteuid() == 0 and userns:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
        command = ["./pmhang", self.device, self.mount] + ["userns"] * userns
        p = subprocess.Popen(command, cwd=self.dir, text=True, preexec_fn=become,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        line = p.stdout.readline()
        if not line:
            p.wait()
            return p.stderr.read().strip()
        self.process, self.pids = p, [int(n) for n in line.split()]
        return None

    def blocks(self):
        """Does reading cmdline hang?  Asked by a child, which is given up."""
        p = subprocess.Popen(["cat", f"/proc/{self.pids[1]}/cmdline"],
                             stdout=subprocess.DEVNULL)
        try:
            p.wait(timeout=0.5)
            return False
        except subprocess.TimeoutExpired:
            p.kill()
            return True

    def end(self):
        for pid in self.pids:
            os.kill(pid, signal.SIGKILL)
        self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


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
    assert took < 6.5, f"5 intervals of 1 s took {took:.1f} s"
    print(f"  5 intervals took {took:.2f} s")
    # the FUSE server has the same arguments and can be read; the victim not
    assert c.get("procman-hanging/ps_count")["processes"] == 1
    turn = c.value("procman_self/duration-turn")
    assert turn < 0.5, f"a turn takes {turn} s"
    helpers = children(c.process.pid)
    assert 1 <= len(helpers) <= 2, f"helpers: {helpers}"
    print(f"  {len(helpers)} helpers, a turn takes {turn:.4f} s")
    took = c.stop()
    assert took < 3, f"collectd took {took:.1f} s to stop"
    print(f"  stopped after {took:.2f} s")


def main():
    mark = f"98{os.getpid()}"  # nobody else sleeps so long
    sleepers = []
    hang = Hang()
    try:
        wait_for("a command line that blocks", hang.blocks, 10)
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


if __name__ == "__main__":
    main()
