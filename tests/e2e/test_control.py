#!/usr/bin/python3
"""The control socket as a user meets it: every method against the real
collectd, compared with what psutil and the kernel say."""
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import time

import psutil

sys.path.insert(0, os.path.dirname(__file__))
from control import Controlled, Wire, call
from harness import PATIENCE, near, near_once, wait_for


def sleeper(*prefix):
    return subprocess.Popen([*prefix, "sleep", "600"])


def check_socket(c):
    st = os.stat(c.socket)
    assert stat.S_ISSOCK(st.st_mode) and st.st_mode & 0o777 == 0o666, oct(st.st_mode)
    assert c.said().count("the control socket is " + c.socket) == 1, c.said()


def check_hello(c):
    hello = call(c.socket, "hello")
    assert hello["protocol"] == 1 and hello["host"] == "host", hello
    assert hello["you"]["uid"] == os.geteuid(), hello
    assert "kill_process" in hello["you"]["may"], hello
    methods = call(c.socket, "describe")["methods"]
    names = {m["name"] for m in methods}
    assert {"hello", "list_processes", "kill_process", "cancel"} <= names, names
    one = call(c.socket, "describe", method="kill_process")["methods"]
    assert [m["name"] for m in one] == ["kill_process"], one


def check_system(c):
    system = call(c.socket, "get_system_info")["system"]
    memory, disk = psutil.virtual_memory(), psutil.disk_usage("/")
    near("memory_total", system["memory_total"], memory.total)
    again = lambda name: lambda: call(c.socket, "get_system_info")["system"][name]
    near_once("memory_available", again("memory_available"),
              lambda: psutil.virtual_memory().available, relative=0.02)
    assert system["memory_used"] == system["memory_total"] - system["memory_available"]
    near("disk_total", system["disk_total"], disk.total)
    near_once("disk_percent", again("disk_percent"),
              lambda: psutil.disk_usage("/").percent, absolute=0.2)
    near("boot_time", system["boot_time"], psutil.boot_time(), absolute=1)
    near_once("uptime", again("uptime_seconds"),
              lambda: time.time() - psutil.boot_time(), absolute=2)
    assert system["cpu_count"] == psutil.cpu_count()
    assert 0 <= system["cpu_percent"] <= 100, system


def near_rss(c, pid, have, exact=False):
    """The exact sum with BPF, and statm's, which is exact since Linux 6.16.  In a
    list the sampler "proc" has field 24 of stat, the approximation, until it has
    come to the process in its rotation."""
    page = os.sysconf("SC_PAGESIZE")
    if not exact and call(c.socket, "hello")["sampler"] == "proc":
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            if have == int(f.read().rsplit(")", 1)[1].split()[21]) * page:
                return
    with open(f"/proc/{pid}/statm", encoding="ascii") as f:
        near("memory_rss", have, int(f.read().split()[1]) * page, 0.05, 1 << 18)


def check_list(c, child):
    answer = call(c.socket, "list_processes", max_age_seconds=0)
    pids = [p["pid"] for p in answer["processes"]]
    assert pids == sorted(pids) and answer["total"] == len(pids), answer["total"]
    mine = next(p for p in answer["processes"] if p["pid"] == child.pid)
    theirs = psutil.Process(child.pid)
    assert mine["name"] == "sleep" and mine["command"] == "sleep 600", mine
    assert mine["status"] == theirs.status(), mine
    assert mine["user"] == theirs.username(), mine
    near_rss(c, child.pid, mine["memory_rss"])
    near("memory_vms", mine["memory_vms"], theirs.memory_info().vms)
    near("uptime", mine["uptime_seconds"],
         answer["sampled_at"] - theirs.create_time(), absolute=1.5)
    few = call(c.socket, "list_processes", sort="memory_rss", limit=2,
               fields=["pid", "memory_rss"])["processes"]
    assert len(few) == 2 and set(few[0]) == {"pid", "memory_rss"}, few
    assert few[0]["memory_rss"] >= few[1]["memory_rss"], few
    named = call(c.socket, "list_processes",
                 filter={"name": "slee?", "user": str(os.geteuid())})["processes"]
    assert child.pid in [p["pid"] for p in named], named
    assert all(p["name"] == "sleep" for p in named), named


def check_busy(c):
    """A process that burns one CPU shows as 100 per core, or as much as the
    others leave to it."""
    burner = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    theirs = psutil.Process(burner.pid)
    try:
        def percent():
            p = call(c.socket, "get_process_info", pid=burner.pid)
            return p["success"] and p["process"]["cpu_percent"] or 0
        wait_for("the busy process", lambda: percent() > 5)
        near_once("CPU of the busy process", percent,
                  lambda: theirs.cpu_percent(interval=1), relative=0.15)
        p = call(c.socket, "get_process_info", pid=burner.pid)["process"]
        near("share of the machine", p["cpu_percent_machine"],
             p["cpu_percent"] / os.cpu_count(), absolute=0.01)
    finally:
        burner.kill()
        burner.wait()


def check_info(c, child):
    answer = call(c.socket, "get_process_info", pid=child.pid)
    p, theirs = answer["process"], psutil.Process(child.pid)
    assert answer["omitted"] == [], answer
    near_rss(c, child.pid, p["memory_rss"], exact=True)
    near("the parts", p["memory_anon"] + p["memory_file"] + p["memory_shmem"],
         p["memory_rss"], 0.02)
    assert p["memory_swap"] == p["memory_hugetlb"] == 0, p
    assert p["exe"] == theirs.exe() and p["cwd"] == theirs.cwd(), p
    assert p["ppid"] == os.getpid() and p["fds"] == theirs.num_fds(), p
    again = call(c.socket, "get_process_info", pid=child.pid,
                 start_time=p["start_time"])
    assert again["process"]["pid"] == child.pid
    other = call(c.socket, "get_process_info", pid=child.pid,
                 start_time=p["start_time"] + 1)
    assert other["error"]["code"] == "stale_process", other


def check_young(c):
    """A process that no turn has seen is looked up on the spot."""
    before = time.monotonic()
    child = sleeper()
    try:
        p = call(c.socket, "get_process_info", pid=child.pid)["process"]
        assert p["name"] == "sleep", p  # Popen waits for the exec
        assert p["uptime_seconds"] < time.monotonic() - before + 0.5, p
    finally:
        child.kill()
        child.wait()
    gone = call(c.socket, "get_process_info", pid=child.pid)
    assert gone["error"]["code"] == "not_found", gone


def check_thread(c):
    """A thread's number is no process's, whatever /proc shows under it."""
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()
    try:
        for method in ("get_process_info", "kill_process"):
            params = {"signal": 0} if method == "kill_process" else {}
            said = call(c.socket, method, pid=thread.native_id, **params)
            assert not said["success"], said
            assert said["error"]["code"] == "not_found", said
    finally:
        end.set()
        thread.join()


def check_kill(c):
    child = sleeper()
    start = call(c.socket, "get_process_info", pid=child.pid)["process"]["start_time"]
    stale = call(c.socket, "kill_process", pid=child.pid, start_time=start - 1)
    assert stale["error"]["code"] == "stale_process" and child.poll() is None, stale
    asked = call(c.socket, "kill_process", pid=child.pid, signal=0)
    assert asked["signalled"] == {"signal": "0", "processes": 1}, asked
    done = call(c.socket, "kill_process", pid=child.pid, start_time=start)
    assert done["signalled"] == {"signal": "TERM", "processes": 1}, done
    assert child.wait(timeout=PATIENCE) == -signal.SIGTERM
    wait_for("its line", lambda: f"verdict=done uid={os.geteuid()}" in c.said())


def stubborn(count=1, trap="''"):
    """A process group that ignores TERM: its leader, told apart by a line."""
    script = f"trap {trap} TERM; " + "sleep 601 & " * count + \
        "echo there; while ! wait; do :; done"
    child = subprocess.Popen(["bash", "-c", script], stdout=subprocess.PIPE,
                             start_new_session=True)
    child.stdout.readline()
    return child


def alive(group):
    members = []
    for p in psutil.process_iter():
        try:
            if os.getpgid(p.pid) == group and p.status() != psutil.STATUS_ZOMBIE:
                members.append(p.pid)
        except (ProcessLookupError, psutil.NoSuchProcess):
            pass
    return members


def check_escalation(c):
    child = stubborn()
    done = call(c.socket, "kill_process", pid=child.pid, timeout_seconds=0.5)
    assert done["signalled"]["escalated"] and done["exited"], done
    assert child.wait(timeout=PATIENCE) == -signal.SIGKILL
    for pid in alive(child.pid):
        os.kill(pid, signal.SIGKILL)


def check_group(c):
    child = stubborn(3)
    done = call(c.socket, "kill_process", pid=child.pid, scope="process_group",
                timeout_seconds=0.5)
    assert done["signalled"]["processes"] == 4 and done["exited"], done
    assert child.wait(timeout=PATIENCE) == -signal.SIGKILL
    assert not alive(child.pid), alive(child.pid)


def check_group_without_leader(c):
    """The leader ends on TERM, its children do not: KILL still comes."""
    script = "(trap '' TERM; echo there; sleep 602 & wait) & " \
        "trap 'exit 0' TERM; echo there; wait"
    child = subprocess.Popen(["bash", "-c", script], stdout=subprocess.PIPE,
                             start_new_session=True)
    child.stdout.readline()
    child.stdout.readline()
    done = call(c.socket, "kill_process", pid=child.pid, scope="process_group",
                timeout_seconds=2)
    assert child.wait(timeout=PATIENCE) == 0
    assert done["signalled"]["escalated"] and done["exited"], done
    assert not alive(child.pid), alive(child.pid)


def check_left(c):
    """The escalation goes on although the client has gone."""
    child = stubborn(trap="'echo hit'")
    with Wire(c.socket) as wire:
        wire.send("kill_process", pid=child.pid, timeout_seconds=1)
        assert child.stdout.readline() == b"hit\n"
    assert child.wait(timeout=PATIENCE) == -signal.SIGKILL
    for pid in alive(child.pid):
        os.kill(pid, signal.SIGKILL)


def check_stop(c):
    """An escalation that collectd's stop cuts short is in the log."""
    child = stubborn()
    with Wire(c.socket) as wire:
        wire.send("kill_process", pid=child.pid, timeout_seconds=3600)
        wait_for("the first signal", lambda: f"verdict=done uid=0 gid=0 peer={os.getpid()} "
                 f"as=0 pid={child.pid} " in c.said())
        c.stop()
    assert re.search(f"verdict=collectd_stops .* pid={child.pid} ", c.said()), c.said()
    for pid in alive(child.pid):
        os.kill(pid, signal.SIGKILL)
    child.wait()


def check_many(c):
    """Escalations that nobody waits for are bounded: 256 in all."""
    child, refused, sent = stubborn(), 0, 0
    while not refused and sent < 300:
        with Wire(c.socket) as wire:
            kill = wire.send("kill_process", pid=child.pid, timeout_seconds=3600)
            wire.send("hello")  # answered first, unless the other is refused
            answer = wire.read()
            if answer["id"] == kill:
                refused = answer["result"]["error"]["code"] == "limit_exceeded"
            else:
                sent += 1
    assert refused and sent == 256, (refused, sent)
    for pid in alive(child.pid):
        os.kill(pid, signal.SIGKILL)
    child.wait()
    wait_for("those calls to end", lambda: call(
        c.socket, "kill_process", pid=os.getpid(), signal=0)["success"])


def check_monitor(c):
    with Wire(c.socket) as wire:
        wire.send("monitor_system", interval_seconds=0.25, count=10)
        items = [wire.read()["params"] for _ in range(10)]
        end = wire.read()["result"]
    assert [i["seq"] for i in items] == list(range(10)), items
    assert end["reason"] == "count" and end["dropped"] == 0, end
    gaps = [b["item"]["time"] - a["item"]["time"] for a, b in zip(items, items[1:])]
    # some may be late, and the next ones early
    assert 0.15 < sorted(gaps)[len(gaps) // 2] < 0.6, gaps
    with Wire(c.socket) as wire:
        stream = wire.send("monitor_system", interval_seconds=1, processes=3)
        item = wire.read()["params"]["item"]
        assert len(item["processes"]) == 3, item
        wire.send("cancel", id=stream)
        answers = []
        while len(answers) < 2:
            message = wire.read()
            if "result" in message:
                answers.append(message["result"])
    assert {"success": True} in answers, answers
    assert any(a.get("reason") == "cancelled" for a in answers), answers


def check_events(c):
    with Wire(c.socket) as wire:
        seen = []

        def until(kind, pid):
            """Read all the while: who does not is told less."""
            while not seen or (seen[-1]["pid"], seen[-1]["kind"]) != (pid, kind):
                seen.append(wire.read()["params"]["item"])
        exits = wire.call("hello")["capabilities"]["exits"]
        wire.watch("watch_events")
        with subprocess.Popen(["bash", "-c", "sleep 0.05; exit 7"]) as short:
            if exits:
                until("exit", short.pid)
                assert seen[-1]["code"] == 7, seen[-1]
        child = sleeper()
        until("start", child.pid)
        child.terminate()
        child.wait()
        until("exit", child.pid)
    mine = [e for e in seen if e["pid"] == child.pid]
    assert [e["kind"] for e in mine] == ["start", "exit"], mine
    if exits:
        assert mine[1]["signal"] == "TERM" and not mine[1]["core"], mine
    # other tests hand out numbers again within a tick, but never a moment
    ends = [(e["pid"], e["start_time"], e["time"]) for e in seen if e["kind"] == "exit"]
    assert len(set(ends)) == len(ends), "an end was told twice"


def check_faults(c):
    for text, code, parameter in [
            (b'{"jsonrpc":"2.0","id":1,"method":"nothing"}', -32601, None),
            (b'{"jsonrpc":"2.0","method":"hello"}', -32600, None),
            (b'[]', -32600, None),
            (b'{"jsonrpc":"2.0","id":1,"method":"get_process_info"}', -32602, "pid"),
            (b'{"jsonrpc":"2.0","id":1,"method":"hello","id":2}', -32600, None),
            (b'{"jsonrpc":"2.0","id":1,"method":"list_processes",'
             b'"params":{"filter":{"usr":"x"}}}', -32602, "filter.usr"),
            (b'{"jsonrpc":"2.0","id":1,"method":"list_processes",'
             b'"params":{"sort":"x"}}', -32602, "sort")]:
        with Wire(c.socket) as wire:
            wire.socket.sendall(text + b"\n")
            error = wire.read()["error"]
            assert error["code"] == code and error["message"], (text, error)
            assert error["data"].get("parameter") == parameter, (text, error)
            assert wire.call("hello")["success"], text  # the connection lives
    with Wire(c.socket) as wire:
        wire.socket.sendall(b"GET / HTTP/1.1\n")
        assert wire.read()["error"]["code"] == -32700
        assert wire.read() is None


def check_half_close(c):
    """End-of-file is no cancel: socat without a pause after its input."""
    with Wire(c.socket) as wire:
        wire.send("list_processes", max_age_seconds=0)
        wire.socket.shutdown(socket.SHUT_WR)
        assert wire.read()["result"]["success"]
        assert wire.read() is None


def check_count(c):
    """How many are connected is a series."""
    with Wire(c.socket), Wire(c.socket):
        wait_for("two clients", lambda: c.value("procman_self/count-clients") == 2)
    print("  count-clients: 2")


def check_leftovers(c):
    assert not os.path.exists(c.socket), "the socket outlived collectd"


CHECKS = [check_socket, check_hello, check_system, check_busy, check_young, check_thread,
          check_kill, check_escalation, check_group, check_group_without_leader,
          check_left, check_monitor, check_events, check_faults, check_half_close]


def main():
    for sampler in ("auto", "proc"):
        with Controlled(options=f'  Sampler "{sampler}"', interval=5) as c:
            child = sleeper()
            for check in CHECKS:
                print(f"  {sampler}: {check.__name__[6:]}", flush=True)
                check(c)
                time.sleep(0.3)  # five acts a second are allowed
            if sampler == "auto":
                check_count(c)
                check_many(c)
            check_list(c, child)
            check_info(c, child)
            child.kill()
            child.wait()
            check_stop(c)
            check_leftovers(c)


if __name__ == "__main__":
    main()
