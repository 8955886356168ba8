"""The control socket from outside: one request a line, answers as they come,
and peers that are somebody else."""
import json
import os
import socket
import subprocess
import sys

from harness import Collectd, wait_for


class Wire:
    """A connection."""

    def __init__(self, path, timeout=20):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self.lines = self.socket.makefile("rb")
        self.id = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.lines.close()
        self.socket.close()

    def send(self, method, /, **params):
        """The id of the request."""
        self.id += 1
        request = {"jsonrpc": "2.0", "id": self.id, "method": method}
        if params:
            request["params"] = params
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        return self.id

    def read(self):
        """The next message; None at the end."""
        line = self.lines.readline()
        return json.loads(line) if line else None

    def call(self, method, /, **params):
        """The result, or the fault."""
        self.send(method, **params)
        answer = self.read()
        assert answer and answer["id"] == self.id, answer
        return answer.get("result") or answer["error"]


def call(path, method, /, **params):
    with Wire(path) as wire:
        return wire.call(method, **params)


class Controlled(Collectd):
    """A collectd whose socket anybody may open: c.socket."""

    def __init__(self, allow="", options="", owner=None, **more):
        self.socket = None
        super().__init__("@", **more)
        self.socket = self.path("run/control.sock")
        self.options = f"""{options}
  <Control>
    Socket "{self.socket}"
    SocketPerms "0666"
    {allow}
  </Control>"""
        self.write()
        os.makedirs(self.path("run"), exist_ok=True)
        for place in (self.dir, self.path("run")):
            os.chmod(place, 0o755)
            if owner is not None:
                os.chown(place, owner, owner)

    def __enter__(self):
        super().__enter__()
        wait_for("the socket", lambda: os.path.exists(self.socket))
        wait_for("a turn", lambda: call(
            self.socket, "list_groups")["success"])
        return self


# ---- peers ----

def as_user(uid, *more):
    return ["setpriv", "--reuid", str(uid), "--regid", str(uid),
            "--clear-groups", *more]


class Peer:
    """A process that is somebody else and does what it is told: by the socket,
    and with its own hands as a shell would.  prefix: who it becomes."""

    def __init__(self, prefix):
        self.process = subprocess.Popen(
            [*prefix, sys.executable, os.path.abspath(__file__)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(timeout=10)

    def do(self, what, *args, **named):
        self.process.stdin.write(json.dumps([what, args, named]) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"the peer is gone ({what})"
        return json.loads(line)


def own_kill(pid, signal):
    try:
        os.kill(pid, signal)
    except OSError as e:
        return e.errno
    return 0


def own_links(pid, proc="/proc"):
    """Which of the owner's files open with one's own hands."""
    found = []
    for name in ("exe", "cwd"):
        try:
            os.readlink(f"{proc}/{pid}/{name}")
            found.append(name)
        except OSError:
            pass
    try:
        with open(f"{proc}/{pid}/io", "rb") as f:
            f.read()
        found.append("io")
    except OSError:
        pass
    return found


def own_pids(proc="/proc"):
    return [int(n) for n in os.listdir(proc) if n.isdigit()]


HANDS = {"call": call, "kill": own_kill, "links": own_links, "pids": own_pids}


def main():
    """What a Peer runs."""
    for line in sys.stdin:
        what, args, named = json.loads(line)
        print(json.dumps(HANDS[what](*args, **named)), flush=True)


if __name__ == "__main__":
    main()
