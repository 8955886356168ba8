#!/usr/bin/python3
"""get_logs of processes that print to systemd's journal, with a journald of our
own in a mount namespace: the last lines, pages, what is looked for, following."""
import os
import socket
import subprocess
import sys

sys.path.insert(0, os.path.dirname(__file__))
from control import Controlled, Wire
from harness import in_a_chroot, skip, wait_for

JOURNALD = next((p for p in ("/usr/lib/systemd/systemd-journald",
                             "/lib/systemd/systemd-journald") if os.path.exists(p)), None)
STDOUT = "/run/systemd/journal/stdout"
PROGRAM = r"""
import os, sys
for i in range(20):
    print("journal line", i)
os.write(1, b"bytes \xff\x01\n")
print("a\\Eb\tc")
sys.stdin.readline()
print("late")
sys.stdin.readline()
print("last")
"""


def in_a_namespace():
    """Runs this again, where /run is ours."""
    here = ["unshare", "--mount", "--propagation", "unchanged" if in_a_chroot() else "private",
            sys.executable, os.path.abspath(__file__), "here"]
    status = subprocess.run(here, check=False).returncode
    if in_a_chroot():  # it may have spread to here
        subprocess.run(["umount", "-q", "/run"], check=False)
    sys.exit(status)


class Journald:
    def __enter__(self):
        if in_a_chroot():
            subprocess.run(["mount", "--bind", "/run", "/run"], check=True)
            subprocess.run(["mount", "--make-private", "/run"], check=True)
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
        for path in ("/run/systemd/journal", "/run/log/journal"):
            os.makedirs(path)
        self.process = subprocess.Popen([JOURNALD], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        wait_for("journald", lambda: os.path.exists(STDOUT))
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def stream():
    """As a service gets one: sd_journal_stream_fd(3)."""
    s = socket.socket(socket.AF_UNIX)
    s.connect(STDOUT)
    s.sendall(b"tester\n\n6\n0\n0\n0\n0\n")
    return s


def texts(result):
    assert result["success"], result
    assert result["source"] == "the journal" and not result["complete"], result
    return result["lines"]


def check_pages(wire, p):
    def ask(**params):
        return wire.call("get_logs", pid=p.pid, **params)
    wait_for("all of it", lambda: ask(max_lines=1).get("lines") == ["a\\Eb\tc"])
    assert texts(ask(max_lines=3)) == ["journal line 19", "bytes \ufffd\x01", "a\\Eb\tc"]
    r = ask(max_lines=2, detail=True)
    bytes_line, last = texts(r)
    assert bytes_line["raw_b64"] == "Ynl0ZXMg/wE=" and last["text"] == "a\\Eb\tc", r
    assert 0 <= last["time"] - bytes_line["time"] < 60 and last["stream"] is None, r
    assert texts(ask(grep="line 1", max_lines=3)) == [f"journal line {i}" for i in (17, 18, 19)]
    assert texts(ask(grep="\\E")) == ["a\\Eb\tc"]
    assert ask(grep="no such line")["error"]["code"] == "logs_unavailable"
    lines, cursor = [], "start"
    while True:
        r = ask(cursor=cursor, max_lines=7)
        if not texts(r):
            break
        lines += r["lines"]
        cursor = r["cursor"]
    assert lines[:20] == [f"journal line {i}" for i in range(20)] and len(lines) == 22, lines
    for bad in ("jnonsense", "j", "j--x", "f1.2.3", "j;rm"):
        assert ask(cursor=bad)["error"]["code"] == "invalid_argument", bad


def check_follow(wire, p):
    wire.send("get_logs", pid=p.pid, follow=True, max_lines=1)

    def next_lines():
        while not (lines := wire.read()["params"]["item"]["lines"]):
            pass
        return lines
    assert next_lines() == ["a\\Eb\tc"]
    p.stdin.write(b"go\n")
    p.stdin.flush()
    assert next_lines() == ["late"]
    p.stdin.write(b"go\n")
    p.stdin.flush()
    assert next_lines() == ["last"]
    end = wire.read()["result"]
    assert end["reason"] == "exited" and end["dropped"] == 0, end


def main():
    if os.geteuid() != 0 or not JOURNALD or not os.path.exists("/usr/bin/journalctl"):
        skip("needs root and systemd-journald")
    if not os.path.ismount("/sys/fs/cgroup"):
        print("SKIP: no control groups, without which journald does not start", file=sys.stderr)
        sys.exit(77)
    if sys.argv[1:] != ["here"]:
        in_a_namespace()
    with Journald(), Controlled(interval=1, allow="""<Allow>
      User "root"
      Method "get_logs"
      Sandboxed true
    </Allow>""") as c, Wire(c.socket) as wire, stream() as out:
        p = subprocess.Popen([sys.executable, "-uc", PROGRAM], stdin=subprocess.PIPE,
                             stdout=out, stderr=out)
        for check in (check_pages, check_follow):
            check(wire, p)
            print(f"{check.__name__}: as it should be", flush=True)
        p.stdin.close()
        p.wait()
        # nothing of it is in the journal: a socket of something else
        mine, others = socket.socketpair()
        p = subprocess.Popen(["sleep", "600"], stdout=others, stderr=others)
        r = wire.call("get_logs", pid=p.pid)
        assert r["error"]["code"] == "logs_unavailable", r
        assert "the journal has nothing" in r["error"]["message"], r
        p.kill()
        p.wait()
        mine.close()
        others.close()


if __name__ == "__main__":
    main()
