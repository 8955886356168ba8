"""The control socket from outside: one request a line, answers as they come;
and what a process can do with its own hands.  Stands alone: it is also the
program of a Peer (control.py)."""
import json
import os
import socket
import sys


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
