#!/usr/bin/python3
"""procman-keep as a unit of the real systemd: its group is the job's, PID 1
replaces it, and limits are the unit's.
    test_unit.py [NAME…]"""
import errno
import os
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from keep import KEEP, Job, wait_for
from test_group import DAEMON, UID, equal
from test_start import GROUP

# of every unit that a job is
PROPERTIES = ("KillMode=process", "Restart=on-failure", "RestartSec=100ms", "StartLimitIntervalSec=0",
              "NotifyAccess=main", "FileDescriptorStoreMax=8", "OOMPolicy=continue",
              "CollectMode=inactive-or-failed", "Slice=procman.slice", "DefaultDependencies=no")


def run(j, *more):
    subprocess.run(["systemd-run", "--quiet", f"--unit={unit_of(j)}", *(f"-p{p}" for p in (*PROPERTIES, *more)),
                    KEEP, j.folder], check=True)


def unit_of(j):
    return f"procman-test-{os.getpid()}-{j.id}"


def exited(j):
    wait_for("the end", lambda: j.show()["state"] == "exited")
    wait_for("the unit's", lambda: subprocess.run(["systemctl", "is-active", "--quiet", unit_of(j)],
                                                  check=False).returncode != 0)
    return j.show()


def daemon(heeds):
    return Job(["/usr/bin/python3", "-S", "-c", DAEMON % (heeds, True, "time.sleep(1000)")], idle=False, **UID)


def started(j):
    run(j)
    wait_for("the daemon", lambda: b"\n" in j.text())
    pid = int(j.text().split()[1])
    with open(f"/proc/{pid}/cgroup", encoding="ascii") as f:
        path = f.read().splitlines()[-1].partition("::")[2]
    assert path.endswith(f"/procman.slice/{unit_of(j)}.service"), path
    assert int(j.show()["cgroup"]), "the unit's group is not the job's"
    return pid


def lives(pid):
    return os.path.exists(f"/proc/{pid}")


def test_stop():
    """A daemon that has left the session is stopped with the job, though
    KillMode=process spares it; also by the holder that PID 1 starts next, and
    where the unit is stopped."""
    for heeds in ("SIG_DFL", "SIG_IGN"):
        for dies in (False, True):
            with daemon(heeds) as j:
                pid = started(j)
                first = j.show()
                if dies:
                    os.kill(int(first["holder"]), signal.SIGKILL)
                    wait_for("the next", lambda: j.show()["holder"] != first["holder"])
                    equal("the same", (j.show()["pid"], j.show()["cgroup"]), (first["pid"], first["cgroup"]))
                wait_for("it to be asked", lambda: j.ask("stop", 300) == 0)
                equal("end", exited(j)["reason"], "stopped")
                assert not lives(pid), f"{heeds}: it lives"
    with daemon("SIG_DFL") as j:
        pid = started(j)
        subprocess.run(["systemctl", "stop", unit_of(j)], check=True)
        equal("end", exited(j)["reason"], "stopped")
        assert not lives(pid), "it lives"


def test_limits():
    """Those of the unit are the job's; a unit without them is refused."""
    text = "x = []\nwhile True: x.append(bytearray(1 << 20))"
    with Job(["/usr/bin/python3", "-S", "-c", text], idle=False, memory_max=50 << 20, **UID) as j:
        run(j, "MemoryMax=50M")
        state = exited(j)
        equal("memory", (state["exit"], state["signal"], state["oom"]), ("signal", "9", "1"))
    for keys, more in (({"memory_max": 50 << 20}, "MemoryMax=60M"), ({"pids_max": 5}, "TasksMax=6"),
                       ({"cpu_max": 50}, "CPUWeight=100")):
        with Job(["/bin/true"], idle=False, **keys, **UID) as j:
            run(j, more)
            state = exited(j)
            equal(more, (state["exit"], int(state["stage"]), int(state["error"])),
                  ("not_started", GROUP, errno.ENOTSUP))
    with Job(["/bin/true"], idle=False, memory_max=50 << 20, pids_max=5, cpu_max=50, **UID) as j:
        run(j, "MemoryMax=40M", "TasksMax=5", "CPUQuota=50%")
        equal("all", exited(j)["exit"], "code")


def main():
    why = ("needs root" if os.geteuid() != 0 else "needs systemd" if not os.path.exists("/run/systemd/system") else
           "needs cgroup2" if not os.path.exists("/sys/fs/cgroup/cgroup.controllers") else None)
    if why:
        print(why)
        return 77
    for name in sys.argv[1:] or [n[5:] for n in globals() if n.startswith("test_")]:
        begin = time.monotonic()
        print(name, flush=True)
        globals()["test_" + name]()
        print(f"  {time.monotonic() - begin:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
