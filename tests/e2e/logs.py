"""procman-hold logs, asked directly for the log of a job."""
import fcntl
import json
import os
import socket
import struct

from keep import BUILD

HOLD = os.path.join(BUILD, "procman-hold")
FOLLOW, DETAIL, FROM_START = 1, 2, 4
SOURCE, LINES, END, FAILED = range(1, 5)
IDENTITY, GONE, OTHER, DENIED, UNAVAILABLE, ARGUMENT, BROKEN = range(7)
REQUEST = struct.Struct("=IiQQIIIIIIQQIIIIQ")
HEAD = struct.Struct("=7Ii")
ADD_SEALS, ALL_SEALS = 1033, 15  # fcntl(2)


class Failed(Exception):
    """failure, errno, text"""


def record(folder, pid=0, birth=0, lines=100, streams=3, flags=DETAIL, cursor="", grep="",
           since=0, until=0, ids=(0, 0, 0, 0, 0), zero=0):
    texts = [t if isinstance(t, bytes) else t.encode() for t in (cursor, grep, folder)]
    return REQUEST.pack(1, pid, birth, lines, streams, flags, *map(len, texts), zero,
                        int(since), int(until), *ids) + b"".join(texts)


class Logs:
    """One helper: with Logs(j.folder, flags=FOLLOW) as l: for message in l …"""

    def __init__(self, folder, hold=HOLD, **keys):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket, self.count, self.source = ours, 0, None
        self.cursor = self.reason = self.complete = None
        self.detail = keys.get("flags", DETAIL) & DETAIL
        self.pid = os.posix_spawn(hold, ["procman-hold", "logs", "/proc"], {},
                                  file_actions=[(os.POSIX_SPAWN_DUP2, theirs.fileno(), 3)])
        theirs.close()
        self.socket.settimeout(60)
        fd = os.memfd_create("request", os.MFD_ALLOW_SEALING)
        os.write(fd, record(folder, **keys))
        fcntl.fcntl(fd, ADD_SEALS, ALL_SEALS)
        socket.send_fds(self.socket, [struct.pack("=II", 1, 0)], [fd])
        os.close(fd)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.socket.close()
        if self.pid:
            try:
                os.waitpid(self.pid, 0)
            except ChildProcessError:
                pass  # keep.reap() was quicker
            self.pid = 0

    def raw(self):
        """Kind, count, text of the next message; None at the end."""
        data = self.socket.recv(1 << 20)
        if not data:
            return None
        schema, kind, length, count, complete, failure, _, error = HEAD.unpack_from(data)
        text = data[HEAD.size:]
        assert schema == 1 and length == len(text), (schema, length, len(text))
        if kind == FAILED:
            raise Failed(failure, error, text.decode())
        if kind == SOURCE:
            self.source = text.split(b"\0")[0].decode()
        if kind == END:
            cursor, reason = text.split(b"\0")[:2]
            self.cursor, self.reason, self.complete = cursor.decode(), reason.decode(), bool(complete)
        return kind, count, text

    def some(self):
        """The lines of the next message that has any; None at the end."""
        while True:
            got = self.raw()
            if not got or got[0] == END:
                return None
            if got[0] == LINES:
                lines = json.loads(b"[" + got[2] + b"]")
                assert len(lines) == got[1], f"{len(lines)} of {got[1]}"
                return lines

    def all(self):
        lines = []
        while (some := self.some()) is not None:
            lines += some
        assert self.reason is not None, "procman-hold has died"
        return lines

    def used(self):
        """Its CPU time in seconds, when it is over."""
        _, _, usage = os.wait4(self.pid, 0)
        self.pid = 0
        return usage.ru_utime + usage.ru_stime


def page(folder, **keys):
    """Lines, and the helper with cursor, reason, complete."""
    with Logs(folder, **keys) as l:
        return l.all(), l


def failure(folder, **keys):
    try:
        with Logs(folder, **keys) as l:
            lines = l.all()
    except Failed as e:
        return e.args
    raise AssertionError(f"{folder} {keys}: {lines[:3]}")
