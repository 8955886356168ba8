"""The real collectd with the built module, told to write to every far end at
once, and the programs that it sees."""
import os
import shutil
import sys

from daemons import folder
from farend import INTERVAL
from truth import Truth
from workload import EVENTS, ODD, Workload

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from control import Controlled, call
from harness import wait_for

JOBS = ("web", "batch")

# All automatic groups have places at first.  The far ends are asked for what
# "full" has.
OPTIONS = """
  Top 44
  TopBy "rss" "cpu"
  NewNamesPerHour 1000
  Detail "full"
  SysPath "{sys}"
"""


def sys_with_a_sensor(place):
    """A /sys that is the machine's but for its sensors, as not each has one."""
    chip = os.path.join(place, "class", "hwmon", "hwmon0")
    os.makedirs(chip)
    for name, text in (("name", "board"), ("temp1_input", "41500"), ("temp1_label", "CPU")):
        with open(os.path.join(chip, name), "w", encoding="ascii") as f:
            f.write(text + "\n")
    for name in os.listdir("/sys"):
        if name != "class":
            os.symlink(os.path.join("/sys", name), os.path.join(place, name))
    return place


class Source:
    """with Source(far ends) as s: s.truth, s.collectd, s.workload"""

    def __init__(self, ends, truth=None, prefix=(), plugins=(), extra=""):
        self.place = folder("procman-pipelines-")
        self.truth = truth or Truth()
        loaded = {"unixsock", "csv", "write_http", *plugins}.union(*(e.plugins for e in ends))
        self.collectd = Controlled(
            options=OPTIONS.format(sys=sys_with_a_sensor(os.path.join(self.place, "sys"))),
            interval=INTERVAL, plugins=sorted(loaded), prefix=prefix,
            extra=extra + self.truth.config() + "".join(end.config() for end in ends))
        os.mkdir(os.path.join(self.place, "programs"))
        self.workload = Workload(os.path.join(self.place, "programs"))

    def __enter__(self):
        self.collectd.__enter__()
        try:
            self.begin()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def begin(self):
        self.workload.everyday()
        # they end with this, whatever becomes of collectd
        self.start_job("web", f"while cd {self.place}; do echo served; sleep 1; done")
        self.start_job("batch", f"cd {self.place} || exit 0; sleep 2; exit 1",
                       restart={"policy": "on-failure", "backoff_seconds": 1})
        for name in (*ODD.values(), "ends", *(group for group, _ in EVENTS)):
            wait_for(f"the group {name}", lambda n=name: self.truth.of(n))
        self.truth.next(2)

    def start_job(self, name, code, **more):
        answer = call(self.collectd.socket, "start_process", command="sh",
                      args=["-c", code], name=name, **more)
        assert answer.get("success"), answer

    def __exit__(self, *why):
        self.workload.__exit__(*why)
        shutil.rmtree(self.place, ignore_errors=True)
        try:
            for job in JOBS:
                call(self.collectd.socket, "stop_job", job_id=job)
            self.collectd.intervals(1)  # so that no close is cut off by the end
        finally:
            self.collectd.__exit__(*why)
            self.truth.stop()

    def break_things(self):
        """The first events of their groups, which have been sent as 0."""
        for group, what in EVENTS:
            before = self.truth.total(group, what)
            assert before == [0], f"{what} of {group} was {before}"
        self.workload.break_things()
        self.truth.next(3)

    def squeeze(self):
        """The group "ends" has no process any more; others take its place."""
        self.workload.crowd(44, 40)
        wait_for("the end of the group \"ends\"",
                 lambda: self.truth.of("ends")[-1][0] < self.truth.times()[-3])

    def sent(self, group):
        """For messages: when a group was dispatched, of all closes."""
        mine = [f"{time % 1000:.0f}" for time, _ in self.truth.of(group)]
        return f"sent at {mine} of {[f'{t % 1000:.0f}' for t in self.truth.times()]}"
