#!/usr/bin/python3
"""The golden files of the protocol against the real server: the examples of
procman-protocol(7) are true.

test_wire.py SOCKET plays them against whatever listens there."""
import os
import sys

import harness
import wire
from control import Controlled

FOLDER = os.path.join(harness.SRC, "tests", "data", "wire")


def play_all(where):
    for path in wire.files(FOLDER):
        wire.play(path, where)
        print(f"  {os.path.basename(path)}")


def main():
    if len(sys.argv) > 1:
        play_all(sys.argv[1])
        return
    # who is not root may start nothing unless that is granted
    grant = f'<Allow>\n      User {os.getuid()}\n      Method "start_process"\n    </Allow>'
    with Controlled(allow=grant) as c:
        c.intervals(2)
        play_all(c.socket)


if __name__ == "__main__":
    main()
