#!/usr/bin/python3
"""Runs as PID 1 of a virtual machine: the tests that depend on the kernel, each
with its result as one line of JSON behind "@@", and then the power goes off."""
import ctypes
import json
import os
import re
import signal
import subprocess
import sys
import time

SOURCE, BUILD = "/procman", "/procman/build"
sys.dont_write_bytecode = True
sys.path.insert(0, SOURCE + "/tests/e2e")

# what asks the kernel; all else is the same everywhere
UNIT = ("base", "helper", "hold", "keep", "machine", "policy", "procfs", "sampler")
E2E = ("test_ladder.py", "test_truth.py", "test_authority.py",
       "test_start.py", "test_restart.py")
LIMIT = 1800  # seconds a test; the machine may be an emulated one
MOUNTS = (("proc", "/proc", ""), ("sysfs", "/sys", ""), ("devtmpfs", "/dev", ""),
          ("devpts", "/dev/pts", ""), ("tmpfs", "/dev/shm", ""), ("tmpfs", "/run", ""),
          ("tmpfs", "/tmp", ""), ("cgroup2", "/sys/fs/cgroup", ""),
          ("securityfs", "/sys/kernel/security", ""))


def tell(kind, **what):
    print("@@" + json.dumps({"kind": kind, **what}), flush=True)


def text(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read().strip()
    except OSError:
        return ""


def word(name, default=""):
    """Of the kernel's command line: name=VALUE."""
    with open("/proc/cmdline", encoding="ascii") as f:
        given = dict(w.split("=", 1) for w in f.read().split() if "=" in w)
    return given.get(name, default)


# ---- what PID 1 does ----

def prepare():
    libc = ctypes.CDLL(None, use_errno=True)
    for kind, where, options in MOUNTS:
        os.makedirs(where, exist_ok=True)
        libc.mount(b"none", where.encode(), kind.encode(), 0, options.encode())
    os.environ.update(PATH="/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL="C.UTF-8", HOME="/root",
                      PM_UNATTRIBUTED_SHARE="0.1",
                      PM_SRC=SOURCE, PM_BUILD=BUILD, COLLECTD="/usr/sbin/collectd")
    os.chmod("/tmp", 0o1777)
    os.symlink("/proc/self/fd", "/dev/fd")  # TOMOYO wants it for fexecve(3)
    if word("procman.hidepid"):
        libc.mount(b"none", b"/proc", b"proc", 32, b"hidepid=" + word("procman.hidepid").encode())
    subprocess.run(["ip", "link", "set", "lo", "up"], check=False)


def reap_until(child):
    """Orphans become children of PID 1."""
    while True:
        pid, _ = os.wait()
        if pid == child:
            return


def power_off():
    os.sync()
    ctypes.CDLL(None).reboot(0x4321FEDC)


# ---- the tests ----

def outcome(status):
    return {0: "passed", 77: "skipped"}.get(status, "failed")


def run_test(name, command):
    begin = time.monotonic()
    with open("/tmp/test.log", "wb") as log:
        p = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=BUILD,
                             start_new_session=True)
        try:
            status = p.wait(LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(p.pid, signal.SIGKILL)
            status = "time"
    with open("/tmp/test.log", encoding="utf-8", errors="replace") as log:
        said = log.read()
    result = outcome(status)
    tell("test", name=name, result=result, seconds=round(time.monotonic() - begin),
         said=said[:3000] + said[3000:][-3000:] if result != "passed" else "")
    return said


def programs(top):
    for room in UNIT:
        for name in sorted(os.listdir(os.path.join(top, room))):
            path = os.path.join(top, room, name)
            if name.startswith("test_") and os.access(path, os.X_OK):
                yield path


def wanted(name):
    only, without = word("procman.only"), word("procman.without")
    return (not only or any(part in name for part in only.split(","))) and not (
        without and any(part in name for part in without.split(",")))


def run_tests():
    for path in programs(BUILD + "/tests/unit"):
        name = os.path.relpath(path, BUILD + "/tests")
        if wanted(name):
            run_test(name, [path])
    for name in E2E:
        if wanted(name):
            tell_storm(run_test("e2e/" + name, [sys.executable, f"{SOURCE}/tests/e2e/{name}"]))


# ---- what the table shows ----

def sampler():
    """What the log says of it."""
    from harness import Collectd, wait_for
    with Collectd() as c:
        wait_for("a close", lambda: c.value("procman_self/count-series"))
        for line in c.said().splitlines():
            if "by the sampler" in line or "better sampler" in line:
                tell("sampler", line=line.split("procman: ", 1)[1],
                     level=c.value("procman_self/gauge-sampler"))


def tell_storm(said):
    """How much of the CPU of short children was charged to their name, as
    test_truth.py prints it."""
    found = re.search(r"CPU seconds of short: (\S+) \(independently (\S+)\)", said)
    if found:
        tell("storm", percent=100 * float(found[1]) / float(found[2]))


def measure(what):
    try:
        what()
    except Exception as error:  # the rest is still to be told
        tell("fault", name=what.__name__, said=repr(error))


def work():
    tell("kernel", release=os.uname().release, lockdown=text("/sys/kernel/security/lockdown"),
         btf="yes" if os.path.exists("/sys/kernel/btf/vmlinux") else "no",
         proc=[line for line in text("/proc/mounts").split("\n") if " /proc proc " in line][-1])
    measure(sampler)
    run_tests()
    tell("end")


def main():
    prepare()
    child = os.fork()
    if child == 0:
        os.setsid()
        work()
        os._exit(0)
    reap_until(child)
    power_off()


if __name__ == "__main__":
    main()
