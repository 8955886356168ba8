"""A collectd with a control socket, and peers that are somebody else."""
import inspect
import json
import os
import subprocess
import sys

import peer
from harness import PATIENCE, Collectd, wait_for
from peer import Wire, call


class Controlled(Collectd):
    """A collectd whose socket anybody may open: c.socket."""

    def __init__(self, allow="", options="", jobs="", owner=None, **more):
        self.socket = None
        super().__init__("@", **more)
        self.socket = self.path("run/control.sock")
        self.options = f"""{options}
  <Control>
    Socket "{self.socket}"
    SocketPerms "0666"
    {allow}
  </Control>
  <Jobs>
    Helper "{self.keep}"
    {jobs}
  </Jobs>"""
        self.write()
        os.makedirs(self.path("run"), exist_ok=True)
        for place in (self.dir, self.path("run")):
            os.chmod(place, 0o755)
            if owner is not None:
                os.chown(place, owner, owner)

    def __enter__(self):
        super().__enter__()
        wait_for("a turn", self.has_turned)
        return self

    def has_turned(self):
        try:
            return call(self.socket, "list_groups")["success"]
        except (FileNotFoundError, ConnectionRefusedError):
            return False  # there is no socket yet, or nobody listens yet


# ---- peers ----

def as_user(uid, *more):
    return ["setpriv", "--reuid", str(uid), "--regid", str(uid),
            "--clear-groups", *more]


class Peer:
    """A process that is somebody else and does what it is told: by the socket,
    and with its own hands as a shell would.  prefix: who it becomes.  It may
    not be allowed to read this folder, so its program is handed over."""

    def __init__(self, prefix):
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-c", inspect.getsource(peer)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(timeout=PATIENCE)

    def do(self, what, *args, **named):
        self.process.stdin.write(json.dumps([what, args, named]) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"the peer is gone ({what})"
        return json.loads(line)
