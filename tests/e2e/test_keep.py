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
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from keep import KEEP, PARTIAL, TOOLS, Job, become_subreaper, reap, wait_for

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
        with Job([f"{TOOLS}/lines", stop, str(LINES)], **SMALL) as j:
            start = time.monotonic()
            for _ in range(KILLS):
                j.start()
                time.sleep(rng.uniform(0.001, 0.05))
                j.kill()
            killing = time.monotonic() - start
            with open(stop, "w", encoding="utf-8"):
                pass
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


def test_crash_points():
    """Killed at each stop at a system call, one after the other."""
    runs = 0
    known = 0
    first = int(os.environ.get("PM_KEEP_FIRST", "1"))
    for n in range(first, 100000):
        with sh("echo one; echo two >&2; echo three; exit 3", bytes=8192, segments=2) as j:
            j.start(f"{TOOLS}/crash", str(n))
            status = j.end()
            assert status in (0, 100), f"crash says {status}"
            reap()
            state = j.run()
            equal(f"{n}: state", state["state"], "exited")
            equal(f"{n}: stdout", j.text("out"), b"one\nthree\n")
            equal(f"{n}: stderr", j.text("err"), b"two\n")
            assert (state["exit"], state["code"]) in (("code", "3"), ("unknown", "0")), f"{n}: {state}"
            equal(f"{n}: attempts", state["attempt"], "1")
            j.check_index()
            runs += 1
            known += state["exit"] == "code"
            if status == 100:
                break
    print(f"  {runs} points of death: each line once, {known} exits known")


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
    for text, want in (("sleep 0.2; exit 7", ("code", "7", "0")),
                       ("sleep 0.2; kill -9 $$", ("signal", "0", "9"))):
        with sh(text) as j:
            j.start()
            j.reaches("running")
            j.kill()
            j.start()
            wait_for("the end", lambda: reap([j.holder.pid]) or j.holder.poll() is not None)
            state = j.show()
            got = state["exit"], state["code"], state["signal"]
            assert got in (want, ("unknown", "0", "0")), got
            known += got == want
    print(f"  {known} of 2 known")


def test_failures():
    """What keeps a command from running is told, with its step."""
    place = os.path.dirname(os.path.abspath(__file__))
    rows = [(["/no/such/command"], {}, 10, errno.ENOENT),
            ([place], {}, 10, errno.EACCES),
            (["no-such-command"], {"env": ["PATH=/usr/bin:/bin"]}, 10, errno.ENOENT),
            (["/bin/true"], {"cwd": "/no/such/folder"}, 9, errno.ENOENT),
            (["/bin/true"], {"stdin": "/no/such/file"}, 4, errno.ENOENT)]
    if os.geteuid() == 0:
        rows.append((["/bin/true"], {"cwd": "/root", "uid": 12345, "gid": 12345}, 9, errno.EACCES))
    for command, keys, stage, error in rows:
        with Job(command, **keys) as j:
            state = j.run()
            equal(command, (state["exit"], int(state["stage"]), int(state["error"])),
                  ("not_started", stage, error))
    for command, keys in ((["sh", "-c", "exit 5"], {"env": ["PATH=/nowhere:/usr/bin:/bin"]}),
                          (["sh", "-c", "exit 5"], {})):
        with Job(command, **keys) as j:
            equal("by PATH", j.run()["code"], "5")


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
