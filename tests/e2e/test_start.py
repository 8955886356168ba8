#!/usr/bin/python3
"""procman-hold start: the folders of a job and its holder, and what it says if
the job cannot be started: of which nothing is left then."""
import glob
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from keep import Job, TOOLS, become_subreaper, reap, wait_for

DONE, REQUEST, WHO, PEER, LOG, FOLDER, HOLDER, JOB, TIME, STATE = range(10)  # pm_hold_start_step
FORK, GATE, SESSION, STDIN, STREAMS, RLIMIT, IDS, CHDIR, EXEC, GROUP = range(1, 11)  # pm_job_stage
ENOENT, EACCES, EEXIST, EINVAL, ENOTDIR, EPERM = 2, 13, 17, 22, 20, 1


class Place(Job):
    """Its folders only."""

    def __init__(self):
        super().__init__(["true"], idle=False)
        self.made = 0

    def hold(self, args, env=None):
        p = subprocess.run([f"{TOOLS}/job", *args], stdout=subprocess.PIPE, text=True, check=True,
                           timeout=60, env={**os.environ, **(env or {})})
        return {k: int(v) for k, v in (word.split("=") for word in p.stdout.split())}

    def existing(self, verb, said, env=None):
        """again or rescue: what procman-hold start says."""
        return self.hold([verb, self.jobs, self.logs, os.path.basename(said["folder"])], env)

    def begin(self, command, name=None, env=None, **keys):
        """What procman-hold start says, and the job."""
        self.made += 1
        name = name or f"new-{self.made}"
        args = [f"{k}={v}" for k, v in keys.items()]
        said = self.hold(["start", self.jobs, self.logs, name, *args, "--", *command], env)
        said["folder"] = os.path.join(self.jobs, name)
        said["leaf"] = os.path.join(self.logs, str(keys.get("uid", os.geteuid())), name)
        return said

    def state(self, said):
        p = subprocess.run([f"{TOOLS}/job", "show", said["folder"]], stdout=subprocess.PIPE,
                           text=True, check=True)
        return dict(word.partition("=")[::2] for word in p.stdout.split())

    def __exit__(self, *failed):
        self.stop_store()
        for name in os.listdir(self.jobs):  # with their control groups and all who are left there
            subprocess.run([f"{TOOLS}/job", "remove", self.jobs, name], check=True)
        super().__exit__(*failed)

    def store(self):
        """The pid of procman-hold fdstore, or None."""
        try:
            with open(os.path.join(self.jobs, "fdstore.lock"), encoding="ascii") as f:
                pid = int(f.read())
            return pid if cmdline(pid)[1:3] == [b"fdstore", self.jobs.encode()] else None
        except (OSError, ValueError):
            return None

    def stop_store(self):
        pid = self.store()
        if pid:
            os.kill(pid, signal.SIGKILL)
            wait_for("its end", lambda: reap() or not self.store())

    def remove(self, said):
        subprocess.run([f"{TOOLS}/job", "remove", self.jobs, os.path.basename(said["folder"])], check=True)

    def stop(self, said):
        subprocess.run([f"{TOOLS}/job", "ask", said["folder"], "stop", "2000"],
                       stdout=subprocess.DEVNULL, check=True)
        wait_for("the end", lambda: reap() or self.state(said)["state"] == "exited")


def cmdline(pid):
    with open(f"/proc/{pid}/cmdline", "rb") as f:
        return f.read().split(b"\0")[:-1]


def descriptors(pid):
    found = set()
    for path in glob.glob(f"/proc/{pid}/fd/*"):
        try:
            found.add(os.readlink(path))
        except FileNotFoundError:
            pass  # closed meanwhile
    return found


def check_started(place):
    said = place.begin(["sh", "-c", "echo begun; echo trouble >&2; exec sleep 600"])
    assert said["step"] == DONE and said["pid"], said
    with open(f"/proc/{said['pid']}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    assert int(fields[19]) == said["birth"], said
    assert abs(said["started"] / 1e9 - time.time()) < 60, said
    state = place.state(said)
    assert state["state"] == "running" and int(state["pid"]) == said["pid"], state
    # the helper has ended, and what it started is nobody's child but init's
    holder = int(state["holder"])
    assert cmdline(holder)[0] == b"procman-keep", cmdline(holder)
    with open(f"/proc/{holder}/stat", encoding="ascii") as f:
        parent, _, session = f.read().rsplit(")", 1)[1].split()[1:4]
    wait_for("adoption", lambda: open(f"/proc/{holder}/stat", encoding="ascii").read()
             .rsplit(")", 1)[1].split()[1] in ("1", str(os.getpid())))
    assert int(session) == holder, (parent, session)
    if os.geteuid() == 0:  # nobody else may look at it
        assert os.readlink(f"/proc/{holder}/cwd") == "/"
    # once it has read its libraries
    wait_for("its descriptors", lambda: descriptors(said["pid"]) ==
             {"/dev/null", said["folder"] + "/out", said["folder"] + "/err"})
    wait_for("its output", lambda: os.path.exists(said["leaf"] + "/out.000001") and
             open(said["leaf"] + "/out.000001", encoding="ascii").read() == "begun\n")
    # the same id is never used twice, and the first one is left in peace
    again = place.begin(["true"], name=os.path.basename(said["folder"]))
    assert again["step"] == LOG and again["error"] == EEXIST, again
    assert place.state(said)["state"] == "running"
    place.stop(said)


def check_short(place):
    """One that has ended before anybody could look was started all the same."""
    for code in (0, 7):
        said = place.begin(["sh", "-c", f"exit {code}"])
        assert said["step"] == DONE, said
        wait_for("the end", lambda: reap() or place.state(said)["state"] == "exited")
        assert int(place.state(said)["code"]) == code, place.state(said)


FAILURES = [
    (["no-such-command"], {}, EXEC, ENOENT),
    (["/etc/passwd"], {}, EXEC, EACCES),
    (["/etc/passwd/x"], {}, EXEC, ENOTDIR),
    (["true"], {"cwd": "/no/such/folder"}, CHDIR, ENOENT),
    (["true"], {"stdin": "/no/such/file"}, STDIN, ENOENT),
    (["no-such-command"], {"policy": "always"}, EXEC, ENOENT),
    (["no-such-command"], {"policy": "on-failure", "backoff_ms": 1}, EXEC, ENOENT),
]


def check_failures(place):
    for command, keys, stage, error in FAILURES:
        said = place.begin(command, **keys)
        what = f"{command} {keys}: {said}"
        assert (said["step"], said["stage"], said["error"]) == (JOB, stage, error), what
        assert not os.path.exists(said["folder"]) and not os.path.exists(said["leaf"]), what


def holders():
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if cmdline(pid)[:1] == [b"procman-keep"]:
                found.append(pid)
        except OSError:
            pass
    return found


def check_no_holder(place):
    for path, error in (("/no/such/keep", ENOENT), ("/bin/false", 10), ("/bin/true", 10)):
        said = place.begin(["true"], env={"PM_KEEP": path})
        assert (said["step"], said["error"]) == (HOLDER, error), f"{path}: {said}"
        assert not os.path.exists(said["folder"]) and not os.path.exists(said["leaf"]), said


def check_request(place):
    for keys in ({"env": {"PM_KEEP": "relative"}}, {"name": "UPPER"}, {"name": "123"},
                 {"name": "a" * 49}):
        said = place.begin(["true"], **keys)
        assert (said["step"], said["error"]) == (REQUEST, EINVAL), f"{keys}: {said}"
    os.chmod(place.jobs, 0o777)  # somebody else could put links there
    said = place.begin(["true"])
    assert (said["step"], said["error"]) == (FOLDER, EPERM), said
    assert not os.path.exists(said["leaf"])
    os.chmod(place.jobs, 0o755)


def check_user(place):
    """As somebody else: the holder and the job are his."""
    if os.geteuid() != 0:
        return
    uid = 54321
    said = place.begin(["sleep", "600"], uid=uid, gid=uid)
    assert said["step"] == DONE, said
    for pid in (said["pid"], int(place.state(said)["holder"])):
        with open(f"/proc/{pid}/status", encoding="utf-8") as f:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
        assert status["Uid"].split() == [str(uid)] * 4, status["Uid"]
        assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0, status
    assert os.stat(said["leaf"]).st_uid == uid
    assert os.stat(said["folder"]).st_uid == 0
    place.stop(said)


def main():
    become_subreaper()
    before = holders()
    with Place() as place:
        for check in (check_started, check_short, check_failures, check_no_holder,
                      check_request, check_user):
            check(place)
            reap()
            print(f"{check.__name__}: as it should be", flush=True)
        left = wait_for("no holder to be left",
                        lambda: reap() or not set(holders()) - set(before))
        assert left


if __name__ == "__main__":
    main()
