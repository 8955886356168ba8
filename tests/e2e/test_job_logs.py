#!/usr/bin/python3
"""procman-hold logs, of jobs, without collectd: every line once and in order,
whatever happens to the holder and to the log meanwhile; and what it says of
times and of what is missing is true.
    test_job_logs.py [NAME…]
PM_LOGS_KILLS: how often the holder is killed (20), PM_LOGS_LINES: lines that
are written at least, PM_LOGS_MANY: those of the measurement."""
import os
import random
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
import logs
from keep import Job, become_subreaper, open_tool, reap, wait_for
from logs import DETAIL, FOLLOW, FROM_START, Logs, failure, page
from test_keep import GO, ROOT, USER, Tmpfs, all_lines, equal, fill, first_difference, sh

KILLS = int(os.environ.get("PM_LOGS_KILLS", "20"))
LINES = int(os.environ.get("PM_LOGS_LINES", "20000"))
MANY = int(os.environ.get("PM_LOGS_MANY", "300000"))
EVERY = 1 << 40
ALL = {"lines": EVERY, "flags": DETAIL | FROM_START}
ENOENT, EPERM, EINVAL = 2, 1, 22


def texts(lines):
    return [line["text"] for line in lines]


def joined(lines, stream):
    """The bytes of a stream, from its lines and the pieces of long ones."""
    parts = []
    for line in lines:
        if line["stream"] == stream:
            parts.append(line["text"])
            if not line.get("partial"):
                parts.append("\n")
    return "".join(parts).encode()


def check_times(lines):
    """Those of a stream never go back, but for what is only the latest time."""
    last = {}
    for line in lines:
        if line.get("before"):
            continue
        before = last.get(line["stream"], 0)
        assert line["time"] >= before, f"{line['text'][:40]} at {line['time']}, after {before}"
        last[line["stream"]] = line["time"]


class Collector(threading.Thread):
    """Reads all that a follower says."""

    def __init__(self, l, pause=lambda: None):
        super().__init__()
        self.logs, self.lines, self.pause, self.error = l, [], pause, None
        self.start()

    def run(self):
        try:
            while (some := self.logs.some()) is not None:
                self.lines += some
                self.pause()
        except Exception as e:
            self.error = e

    def end(self):
        self.join(120)
        assert not self.is_alive(), "it does not end"
        if self.error:
            raise self.error
        return self.lines


class Pager(threading.Thread):
    """The same by pages, each from the cursor of the one before, until the job has
    ended and there is nothing more."""

    def __init__(self, j):
        super().__init__()
        self.job, self.lines, self.pages, self.error, self.over = j, [], 0, None, threading.Event()
        self.start()

    def run(self):
        cursor, rng = "", random.Random(4)
        try:
            while True:
                last = self.over.is_set()
                lines, l = page(self.job.folder, cursor=cursor, lines=rng.choice((1, 100, 1000, 10000)),
                                flags=DETAIL | (0 if cursor else FROM_START))
                assert l.complete, l.reason
                self.lines, self.pages, cursor = self.lines + lines, self.pages + 1, l.cursor
                if last and not lines:
                    return
        except Exception as e:
            self.error = e

    def end(self):
        self.over.set()
        self.join(120)
        if self.error:
            raise self.error
        return self.lines


# ---- following

def stop_lines(stop):
    with open(stop + ".new", "w", encoding="utf-8") as f:
        os.chmod(f.fileno(), 0o666)
    os.rename(stop + ".new", stop)


def test_follow():
    """From the first line on, under full output, with a cut every 64 KiB, while
    the holder is killed again and again; by pages likewise; and two more that
    begin late."""
    rng = random.Random(20261127)
    with tempfile.TemporaryDirectory() as place:
        stop = os.path.join(place, "stop")
        os.chmod(place, 0o777)
        with Job([open_tool("lines"), stop, str(LINES)], segments=1000000, bytes=1000000 * 65536, **USER) as j, \
                Logs(j.folder, flags=DETAIL | FOLLOW | FROM_START) as l:
            first, pager, late = Collector(l), Pager(j), []
            for i in range(KILLS):
                j.start()
                time.sleep(rng.uniform(0.005, 0.05))
                j.kill()
                if i in (KILLS // 3, KILLS // 2):
                    late.append(Logs(j.folder, flags=DETAIL | FOLLOW, lines=5, streams=1))
                    late[-1].collector = Collector(late[-1])
                time.sleep(rng.choice((0, 0, 0.02)))
            stop_lines(stop)
            j.run()
            first.end()
            with open(stop, encoding="utf-8") as f:
                count = int(f.read())
            for lines in (first.lines, pager.end()):
                for name, stream in ((b"o", "stdout"), (b"e", "stderr")):
                    got, want = joined(lines, stream), all_lines(name, count)
                    assert got == want, first_difference(got, want)
                check_times(lines)
            equal("end", (l.reason, l.complete, l.source), ("exited", True, "job"))
            want = all_lines(b"o", count)
            for one in late:
                got = joined(one.collector.end(), "stdout")
                begins = want.index(got[:got.index(b":") + 1])
                assert begins == 0 or want[begins - 1:begins] == b"\n", got[:80]
                assert got == want[begins:], first_difference(got, want[begins:])
                equal("end", (one.reason, one.complete), ("exited", True))
                one.__exit__()
            before = sum(line.get("before", False) for line in first.lines)
            print(f"  {KILLS} kills, {2 * count} lines, {len(j.segments('out')) + len(j.segments('err'))} segments: "
                  f"0 lost, 0 doubled, 0 torn, in {pager.pages} pages likewise; {before} with a time that is only the latest")


def test_restarts():
    """A follower goes on while the job may be started again, and ends when it is
    stopped."""
    with sh("echo x; exit 1", policy="always", backoff_ms=20) as j:
        j.start()
        with Logs(j.folder, flags=FOLLOW, lines=EVERY) as l:
            c = Collector(l)
            wait_for("four runs", lambda: len(c.lines) >= 4)
            assert c.is_alive() and l.reason is None
            equal("asked", j.ask("stop"), 0)
            equal("status", j.end(), 0)
            ended = time.monotonic()
            lines = c.end()
            print(f"  told {(time.monotonic() - ended) * 1000:.0f} ms after its end")
            equal("end", (l.reason, l.complete), ("exited", True))
            equal("lines", lines, ["x"] * int(j.show()["attempt"]))


def test_partial():
    """A line without a line feed is one when nothing can follow it."""
    with sh(f"printf 'one\\ntwo'; {GO}; printf ' and more'; exec sleep 0.05 & exit 0") as j:
        j.start()
        wait_for("output", lambda: j.text() == b"one\ntwo")
        lines, l = page(j.folder)
        equal("running", (texts(lines), l.complete), (["one"], True))
        lines, l = page(j.folder, cursor=l.cursor)
        equal("nothing new", (lines, l.complete), ([], True))
        with Logs(j.folder, flags=FOLLOW, cursor=l.cursor) as f:
            c = Collector(f)
            j.go()
            equal("status", j.end(), 0)
            equal("followed", c.end(), ["two and more"])
        lines, l = page(j.folder, cursor=l.cursor)
        equal("exited", (texts(lines), l.complete), (["two and more"], True))
        equal("behind it", page(j.folder, cursor=l.cursor)[0], [])
        equal("the last", texts(page(j.folder, lines=1)[0]), ["two and more"])


def test_retention():
    """Who is too slow loses old lines, is told, and goes on with the oldest."""
    count = 200000
    with sh(f"seq {count}", bytes=8 * 16384, segments=8, flags=1) as j, \
            Logs(j.folder, flags=FOLLOW | FROM_START) as slow, \
            Logs(j.folder, flags=FOLLOW | FROM_START) as quick:
        q = Collector(quick)
        equal("the first message", slow.raw()[0], logs.SOURCE)
        wait_for("its watch", lambda: quick.source)
        j.run()
        lines = [int(n) for n in Collector(slow).end()]
        equal("the last", lines[-1], count)
        assert all(a < b for a, b in zip(lines, lines[1:])), "not in order"
        gaps = [(a, b) for a, b in zip([0] + lines, lines) if b != a + 1]
        assert gaps, "it was quick enough"
        equal("end", (slow.complete, slow.reason), (False, "some of its lines are no longer kept"))
        lines = [int(n) for n in q.end()]
        missed = lines != list(range(1, count + 1))
        equal("the quick one", quick.complete, not missed)
        kept, l = page(j.folder, lines=EVERY, flags=0)
        equal("kept", (l.complete, kept), (False, [str(n) for n in range(int(kept[0]), count + 1)]))
        l = page(j.folder, lines=10)[1]
        equal("the last ten", (l.complete, l.reason), (True, ""))
        print(f"  {len(gaps)} gaps of a slow reader; the other one missed {'some' if missed else 'nothing'}")


# ---- pages

def make_mixture(lines=3000):
    """Both streams, bursts and pauses, lines of many lengths."""
    return ["/usr/bin/python3", "-S", "-c", f"""
import os, random, time
r = random.Random(5)
for n in range({lines}):
    os.write(r.choice((1, 1, 2)), b"%d:%s\\n" % (n, b"x" * r.choice((0, 3, 80, 900))))
    if r.random() < 0.05:
        time.sleep(0.002)
os.write(1, b"the end")
"""]


def numbers(lines):
    return [line["text"].partition(":")[0] for line in lines]


def us(line):
    return round(line["time"] * 1e6)


def check_pages(j, whole, rng, **keys):
    """Pages from the start, each from the cursor of the one before."""
    got, cursor, pages = [], "", 0
    while True:
        more, l = page(j.folder, cursor=cursor, lines=rng.choice((1, 7, 300, 1000)),
                       flags=DETAIL | (0 if cursor else FROM_START), **keys)
        assert l.complete, l.reason
        if not more:
            break
        got += more
        cursor, pages = l.cursor, pages + 1
    assert got == whole, f"{keys}: {len(got)} lines and not {len(whole)}"
    return pages


def test_pages():
    rng, pages = random.Random(3), 0
    with Job(make_mixture(), segments=1000000, bytes=1000000 * 16384, **USER) as j:
        j.run()
        whole, l = page(j.folder, **ALL)
        assert l.complete and len(whole) == 3001, (l.reason, len(whole))
        assert sorted(int(n) for n in numbers(whole) if n.isdigit()) == list(range(3000)), "not each once"
        for stream in ("stdout", "stderr"):
            mine = [line for line in whole if line["stream"] == stream]
            equal(stream, "\n".join(texts(mine)) + ("\n" if stream == "stderr" else ""),
                  j.text(stream[3:]).decode())
        assert all(us(a) <= us(b) for a, b in zip(whole, whole[1:])), "not in the order of time"
        some = [whole[len(whole) * i // 5]["time"] for i in range(1, 5)]
        rows = [({}, lambda line: True),
                ({"grep": "7"}, lambda line: "7" in line["text"]),
                ({"grep": "the end"}, lambda line: line["text"] == "the end"),
                ({"grep": "none"}, lambda line: False),
                ({"streams": 2}, lambda line: line["stream"] == "stderr"),
                ({"since": some[1]}, lambda line: line["time"] >= some[1]),
                ({"until": some[2]}, lambda line: line["time"] < some[2]),
                ({"since": some[0], "until": some[3], "grep": "99", "streams": 1},
                 lambda line: some[0] <= line["time"] < some[3] and "99" in line["text"]
                 and line["stream"] == "stdout"),
                ({"since": some[2], "until": some[2]}, lambda line: False)]
        for keys, want in rows:
            keys = {k: round(v * 1e6) * 1000 if isinstance(v, float) else v for k, v in keys.items()}
            lines = [line for line in whole if want(line)]
            pages += check_pages(j, lines, rng, **keys)
            for n in (1, 2, 33, 1000, 4000):
                got, l = page(j.folder, lines=n, **keys)
                assert got == lines[-n:], f"the last {n} of {keys}: {len(got)}, {len(lines[-n:])}"
                assert l.complete, l.reason
                if "until" in keys and "since" not in keys:
                    behind = page(j.folder, cursor=l.cursor, lines=EVERY)[0]
                    assert behind == [line for line in whole if not want(line)], f"behind {keys}, {n}: {len(behind)}"
        got, l = page(j.folder, flags=0, lines=EVERY)
        equal("without detail", got, texts(whole))
        print(f"  {len(rows)} ways to ask, {pages} pages, {len(j.segments('out')) + len(j.segments('err'))} segments")


LONG = """
import os
def line(begin, size):
    data = begin + b"z" * size + b"\\n"
    while data:
        data = data[os.write(1, data):]
line(b"first", 0)
line(b"long", 40 << 20)
line(b"skipped", 3 << 20)
line(b"last", 3 << 20)
os.write(1, b"end")
"""


def test_long_lines():
    """A line without end is cut at segments and at pages, and is one."""
    with Job(["/usr/bin/python3", "-S", "-c", LONG], bytes=1 << 30, segments=512) as j:
        j.run()
        got, cursor, pages, pieces = [], "", 0, 0
        while True:
            more, l = page(j.folder, cursor=cursor, lines=2, flags=DETAIL | (0 if cursor else FROM_START))
            if not more:
                break
            got, cursor, pages = got + more, l.cursor, pages + 1
            assert l.complete or l.reason == "a line has more than 16 MiB", l.reason
        assert joined(got, "stdout") == j.text() + b"\n", first_difference(joined(got, "stdout"), j.text())
        pieces = len(got)
        want = [("end", 1), ("last" + "z" * (3 << 20), 2), ("skipped" + "z" * (3 << 20), 3)]
        for text, n in want:
            lines = joined(page(j.folder, lines=n)[0], "stdout").decode().split("\n")
            assert lines[0] == text and len(lines) == n + 1, f"the last {n}: {len(lines)}, {lines[0][:20]}"
        for flags in (DETAIL, DETAIL | FROM_START, DETAIL | FOLLOW):
            for grep, want in (("las", 1), ("long", 1), ("kipp", 1), ("z", 3), ("none", 0)):
                lines, l = page(j.folder, grep=grep, flags=flags, lines=10)
                whole = joined(lines, "stdout").decode().split("\n")[:-1]
                if not flags & FOLLOW and grep in ("long", "z"):  # the page ends in its midst
                    equal(grep, (l.complete, whole, lines[0]["text"][:4]), (False, [], "long"))
                else:
                    equal((grep, flags), len(whole), want)
                    assert all(grep in line for line in whole)
                    said = "of a long line only the beginning was searched"
                    missed = grep != "z"
                    equal((grep, flags), (l.complete, said in l.reason), (not missed, missed))
        print(f"  {pieces} pieces in {pages} pages, {len(j.segments('out'))} segments")


def test_cursors_age():
    """One at the end of a segment is as good as one at the start of the next."""
    with sh("seq 5000", bytes=1 << 30, segments=1 << 17) as j:
        j.run()
        parts = [part.decode().split() for part in j.log()]
        lines, l = page(j.folder, flags=FROM_START, lines=len(parts[0]))
        equal("the first segment", lines, parts[0])
        os.unlink(j.segments("out")[0])
        lines, l = page(j.folder, flags=0, cursor=l.cursor, lines=EVERY)
        equal("the rest", (lines, l.complete), (sum(parts[1:], []), True))
        lines, l = page(j.folder, flags=FROM_START, lines=EVERY)
        equal("all that is left", (lines, l.complete, l.reason),
              (sum(parts[1:], []), False, "some of its lines are no longer kept"))


def test_merged():
    with sh("echo one; echo two >&2; echo three", flags=1) as j:
        j.run()
        for streams in (1, 2, 3):
            lines, l = page(j.folder, streams=streams)
            equal("lines", [(line["stream"], line["text"]) for line in lines],
                  [(None, "one"), (None, "two"), (None, "three")])


def test_until():
    """A follower with an end."""
    with sh("while :; do echo x; sleep 0.01; done") as j:
        j.start()
        j.reaches("running")
        until = time.time_ns() + 300_000_000
        with Logs(j.folder, flags=DETAIL | FOLLOW, until=until) as l:
            lines = l.all()
            equal("end", (l.reason, l.complete), ("until", True))
            assert lines and all(us(line) < until // 1000 for line in lines), lines[-1:]


def test_recovered():
    """What was stored while no holder wrote the index came at that time or
    before; what no index covers likewise."""
    with sh(f"echo one; {GO}; echo two; exec sleep 600") as j:
        j.start()
        wait_for("a line", lambda: j.text() == b"one\n" and j.index(j.segments("out")[0]))
        at = page(j.folder)[0][0]
        assert "before" not in at, at
        os.unlink(j.segments("out")[0] + ".index")
        lines = page(j.folder)[0]
        equal("no index", [(line["text"], line.get("before")) for line in lines], [("one", True)])
        assert us(lines[0]) >= us(at) - 20000, (lines, at)  # the kernel's clock for files is late
        j.kill()
        time.sleep(0.05)
        j.start()
        j.go()
        wait_for("another", lambda: j.text() == b"one\ntwo\n" and len(j.index(j.segments("out")[0])) == 2)
        lines = page(j.folder)[0]
        equal("a new one", [(line["text"], line.get("before")) for line in lines], [("one", True), ("two", None)])
        assert us(lines[0]) >= us(at) + 50000, (lines, at)
        # which of the two it was before, nobody knows
        lines, l = page(j.folder, until=us(lines[0]) * 1000)
        equal("until", (lines, l.complete), ([], False))
        equal("stopped", j.ask("stop"), 0)
        equal("status", j.end(), 0)


def test_dropped():
    """On a full disk: what was dropped is told, in its midst and at its end."""
    if not ROOT:
        print("  needs root to mount")
        return
    slow = "i=0; while [ ! -e @TOP@/go ]; do i=$((i+1)); echo $i line; sleep 0.01; done; printf end"
    with Tmpfs("1m") as place:
        with sh(slow, at=place, drop=1) as j:
            j.start()
            wait_for("lines", j.text)
            fill(place)
            before = page(j.folder)[1]
            wait_for("drops", lambda: int(j.show()["out"].split(",")[3]) > 0)
            l = wait_for("word of it", lambda: [l for l in [page(j.folder)[1]] if not l.complete])
            equal("now", (l[0].complete, l[0].reason), (False, "some of its output was dropped"))
            os.unlink(os.path.join(place, "ballast"))
            size = len(j.text())
            wait_for("lines again", lambda: len(j.text()) > size)
            wait_for("no error", lambda: j.show()["out"].split(",")[5] == "0")
            lines, l = page(j.folder, cursor=before.cursor, lines=EVERY)
            equal("in its midst", (l.complete, l.reason), (False, "some of its output was dropped"))
            lines, l = page(j.folder, cursor=l.cursor, lines=EVERY)
            equal("behind it", (l.complete, l.reason), (True, ""))
            size = len(j.text())
            wait_for("lines behind that", lambda: len(j.text()) > size + 40)
            lines, l = page(j.folder, **ALL)
            equal("all", (l.complete, l.reason), (False, "some of its output was dropped"))
            lines, l = page(j.folder, **ALL, since=us(lines[-1]) * 1000)
            equal("since then", (l.complete, l.reason), (True, ""))
            j.go()
            equal("status", j.end(), 0)
            lines, l = page(j.folder, lines=1)
            equal("the end", texts(lines), ["end"])
            # whether anything was dropped behind that, the index cannot say
            equal("afterwards", (l.complete, l.reason), (False, "some of its output was dropped"))


# ---- as whom

def status_of(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def test_identity():
    """The helper has the job's ids and nothing more."""
    if not ROOT:
        print("  needs root")
        return
    with sh("echo secret; exec sleep 600", uid=54321, gid=54322, group=[7, 30000]) as j:
        j.start()
        wait_for("output", j.text)
        with Logs(j.folder, flags=FOLLOW) as l:
            equal("lines", l.some(), ["secret"])
            status = status_of(l.pid)
            equal("uids", status["Uid"].split(), ["54321"] * 4)
            equal("gids", status["Gid"].split(), ["54322"] * 4)
            equal("groups", status["Groups"].split(), ["7", "30000"])
            equal("capabilities", {int(status[k], 16) for k in ("CapInh", "CapPrm", "CapEff", "CapAmb")}, {0})
            equal("no_new_privs", status["NoNewPrivs"], "1")
        j.ask("stop")
        j.end()
    # a job of root's has no capability either
    with sh("echo root; exec sleep 600") as j:
        j.start()
        wait_for("output", j.text)
        with Logs(j.folder, flags=FOLLOW) as l:
            equal("lines", l.some(), ["root"])
            equal("capabilities", int(status_of(l.pid)["CapEff"], 16), 0)
        j.ask("stop")
        j.end()


def refuse_times_of_a_process(j, cursor):
    with tempfile.TemporaryFile() as out, subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=out) as p:
        who = {"pid": p.pid, "birth": birth(p.pid), "ids": (os.getuid(), os.getgid(), 0, 0, (1 << 63) - 1),
               "streams": 1}
        try:
            its = page("", **who)[1].cursor
            equal("of a job", failure("", cursor=cursor, **who)[:2], (logs.ARGUMENT, EINVAL))
            equal("of a process", failure(j.folder, cursor=its)[:2], (logs.ARGUMENT, EINVAL))
            for key in ("since", "until"):
                equal(key, failure("", **who, **{key: 1})[:2], (logs.ARGUMENT, EINVAL))
        finally:
            p.kill()


def test_refusals():
    with sh("echo x") as j, sh("echo y") as other:
        j.run()
        other.run()
        cursor = page(j.folder)[1].cursor
        for bad in (cursor + "0", cursor + "-", cursor[1:], "f1.2.3", "js=1", "x", page(other.folder)[1].cursor):
            equal(bad, failure(j.folder, cursor=bad)[:2], (logs.ARGUMENT, EINVAL))
        equal("cursor", page(j.folder, cursor=cursor)[0], [])
        if ROOT:
            refuse_times_of_a_process(j, cursor)
        equal("none", failure(j.folder + "x")[:2], (logs.GONE, ENOENT))
        os.symlink(j.folder, j.folder + "-link")
        equal("a link", failure(j.folder + "-link")[:2], (logs.BROKEN, EPERM))
        os.chmod(j.folder, 0o755)
        equal("open", failure(j.folder)[:2], (logs.BROKEN, EPERM))
        os.chmod(j.folder, 0o700)
        os.chmod(j.folder + "/spec", 0o644)
        equal("an open spec", failure(j.folder)[:2], (logs.BROKEN, EPERM))
        os.chmod(j.folder + "/spec", 0o600)
        os.chmod(os.path.dirname(j.leaf), 0o777)
        equal("open above the log", failure(j.folder)[:2], (logs.BROKEN, EPERM))
        os.chmod(os.path.dirname(j.leaf), 0o755)
        # what is no request has no answer
        for keys in ({"pid": 1}, {"birth": 1}, {"ids": (1, 0, 0, 0, 0)}, {"lines": 0}, {"streams": 0}, {"streams": 4},
                     {"flags": 8}, {"zero": 1}, {"cursor": "x" * 1025}):
            with Logs(j.folder, **keys) as l:
                equal(keys, l.raw(), None)
        if ROOT:
            os.chown(j.leaf, 54321, 54321)
            equal("another's log", failure(j.folder)[0], logs.DENIED)
        for folder in (j.folder[1:], j.folder + "\0", "\0"):
            with Logs(folder) as l:
                equal(folder, l.raw(), None)


def birth(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        return int(f.read().rsplit(")", 1)[1].split()[19])


# ---- what the user puts there

def as_the_user(j, act):
    """In a child with the job's ids, in the folder of its log."""
    pid = os.fork()
    if pid == 0:
        try:
            os.chdir(j.leaf)
            if ROOT:
                os.setgroups([])
                os.setresgid(12345, 12345, 12345)
                os.setresuid(12345, 12345, 12345)
            act()
            os._exit(0)
        except BaseException as e:
            print(e, file=sys.stderr)
            os._exit(1)
    equal("the user's act", os.waitpid(pid, 0)[1], 0)


def sparse(name, size=1 << 42):
    with open(name, "ab") as f:
        os.ftruncate(f.fileno(), min(size, (1 << 43)))


def replace(name, make):
    os.unlink(name)
    make(name)


def index_of(*records):
    """Records whose checksum is right."""
    from test_keep import crc32c
    data = b""
    for offset, real, length, flags in records:
        body = struct.pack("=QQII", offset, real, length, flags)
        head = struct.pack("=HHIII", 4, 1, 16 + len(body), 0, 0)
        data += struct.pack("=HHIII", 4, 1, 16 + len(body), crc32c(head + body), 0) + body
    return data


def write(name, data):
    with open(name, "wb") as f:
        f.write(data)


HOSTILE = {
    "a link to a secret": lambda: replace("out.000002", lambda n: os.symlink("/etc/shadow", n)),
    "a link to a file": lambda: replace("out.000002", lambda n: os.symlink("/etc/passwd", n)),
    "a link beside": lambda: os.symlink("/etc/shadow", "out.000009"),
    "a FIFO": lambda: replace("out.000002", os.mkfifo),
    "a FIFO for an index": lambda: replace("out.000002.index", os.mkfifo),
    "a folder": lambda: replace("out.000002", os.mkdir),
    "a device's link": lambda: replace("out.000002", lambda n: os.symlink("/dev/zero", n)),
    "the largest number": lambda: os.mkdir("out.999999999999999999"),
    "many numbers": lambda: [os.symlink("/dev/zero", f"out.{n:06}") for n in range(100, 1100)],
    "no rights for its index": lambda: os.chmod("out.000002.index", 0),
    "no rights": lambda: os.chmod("out.000002", 0),
    "a sparse segment": lambda: sparse("out.000003"),
    "a sparse index": lambda: sparse("out.000003.index"),
    "sparse both": lambda: (sparse("out.000003"), sparse("out.000003.index")),
    "a cut segment": lambda: os.truncate("out.000002", 5),
    "an empty segment": lambda: os.truncate("out.000002", 0),
    "a cut index": lambda: os.truncate("out.000002.index", 41),
    "no index": lambda: [os.unlink(f"out.00000{n}.index") for n in (1, 2, 3)],
    "a gap": lambda: os.unlink("out.000002"),
    "nothing": lambda: [os.unlink(n) for n in os.listdir(".")],
    "junk": lambda: [write(f"out.00000{n}.index", bytes(i * 7 % 256 for i in range(100000))) for n in (1, 2, 3)],
    "zeros": lambda: [write(f"out.00000{n}.index", bytes(100000)) for n in (1, 2, 3)],
    "forged": lambda: write("out.000002.index", index_of(*[(n % 7 * 1000, 1 << 60, n * 1000, n % 8) for n in range(2000)])),
    "forged circles": lambda: write("out.000002.index", index_of(*[(5, 0, 0, 4)] * 3000, (0, 1, 1 << 31, 4))),
    "forged far": lambda: write("out.000002.index", index_of(((1 << 63) - 1, 1 << 63, (1 << 32) - 1, 4),
                                                              ((1 << 64) - 1, (1 << 64) - 1, (1 << 32) - 1, 7))),
}


def check_hostile(what, act):
    with sh("seq -f '%g some text' 1 20000", bytes=1 << 30, segments=1 << 14, **USER) as j:
        j.run()
        equal("segments", len(j.segments("out")) >= 4, True)
        whole = set(j.text().decode().split("\n"))
        as_the_user(j, act)
        slowest = 0
        for keys in ({}, {"lines": EVERY}, ALL, {**ALL, "grep": "777"}, {"since": 1}, {"until": 1 << 62},
                     {"flags": DETAIL | FOLLOW, "lines": 10}, {"flags": FOLLOW | FROM_START}):
            if "sparse" in what and keys.get("flags", 0) & FOLLOW and keys["flags"] & FROM_START:
                continue  # it goes on for as long as somebody listens
            start = time.monotonic()
            with Logs(j.folder, **keys) as l:
                lines = l.all()
            slowest = max(slowest, time.monotonic() - start)
            for line in lines:
                text = line["text"] if isinstance(line, dict) else line
                assert text in whole or set(text) <= {"\0", "\ufffd"} or what.startswith(("a cut", "forged")), \
                    f"{what} {keys}: {text[:80]!r}"
        return slowest


def test_hostile():
    slowest = {}
    for what, act in HOSTILE.items():
        if what.startswith("no rights") and not ROOT:
            continue
        slowest[what] = check_hostile(what, act)
    worst = max(slowest, key=slowest.get)
    print(f"  {len(slowest)} tricks; the longest answer took {slowest[worst]:.2f} s: {worst}")


def test_removal():
    """Pages and followers while segments are unlinked, the log is removed and
    the job's folder goes."""
    rng, pages = random.Random(8), 0
    for _ in range(4):
        with sh("while :; do seq 300; done", bytes=4 * 8192, segments=4, **USER) as j:
            j.start()
            wait_for("output", j.text)
            with Logs(j.folder, flags=FOLLOW) as l:
                c = Collector(l)
                for i in range(40):
                    lines, one = page(j.folder, lines=rng.choice((1, 50, 100000)),
                                      flags=rng.choice((0, FROM_START)))
                    pages += 1
                    if i == 30:
                        equal("asked", j.ask("remove"), 0)
                equal("status", j.end(), 0)
                c.end()
                equal("the follower", (l.complete, l.reason.split(";")[0]), (False, "its log was removed"))
            lines, one = page(j.folder)
            equal("afterwards", (lines, one.complete, one.reason.split(";")[0]), ([], False, "its log was removed"))
            os.rmdir(j.leaf)
            lines, one = page(j.folder)
            equal("no folder", (lines, one.complete), ([], False))
    print(f"  {pages} pages")


# ---- numbers

def measure(j, **keys):
    """Lines, seconds, seconds of CPU, kB of memory at most."""
    with Logs(j.folder, **keys) as l:
        count, memory, messages, start = 0, 0, 0, time.monotonic()
        while (got := l.raw()):
            count, messages = count + got[1], messages + 1
            if messages % 64 == 1 and "VmHWM" in (status := status_of(l.pid)):
                memory = int(status["VmHWM"].split()[0])
        took = time.monotonic() - start
        return count, took, l.used(), memory


def test_speed():
    with sh(f"seq -f 'line %g, such as a program may well print it, with a number' {MANY}",
            bytes=1 << 40, segments=1 << 17, **USER) as j:
        j.run()
        size = sum(map(len, j.log()))
        print(f"  {MANY} lines, {size >> 20} MiB, {len(j.segments('out'))} segments")
        for what, keys in (("detailed", ALL), ("plain", {**ALL, "flags": FROM_START}),
                           ("grep for what is not there", {**ALL, "grep": "none"}),
                           ("from the end, grep for what is not there", {"grep": "none"}),
                           ("the last line", {"lines": 1})):
            count, took, cpu, memory = measure(j, **keys)
            rate = f", {MANY / cpu:,.0f} lines a second of a core" if "last" not in what else ""
            print(f"  {what}: {count} lines in {took:.3f} s, {cpu:.4f} s of CPU, {memory} kB{rate}")
    with Job(["/usr/bin/python3", "-S", "-c", "import os, time\nfor n in range(5000):\n  os.write(1 + n % 2, b'%d\\n' % n)\n"
              "  time.sleep(0.0011)"], **USER) as j:
        j.run()
        records = sum(len(j.index(p)) for p in j.segments("out") + j.segments("err"))
        count, took, cpu, memory = measure(j, **ALL)
        print(f"  each line with a time of its own: {count} lines, {records} records, {cpu * 1e6 / count:.2f} µs a line")


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
