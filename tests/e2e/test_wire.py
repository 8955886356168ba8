#!/usr/bin/python3
"""The golden files of the protocol against the real server: the examples of
procman-protocol(7) are true.

test_wire.py SOCKET plays them against whatever listens there."""
import os
import sys

import harness
import wire

FOLDER = os.path.join(harness.SRC, "tests", "data", "wire")


def play_all(where):
    for path in wire.files(FOLDER):
        wire.play(path, where)
        print(f"  {os.path.basename(path)}")


def main():
    if len(sys.argv) > 1:
        play_all(sys.argv[1])
        return
    c = harness.Collectd()
    c.options = f'<Control>\n  Socket "{c.path("control.sock")}"\n</Control>'
    c.write()
    with c:
        harness.wait_for("the control socket", lambda: os.path.exists(c.path("control.sock")))
        c.intervals(2)
        play_all(c.path("control.sock"))


if __name__ == "__main__":
    main()
