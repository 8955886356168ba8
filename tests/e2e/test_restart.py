#!/usr/bin/python3
"""A restart of collectd makes no new series and ends none: the groups that were
emitted are so from the first interval on, by their names of before, whether
collectd stopped in order or was killed."""
import os
import signal
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from harness import Collectd, wait_for

# few places and no new names: who was not emitted before has no chance
OPTIONS = """  Top 6
  NewNamesPerHour 0
"""


def automatic(c):
    return {name.split("/")[0] for name in c.names()
            if name.startswith("procman-") and not name.startswith("procman-_")}


def restarted(c, kill):
    """collectd again in the same folder; what it knew before and after."""
    before = automatic(c)
    if kill:
        os.kill(c.leader(), signal.SIGKILL)
        c.process.wait()
    else:
        c.stop()
    c.__enter__()
    wait_for("the first interval", automatic_of(c))
    return before, automatic(c)


def automatic_of(c):
    return lambda: "procman_self/total_events-skipped" in c.names()


def main():
    with Collectd(OPTIONS) as c:
        wait_for("groups", lambda: automatic(c))
        wait_for("the file", lambda: os.path.exists(c.path("state/groups")))
        c.intervals(3)
        for kill in (False, True, False):
            before, after = restarted(c, kill)
            how = "killed" if kill else "stopped"
            # a kill may come up to a minute after the last change was saved
            assert after >= before if not kill else after & before, (how, before, after)
            assert "go on where they were" in c.said(), c.said()
            print(f"{how}: {len(before)} groups before, {len(after)} in the first interval after")
            c.intervals(2)
            assert len(automatic(c)) <= 6, automatic(c)
        c.stop()
        with open(c.path("state/groups"), "r+b") as f:
            f.truncate(50)
        c.__enter__()
        assert "is damaged; it will be replaced" in c.said(), c.said()
        wait_for("another file", lambda: os.path.getsize(c.path("state/groups")) > 50)
        c.stop()
        # where nothing can be written, the metrics are read all the same
        os.rename(c.path("state"), c.path("was"))
        open(c.path("state"), "w", encoding="ascii").close()
        c.__enter__()
        wait_for("the message", lambda: "after a restart other groups may have series" in c.said())
        wait_for("groups", lambda: automatic(c))
    # a configuration that is tested leaves no trace
    c = Collectd(OPTIONS)
    try:
        assert c.once()[0] == 0
        assert not os.path.exists(c.path("state"))
    finally:
        c.__exit__(None, None, None)


if __name__ == "__main__":
    main()
