#!/usr/bin/python3
"""procman-hold start for a job that exists: begun again after its exit, in the
same folder and log, or given another holder when the one before has died.
    test_again.py [NAME…]"""
import errno
import os
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from keep import KEEP, TOOLS, become_subreaper, reap, wait_for
from test_start import DONE, EXEC, FOLDER, HOLDER, JOB, REQUEST, STATE, Place

ROOT = os.geteuid() == 0
USER = {"uid": 12345, "gid": 12345} if ROOT else {}


def equal(what, got, want):
    assert got == want, f"{what}: {got!r}, and not {want!r}"


def text(said):
    parts = sorted(n for n in os.listdir(said["leaf"]) if n.startswith("out.") and not n.endswith(".index"))
    return b"".join(open(os.path.join(said["leaf"], n), "rb").read() for n in parts)


def holder_of(place, said):
    return int(place.state(said)["holder"])


def reaches(place, said, state):
    """Once a job has exited, its holder ends a moment later; until then it is busy."""
    def check():
        reap()
        now = place.state(said)
        ends = state == "exited" and os.path.exists(f"/proc/{now['holder']}")
        return now if now["state"] == state and not ends else None
    return wait_for(state, check)


def kill_holder(place, said):
    pid = holder_of(place, said)
    os.kill(pid, signal.SIGKILL)
    wait_for("its end", lambda: reap() or not os.path.exists(f"/proc/{pid}"))
    return pid


def test_again():
    """One more attempt each time; what was printed before stays."""
    with Place() as place:
        said = place.begin(["sh", "-c", "echo run; [ -e go ] || exit 3; sleep 1000"], cwd=place.top, **USER)
        equal("step", said["step"], DONE)
        for n in (2, 3):
            state = reaches(place, said, "exited")
            equal("its end", (state["code"], state["attempt"]), ("3", str(n - 1)))
            again = place.existing("again", said)
            equal("again", again["step"], DONE)
            state = reaches(place, said, "exited")
            equal("counted", (state["attempt"], state["restarts"], state["failures"], state["wants"]),
                  (str(n), str(n - 1), "1", "0"))
        place.go()
        again = place.existing("again", said)
        state = reaches(place, said, "running")
        equal("answer", (again["step"], again["pid"], again["cgroup"]),
              (DONE, int(state["pid"]), int(state["cgroup"])))
        wait_for("its line", lambda: text(said) == b"run\n" * 4)
        equal("while it runs", [place.existing("again", said)[k] for k in ("step", "error")], [STATE, errno.EBUSY])
        equal("it is left alone", place.state(said)["pid"], state["pid"])
        kill_holder(place, said)
        equal("without a holder", [place.existing("again", said)[k] for k in ("step", "error")],
              [STATE, errno.EBUSY])
        equal("rescued", place.existing("rescue", said)["step"], DONE)
        place.stop(said)
        equal("stopped", place.state(said)["reason"], "stopped")
        equal("once more", place.existing("again", said)["step"], DONE)
        state = reaches(place, said, "running")
        equal("its reason", (state["reason"], state["restarts"]), ("", "4"))
        place.stop(said)


def test_nothing_to_do():
    """A holder alone does nothing to a job that has exited."""
    with Place() as place:
        said = place.begin(["sh", "-c", "echo run"], **USER)
        before = reaches(place, said, "exited")
        for _ in range(2):
            equal("procman-keep", subprocess.run([KEEP, said["folder"]], check=False).returncode, 0)
            equal("rescue", place.existing("rescue", said)["step"], DONE)
        after = place.state(said)
        for key in ("state", "reason", "attempt", "exit", "code", "out"):
            equal(key, after[key], before[key])
        equal("log", text(said), b"run\n")


def test_cannot():
    """A start that fails says why, and leaves a job that has exited."""
    with Place() as place:
        tool = os.path.join(place.top, "tool")
        os.symlink("/bin/true", tool)
        said = place.begin([tool], policy="on-failure", **USER)
        reaches(place, said, "exited")
        os.unlink(tool)
        again = place.existing("again", said)
        equal("no command", (again["step"], again["stage"], again["error"]), (JOB, EXEC, errno.ENOENT))
        state = place.state(said)
        equal("and now", (state["state"], state["exit"], state["wants"] in "01"), ("exited", "not_started", True))
        os.symlink("/bin/true", tool)
        for keep, error in (("/no/such/keep", errno.ENOENT), ("/bin/false", errno.ECHILD)):
            again = place.existing("again", said, {"PM_KEEP": keep})
            equal(keep, (again["step"], again["error"]), (HOLDER, error))
            equal("not begun later", (place.state(said)["state"], place.state(said)["wants"]), ("exited", "0"))
        equal("again", place.existing("again", said)["step"], DONE)
        equal("its end", reaches(place, said, "exited")["code"], "0")
        for name, step, error in (("no-such-job", FOLDER, errno.ENOENT), ("UPPER", REQUEST, errno.EINVAL),
                                  ("../jobs", REQUEST, errno.EINVAL), ("", REQUEST, errno.EINVAL)):
            for verb in ("again", "rescue"):
                got = place.hold([verb, place.jobs, place.logs, name])
                equal(f"{verb} {name}", (got["step"], got["error"]), (step, error))


def test_two():
    """Of many at once that ask for another start, one gets it; the job runs once."""
    with Place() as place:
        said = place.begin(["sh", "-c", "echo run; [ -e go ] || exit 0; sleep 1000"], cwd=place.top, **USER)
        reaches(place, said, "exited")
        place.go()
        for n in range(2, 12):
            ask = [f"{TOOLS}/job", "again", place.jobs, place.logs, os.path.basename(said["folder"])]
            asked = [subprocess.Popen(ask, stdout=subprocess.PIPE, text=True) for _ in range(4)]
            got = [dict(w.split("=") for w in p.communicate()[0].split()) for p in asked]
            steps = sorted((int(g["step"]), int(g["error"])) for g in got)
            equal("one wins", steps, [(DONE, 0)] + [(STATE, errno.EBUSY)] * 3)
            state = reaches(place, said, "running")
            equal("restarts", state["restarts"], str(n - 1))
            wait_for("its line", lambda: text(said) == b"run\n" * n)
            place.stop(said)
        equal("log", text(said), b"run\n" * 11)
        print("  10 times 4 at once")


def test_rescue():
    """Another holder for a job that runs, waits, drains or has not begun."""
    with Place() as place:
        said = place.begin(["sh", "-c", "echo one; while [ ! -e go ]; do sleep 0.01; done; echo two; exit 4"],
                           cwd=place.top, **USER)
        first = kill_holder(place, said)
        got = place.existing("rescue", said)
        state = reaches(place, said, "running")
        equal("answer", (got["step"], got["pid"], got["birth"]), (DONE, said["pid"], said["birth"]))
        assert int(state["holder"]) != first, state
        got = place.existing("rescue", said)
        equal("it has one", (got["step"], got["error"]), (STATE, errno.EBUSY))
        place.go()
        equal("attempts", reaches(place, said, "exited")["attempt"], "1")
        equal("log", text(said), b"one\ntwo\n")
        said = place.begin(["sh", "-c", "echo x; sleep 0.3; exit 1"], policy="on-failure", backoff_ms=60000, **USER)
        reaches(place, said, "backing_off")
        kill_holder(place, said)
        equal("backing off", place.existing("rescue", said)["step"], DONE)
        equal("still", reaches(place, said, "backing_off")["attempt"], "1")
        place.stop(said)
        subprocess.run([f"{TOOLS}/job", "make", place.jobs, place.logs, "fresh", *(f"{k}={v}" for k, v in USER.items()),
                        "--", "true"], check=True)
        fresh = {"folder": os.path.join(place.jobs, "fresh")}
        equal("one that was never begun", place.existing("rescue", fresh)["step"], DONE)
        equal("its end", reaches(place, fresh, "exited")["attempt"], "1")


def test_removed():
    """All of it goes, once it has exited; also who is left in its group."""
    with Place() as place:
        said = place.begin(["sh", "-c", "seq 10000; echo no >&2; [ -e go ] || exec sleep 1000"], cwd=place.top,
                           bytes=16384, segments=2, **USER)
        reaches(place, said, "running")
        equal("while it runs", place.existing("forget", said)["error"], errno.EBUSY)
        place.stop(said)
        group = os.path.realpath(os.path.join(said["folder"], "group"))
        equal("removed", place.existing("forget", said)["error"], 0)
        for path in (said["folder"], said["leaf"], group):
            assert not os.path.exists(path), path
        equal("twice", place.existing("forget", said)["error"], errno.ENOENT)
        place.go()
        said = place.begin(["sh", "-c", "setsid sh -c 'trap \"\" TERM; sleep 1000' <&- >&- 2>&- & echo $!"], **USER)
        reaches(place, said, "exited")
        pid = int(text(said))
        with open(os.path.join(said["leaf"], "mine"), "w", encoding="ascii"):
            pass
        equal("removed", place.existing("forget", said)["error"], 0)
        if said["cgroup"]:
            wait_for("its end", lambda: reap() or not os.path.exists(f"/proc/{pid}"))
        else:
            os.killpg(pid, signal.SIGKILL)
        equal("what is the user's own stays", os.listdir(said["leaf"]), ["mine"])
        assert not os.path.exists(said["folder"])


def test_crashes():
    """The holder dies at each step of another start: the next one makes it, once."""
    with Place() as place:
        said = place.begin(["sh", "-c", "echo run"], **USER)
        reaches(place, said, "exited")
        every = 1 if os.environ.get("PM_KEEP_ALL") == "1" else 7
        crash, told = os.path.join(place.top, "crash.sh"), os.path.join(place.top, "told")
        # as collectd or a store of descriptors keeps them
        idle = [os.open(os.path.join(said["folder"], n), os.O_RDONLY | os.O_NONBLOCK) for n in ("out", "err")]
        n, status = 1, "0"
        while status != "100":
            with open(crash, "w", encoding="ascii") as f:
                f.write(f"#!/bin/sh\n{TOOLS}/crash {n} {KEEP} \"$@\"\necho $? >{told}.new\nmv {told}.new {told}\n")
            os.chmod(crash, 0o755)
            place.existing("again", said, {"PM_KEEP": crash})
            wait_for("its death", lambda: reap() or os.path.exists(told))
            with open(told, encoding="ascii") as f:
                status = f.read().strip()
            os.unlink(told)
            if place.state(said)["state"] != "exited":
                equal(f"stop {n}: rescued", place.existing("rescue", said)["step"], DONE)
            state = reaches(place, said, "exited")
            equal(f"stop {n}: runs, {state}", text(said), b"run\n" * int(state["attempt"]))
            n += every
        for fd in idle:
            os.close(fd)
        print(f"  {n} stops, {state['attempt']} starts")


def main():
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
