#!/usr/bin/python3
"""procman-hold fdstore: with it nothing is lost, though neither a holder nor
collectd lives; one for a folder of jobs, nobody else's to use, and not for ever.
    test_fdstore.py [NAME…]"""
import errno
import os
import signal
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from keep import BUILD, TOOLS, become_subreaper, cgroup_top, reap, wait_for
from test_again import kill_holder, reaches, text
from test_start import DONE, Place

ROOT = os.geteuid() == 0
USER = {"uid": 12345, "gid": 12345} if ROOT else {}
HOLD = os.path.join(BUILD, "procman-hold")
FAILED, BUSY = 1, 3
# a pidfd tells how another's child has ended
TOLD = tuple(map(int, os.uname().release.split(".")[:2])) >= (6, 15)


def equal(what, got, want):
    assert got == want, f"{what}: {got!r}, and not {want!r}"


def held(place):
    """What the store has open beside its socket, its lock and /dev/null."""
    pid = place.store()
    found = [os.readlink(f"/proc/{pid}/fd/{n}") for n in os.listdir(f"/proc/{pid}/fd")]
    return sorted(f for f in found if f != "/dev/null" and not f.startswith("socket:") and not f.endswith(".lock"))


def names(place):
    return sorted(os.path.basename(f) if f.startswith("/") else "pidfd" for f in held(place))


def test_kept():
    """The holder dies, the workload writes and ends, and only then another
    holder comes: every line and the exit are there; also of the second run."""
    for before in ("", "[ -e again ] || { echo >again; exit 9; }; "):
        with Place() as place:
            os.chmod(place.top, 0o777)
            script = before + "echo one; while [ ! -e go ]; do sleep 0.01; done; echo two; echo three >&2; exit 6"
            said = place.begin(["sh", "-c", script], cwd=place.top, policy="on-failure", max=1, backoff_ms=1, **USER)
            equal("step", said["step"], DONE)
            wait_for("a line", lambda: reap() or text(said) == b"one\n")
            pid = int(place.state(said)["pid"])
            wait_for("three", lambda: names(place) == ["err", "out", "pidfd"])
            kill_holder(place, said)
            place.go()
            wait_for("its end", lambda: reap() or not os.path.exists(f"/proc/{pid}"))
            equal("nobody has it", text(said), b"one\n")
            equal("rescued", place.existing("rescue", said)["step"], DONE)
            state = reaches(place, said, "exited")
            equal("log", text(said), b"one\ntwo\n" * (1 if before else 2))
            equal("starts", state["restarts"], "1")
            if before:
                want = ("code", "6") if TOLD else ("unknown", "0")
                equal("exit", (state["exit"], state["code"]), want)
                print(f"  exit {state['exit']} {state['code']}, though nobody lived to see it")
            wait_for("nothing to be kept", lambda: names(place) == [])


def test_place():
    """It is nobody's child, and in no group or session of who started it."""
    with Place() as place:
        said = place.begin(["sleep", "1000"], **USER)
        pid = place.store()
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            parent, _, session = map(int, f.read().rsplit(")", 1)[1].split()[1:4])
        assert parent in (1, os.getpid()), parent
        assert session not in (pid, os.getsid(0)), session
        if ROOT and cgroup_top():
            with open(f"/proc/{pid}/cgroup", encoding="ascii") as f:
                assert "0::/procman/_holders\n" in f.readlines()
        equal("environment", open(f"/proc/{pid}/environ", "rb").read(), b"")
        if ROOT:
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
                print("  " + next(line for line in f if line.startswith("Pss:")).strip())
        place.stop(said)


def test_one():
    """Many first jobs at once: one store.  It was killed: the next job has
    another; whoever has lost it goes on."""
    with Place() as place:
        ask = [[f"{TOOLS}/job", "start", place.jobs, place.logs, f"many-{n}", *(f"{k}={v}" for k, v in USER.items()),
                "--", "sleep", "1000"] for n in range(6)]
        asked = [subprocess.Popen(a, stdout=subprocess.PIPE, text=True) for a in ask]
        for p in asked:
            assert p.communicate()[0].startswith("step=0 "), ask
        stores = [p for p in filter(str.isdigit, os.listdir("/proc"))
                  if f"fdstore\0{place.jobs}\0".encode() in cmdline(p)]
        equal("stores", stores, [str(place.store())])
        wait_for("all of them", lambda: len(held(place)) == 18)
        equal("another", subprocess.run([HOLD, "fdstore", place.jobs], check=False).returncode, BUSY)
        first = place.store()
        place.stop_store()
        said = place.begin(["sleep", "1000"], **USER)
        equal("step", said["step"], DONE)
        assert place.store() not in (None, first)
        wait_for("the new one's", lambda: names(place) == ["err", "out", "pidfd"])
        for n in range(6):
            place.stop({"folder": os.path.join(place.jobs, f"many-{n}")})
        place.stop(said)


def test_stopped():
    """One that does not answer holds nobody up for long."""
    with Place() as place:
        said = place.begin(["sleep", "1000"], **USER)
        os.kill(place.store(), signal.SIGSTOP)
        for n in range(4):  # more than its queue takes
            begin = time.monotonic()
            other = place.begin(["true"], **USER)
            equal("step", other["step"], DONE)
            assert time.monotonic() - begin < 6, n
            reaches(place, other, "exited")
        os.kill(place.store(), signal.SIGCONT)
        place.stop(said)


def cmdline(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            return f.read()
    except OSError:
        return b""


def test_authority():
    """Nobody else can tell it anything, and it takes no folder that others can
    write to; nonsense does not end it."""
    with Place() as place:
        said = place.begin(["sleep", "1000"], **USER)
        path = os.path.join(place.jobs, "fdstore.sock")
        wait_for("three", lambda: len(held(place)) == 3)
        if ROOT:
            code = "import socket,sys\ns=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\n" \
                   "try: s.connect(sys.argv[1])\nexcept OSError as e: print(e.errno)"
            p = subprocess.run(["/usr/bin/python3", "-c", code, path], user=12345, group=12345, extra_groups=[],
                               stdout=subprocess.PIPE, check=True, cwd="/")
            equal("another user", int(p.stdout), errno.EACCES)
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        s.connect(path)
        for message in (b"", b"x" * 5000, b"FDSTORE=1\n", b"FDSTORE=1\nFDNAME=out\nX_PROCMAN_JOB=a", b"\0" * 100,
                        b"X_PROCMAN_ASK=1\nX_PROCMAN_JOB=a", b"FDSTOREREMOVE=1\nFDNAME=x\nX_PROCMAN_JOB=a"):
            s.send(message)
        r, w = os.pipe()
        socket.send_fds(s, [b"FDSTORE=1\nFDNAME=:\nX_PROCMAN_JOB=a"], [r])
        socket.send_fds(s, [b"FDSTORE=1\nFDNAME=a\nX_PROCMAN_JOB=a"], [r, r, r])
        socket.send_fds(s, [b"X_PROCMAN_ASK=1\nX_PROCMAN_JOB=a"], [r])
        os.close(r)
        wait_for("all to be closed", lambda: broken(w))
        os.close(w)
        equal("as before", len(held(place)), 3)
        place.stop(said)
        place.stop_store()
        os.chmod(place.jobs, 0o777)
        equal("open to others", subprocess.run([HOLD, "fdstore", place.jobs, "100"], check=False).returncode, FAILED)
        os.chmod(place.jobs, 0o755)
        equal("none", subprocess.run([HOLD, "fdstore", "/no/such/folder"], check=False).returncode, FAILED)


def broken(pipe):
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    try:
        os.write(pipe, b"x")
    except BrokenPipeError:
        return True
    return False


def test_end():
    """It ends when it holds nothing, and not before; when a job's folder or all
    of them are gone, it lets go."""
    with Place() as place:
        store = subprocess.Popen([HOLD, "fdstore", place.jobs, "100"])
        said = wait_for("a job", lambda: place.store() and place.begin(["sleep", "1000"], **USER))
        equal("the same", place.store(), store.pid)
        wait_for("three", lambda: len(held(place)) == 3)
        time.sleep(0.5)
        equal("it lives", store.poll(), None)
        kill_holder(place, said)
        os.kill(said["pid"], signal.SIGKILL)
        time.sleep(0.3)
        equal("it lives on", len(held(place)), 3)
        place.remove(said)
        wait_for("its end", lambda: store.poll() is not None)
        equal("status", store.returncode, 0)
        assert not os.path.exists(os.path.join(place.jobs, "fdstore.sock"))
        store = subprocess.Popen([HOLD, "fdstore", place.jobs, "100"])
        said = wait_for("a job", lambda: place.store() and place.begin(["sleep", "1000"], **USER))
        place.stop(said)
        wait_for("its end", lambda: store.poll() is not None)


def main():
    become_subreaper()
    for name in sys.argv[1:] or [n[5:] for n in globals() if n.startswith("test_")]:
        begin = time.monotonic()
        print(name.replace("_", " "), flush=True)
        globals()["test_" + name]()
        print(f"  {time.monotonic() - begin:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
