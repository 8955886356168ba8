#!/usr/bin/python3
"""Jobs that print while collectd, their holders, the store of their pipes, or
all of them are killed at random moments: not a line is lost, doubled or torn,
and none is started twice.  PM_SURVIVE_KILLS: how often collectd is killed (8);
between two of its deaths some ten of the others."""
import os
import random
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from control import Controlled, call
from harness import BUILD, wait_for

KILLS = int(os.environ.get("PM_SURVIVE_KILLS", "8"))
JOBS = 2
LINES = os.path.join(BUILD, "tests", "e2e", "lines")


def line_of(name, n):
    """What tests/e2e/lines.c writes."""
    length = 70000 if n % 997 == 0 else n * 7919 % 120
    return name + b"%d:" % n + bytes([65 + n % 26]) * length + b"\n"


def ours(c, name):
    """Pids of that program, of this collectd's jobs."""
    place = c.path("run/jobs").encode()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                words = f.read().split(b"\0")[:-1]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if words and name in words[0:2] and any(w.startswith(place) for w in words):
            yield int(pid)


def kill_some(c, name, share):
    killed = 0
    for pid in ours(c, name):
        if random.random() < share:
            try:
                os.kill(pid, signal.SIGKILL)
                killed += 1
            except ProcessLookupError:
                pass
    return killed


def files_of(c, job_id, stream):
    for top, _, files in os.walk(c.path("run/log")):
        if os.path.basename(top) == job_id:
            return [os.path.join(top, f) for f in sorted(files)
                    if f.startswith(stream) and not f.endswith(".index")]
    return []


def check_lines(c, job_id, stop):
    """All that it wrote, in order and once; their number."""
    with open(stop, encoding="ascii") as f:
        count = int(f.read())
    for stream, name in (("out", b"o"), ("err", b"e")):
        n = 0
        for path in files_of(c, job_id, stream):
            with open(path, "rb") as f:
                for n, line in enumerate(f, n + 1):
                    assert line == line_of(name, n), f"{path}: line {n}: {line[:60]!r}"
        assert n == count, f"{job_id} {stream}: {n} lines of {count}"
    return 2 * count


def check_pages(c, job_id, count):
    """What get_logs gives, page by page, is the same."""
    cursor, seen = "start", 0
    while True:
        r = call(c.socket, "get_logs", job_id=job_id, cursor=cursor, max_lines=5000,
                 stream="stdout")
        assert r.get("success"), r
        for line in r["lines"]:
            seen += line.startswith("o")
        if not r["lines"] or r["cursor"] == cursor:
            break
        cursor = r["cursor"]
    assert seen == count, (job_id, seen, count)


def main():
    random.seed(os.environ.get("PM_SEED", time.time()))
    killed = {"collectd": 0, "holders": 0, "stores": 0}
    with Controlled(jobs='LogMaxBytes "16G"') as c:
        stops, pids = {}, {}
        for i in range(JOBS):
            stop = c.path(f"stop{i}")
            r = call(c.socket, "start_process", command=LINES, args=[stop, "0"], name=f"lines{i}",
                     log={"max_bytes": 1 << 34})
            assert r["success"], r
            stops[r["job_id"]], pids[r["job_id"]] = stop, r["process"]["pid"]
        for _ in range(KILLS):
            for _ in range(10):
                time.sleep(random.random() * 0.1)
                killed["holders"] += kill_some(c, b"procman-keep", 0.6)
                if random.random() < 0.2:
                    killed["stores"] += kill_some(c, b"fdstore", 1)
            if random.random() < 0.5:  # all at once
                killed["holders"] += kill_some(c, b"procman-keep", 1)
            os.kill(c.leader(), signal.SIGKILL)
            c.process.wait()
            killed["collectd"] += 1
            killed["holders"] += kill_some(c, b"procman-keep", random.random())
            c.__enter__()
            jobs = {j["job_id"]: j for j in call(c.socket, "list_jobs")["jobs"]}
            assert {i: j["pid"] for i, j in jobs.items()} == pids, jobs
        wait_for("holders", lambda: len(list(ours(c, b"procman-keep"))) == JOBS)
        for stop in stops.values():
            with open(stop, "w", encoding="ascii"):
                pass
        total = 0
        for job_id, stop in stops.items():
            job = call(c.socket, "wait_job", job_id=job_id, timeout_seconds=100)["job"]
            assert job["exit"].get("code") == 0 and job["restarts"] == 0, job
            wait_for("its end", lambda: call(c.socket, "get_job", job_id=job_id)["job"]["state"] ==
                     "exited")
            count = check_lines(c, job_id, stop)
            check_pages(c, job_id, count // 2)
            total += count
    print(f"{killed['collectd']} kills of collectd, {killed['holders']} of holders, "
          f"{killed['stores']} of the store: {total} lines, 0 lost, doubled or torn")


if __name__ == "__main__":
    main()
