"""What is proven of every far end, each a figure or an AssertionError with what
was found instead."""
import time as clock

import churn
from farend import INTERVAL
from workload import EVENTS, ODD

PATIENCE = 60


def differences(end, truth, time, found, host):
    """(number of values that were dispatched at this time, what is wrong)"""
    want = {end.name(s, host): v for s, v in truth.at(time, end.kind, host).items()
            if s.plugin.startswith("procman")}
    wrong = [f"missing {name}" for name in want.keys() - found.keys()]
    late = lingering(end, truth, time)
    wrong += [f"unknown {name}" for name in found.keys() - want.keys() - late]
    wrong += [f"{name} is {found[name]!r}, and not {want[name]!r}"
              for name in want.keys() & found.keys()
              if abs(found[name] - want[name]) > end.absolute + abs(want[name]) * end.relative]
    return len(want), wrong


def lingering(end, truth, time):
    """Names that were sent in the closes before this, and may be shown still."""
    before = [t for t in truth.times() if t < time][-end.lingers:] if end.lingers else []
    return {end.name(s) for t in before for s in truth.at(t, end.kind)}


def arrives(end, source):
    """Every value of one close of each host, none more, none different."""
    counts = [whole_close(end, source, host) for host in end.hosts]
    return " + ".join(map(str, counts)) + " values"


def whole_close(end, source, host):
    """A close that came late is not what is looked for: the next may do."""
    for _ in range(1 if end.at_rest else 5):
        time, found = end.moment(source.truth, host)
        count, wrong = differences(end, source.truth, time, found, host)
        if not wrong:
            assert count > 200, f"only {count} values"
            return count
        if not end.at_rest:
            source.truth.next(1)
    raise AssertionError(f"{len(wrong)} of {count}: " + "; ".join(wrong[:5]))


def names(end, source):
    """Each odd program has one series of its CPU, under the name that it should have."""
    for name in ODD.values():
        lines = wait_for_result(lambda n=name: [line for line in end.program(n) if len(line) > 1])
        assert len(lines) == 1, f"{name}: {lines or end.program(name)}, {source.sent(name)}"
    return f"{len(ODD)} programs"


def wait_for_result(check):
    """What check() returns once it is something, or in the end."""
    last = clock.monotonic() + PATIENCE
    while True:
        result = check()
        if result or clock.monotonic() > last:
            return result
        clock.sleep(0.2)


def first_event(end, _):
    for group, what in EVENTS:
        # a store that consolidates has the whole of it only with the next close
        wait_for_result(lambda g=group, w=what: end.increase(g, w) > 0.9)
        found = end.increase(group, what)
        # a rate times the step is exact if the close was on time: a busy machine's is late
        assert abs(found - 1) < (0.1 if end.rates else 1e-9), f"{group}, {what}: {found}, and not 1"
    return "1 of 1, " + ", ".join(what for _, what in EVENTS)


def ended(end, source):
    """The group's last values are 0, and then there are none."""
    last = source.truth.of("ends")[-1][0]

    def lines():
        shown = end.gauges("ends", last - 5 * INTERVAL)
        return shown if shown and not any(lasting(shown, last)) else None

    shown = wait_for_result(lines) or end.gauges("ends", last - 5 * INTERVAL)
    high = [(n, p[-1]) for n, p in shown.items() if p and p[-1][1] != 0]
    assert shown and not high, f"the last value is not 0: {high}"
    stays = max((p[-1][0] for p in shown.values() if p), default=last) - last
    return f"0, gone after {max(0, stays):.0f} s"


def lasting(shown, last):
    """Lines that still have a value now, long after the last that was sent."""
    now = clock.time()
    return [name for name, points in shown.items()
            if points and points[-1][0] > max(last, now - 2 * INTERVAL)]



def bounded(end, source):
    """After an hour of churn the far end has the groups that were sent, and these
    are no more than the options allow."""
    sent = source.churned
    found = wait_for_result(lambda: sent <= end.groups("played") and end.groups("played"))
    found = found or end.groups("played")
    assert found == sent, f"missing {sent - found}, unknown {found - sent}"
    assert len(found) <= churn.MOST, f"{len(found)} groups"
    return f"{len(found)} of {churn.TICKS * churn.NAMES} names (at most {churn.MOST})"
