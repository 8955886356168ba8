#!/usr/bin/python3
"""The control group of a job: nobody leaves it, a stop reaches all of it, its
limits hold, and nothing of it stays.
    test_group.py [NAME…]"""
import errno
import os
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from keep import TOOLS, Job, become_subreaper, cgroup_top, reap, wait_for
from test_start import DONE, GROUP, JOB, Place

UID = {"uid": 12345, "gid": 12345}

# A grandchild in a session of its own that heeds no SIGTERM and has let go of
# the streams, and tells its pid.
DAEMON = """
import os, signal, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    signal.signal(signal.SIGTERM, signal.%s)
    os.write(1, b"daemon %%d\\n" %% os.getpid())
    for fd in (0, 1, 2) if %d else ():
        os.close(fd)
    while True:
        time.sleep(100)
os.wait()
%s
"""


def equal(what, got, want):
    assert got == want, f"{what}: {got!r}, and not {want!r}"


def daemon(then, heeds="SIG_IGN", closes=True, **keys):
    return Job(["/usr/bin/python3", "-S", "-c", DAEMON % (heeds, closes, then)], cgroup=1, **UID, **keys)


def lives(pid):
    reap()
    return os.path.exists(f"/proc/{pid}")


def group_of(pid):
    with open(f"/proc/{pid}/cgroup", encoding="ascii") as f:
        return next(line.rstrip("\n")[3:] for line in f if line.startswith("0::"))


def members(path):
    with open(os.path.join(path, "cgroup.procs"), encoding="ascii") as f:
        return [int(line) for line in f]


def started(j):
    """The daemon's pid; the workload and it are in the job's group."""
    j.start()
    wait_for("the daemon", lambda: b"\n" in j.text())
    pid = int(j.text().split()[1])
    path = os.readlink(os.path.join(j.folder, "group"))
    equal("its group", path, f"{cgroup_top()}{group_of(pid)}")
    equal("the kernel's id of it", os.stat(path).st_ino, int(j.show()["cgroup"]))
    assert j.holder.pid not in members(path), "the holder is in it"
    return pid


def test_stop():
    """A daemon that has left the session is told, and killed when that is not
    heeded; also by a holder that comes later, and when the workload has ended
    long before."""
    for heeds, least, most in (("SIG_DFL", 0, 20), ("SIG_IGN", 0.3, 20)):
        with daemon("time.sleep(1000)", heeds) as j:
            pid = started(j)
            begin = time.monotonic()
            equal("accepted", j.ask("stop", 300 if heeds == "SIG_IGN" else 60000), 0)
            equal("status", j.end(), 0)
            took = time.monotonic() - begin
            assert not lives(pid), f"{heeds}: it lives"
            assert least <= took < most, (heeds, took)
            equal("end", (j.show()["reason"], j.show()["signal"]), ("stopped", "15"))
    with daemon("time.sleep(1000)") as j:
        pid = started(j)
        equal("accepted", j.ask("stop", 300), 0)
        j.kill()
        j.start()
        equal("status", j.end(), 0)
        assert not lives(pid), "it lives"


def test_draining():
    """The workload has ended, and a daemon still writes: a stop ends it."""
    for heeds in ("SIG_DFL", "SIG_IGN"):
        for kills in (False, True):
            with daemon("os._exit(5)", heeds, closes=False) as j:
                pid = started(j)
                j.reaches("draining")
                begin = time.monotonic()
                equal("accepted", j.ask("stop", 200), 0)
                if kills:
                    j.kill()
                    j.start()
                equal("status", j.end(), 0)
                assert time.monotonic() - begin < 5, "its time is the one that was asked for"
                state = j.show()
                equal("end", (state["exit"], state["code"]), ("code", "5"))
                assert not lives(pid), f"{heeds}: it lives"
    with daemon("os._exit(5)", closes=False) as j:
        pid = started(j)
        j.reaches("draining")
        equal("accepted", j.ask("remove", 100), 0)
        equal("status", j.end(), 0)
        equal("left", os.listdir(j.leaf), [])
        assert not lives(pid), "it lives"


def test_left_alone():
    """Who closes its streams outlives a workload that ends by itself, and a
    later start does not."""
    with daemon("os._exit(1)", policy="on-failure", backoff_ms=60000) as j:
        pid = started(j)
        j.reaches("backing_off")
        assert lives(pid)
        equal("accepted", j.ask("stop", 100), 0)
        equal("status", j.end(), 0)
        assert not lives(pid), "a stop between two starts reaches it, too"


def test_forks():
    """Who forks on and on is stopped."""
    chain = ("import os,time,signal\nsignal.signal(15, signal.SIG_IGN)\nos.setsid() if os.fork() == 0 else None\n"
             "while True:\n  if os.fork(): os._exit(0)\n  time.sleep(0.0005)")
    with Job(["/usr/bin/python3", "-S", "-c", chain], cgroup=1, stop_ms=100, **UID) as j:
        j.start()
        path = os.readlink(os.path.join(j.folder, "group"))
        j.reaches("draining")
        equal("accepted", j.ask("stop"), 0)
        equal("status", j.end(), 0)
        equal("left", members(path), [])


def test_other_ids():
    """One that has become root's, as sudo(8) makes one, cannot be signalled by
    the holder; it is killed all the same."""
    text = "import os,time\nos.write(1,b'up %d\\n' % os.getpid())\ntime.sleep(1000)"
    with Job(["/usr/bin/python3", "-S", "-c", text], cgroup=1, stop_ms=200, **UID) as j:
        j.start()
        wait_for("up", lambda: b"\n" in j.text())
        path = os.readlink(os.path.join(j.folder, "group"))
        other = subprocess.Popen(["sleep", "1000"])
        with open(os.path.join(path, "cgroup.procs"), "w", encoding="ascii") as f:
            f.write(str(other.pid))
        equal("accepted", j.ask("stop"), 0)
        equal("killed", other.wait(20), -signal.SIGKILL)
        equal("status", j.end(), 0)


def test_below():
    """A job of root's has made a group of its own in its group: it is waited
    for, killed and removed all the same."""
    for then in ("stop", "remove"):
        text = "g=$(readlink -f @TOP@/jobs/*/group); mkdir $g/a $g/a/b; sleep 1000 <&- >&- 2>&- & echo $! >$g/a/b/cgroup.procs; echo $!"
        with Job(["/bin/sh", "-c", text + ("; sleep 1000" if then == "stop" else "")], env=["PATH=/usr/bin:/bin"],
                 cgroup=1, stop_ms=200) as j:
            j.start()
            wait_for("its child", lambda: b"\n" in j.text())
            pid = int(j.text())
            path = os.readlink(os.path.join(j.folder, "group"))
            if then == "stop":
                equal("ask", j.ask("stop"), 0)
            equal("status", j.end(), 0)
            equal("it lives", lives(pid), then == "remove")
            subprocess.run([f"{TOOLS}/job", "remove", j.jobs, j.id], check=True)
            wait_for("its end", lambda: not lives(pid))
            assert not os.path.exists(path) and not os.path.exists(j.folder)


def test_unit():
    """As systemd starts a holder: the group that it is in itself, and alone in
    at first, is the job's; a stop reaches all of it but the holder."""
    unit = os.path.join(cgroup_top(), f"procman-unit-{os.getpid()}")
    inside = ["sh", "-c", f"echo $$ >{unit}/cgroup.procs; exec \"$@\"", "sh"]
    for heeds in ("SIG_DFL", "SIG_IGN"):
        for dies in (False, True):
            os.mkdir(unit)
            with Job(["/usr/bin/python3", "-S", "-c", DAEMON % (heeds, True, "time.sleep(1000)")], **UID) as j:
                j.start(*inside, "env", "INVOCATION_ID=1")
                wait_for("the daemon", lambda: b"\n" in j.text())
                pid = int(j.text().split()[1])
                equal("cgroup", int(j.show()["cgroup"]), os.stat(unit).st_ino)
                equal("members", sorted(members(unit)), sorted([j.holder.pid, int(j.show()["pid"]), pid]))
                if dies:
                    j.kill()
                    j.start(*inside, "env", "INVOCATION_ID=1")
                equal("ask", j.ask("stop", 300), 0) if not dies else wait_for("it", lambda: j.ask("stop", 300) == 0)
                equal("status", j.end(), 0)
                assert not lives(pid), "it lives"
                equal("end", j.show()["reason"], "stopped")
            wait_for("nobody", lambda: reap() or not members(unit))
            os.rmdir(unit)
    os.mkdir(unit)  # with somebody else in it, or of no unit, it is not
    for words in (["env", "INVOCATION_ID=1"], []):
        other = subprocess.Popen([*inside, "sleep", "60"] if words else ["true"], stdout=subprocess.DEVNULL)
        wait_for("it", lambda: other.pid in members(unit) or not words)
        with Job(["sleep", "1000"], env=["PATH=/usr/bin:/bin"], **UID) as j:
            j.start(*inside, *words)
            equal("cgroup", j.reaches("running")["cgroup"], "0")
            equal("ask", j.ask("stop"), 0)
            equal("status", j.end(), 0)
        assert not words or other.poll() is None, "a stranger was stopped"
        other.kill()
        other.wait()
    with Job(["sleep", "1000"], env=["PATH=/usr/bin:/bin"], pids_max=5, **UID) as j:
        j.start(*inside, "env", "INVOCATION_ID=1")
        equal("status", j.end(), 0)
        equal("a unit without the limit", (j.show()["exit"], int(j.show()["stage"])), ("not_started", GROUP))
    os.rmdir(unit)


def test_outside():
    """A workload that was begun without a group is not looked for in the one
    that its folder gets later."""
    text = "sleep 1000 & echo $!; wait"
    with Job(["sh", "-c", text], env=["PATH=/usr/bin:/bin"], **UID) as j:
        j.start()
        wait_for("its child", lambda: b"\n" in j.text())
        pid = int(j.text())
        j.kill()
        subprocess.run([f"{TOOLS}/job", "rescue", j.jobs, j.logs, j.id], stdout=subprocess.DEVNULL, check=True)
        path = os.readlink(os.path.join(j.folder, "group"))
        equal("ask", j.ask("stop", 5000), 0)
        wait_for("its end", lambda: reap() or j.show()["state"] == "exited")
        equal("cgroup", j.show()["cgroup"], "0")
        assert not lives(pid), "its child lives"
        # from its next start on it is in the group
        subprocess.run([f"{TOOLS}/job", "again", j.jobs, j.logs, j.id], stdout=subprocess.DEVNULL, check=True)
        equal("cgroup", int(j.show()["cgroup"]), os.stat(path).st_ino)
        equal("ask", j.ask("stop", 5000), 0)
        wait_for("its end", lambda: reap() or j.show()["state"] == "exited")
        with open(os.path.join(j.jobs, "fdstore.lock"), encoding="ascii") as f:
            os.kill(int(f.read()), signal.SIGKILL)


def test_started():
    """procman-hold start: neither the holder nor the job is in the group of who
    asked for it, and with the folder the group goes."""
    mine = os.path.join(cgroup_top(), f"procman-test-{os.getpid()}")
    home = cgroup_top() + group_of(os.getpid())
    os.mkdir(mine)
    with Place() as place:
        try:
            command = ["sh", "-c", f"echo {os.getpid()} >{mine}/cgroup.procs"]
            subprocess.run(command, check=True)
            said = place.begin(["sleep", "1000"], **UID)
            subprocess.run(["sh", "-c", f"echo {os.getpid()} >{home}/cgroup.procs"], check=True)
            equal("step", said["step"], DONE)
            path = os.readlink(os.path.join(said["folder"], "group"))
            state = place.state(said)
            equal("the job's", f"{cgroup_top()}{group_of(said['pid'])}", path)
            equal("its id", (said["cgroup"], int(state["cgroup"])), (os.stat(path).st_ino,) * 2)
            equal("the holder's", group_of(int(state["holder"])), "/procman/_holders")
            wait_for("nobody to be left", lambda: reap() or not members(mine))
        finally:
            subprocess.run(["sh", "-c", f"echo {os.getpid()} >{home}/cgroup.procs"], check=True)
            os.rmdir(mine)
        place.stop(said)
        place.remove(said)
        assert not os.path.exists(path), path
        said = place.begin(["/no/such/command"], name=f"none-{os.getpid()}")
        equal("one that cannot be started", said["step"], JOB)
        assert not os.path.exists(f"{cgroup_top()}/procman/{os.path.basename(said['folder'])}")


def has(controller):
    with open(os.path.join(cgroup_top(), "cgroup.controllers"), encoding="ascii") as f:
        return controller in f.read().split()


def test_limits_missing():
    """What nobody can hold a job to is refused before anything runs."""
    rows = [("memory", {"memory_max": 1 << 30}), ("cpu", {"cpu_max": 50}), ("pids", {"pids_max": 50})]
    missing = [row for row in rows if not has(row[0])]
    with Place() as place:
        for controller, keys in missing:
            said = place.begin(["touch", f"{place.top}/ran"], **keys)
            equal(controller, (said["step"], said["stage"], said["error"]), (JOB, GROUP, errno.ENOTSUP))
            assert not os.path.exists(said["folder"]) and not os.path.exists(said["leaf"]), said
        assert not os.path.exists(f"{place.top}/ran")
    # and by the holder itself, whatever has become of the group
    with Job(["touch", "@TOP@/ran"], pids_max=50) as j:
        state = j.run()
        equal("without a group", (state["exit"], int(state["stage"]), int(state["error"]), state["attempt"]),
              ("not_started", GROUP, errno.ENOTSUP, "1"))
        assert not os.path.exists(f"{j.top}/ran")
    print(f"  {len(missing)} of {len(rows)} controllers are missing here")


def test_limits():
    """Each limit holds for all processes of the job together, and the exit says
    that memory was the reason."""
    done = 0
    if has("pids"):
        with Place() as place:
            text = "i=0; while [ $i -lt 50 ]; do sleep 1000 & i=$((i+1)); done; wait"
            said = place.begin(["sh", "-c", text], pids_max=10, **UID)
            path = os.readlink(os.path.join(said["folder"], "group"))
            wait_for("the limit", lambda: reap() or "max 0\n" not in open(path + "/pids.events", encoding="ascii").read())
            assert len(members(path)) <= 10, members(path)
            place.stop(said)
            place.remove(said)
            done += 1
    if has("cpu"):
        with Place() as place:
            said = place.begin(["sh", "-c", "while :; do :; done"], cpu_max=20, **UID)
            path = os.readlink(os.path.join(said["folder"], "group"))
            with open(path + "/cpu.max", encoding="ascii") as f:
                equal("cpu.max", f.read(), "20000 100000\n")
            wait_for("being slowed down", lambda: "nr_throttled 0\n" not in open(path + "/cpu.stat", encoding="ascii").read())
            place.stop(said)
            place.remove(said)
            done += 1
    if has("memory"):
        with Place() as place:
            text = "import sys\nx = []\nwhile True: x.append(bytearray(1 << 20))"
            said = place.begin(["python3", "-S", "-c", text], memory_max=50 << 20, **UID)
            wait_for("its end", lambda: reap() or place.state(said)["state"] == "exited")
            state = place.state(said)
            equal("end", (state["exit"], state["signal"], state["oom"]), ("signal", "9", "1"))
            place.remove(said)
            said = place.begin(["sh", "-c", "kill -9 $$"], memory_max=50 << 20, **UID)
            wait_for("its end", lambda: reap() or place.state(said)["state"] == "exited")
            state = place.state(said)
            equal("another SIGKILL", (state["signal"], state["oom"]), ("9", "0"))
            place.remove(said)
            done += 1
    print(f"  {done} of 3 limits can be had here")


def main():
    why = "needs root" if os.geteuid() != 0 else None if cgroup_top() else "needs a cgroup2 that is no service manager's"
    if why:
        print(why)
        return 77
    become_subreaper()
    names = sys.argv[1:] or [n[5:] for n in globals() if n.startswith("test_")]
    for name in names:
        begin = time.monotonic()
        print(name.replace("_", " "), flush=True)
        globals()["test_" + name]()
        print(f"  {time.monotonic() - begin:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
