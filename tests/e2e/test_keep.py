#!/usr/bin/python3
"""procman-keep, without collectd: no line is lost, doubled or torn, whatever is
killed when; and what it records is true.
    test_keep.py [NAME…]
PM_KEEP_KILLS: how often the holder is killed (100), PM_KEEP_LINES: lines that
are written at least."""
import errno
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from keep import DROPPED, GO, KEEP, PARTIAL, TOOLS, Job, become_subreaper, cgroup_top, open_tool, reap, wait_for

ROOT = os.geteuid() == 0
USER = {"uid": 12345, "gid": 12345} if ROOT else {}
KILLS = int(os.environ.get("PM_KEEP_KILLS", "100"))
LINES = int(os.environ.get("PM_KEEP_LINES", "20000"))
SMALL = {"segments": 1000000, "bytes": 1000000 * 65536}



def sh(text, **keys):
    return Job(["/bin/sh", "-c", text], env=["PATH=/usr/bin:/bin"], **keys)


def equal(what, got, want):
    assert got == want, f"{what}: {got!r}, and not {want!r}"


def all_lines(name, count):
    """What tests/e2e/lines.c writes."""
    return b"".join(b"%s%d:%s\n" % (name, n, bytes([65 + n % 26]) *
                                    (70000 if n % 997 == 0 else n * 7919 % 120))
                    for n in range(1, count + 1))


def stream(j, name="out"):
    """segment, segments, bytes, dropped, blocked ns, errno"""
    return [int(n) for n in j.show().get(name, "0,0,0,0,0,0").split(",")]


def first_difference(got, want):
    at = next((i for i, (a, b) in enumerate(zip(got, want)) if a != b), min(len(got), len(want)))
    return (f"{len(got)} bytes of {len(want)}; at {at}: {got[max(at - 80, 0):at + 80]!r} "
            f"instead of {want[max(at - 80, 0):at + 80]!r}")


# ---- kills

def test_kills():
    """Killed at random moments, under full output, with a cut every 64 KiB."""
    rng = random.Random(20261126)
    with tempfile.TemporaryDirectory() as place:
        stop = os.path.join(place, "stop")
        os.chmod(place, 0o777)
        with Job([open_tool("lines"), stop, str(LINES)], **SMALL, **USER) as j:
            start = time.monotonic()
            for _ in range(KILLS):
                j.start()
                time.sleep(rng.uniform(0.001, 0.05))
                j.kill()
            killing = time.monotonic() - start
            with open(stop + ".new", "w", encoding="utf-8") as f:
                os.chmod(f.fileno(), 0o666)
            os.rename(stop + ".new", stop)
            state = j.run()
            with open(stop, encoding="utf-8") as f:
                count = int(f.read())
            for name, stream in ((b"o", "out"), (b"e", "err")):
                got, want = j.text(stream), all_lines(name, count)
                assert got == want, first_difference(got, want)
                for path, part in zip(j.segments(stream), j.log(stream)):
                    assert part.endswith(b"\n") or not part, f"{path} ends in mid-line"
            j.check_index()
            equal("attempts", state["attempt"], "1")
            print(f"  {KILLS} kills in {killing:.1f} s: {2 * count} lines, "
                  f"{len(j.segments('out')) + len(j.segments('err'))} segments: 0 lost, 0 doubled, 0 torn; "
                  f"exit {state['exit']} {state['code']}")


def check_simple(j, state):
    equal("stdout", j.text("out"), b"one\nthree\n")
    equal("stderr", j.text("err"), b"two\n")
    assert (state["exit"], state["code"]) in (("code", "3"), ("unknown", "0")), state
    equal("attempts", state["attempt"], "1")


def check_restarted(j, state):
    equal("runs", j.text(), b"x\n" * 2)
    equal("end", (state["reason"], state["attempt"]), ("gave_up", "2"))


def check_stopped(j, state):
    # a holder that follows sends SIGTERM again, since nobody knows that it came
    assert j.text() in (b"up\nbye\n", b"up\nbye\nbye\n"), j.text()
    equal("end", (state["reason"], state["attempt"]), ("stopped", "1"))


NUMBERS = b"".join(b"%d\n" % n for n in range(1, 12001))


def check_retained(j, state):
    got, files = j.text(), sorted(os.listdir(j.leaf))
    assert NUMBERS.endswith(got) and len(got) > 4096, f"what is left is not the end: {len(got)} bytes, {files}"
    assert len(files) <= 6 and len(files) % 2 == 0, files
    equal("attempts", state["attempt"], "1")


def check_group(j, state):
    check_stopped(j, state)
    with open(os.path.join(j.folder, "group", "cgroup.procs"), encoding="ascii") as f:
        equal("left in the group", f.read(), "")


# it says when it has its trap: a holder that follows finds it running before
STOP = ("trap 'echo bye; exit 0' TERM; echo up; read name </proc/$PPID/comm; "
        "[ $name != procman-keep ] || kill -TERM $PPID; while :; do sleep 0.01; done")
# text, keys, whom it is asked to stop, check, and how many points are left out
CRASHES = {
    "a run": ("echo one; echo two >&2; echo three; exit 3", {"bytes": 8192, "segments": 2}, False, check_simple, 1),
    "a restart": ("echo x; exit 1", {"policy": "on-failure", "max": 1, "backoff_ms": 1}, False, check_restarted, 9),
    "a stop": (STOP, {}, True, check_stopped, 29),
    "retention": ("seq 12000", {"bytes": 3 * 4096, "segments": 3, "flags": 1}, False, check_retained, 9),
}


if ROOT and cgroup_top():
    CRASHES["a stop of a group"] = ("setsid sleep 1000 </dev/null >/dev/null 2>&1 & " + STOP,
                                    {"cgroup": 1, **USER}, True, check_group, 19)


def crash_at(n, text, keys, stops, check):
    """True: it came to its end before."""
    with sh(text, **keys) as j:
        j.start(f"{TOOLS}/crash", str(n))
        status = j.end()
        assert status in (0, 100), f"crash says {status}"
        reap()
        recorded = j.show().get("exit")
        j.start()
        if stops:
            wait_for("it to be asked", lambda: j.holder.poll() is not None or
                     (j.text() == b"up\n" and j.show()["state"] == "running" and j.ask("stop") == 0)
                     or j.show()["state"] in ("stopping", "draining", "exited"))
        equal("the holder's status", j.end(), 0)
        state = j.show()
        equal("state", state["state"], "exited")
        if keys.get("policy") is None:
            assert recorded in (None, state["exit"]), f"{recorded} was recorded, and then {state}"
        check(j, state)
        j.check_index()
        return status == 100, state["exit"] not in ("unknown", "not_started")


def test_crash_points():
    """Killed at each stop at a system call, one after the other."""
    every = os.environ.get("PM_KEEP_ALL") == "1"
    for what, (text, keys, stops, check, step) in CRASHES.items():
        runs = known = 0
        n, over = 1, False
        while not over:
            try:
                over, knows = crash_at(n, text, keys, stops, check)
            except AssertionError as e:
                raise AssertionError(f"{what}, killed at stop {n}: {e}") from e
            runs, known = runs + 1, known + knows
            n += 1 if every else step
        print(f"  {what}: {runs} points of death of {n}, {known} exits known", flush=True)


# a line at its begin, at each step and at its end, when it is asked to
WORKER = """
import os, signal, time
me = os.getpid()
def end(*unused):
    os.write(1, b"end %d\\n" % me)
    os._exit(0)
os.write(1, b"begin %d\\n" % me)
signal.signal(signal.SIGTERM, end)
for n in range(1, 3000):
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    os.write(1, b"%d %d %s\\n" % (me, n, b"z" * (n * 37 % 200)))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    if n % 50 == 0:
        time.sleep(0.001)
os._exit(1)
"""


def check_worker(text):
    """Of each run all lines up to some point, and no two at a time; returns the
    number of runs."""
    current, at, runs = None, 0, 0
    for line in text.splitlines():
        word, _, rest = line.partition(b" ")
        if word == b"begin":
            current, at, runs = rest, 0, runs + 1
        elif word == b"end":
            equal("who ends", rest, current)
            current = None
        else:
            at += 1
            equal("the next line", line, b"%s %d %s" % (current, at, b"z" * (at * 37 % 200)))
    return runs


def disturb(j, rng, done):
    """One of: the holder dies, a restart is asked for, the workload dies."""
    what = rng.random()
    if what < 0.6:
        j.kill()
        time.sleep(rng.choice((0, 0, 0.01, 0.03)))
        j.start()
        done["kills"] += 1
    elif what < 0.8:
        asker = subprocess.Popen([f"{TOOLS}/job", "ask", j.folder, "restart"],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rng.uniform(0, 0.005))
        j.kill()
        j.start()
        asker.wait()
        done["restarts"] += 1
    else:
        state = j.show()
        if state["state"] == "running":
            try:
                os.kill(int(state["pid"]), signal.SIGKILL)
            except ProcessLookupError:
                pass
            done["deaths"] += 1


def test_disorder():
    """Kills of the holder and of the workload, and restarts, at random: never
    two copies, and of each all lines."""
    rng, done = random.Random(99), {"kills": 0, "restarts": 0, "deaths": 0}
    with Job(["/usr/bin/python3", "-S", "-c", WORKER], policy="always", backoff_ms=1, stop_ms=2000,
             segments=100000, bytes=100000 * 16384, **USER) as j:
        j.start()
        end = time.monotonic() + float(os.environ.get("PM_KEEP_SECONDS", "4"))
        while time.monotonic() < end:
            disturb(j, rng, done)
            time.sleep(rng.uniform(0, 0.06))
            reap([j.holder.pid])
        wait_for("it to be asked", lambda: j.ask("stop") == 0)
        equal("status", j.end(), 0)
        state = j.show()
        equal("end", (state["state"], state["reason"]), ("exited", "stopped"))
        runs = check_worker(j.text())
        j.check_index()
        equal("stderr", j.text("err"), b"")
        print(f"  {done}: {runs} runs of {state['attempt']} starts, {j.text().count(bytes([10]))} lines in order")


# ---- ends

def test_exits():
    """Every code and signal as it was, never 128 + n."""
    every = os.environ.get("PM_KEEP_ALL") == "1"
    codes = range(256) if every else (0, 1, 2, 3, 42, 125, 126, 127, 128, 137, 254, 255)
    for code in codes:
        with sh(f"exit {code}") as j:
            state = j.run()
            equal(code, (state["exit"], state["code"], state["signal"]), ("code", str(code), "0"))
    caught = [s for s in (range(1, 65) if every else (1, 6, 9, 11, 15, 34, 64))
              if s not in (17, 18, 19, 20, 21, 22, 23, 28, 32, 33)]
    for s in caught:
        with sh(f"ulimit -c 0; kill -{s} $$") as j:
            state = j.run()
            equal(s, (state["exit"], state["signal"], state["code"]), ("signal", str(s), "0"))
    with sh("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done") as j:
        state = j.run()
        assert int(state["user_ns"]) > 0 and int(state["rss"]) > 100000, state
        assert int(state["ended"]) > int(state["started"]) > 1.7e18, state
    print(f"  {len(list(codes))} codes, {len(caught)} signals")


def test_exits_of_the_adopted():
    """The holder was killed: its successor knows the exit all the same."""
    known = 0
    for text, want in (("exit 7", ("code", "7", "0")), ("kill -9 $$", ("signal", "0", "9"))):
        with sh(f"{GO}; {text}") as j:
            j.start()
            first = j.reaches("running")["holder"]
            j.kill()
            j.start()
            wait_for("another holder", lambda: j.show()["holder"] != first)
            j.go()
            equal("status", j.end(), 0)
            state = j.show()
            got = state["exit"], state["code"], state["signal"]
            assert got in (want, ("unknown", "0", "0")), got
            known += got == want
    print(f"  {known} of 2 known")


def test_failures():
    """What keeps a command from running is told, with its step."""
    place = os.path.dirname(os.path.abspath(__file__))
    rows = [(["/no/such/command"], {}, 9, errno.ENOENT),
            ([place], {}, 9, errno.EACCES),
            (["no-such-command"], {"env": ["PATH=/usr/bin:/bin"]}, 9, errno.ENOENT),
            (["/bin/true"], {"cwd": "/no/such/folder"}, 8, errno.ENOENT),
            (["/bin/true"], {"stdin": "/no/such/file"}, 4, errno.ENOENT)]
    if ROOT:
        rows.append((["/bin/true"], {"cwd": "/root", "uid": 12345, "gid": 12345}, 8, errno.EACCES))
    if not may(24):
        rows.append((["/bin/true"], {"oom": -1000}, 7, errno.EACCES))
    for command, keys, stage, error in rows:
        with Job(command, **keys) as j:
            state = j.run()
            equal(command, (state["exit"], int(state["stage"]), int(state["error"])),
                  ("not_started", stage, error))
    for command, keys in ((["sh", "-c", "exit 5"], {"env": ["PATH=/nowhere:/usr/bin:/bin"]}),
                          (["sh", "-c", "exit 5"], {})):
        with Job(command, **keys) as j:
            equal("by PATH", j.run()["code"], "5")


# ---- what a workload finds

def may(capability):
    with open("/proc/self/status", encoding="ascii") as f:
        mine = next(line.split()[1] for line in f if line.startswith("CapEff:"))
    return bool(int(mine, 16) >> capability & 1)


def test_environment():
    """Its ids, folder, limits, signals and descriptors are those of its job."""
    tell = ("cat /proc/self/status; echo cwd $(pwd); echo umask $(umask); "
            "echo files $(ulimit -n) $(ulimit -Hn); echo fds $(ls /proc/self/fd | tr '\n' ' '); "
            "echo adj $(cat /proc/self/oom_score_adj); echo nice $(cut -d' ' -f19 /proc/self/stat); "
            "echo stdin $(readlink /proc/self/fd/0); env")
    keys = {"uid": 12345, "gid": 12346, "group": [7, 30000]} if ROOT else {}
    low = {"nice": -3, "oom": -500} if may(23) and may(24) else {"nice": 3, "oom": 500}
    with Job(["/bin/sh", "-c", tell], env=["PATH=/usr/bin:/bin", "A=b c"], cwd="/usr", umask=0o27,
             limit="7:100:200", **keys, **low) as j:
        state = j.run()
        equal("exit", (state["exit"], state["code"]), ("code", "0"))
        said = j.text().decode()
        status = dict(line.split(":\t", 1) for line in said.splitlines() if ":\t" in line)
        words = dict(line.split(" ", 1) for line in said.splitlines() if " " in line and ":" not in line)
        for key, want in (("cwd", "/usr"), ("umask", "0027"), ("files", "100 200"), ("stdin", "/dev/null"),
                          ("A=b", "c")):
            equal(key, words[key], want)
        # sh: its own two pipes and what ls opens
        equal("descriptors", words["fds"].split(), ["0", "1", "2", "3"])
        equal("oom_score_adj, nice", (words["adj"], words["nice"]), (str(low["oom"]), str(low["nice"])))
        equal("no_new_privs", status["NoNewPrivs"], "0")
        env = [line for line in said.splitlines() if line.startswith(("PATH=", "A=", "NOTIFY", "HOME="))]
        equal("environment", sorted(env), ["A=b c", "PATH=/usr/bin:/bin"])
        if ROOT:
            equal("uids", status["Uid"].split(), ["12345"] * 4)
            equal("gids", status["Gid"].split(), ["12346"] * 4)
            equal("groups", status["Groups"].split(), ["7", "30000"])
            equal("capabilities", int(status["CapEff"], 16) | int(status["CapPrm"], 16), 0)
            st = os.stat(j.leaf)
            equal("the log's owner", (st.st_uid, st.st_gid, st.st_mode & 0o7777), (12345, 12346, 0o700))
    with Job(["/bin/cat", "/proc/self/status"]) as j:  # a shell changes its own
        j.run()
        status = dict(line.split(":\t", 1) for line in j.text().decode().splitlines())
        for key in ("SigBlk", "SigIgn", "SigCgt"):
            equal(key, int(status[key], 16), 0)
        equal("a session of its own", {status[key] for key in ("NSpgid", "NSsid")}, {status["Pid"]})
    with Job(["/bin/sh", "-c", "grep NoNewPrivs /proc/self/status"], env=["PATH=/bin"], flags=2) as j:
        j.run()
        equal("no_new_privs", j.text().split()[1], b"1")
    if ROOT:
        with Job(["/bin/sh", "-c", "grep -E 'Cap(Eff|Bnd)' /proc/self/status"], env=["PATH=/bin"],
                 capabilities=1 << 5) as j:
            j.run()
            equal("root's capabilities", [int(w, 16) for w in j.text().split()[1::2]], [32, 32])


def test_streams():
    """Whatever a workload does with its stdout, nothing that it wrote is lost."""
    py = "import os,sys,fcntl,time;w=os.write;"
    rows = [
        ("closed at once", "exec >&- 2>&-; sleep 0.1", b"", b""),
        ("reopened", "echo a; exec >/dev/stdout 2>/dev/stderr; echo b; echo c >&2", b"a\nb\n", b"c\n"),
        ("by path", "echo a >/dev/stdout; echo b >/dev/stderr; echo c >/proc/self/fd/1", b"a\nc\n", b"b\n"),
        ("a partial last line", "printf 'one\ntwo'", b"one\ntwo", b""),
        ("nothing", "true", b"", b""),
        ("stderr to stdout", "echo a >&2; exec 2>&1; echo b >&2", b"b\n", b"a\n"),
    ]
    every = bytes(range(256)) * 300
    programs = [
        ("bytes", py + "w(1,bytes(range(256))*300)", every),
        ("a larger pipe", py + "fcntl.fcntl(1,1031,1<<20);w(1,b'x'*900000+b'\\n')", b"x" * 900000 + b"\n"),
        ("a smaller pipe", py + "fcntl.fcntl(1,1031,4096);[w(1,b'%d\\n'%i) for i in range(20000)]",
         b"".join(b"%d\n" % i for i in range(20000))),
        ("three megabytes in a line", py + "sys.stdout.write('y'*3000000+'\\n')", b"y" * 3000000 + b"\n"),
        ("an empty write", py + "w(1,b'');w(1,b'a')", b"a"),
    ]
    rows += [(n, ["/usr/bin/python3", "-c", p], want, b"") for n, p, want in programs]
    for name, command, out, err in rows:
        with (sh(command) if isinstance(command, str) else Job(command)) as j:
            state = j.run()
            equal(f"{name}: exit", (state["exit"], state["code"]), ("code", "0"))
            assert j.text("out") == out, f"{name}: " + first_difference(j.text("out"), out)
            equal(f"{name}: stderr", j.text("err"), err)
            j.check_index()
    with sh("echo a; echo b >&2; echo c", flags=1) as j:
        j.run()
        equal("merged", (j.text("out"), j.segments("err")), (b"a\nb\nc\n", []))
    print(f"  {len(rows) + 1} kinds")


def test_nonblocking():
    """O_NONBLOCK is the workload's own, and not handed on to the next one."""
    text = ("import os,fcntl,sys\nf=fcntl.fcntl(1,3)\nos.write(2,b'%d\\n'%(f&os.O_NONBLOCK))\n"
            "fcntl.fcntl(1,4,f|os.O_NONBLOCK)\nos.write(1,b'x\\n')\nsys.exit(1)")
    with Job(["/usr/bin/python3", "-c", text], policy="always", max=2, backoff_ms=1) as j:
        state = j.run()
        equal("reason", state["reason"], "gave_up")
        equal("lines", (j.text("out"), j.text("err")), (b"x\n" * 3, b"0\n" * 3))


def test_many_writers():
    """Processes that share a stream: each write of at most PIPE_BUF stays whole."""
    text = ("import os\nfor w in range(20):\n  if os.fork() == 0:\n    for i in range(300):\n"
            "      os.write(1, b'%d.%d.' % (w, i) + b'z' * (i * 13 % 4000) + b'\\n')\n    os._exit(0)\n"
            "for w in range(20): os.wait()")
    with Job(["/usr/bin/python3", "-c", text], segments=1000, bytes=1000 * 32768) as j:
        j.run()
        lines = j.text().split(b"\n")[:-1]
        want = sorted(b"%d.%d." % (w, i) + b"z" * (i * 13 % 4000) for w in range(20) for i in range(300))
        assert sorted(lines) == want, f"{len(lines)} lines of {len(want)}"
        print(f"  {len(lines)} lines of 20 writers, {len(j.segments('out'))} segments")


def test_strays():
    """A daemon that goes on writing after the exit is waited for."""
    with sh(f"(trap '' TERM HUP; {GO}; echo late; sleep 0.1; echo later) & echo early; exit 4") as j:
        j.start()
        state = j.reaches("draining")
        equal("exit", (state["exit"], state["code"]), ("code", "4"))
        j.kill()
        j.go()
        j.start()
        equal("status", j.end(), 0)
        equal("log", j.text(), b"early\nlate\nlater\n")
        equal("state", j.show()["state"], "exited")


# ---- segments

def test_segments():
    """Cut at line ends; one beyond a megabyte is cut, and both parts say so."""
    text = ("import os\nt = ''.join('%d %s\\n' % (i, 'q' * (i % 200)) for i in range(4000)).encode()\n"
            "for at in range(0, len(t), 1000): os.write(1, t[at:at + 1000])")
    with Job(["/usr/bin/python3", "-c", text], segments=100000, bytes=100000 * 4096) as j:
        j.run()
        parts = j.log()
        assert all(p.endswith(b"\n") for p in parts if p), "cut in mid-line"
        assert max(map(len, parts)) < 4096 + 210, max(map(len, parts))
        equal("lines", b"".join(parts).count(b"\n"), 4000)
        equal("flags", j.check_index() & PARTIAL, 0)
        print(f"  4000 lines in {len(parts)} segments")
    text = "import sys\nsys.stdout.write('a\\n' + 'L' * 5000000 + '\\nb\\n')"
    with Job(["/usr/bin/python3", "-c", text], segments=100000, bytes=100000 * 4096) as j:
        j.run()
        parts = [p for p in j.log() if p]
        assert b"".join(parts) == b"a\n" + b"L" * 5000000 + b"\nb\n", "the line"
        assert len(parts) >= 4 and max(map(len, parts)) < 4096 + (1 << 20) + 65536 * 2, [len(p) for p in parts]
        for path, part, following in zip(j.segments("out"), parts, parts[1:]):
            if not part.endswith(b"\n"):
                assert j.index(path)[-1][3] & PARTIAL, f"{path} does not say that its line goes on"
                after = j.segments("out")[j.segments("out").index(path) + 1]
                assert j.index(after)[0][3] & PARTIAL, f"{after} does not say that it goes on with a line"


def test_retention():
    """By bytes and count, while the holder is killed; by age."""
    rng = random.Random(7)
    with tempfile.TemporaryDirectory() as place:
        stop = os.path.join(place, "stop")
        with Job([f"{TOOLS}/lines", stop, "40000"], segments=6, bytes=6 * 65536) as j:
            most = 0
            for _ in range(20):
                j.start()
                time.sleep(rng.uniform(0.02, 0.08))
                j.kill()
                most = max(most, len(os.listdir(j.leaf)))
            with open(stop, "w", encoding="utf-8"):
                pass
            state = j.run()
            with open(stop, encoding="utf-8") as f:
                count = int(f.read())
            size = sum(os.path.getsize(os.path.join(j.leaf, n)) for n in os.listdir(j.leaf))
            assert most <= 2 * (6 + 2), f"{most} files"
            assert size <= 6 * 65536 + 2 * 70200, size
            for name, stream in ((b"o", "out"), (b"e", "err")):
                got, want = j.text(stream), all_lines(name, count)
                assert want.endswith(got) and got, "what is left is the end, without gaps"
                numbers = [int(p.rpartition(".")[2]) for p in j.segments(stream)]
                equal("numbers", numbers, list(range(numbers[0], numbers[-1] + 1)))
                equal("segments", int(state[stream].split(",")[1]), len(numbers))
            j.check_index()
            print(f"  {2 * count} lines, {numbers[-1]} segments, at most {most} files at once, {size} bytes at the end")
    with sh(f"seq 1 6000; {GO}", segments=1000, bytes=1000 * 4096, age_ms=300) as j:
        j.start()
        wait_for("only the current one", lambda: [p for p in j.segments("out") if not p.endswith("00001")] and
                 len(j.segments("out")) == 1)
        j.go()
        equal("status", j.end(), 0)


# ---- what goes wrong

class Tmpfs:
    """A small file system that can be full."""

    def __init__(self, size):
        self.path = tempfile.mkdtemp(prefix="procman-full-")
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", self.path], check=True)

    def __enter__(self):
        return self.path

    def __exit__(self, *unused):
        subprocess.run(["umount", "-l", self.path], check=True)
        os.rmdir(self.path)


def free_bytes(path):
    st = os.statvfs(path)
    return st.f_bavail * st.f_frsize


def fill(path):
    with open(os.path.join(path, "ballast"), "wb", buffering=0) as f:
        try:
            while True:
                f.write(b"x" * 4096)
        except OSError:
            pass


def test_full_disk():
    """block: nothing is lost, and the time is told.  drop_new: the workload goes
    on, and what is dropped is counted.  A job's own old segments go first."""
    if not ROOT:
        print("  needs root to mount")
        return
    text = "import sys\nfor i in range(200000): sys.stdout.write('%d line\\n' % i)"
    want = b"".join(b"%d line\n" % i for i in range(200000))
    with Tmpfs("1m") as place:
        with Job(["/usr/bin/python3", "-c", text], at=place, segments=1000, bytes=1 << 30) as j:
            fill(place)
            j.start()
            state = wait_for("blocked", lambda: stream(j)[5] == errno.ENOSPC)
            j.kill()
            os.truncate(os.path.join(place, "ballast"), 0)
            subprocess.run(["mount", "-o", "remount,size=20m", place], check=True)
            state = j.run()
            assert j.text() == want, first_difference(j.text(), want)
            equal("dropped", state["out"].split(",")[3], "0")
            j.check_index()
        with Job(["/usr/bin/python3", "-c", text], at=place, segments=1000, bytes=1 << 30) as j:
            subprocess.run(["mount", "-o", "remount,size=1m", place], check=False)
            fill(place)
            j.start()
            wait_for("blocked time", lambda: stream(j)[4] > 1e9)
            equal("it waits", j.show()["state"], "running")
            os.unlink(os.path.join(place, "ballast"))
            subprocess.run(["mount", "-o", "remount,size=20m", place], check=True)
            equal("status", j.end(), 0)
            state = j.show()
            assert j.text() == want, first_difference(j.text(), want)
            blocked = int(state["out"].split(",")[4]) / 1e9
    with Tmpfs("1m") as place:
        with Job(["/usr/bin/python3", "-c", text], at=place, drop=1) as j:
            fill(place)
            start = time.monotonic()
            state = j.run()
            took = time.monotonic() - start
            got, dropped = j.text(), int(state["out"].split(",")[3])
            equal("stored and dropped", len(got) + dropped, len(want))
            assert dropped > 0 and took < 5, (dropped, took)
        slow = "i=0; while [ ! -e stop ]; do i=$((i+1)); echo $i line; sleep 0.02; done; echo $i >stop"
        with tempfile.TemporaryDirectory() as there, sh(slow, at=place, drop=1, cwd=there) as j:
            fill(place)
            j.start()
            wait_for("drops", lambda: stream(j)[3] > 0)
            os.unlink(os.path.join(place, "ballast"))
            wait_for("lines again", j.text)
            stop = os.path.join(there, "stop")
            with open(stop, "w", encoding="ascii"):
                pass
            equal("status", j.end(), 0)
            with open(stop, encoding="ascii") as f:
                lines = [b"%d line\n" % i for i in range(1, int(f.read()) + 1)]
            got = j.text()
            assert b"".join(lines).endswith(got) and got.startswith(tuple(lines)), got
            equal("stored and dropped", len(got) + stream(j)[3], len(b"".join(lines)))
            equal("said in the index", j.check_index() & DROPPED, DROPPED)
    with Tmpfs("1m") as place:
        with Job(["/usr/bin/python3", "-c", text], at=place, segments=1000, bytes=1000 * 65536) as j:
            state = j.run()
            got = j.text()
            assert want.endswith(got) and len(got) > 200000, "the newest stay"
            equal("dropped", state["out"].split(",")[3], "0")
    print(f"  blocked {blocked:.1f} s and lost nothing; dropped {dropped} bytes of {len(want)}")


def test_lost_folder():
    """The log's folder is removed and made again: blocked meanwhile."""
    with sh(f"echo one; {GO}; echo two; echo three; {GO.replace('/go', '/end')}") as j:
        j.start()
        wait_for("a line", lambda: j.text() == b"one\n")
        os.rename(j.leaf, j.leaf + ".old")
        subprocess.run(["rm", "-r", j.leaf + ".old"], check=True)
        j.go()
        wait_for("blocked", lambda: stream(j)[5] == errno.ENOENT)
        os.mkdir(j.leaf, 0o700)
        wait_for("the lines", lambda: j.text() == b"two\nthree\n")
        j.go("end")
        equal("status", j.end(), 0)
        equal("log", j.text(), b"two\nthree\n")
        equal("not blocked", j.show()["out"].split(",")[5], "0")


def test_two_holders():
    with sh(f"{GO}; echo done") as j:
        j.start()
        j.reaches("running")
        for _ in range(5):
            equal("the second", subprocess.run([KEEP, j.folder], stderr=subprocess.DEVNULL, check=False).returncode, 3)
        j.go()
        equal("the first", j.end(), 0)
        equal("log", j.text(), b"done\n")
        equal("nothing left to do", subprocess.run([KEEP, j.folder], check=False).returncode, 0)
        equal("log", j.text(), b"done\n")


class Manager:
    """The store of a service manager."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.socket.settimeout(0.2)
        self.fds, self.said = {}, []

    def receive(self):
        try:
            while True:
                text, fds, _, _ = socket.recv_fds(self.socket, 1000, 4)
                words = dict(line.split("=") for line in text.decode().splitlines())
                self.said.append(words)
                if "FDSTOREREMOVE" in words:
                    if words["FDNAME"] in self.fds:
                        os.close(self.fds.pop(words["FDNAME"]))
                else:
                    assert words["FDSTORE"] == "1" and words["FDPOLL"] == "0" and len(fds) == 1, words
                    assert words["FDNAME"] not in self.fds, f"stored twice: {words}"
                    self.fds[words["FDNAME"]] = fds[0]
        except socket.timeout:
            return sorted(self.fds)

    def start(self, j):
        """The next holder, with all that was stored, which nobody else keeps."""
        pid = os.fork()
        if pid == 0:
            os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(self.fds)),
                              LISTEN_FDNAMES=":".join(self.fds))
            for i, fd in enumerate(self.fds.values()):
                os.dup2(fd, 20 + i)
            for i in range(len(self.fds)):
                os.dup2(20 + i, 3 + i)
            os.execv(KEEP, [KEEP, j.folder])
        for fd in self.fds.values():
            os.close(fd)
        return os.waitpid(pid, 0)[1]


def test_stored():
    """As under systemd: the read ends and the workload's pidfd are given away
    once, come back with the next holder, and what was written and how it ended
    while none lived is there."""
    with tempfile.TemporaryDirectory() as place:
        text = "[ -e again ] || { echo >again; echo one; exit 1; }; echo two; " + GO + "; echo three; echo four >&2; exit 6"
        with sh(text, idle=False, policy="on-failure", max=1, backoff_ms=1, cwd=place) as j:
            path = os.path.join(j.top, "notify")
            m = Manager(path)
            os.environ["NOTIFY_SOCKET"] = path
            j.start()
            wait_for("lines", lambda: j.text() == b"one\ntwo\n")
            j.kill()
            state = j.show()
            equal("stored", m.receive(), ["err", "out", "workload-2"])
            j.go()
            wait_for("its end", lambda: reap() or not os.path.exists(f"/proc/{state['pid']}"))
            equal("status", m.start(j), 0)
            equal("log", (j.text(), j.text("err")), (b"one\ntwo\nthree\n", b"four\n"))
            state = j.show()
            equal("end", (state["state"], state["reason"], state["attempt"]), ("exited", "gave_up", "2"))
            assert (state["exit"], state["code"]) in (("code", "6"), ("unknown", "0")), state
            m.fds = {}
            m.said = []
            equal("stored again", m.receive(), [])
            equal("let go of", sorted(w["FDNAME"] for w in m.said if w["X_PROCMAN_JOB"] == j.id), ["err", "out", "workload-2"])
            del os.environ["NOTIFY_SOCKET"]
            print(f"  exit {state['exit']} {state['code']}, though nobody lived to see it")


def test_foreign():
    """What is torn, of a later schema or not its own is left as it is."""
    def status(j):
        return subprocess.run([KEEP, j.folder], stderr=subprocess.DEVNULL, check=False).returncode
    with sh("echo ran") as j:
        os.chmod(j.folder, 0o755)
        equal("a folder open to others", status(j), 4)
        os.chmod(j.folder, 0o700)
        with open(os.path.join(j.folder, "spec"), "r+b") as f:
            good = f.read()
            f.seek(100)
            f.write(b"\x55")
        equal("a damaged spec", status(j), 4)
        with open(os.path.join(j.folder, "spec"), "r+b") as f:
            f.write(good)
        state = os.path.join(j.folder, "state")
        record = bytearray(216)
        record[0:8] = (2).to_bytes(2, "little") + (2).to_bytes(2, "little") + (216).to_bytes(4, "little")
        record[8:12] = crc32c(record).to_bytes(4, "little")
        with open(state, "r+b") as f:
            f.write(record)
        equal("a state of a later schema", status(j), 4)
        with open(state, "rb") as f:
            equal("untouched", f.read(216), bytes(record))
        with open(state, "r+b") as f:
            f.write(bytes(216))
        equal("as it was", status(j), 0)
        equal("log", j.text(), b"ran\n")


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


# ---- control

def test_stop():
    """TERM, and KILL when that is not heeded, for the whole session; also when
    the leader alone heeds it, and by a holder that comes after."""
    with sh("trap 'echo bye; n=1$n' TERM; echo up; while [ -z $n ]; do sleep 0.05; done; sleep 0.1; exit 3") as j:
        j.start()
        wait_for("up", lambda: j.text() == b"up\n")
        equal("accepted", j.ask("stop"), 0)
        equal("status", j.end(), 0)
        state = j.show()
        equal("end", (state["state"], state["reason"], state["exit"], state["code"]),
              ("exited", "stopped", "code", "3"))
        equal("log", j.text(), b"up\nbye\n")
    with sh("trap '' TERM; echo up; while :; do sleep 0.05; done", policy="always") as j:
        j.start()
        wait_for("up", lambda: j.text() == b"up\n")
        start = time.monotonic()
        equal("accepted", j.ask("stop", 300), 0)
        j.kill()
        j.start()
        equal("status", j.end(), 0)
        took = time.monotonic() - start
        state = j.show()
        assert 0.3 <= took < 5, took
        equal("end", (state["reason"], state["exit"], state["attempt"]), ("stopped", state["exit"], "1"))
        assert (state["exit"], state["signal"]) in (("signal", "9"), ("unknown", "0")), state
    with sh("(trap '' TERM; echo up; while :; do sleep 0.05; done) & trap 'exit 5' TERM; wait") as j:
        j.start()
        wait_for("up", lambda: j.text() == b"up\n")
        j.ask("stop", 300)
        equal("status", j.end(10), 0)
        state = j.show()
        equal("end", (state["exit"], state["code"], state["state"]), ("code", "5", "exited"))
    chain = "import os,time\nfor i in range(300):\n  if os.fork(): time.sleep(100)\nos.write(1, b'all')\ntime.sleep(100)"
    for n in range(5):
        with Job(["/usr/bin/python3", "-S", "-c", chain], stop_ms=60000) as j:
            j.start()
            j.reaches("running")
            time.sleep(0.005 * n)
            j.ask("stop")
            equal("who forks on and on is stopped", j.end(), 0)
    with sh("echo up; while :; do sleep 0.05; done", stop_ms=200) as j:
        j.start()
        wait_for("up", lambda: j.text() == b"up\n")
        j.holder.terminate()
        equal("SIGTERM for the holder", j.end(10), 0)
        equal("end", (j.show()["reason"], j.show()["signal"]), ("stopped", "15"))
    with sh("trap '' TERM; echo up; while :; do sleep 0.05; done", stop_ms=3600000) as j:
        j.start()
        wait_for("up", lambda: j.text() == b"up\n")
        j.holder.terminate()
        j.reaches("stopping")
        j.holder.terminate()
        equal("SIGTERM again", j.end(10), 0)
        equal("end", (j.show()["reason"], j.show()["signal"]), ("stopped", "9"))


def test_requests():
    """Signals, restarts and what cannot be."""
    with sh("trap 'echo hup' HUP; trap 'exit 1' TERM; echo up; while :; do sleep 0.02; done") as j:
        j.start()
        wait_for("up", lambda: j.text() == b"up\n")
        equal("status", j.ask("status"), 0)
        equal("signal", j.ask("signal", 1), 0)
        wait_for("hup", lambda: b"hup\n" in j.text())
        equal("no signal", j.ask("signal", 0), errno.EINVAL)
        equal("beyond", j.ask("signal", 65), errno.EINVAL)
        equal("no verb", j.ask("99"), errno.EOPNOTSUPP)
        equal("restart", j.ask("restart"), 0)
        wait_for("up again", lambda: j.text().split().count(b"up") == 2)
        equal("counted", (j.show()["restarts"], j.show()["failures"]), ("1", "0"))
        watcher = subprocess.Popen([f"{TOOLS}/job", "watch", j.folder], stdout=subprocess.PIPE, text=True)
        wait_for("the watcher", lambda: watcher.stdout.readline().startswith("state=running"))
        equal("stop", j.ask("stop"), 0)
        equal("status", j.end(), 0)
        said = [line.split()[0][6:] for line in watcher.communicate()[0].splitlines()]
        assert said[-1] == "exited" and "stopping" in said and "draining" in said, said
    with sh("exit 1", policy="on-failure", backoff_ms=60000) as j:
        j.start()
        j.reaches("backing_off")
        j.kill()
        j.start()
        equal("still", j.reaches("backing_off")["attempt"], "1")
        equal("at once", j.ask("restart"), 0)
        wait_for("the second", lambda: j.show()["attempt"] == "2")
        j.reaches("backing_off")
        equal("no workload", j.ask("signal", 15), errno.ESRCH)
        equal("stop", j.ask("stop"), 0)
        equal("status", j.end(), 0)


def test_restarts():
    """As often as its policy says, with a growing pause, through kills."""
    with sh("echo x; exit 1", policy="on-failure", max=3, backoff_ms=20) as j:
        start = time.monotonic()
        state = j.run()
        took = time.monotonic() - start
        equal("end", (state["reason"], state["attempt"], state["failures"], j.text()),
              ("gave_up", "4", "4", b"x\n" * 4))
        assert took >= 0.02 + 0.04 + 0.08, took
    with sh("exit 0", policy="on-failure") as j:
        equal("done", (j.run()["reason"], j.show()["attempt"]), ("finished", "1"))
    rng = random.Random(3)
    with sh("echo x; sleep 0.02; exit 1", policy="always", max=10, backoff_ms=1) as j:
        kills = 0
        while j.show()["state"] != "exited":
            j.start()
            time.sleep(rng.uniform(0.001, 0.03))
            j.kill()
            reap()
            kills += 1
        state = j.show()
        equal("runs", j.text(), b"x\n" * int(state["attempt"]))
        equal("end", (state["reason"], state["attempt"]), ("gave_up", "11"))
        print(f"  11 runs, each once, with {kills} kills")
    with Job(["/no/such/command"], policy="on-failure", max=1, backoff_ms=1) as j:
        equal("no command", (j.run()["reason"], j.show()["attempt"]), ("gave_up", "2"))


def test_removal():
    """Stopped, its log unlinked; a daemon that goes on writes to nowhere."""
    text = ("import os,signal,time\nif os.fork() == 0:\n  os.setsid()\n  signal.signal(15, signal.SIG_IGN)\n"
            "  while not os.path.exists('@TOP@/go'): os.write(1, b'late\\n' * 2000)\n  os._exit(0)\n"
            "os.write(1, b'up\\n')\ntime.sleep(60)")
    with Job(["/usr/bin/python3", "-c", text]) as j:
        j.start()
        wait_for("up", lambda: b"up\n" in j.text())
        equal("accepted", j.ask("remove", 100), 0)
        j.reaches("draining")
        wait_for("drops", lambda: stream(j)[3] > 0)
        j.go()
        equal("status", j.end(), 0)
        equal("left", os.listdir(j.leaf), [])
        assert int(j.show()["out"].split(",")[3]) > 0, "dropped bytes are counted"


# ---- authority

def as_user(text, *args):
    """What a program of the job's user says."""
    p = subprocess.run(["/usr/bin/python3", "-c", "import sys,os,ctypes\n" + text, *map(str, args)], check=False,
                       user=12345, group=12345, extra_groups=[], cwd="/", stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True)
    return p.stdout.strip().rpartition("\n")[2]


def test_authority():
    """A job's user may kill its holder, and gains nothing by it: neither the
    folder nor what the holder has open; and root writes nothing in the log."""
    if not ROOT:
        print("  needs root to be another")
        return
    with sh(f"echo one; {GO}; echo two", **USER) as j:
        os.chmod(j.jobs, 0o755)
        j.start()
        j.reaches("running")
        pid = j.holder.pid
        for path in (j.folder, f"{j.folder}/spec", f"/proc/{pid}/fd", f"/proc/{pid}/mem", f"/proc/{pid}/environ"):
            text = "try:\n  (os.listdir if sys.argv[1].endswith(('fd', '-1')) else open)(sys.argv[1])\n" \
                   "except OSError as e: print(e.errno)"
            said = as_user(text, path)
            equal(path, said, str(errno.EACCES))
        said = as_user("l = ctypes.CDLL(None, use_errno=True)\nl.ptrace(16, int(sys.argv[1]), 0, 0)\n"
                       "print(ctypes.get_errno())", pid)
        equal("ptrace", said, str(errno.EPERM))
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
        equal("its ids", status["Uid"].split() + status["Gid"].split(), ["12345"] * 8)
        equal("its capabilities", int(status["CapEff"], 16) | int(status["CapPrm"], 16) | int(status["CapInh"], 16), 0)
        equal("killed by its user", as_user("os.kill(int(sys.argv[1]), 9); print('done')", pid), "done")
        j.holder.wait()
        target = os.path.join(j.top, "roots")
        with open(target, "w", encoding="utf-8") as f:
            f.write("mine")
        os.chmod(target, 0o666)
        as_user("os.unlink(sys.argv[1] + '/out.000001.index'); os.symlink(sys.argv[2], sys.argv[1] + '/out.000001.index')\n"
                "os.symlink(sys.argv[2], sys.argv[1] + '/out.000009')", j.leaf, target)
        first = j.show()["holder"]
        j.start()  # has it before it ends: nobody else would know how
        wait_for("the next holder", lambda: j.show()["holder"] != first)
        j.go()
        j.end()
        equal("status", j.show()["exit"], "code")
        with open(target, encoding="utf-8") as f:
            equal("behind a link", f.read(), "mine")
        owners = {os.lstat(os.path.join(j.leaf, n)).st_uid for n in os.listdir(j.leaf)}
        equal("owners of the log", owners, {12345})


# ---- cost

def test_memory():
    """What 20 idle holders take, and that they do nothing."""
    jobs = [Job(["/bin/sleep", "1000"]) for _ in range(20)]
    try:
        for j in jobs:
            j.start()
        for j in jobs:
            j.reaches("running")
        time.sleep(1.2)

        def switches(j):
            with open(f"/proc/{j.holder.pid}/status", encoding="ascii") as f:
                return sum(int(line.split()[1]) for line in f if "ctxt_switches" in line)

        def pss(j):
            with open(f"/proc/{j.holder.pid}/smaps_rollup", encoding="ascii") as f:
                return next(int(line.split()[1]) for line in f if line.startswith("Pss:"))
        before = [switches(j) for j in jobs]
        time.sleep(1)
        woken = sum(switches(j) for j in jobs) - sum(before)
        equal("wakes in a second", woken, 0)
        if not ROOT:
            print("  no wakes; its memory is root's to see")
            return
        size = sum(pss(j) for j in jobs) / len(jobs)
        print(f"  {size:.0f} kB PSS each, no wakes")
        assert size <= 150, size
    finally:
        for j in jobs:
            j.__exit__()


def main():
    become_subreaper()
    names = sys.argv[1:] or [n[5:] for n in globals() if n.startswith("test_")]
    for name in names:
        start = time.monotonic()
        print(name.replace("_", " "), flush=True)
        globals()["test_" + name]()
        print(f"  {time.monotonic() - start:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
