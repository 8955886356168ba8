"""What a started process costs: the memory of its holder, its start, its lines
on their way to the disk and to a follower, and the jobs of before when collectd
starts; and what is lost when holders are killed, beside conmon and supervisord
where they are installed."""

import os
import pathlib
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
HOLDER_BUDGET_KB = 150
LINES, FOLLOWED, HELD, ADOPTED, KILLS = 2000000, 100, 100, 1000, 100

RUNTIME = """#!/bin/sh
# what conmon takes for a container runtime: it starts one program
while [ $# -gt 0 ]; do
    case $1 in --pid-file) file=$2; shift ;; create) create=1 ;; esac
    shift
done
[ "$create" ] || exit 0
$WORKLOAD &
echo $! >"$file"
"""


def harness(bench):
    """The collectd of the end-to-end tests."""
    os.environ["PM_BUILD"] = str(bench.build)
    os.environ["PM_SRC"] = str(HERE.parent.parent)
    sys.path.insert(0, str(HERE.parent / "e2e"))
    import control
    return control


def wait_for(check, seconds=120):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if (result := check()):
            return result
        time.sleep(0.002)
    raise TimeoutError


def pids_of(name, place):
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if os.path.basename(words[0]) == name.encode() and \
                any(str(place).encode() in word for word in words[1:]):
            yield int(pid)


def pss_kb(pid):
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def ms(seconds):
    return f"{seconds * 1000:.3g} ms"


def part(values, share):
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


# ---- one collectd ----

def starts(wire):
    took = []
    for _ in range(HELD):
        began = time.monotonic()
        assert wire.call("start_process", command="sleep", args=["3600"])["success"]
        took.append(time.monotonic() - began)
    return took


def stop_all(wire):
    for job in wire.call("list_jobs")["jobs"]:
        wire.call("stop_job", job_id=job["job_id"])
        wire.call("remove_job", job_id=job["job_id"])


def holding(c, control):
    with control.Wire(c.socket) as wire:
        took = starts(wire)
        sizes = [pss_kb(pid) for pid in pids_of("procman-keep", c.path("run"))]
        stop_all(wire)
    size = statistics.median(sizes)
    word = "kept" if size <= HOLDER_BUDGET_KB else "MISSED"
    return [f"{word}: the holder of an idle job takes {size:.0f} kB PSS, median of "
            f"{len(sizes)} (budget {HOLDER_BUDGET_KB})",
            f"`start_process`, with its program running: half within "
            f"{ms(statistics.median(took))}, 99 % within {ms(part(took, 0.99))}"]


PRINTER = ("import time\nfor _ in range(%d):\n print(time.time(), flush=True)\n"
           " time.sleep(0.02)" % FOLLOWED)


def following(c, control):
    late = []
    with control.Wire(c.socket) as wire, control.Wire(c.socket) as starter:
        job = starter.call("start_process", command="/usr/bin/python3", args=["-c", PRINTER])
        wire.send("get_logs", job_id=job["job_id"], follow=True, cursor="start")
        while "result" not in (message := wire.read()):
            now = time.time()
            late += [now - float(line) for line in message["params"]["item"]["lines"]]
        stop_all(starter)
    return [f"a follower has a line {ms(statistics.median(late))} after it was written, 99 % "
            f"within {ms(part(late, 0.99))}, {len(late)} of {FOLLOWED} lines"]


def adopting(control):
    with control.Controlled(jobs=f"MaxJobs {2 * ADOPTED}") as c:
        with control.Wire(c.socket) as wire:
            for _ in range(ADOPTED):
                assert wire.call("start_process", command="sleep", args=["3600"])["success"]
        os.kill(c.leader(), signal.SIGKILL)
        c.process.wait()
        c.__enter__()  # until the socket answers
        began = time.monotonic()
        with control.Wire(c.socket) as wire:
            jobs = wire.call("list_jobs")["jobs"]
            took = time.monotonic() - began
            alive = sum(job["state"] == "running" for job in jobs)
            stop_all(wire)
    return [f"a collectd that follows has {alive} of {ADOPTED} jobs {ms(took)} after its "
            f"socket answers, with the list of them"]


# ---- lines to the disk ----

SEQ = ["seq", "1", str(LINES)]


def by_file(place):
    began = time.monotonic()
    with open(place / "out", "wb") as file:
        subprocess.run(SEQ, stdout=file, check=True)
    return time.monotonic() - began


def by_procman(c, control):
    with control.Wire(c.socket) as wire:
        began = time.monotonic()
        job = wire.call("start_process", command=SEQ[0], args=SEQ[1:])
        wait_for(lambda: wire.call("get_job", job_id=job["job_id"])["job"]["state"] == "exited")
        took = time.monotonic() - began
        stop_all(wire)
    return took


def conmon(place, workload):
    place.mkdir()
    runtime = place / "runtime"
    runtime.write_text(RUNTIME)
    runtime.chmod(0o755)
    subprocess.run(["conmon", "--cid", "x", "--cuuid", "x", "--runtime", runtime, "--bundle", place,
                    "--log-path", f"k8s-file:{place}/log", "--exit-dir", place,
                    "--socket-dir-path", place, "--container-pidfile", place / "pid"],
                   env={**os.environ, "WORKLOAD": " ".join(workload)}, check=True,
                   stderr=subprocess.DEVNULL)


def by_conmon(place):
    began = time.monotonic()
    conmon(place / "c", SEQ)
    wait_for((place / "c" / "x").exists)
    return time.monotonic() - began


def throughput(c, control, place):
    plain, ours = by_file(place), by_procman(c, control)
    text = (f"{LINES} lines of `seq` take {plain:.2f} s to a file, {ours:.2f} s through procman")
    if shutil.which("conmon"):
        text += f", {by_conmon(place):.2f} s through conmon"
    return [text]


# ---- lines that are lost ----

def line_of(name, n):
    """As tests/e2e/lines.c writes them."""
    return f"{name}{n}:" + chr(65 + n % 26) * (70000 if n % 997 == 0 else n * 7919 % 120)


def lost(lines, count):
    """Of so many of stdout, those that are not there whole."""
    have = set(lines)
    return sum(line_of("o", n) not in have for n in range(1, count + 1))


def kill_loop(find):
    killed = 0
    while killed < KILLS:
        time.sleep(random.random() * 0.03)
        for pid in find():
            try:
                os.kill(pid, signal.SIGKILL)
                killed += 1
            except ProcessLookupError:
                pass
    return killed


def kills_of_procman(bench, control):
    with control.Controlled(jobs='LogMaxBytes "16G"') as c:
        stop = c.path("stop")
        job = control.call(c.socket, "start_process",
                           command=str(bench.build / "tests" / "e2e" / "lines"), args=[stop, "0"])
        killed = kill_loop(lambda: pids_of("procman-keep", c.path("run")))
        pathlib.Path(stop).touch()
        wait_for(lambda: control.call(c.socket, "get_job", job_id=job["job_id"])["job"]["state"]
                 == "exited")
        count = int(pathlib.Path(stop).read_text())
        leaf = next(pathlib.Path(c.path("run/log")).rglob("out.000001")).parent
        text = b"".join(p.read_bytes() for p in sorted(leaf.glob("out.??????")))
    return killed, count, lost(text.decode().split("\n"), count)


def kills_of_conmon(bench, place):
    stop = place / "stop"
    conmon(place / "k", [str(bench.build / "tests" / "e2e" / "lines"), str(stop), "0"])
    pid = wait_for(lambda: next(pids_of("lines", stop), None))
    time.sleep(0.3)
    for holder in pids_of("conmon", place / "k"):
        os.kill(holder, signal.SIGKILL)
    time.sleep(0.5)
    return 1, verdict_of(pid)


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def verdict_of(pid):
    """A program whose reader is gone dies of SIGPIPE at its next line."""
    return "lives" if is_alive(pid) else "died of SIGPIPE"


def kills_of_supervisord(bench, place):
    place = place / "s"
    place.mkdir()
    conf = place / "conf"
    conf.write_text(f"[supervisord]\nnodaemon=true\nlogfile={place}/log\npidfile={place}/pid\n"
                    f"[program:lines]\ncommand={bench.build}/tests/e2e/lines {place}/stop 0\n"
                    f"stdout_logfile={place}/out\nstdout_logfile_maxbytes=0\n"
                    f"stderr_logfile=/dev/null\nstopasgroup=true\n")
    daemon = subprocess.Popen(["supervisord", "-c", conf], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    pid = wait_for(lambda: next(pids_of("lines", place), None))
    time.sleep(0.3)
    daemon.kill()
    daemon.wait()
    time.sleep(0.5)
    return 1, verdict_of(pid)


def kill_table(bench, control, place):
    killed, count, missing = kills_of_procman(bench, control)
    rows = [("procman", killed, "lives", f"{missing} of {count}")]
    for name, measure in (("conmon", kills_of_conmon), ("supervisord", kills_of_supervisord)):
        if shutil.which(name):
            done, what = measure(bench, place)
            rows.append((name, done, what, "all that it would still have written"))
    return ["", "The holder is killed while its program prints.", "",
            "| holder | kills | its program | lines lost |", "| :--- | -: | :--- | :--- |",
            *(f"| {a} | {b} | {c} | {d} |" for a, b, c, d in rows)]


def job_lines(bench):
    control = harness(bench)
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        with control.Controlled(jobs='MaxJobs 1000\nLogMaxBytes "1G"') as c:
            lines = holding(c, control) + following(c, control) + throughput(c, control, place)
        lines += adopting(control)
        return [f"- {line}" for line in lines] + kill_table(bench, control, place)


if __name__ == "__main__":
    class Here:
        build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    print("\n".join(job_lines(Here)))
