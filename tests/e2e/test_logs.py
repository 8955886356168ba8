#!/usr/bin/python3
"""get_logs of processes that procman did not start: what of their output can be
read, and by whom: never more than from one's own shell."""
import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
from control import Controlled, Peer, Wire, as_user, call
from harness import PATIENCE, folder, idle_uids, in_a_chroot, skip, wait_for

OWNER, OTHER = idle_uids(2)


class Printer:
    """A process that prints what it is told."""

    PROGRAM = """
import os, sys
while True:
    line = sys.stdin.buffer.readline()
    if not line:
        break
    os.write(int(line[:1]), eval(line[1:]))
    os.write(int(sys.argv[1]), b"x")
"""

    def __init__(self, out, err, prefix=()):
        self.told, tells = os.pipe()
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-c", self.PROGRAM, str(tells)],
            stdin=subprocess.PIPE, stdout=out, stderr=err, pass_fds=[tells])
        os.close(tells)
        self.pid = self.process.pid
        self.put(1, b"")

    def put(self, fd, text):
        while True:  # a pipe takes 64 KiB at a time
            part, text = text[:32768], text[32768:]
            self.process.stdin.write(str(fd).encode() + repr(part).encode() + b"\n")
            self.process.stdin.flush()
            assert os.read(self.told, 1) == b"x"
            if not text:
                break

    def end(self):
        self.process.stdin.close()
        self.process.wait(PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.told)


def error(result):
    assert result.get("success") is False, result
    return result["error"]["code"], result["error"]["message"]


# ---- what there is ----

def check_pages(c, place):
    path = os.path.join(place, "out")
    with open(path, "wb") as out, open(path + ".err", "wb") as err, \
            Printer(out, err) as p, Wire(c.socket) as wire:
        p.put(1, b"".join(b"line %d\n" % i for i in range(1000)) + b"begun")
        p.put(2, b"trouble\n")
        r = wire.call("get_logs", pid=p.pid, max_lines=2)
        assert r.get("lines") == ["line 998", "line 999", "trouble"], r
        assert r["complete"] and r["source"] == f"{path}, {path}.err", r
        r = wire.call("get_logs", pid=p.pid, cursor=r["cursor"])
        assert r["lines"] == [], r
        p.put(1, b", done\n")
        r = wire.call("get_logs", pid=p.pid, cursor=r["cursor"])
        assert r["lines"] == ["begun, done"], r
        r = wire.call("get_logs", pid=p.pid, stream="stderr", detail=True)
        assert r["lines"] == [{"time": None, "stream": "stderr", "text": "trouble"}], r
        r = wire.call("get_logs", pid=p.pid, grep="line 77", max_lines=3)
        assert r["lines"] == ["line 777", "line 778", "line 779"], r
        # pages from the start have everything once
        lines, cursor = [], "start"
        while True:
            r = wire.call("get_logs", pid=p.pid, stream="stdout", cursor=cursor, max_lines=37)
            lines += r["lines"]
            cursor = r["cursor"]
            if not r["lines"]:
                break
        assert lines == [f"line {i}" for i in range(1000)] + ["begun, done"], lines[-3:]
        os.truncate(path, 0)
        r = wire.call("get_logs", pid=p.pid, stream="stdout", cursor=cursor)
        assert not r["complete"] and "truncated" in r["reason"], r
        for bad in ("x", cursor + "-", "f1", cursor + " "):
            assert error(wire.call("get_logs", pid=p.pid, cursor=bad))[0] == "invalid_argument"
        assert error(wire.call("get_logs", pid=p.pid, start_time=1))[0] == "stale_process"


def check_bytes(c, place):
    """Any bytes, lines of any length."""
    wild = bytes(range(10)) + bytes(range(11, 256))
    long = b"0123456789" * 6000
    longer = b"a" * 300_000
    with tempfile.TemporaryFile(dir=place) as out, \
            Printer(out, subprocess.DEVNULL) as p, Wire(c.socket) as wire:
        p.put(1, wild + b"\n" + long + b"\n" + longer + b"\n" + b"\x1b[31m\t\n\n")
        r = wire.call("get_logs", pid=p.pid, detail=True, stream="stdout")
        assert r["source"].endswith("(deleted)") and r["complete"], r["source"]
        lines, begun = [], b""
        for line in r["lines"]:
            begun += (base64.b64decode(line["raw_b64"]) if "raw_b64" in line
                      else line["text"].encode())
            if not line.get("partial"):
                lines.append(begun)
                begun = b""
        assert lines == [wild, long, longer, b"\x1b[31m\t", b""], [len(x) for x in lines]
        assert [x["text"] for x in r["lines"] if x["text"][:3] == "012"] == [long.decode()]
        plain = wire.call("get_logs", pid=p.pid, stream="stdout")
        assert [x["text"] for x in r["lines"]] == plain["lines"]


def check_elsewhere(c, place):
    """Where the output goes if it is not kept."""
    with open(os.path.join(place, "one"), "wb") as out, \
            Printer(out, subprocess.PIPE) as p, Wire(c.socket) as wire:
        p.put(1, b"kept\n")
        r = wire.call("get_logs", pid=p.pid)
        assert r["lines"] == ["kept"] and not r["complete"], r
        read_by = f"stderr is a pipe read by pid {os.getpid()} ("
        assert r["reason"].startswith(read_by), r
        code, words = error(wire.call("get_logs", pid=p.pid, stream="stderr"))
        assert code == "logs_unavailable" and read_by in words, words
    reader, writer = os.pipe()
    with Printer(writer, subprocess.DEVNULL) as p:
        os.close(writer)
        os.close(reader)
        code, words = error(call(c.socket, "get_logs", pid=p.pid))
        assert code == "logs_unavailable" and "nobody" in words and "/dev/null" in words, words
    main_end, terminal = os.openpty()
    with Printer(terminal, terminal) as p:
        code, words = error(call(c.socket, "get_logs", pid=p.pid, stream="stdout"))
        assert code == "logs_unavailable" and "/dev/pts/" in words, words
    os.close(main_end)
    os.close(terminal)
    p = subprocess.Popen(["sh", "-c", "exec sleep 600 2>&-"], stdin=subprocess.DEVNULL,
                         stdout=subprocess.DEVNULL)
    wait_for("sleep", lambda: open(f"/proc/{p.pid}/comm", encoding="ascii").read() == "sleep\n")
    code, words = error(call(c.socket, "get_logs", pid=p.pid))
    assert code == "logs_unavailable" and "stderr is closed" in words, words
    p.kill()
    p.wait()
    assert error(call(c.socket, "get_logs", pid=p.pid))[0] == "not_found"


def check_not_printed(c, place):
    """What it only reads, and what the kernel makes for the reader."""
    for path, words in (("/proc/self/maps", "a file of the kernel's"),
                        ("/proc/keys", "a file of the kernel's"),
                        ("/sys/kernel/mm/transparent_hugepage/enabled", "a file of the kernel's"),
                        (__file__, "not open for writing")):
        if not os.path.exists(path):
            continue
        for flags in (os.O_RDONLY, os.O_PATH):
            fd = os.open(path, flags)
            p = subprocess.Popen(["sleep", "600"], stdout=fd, stderr=subprocess.DEVNULL)
            os.close(fd)
            code, said = error(call(c.socket, "get_logs", pid=p.pid, stream="stdout"))
            assert code == "logs_unavailable" and words in said, (path, flags, said)
            p.kill()
            p.wait()


def check_together(c, place):
    """Both streams in one file come once."""
    with open(os.path.join(place, "both"), "ab") as out, Printer(out, out) as p:
        p.put(1, b"a\n")
        p.put(2, b"b\n")
        r = call(c.socket, "get_logs", pid=p.pid, detail=True)
        assert [(x["stream"], x["text"]) for x in r["lines"]] == [(None, "a"), (None, "b")], r


# ---- following ----

def follow(wire, lines, **params):
    """Reads a stream to its end; its result."""
    stream = wire.send("get_logs", follow=True, **params)
    while True:
        message = wire.read()
        if message.get("method") == "stream":
            lines += message["params"]["item"]["lines"]
        elif message["id"] == stream:
            return message["result"]


def check_follow(c, place):
    with open(os.path.join(place, "followed"), "wb") as out, \
            Printer(out, subprocess.DEVNULL) as p, Wire(c.socket) as wire:
        p.put(1, b"zero\nnot asked for\none\n")
        lines, end = [], []
        reading = threading.Thread(
            target=lambda: end.append(follow(wire, lines, pid=p.pid, stream="stdout",
                                             max_lines=1)))
        reading.start()
        wait_for("the last line", lambda: lines == ["one"])
        for i in range(50):
            p.put(1, b"%d\n" % i)
        wait_for("all lines", lambda: len(lines) == 51)
        p.put(1, b"the rest")
        p.end()
        reading.join(PATIENCE)
        assert lines == ["one"] + [str(i) for i in range(50)] + ["the rest"], lines
        assert end[0]["reason"] == "exited" and end[0]["complete"], end


def check_slow_follower(c, place):
    """One that reads late loses nothing, and costs the others nothing."""
    count = 100_000
    with open(os.path.join(place, "much"), "wb") as out, \
            Printer(out, subprocess.DEVNULL) as p, Wire(c.socket) as slow:
        stream = slow.send("get_logs", pid=p.pid, stream="stdout", cursor="start", follow=True)
        for i in range(0, count, 400):
            p.put(1, b"".join(b"%d %s\n" % (k, b"x" * 60) for k in range(i, i + 400)))
        for _ in range(20):
            assert call(c.socket, "hello")["success"]
        time.sleep(11)  # longer than one that has asked for something may take
        p.end()
        lines = []
        while (message := slow.read()).get("method") == "stream":
            lines += message["params"]["item"]["lines"]
        assert message["id"] == stream and message["result"]["dropped"] == 0, message
        assert lines == [f"{k} " + "x" * 60 for k in range(count)], len(lines)


def helpers():
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                if f.read().split(b"\0")[:2] == [b"procman-hold", b"logs"]:
                    found.add(int(pid))
        except OSError:
            pass
    return found


def check_end_of_follower(c, place):
    """Its helper goes with it."""
    with open(os.path.join(place, "left"), "wb") as out, Printer(out, out) as p:
        before = helpers()
        wires = [Wire(c.socket) for _ in range(3)]
        for wire in wires:
            wire.send("get_logs", pid=p.pid, follow=True)
            wire.read()
        assert len(helpers() - before) == 3
        answer, end = wires[0].cancel(1)
        assert answer["success"] and end["reason"] == "cancelled", (answer, end)
        for wire in wires:
            wire.close()
        wait_for("the helpers' end", lambda: not helpers() - before)
        with Wire(c.socket) as wire:  # if it is killed, that is said
            wire.send("get_logs", pid=p.pid, follow=True)
            wire.read()
            for helper in helpers() - before:
                os.kill(helper, signal.SIGKILL)
            end = wire.read()["result"]
            assert not end["complete"] and "procman-hold" in end["missing"], end
            assert end["reason"] == "failed", end


# ---- by whom ----

def check_handed_on(c, place):
    """Who gives his connection away, and ends, lends nobody his eyes."""
    path = os.path.join(place, "handed on")
    with open(path, "wb") as out:
        os.fchmod(out.fileno(), 0o600)
        p = Printer(out, subprocess.DEVNULL)
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        s = socket.socket(socket.AF_UNIX)
        s.connect(c.socket)
        s.sendall(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "get_logs", "params": {
            "pid": p.pid, "follow": True}}).encode() + b"\n")
        s.recv(4096)
        socket.send_fds(theirs, [b"x"], [s.fileno()])
        os._exit(0)
    _, (fd,), _, _ = socket.recv_fds(ours, 1, 1)
    os.waitpid(child, 0)
    p.put(1, b"secret\n")
    with socket.socket(fileno=fd) as s:
        s.settimeout(PATIENCE)
        said = s.makefile("rb").readline()
    assert b"secret" not in said and b"permission_denied" in said, said
    p.end()
    ours.close()
    theirs.close()


def check_authority(c, place):
    targets = []
    for owner, mode, prefix in ((OWNER, 0o600, as_user(OWNER)), (OWNER, 0o644, as_user(OWNER)),
                                (0, 0o600, []), (0, 0o644, []), (OWNER, 0o600, []),
                                (0, 0o600, as_user(OWNER))):
        path = os.path.join(place, f"of-{owner}-{mode:o}-{len(targets)}")
        with open(path, "wb") as out:
            os.fchown(out.fileno(), owner, owner)
            os.fchmod(out.fileno(), mode)
            targets.append(Printer(out, subprocess.DEVNULL, prefix))
            targets[-1].put(1, b"secret\n")
    peers = {"root": ([], True), "owner": (as_user(OWNER), True),
             "other": (as_user(OTHER), True),
             "sandbox": (as_user(OWNER, "--no-new-privs"), False),
             "namespace": ([*as_user(OWNER), "unshare", "--user", "--map-root-user"], False)}
    if in_a_chroot():
        del peers["namespace"]
    compared = granted = 0
    for name, (prefix, free) in peers.items():
        with Peer(prefix) as peer:
            for i, p in enumerate(targets):
                r = peer.do("call", c.socket, "get_logs", pid=p.pid, stream="stdout")
                own = peer.do("output", p.pid)
                where = f"{name}, target {i}: socket {json.dumps(r)}, hands {own}"
                compared += 1
                if r["success"]:
                    assert free and r["lines"] == own == ["secret"], where
                    granted += 1
                else:
                    assert not free or own != ["secret"], where
    for p in targets:
        p.end()
    assert granted >= 8, granted
    print(f"  {compared} pairs compared, {granted} may read")


def main():
    if os.geteuid() != 0:
        skip("only root can be somebody else")
    place = folder("procman-logs-")
    try:
        with Controlled(interval=1) as c:
            for check in (check_pages, check_bytes, check_elsewhere, check_not_printed,
                          check_together,
                          check_follow, check_end_of_follower, check_handed_on, check_authority,
                          check_slow_follower):
                check(c, place)
                print(f"{check.__name__}: as it should be", flush=True)
    finally:
        shutil.rmtree(place)


if __name__ == "__main__":
    main()
