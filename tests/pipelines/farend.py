"""What every far end can be asked, whatever its language: the proofs know
nothing else of it."""
from daemons import Daemon


INTERVAL = 5  # of the source: whole seconds, as some stores have no parts of them
RECENT = 600  # seconds in which an event is looked for: the far ends are asked in turn


class FarEnd(Daemon):
    plugins = frozenset()  # of collectd, that write to it
    hosts = ("host",)
    kind = "raw"           # or "rates": what the writer makes of counters
    rates = False          # whether it stores counters so
    relative, absolute = 1e-12, 0.0  # that a value may lose on the way
    at_rest = False        # a moment can be looked at only when collectd has stopped
    torn = 0.1             # share of moments at which two closes may be seen in part
    lingers = 0            # closes for which a series is shown that is not sent any more

    def config(self):
        """What stands in collectd.conf."""
        raise NotImplementedError

    def attach(self, source):
        """The source runs."""

    def name(self, series, host="host"):
        """What a series of truth.py is called here."""
        raise NotImplementedError

    def at(self, time, host="host"):
        """{name: value} of all that was dispatched at this time."""
        raise NotImplementedError

    def moment(self, truth, host="host"):
        """(time, {name: value}) of a close that has arrived as a whole: of the one
        before the last, so that what waited in a buffer has been sent on."""
        time = truth.times(host)[-2]
        return time, self.at(time, host)

    def program(self, name):
        """The points of a program's CPU, asked for as a panel does: a list for each
        series found."""
        raise NotImplementedError

    def increase(self, group, what):
        """How often an event has been counted in RECENT seconds."""
        raise NotImplementedError

    def gauges(self, group, since):
        """{name: [(time, value)]} of the group's gauges since then, as they are shown."""
        raise NotImplementedError

    def ask(self, query, seconds=60):
        """{name: [(time, value)]}: a query of the far end's own language."""
        raise NotImplementedError

    def groups(self, host):
        """Names of all groups that this host has ever had."""
        raise NotImplementedError
