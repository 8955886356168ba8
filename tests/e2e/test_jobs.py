#!/usr/bin/python3
"""Jobs through the socket: started, listed, waited for, stopped, restarted and
removed; by whom that may be done; and all of it again with the collectd that
follows."""
import os
import pwd
import resource
import shutil
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from control import Controlled, Peer, Wire, as_user, call
from harness import BUILD, idle_uids, kernel, samplers, sees_all, wait_for

OWNER, OTHER, OPS = idle_uids(3)
WWW = pwd.getpwnam("www-data").pw_uid  # to become it, it must be in the user database
GRANT = f"""
    <Allow>
      User {OPS}
      Method "start_process" "kill_process" "stop_job" "restart_job" "remove_job" "get_logs"
      RunAs "self" {WWW}
    </Allow>
    <Allow>
      User {OWNER}
      Method "start_process"
    </Allow>"""


class Jobs(Controlled):
    def __init__(self, allow=GRANT, **more):
        super().__init__(allow=allow, **more)

    def do(self, method, /, **params):
        return call(self.socket, method, **params)

    def done(self, method, /, **params):
        r = self.do(method, **params)
        assert r.get("success"), (method, params, r)
        return r

    def begin(self, *args, **params):
        return self.done("start_process", command=args[0], args=list(args[1:]), **params)

    def sh(self, text, **params):
        return self.begin("sh", "-c", text, **params)

    def text(self, job_id, stream="out"):
        """What it has printed, as its files have it."""
        for top, _, files in os.walk(self.path("run/log")):
            if os.path.basename(top) == job_id:
                return "".join(open(os.path.join(top, f), encoding="utf-8").read()
                               for f in sorted(files)
                               if f.startswith(stream) and not f.endswith(".index"))
        return ""

    def again(self, kill):
        """The next collectd."""
        if kill:
            os.kill(self.leader(), signal.SIGKILL)
            self.process.wait()
        else:
            self.stop()
        self.__enter__()


def refused(answer, code, *words):
    assert not answer.get("success") and answer.get("error", {}).get("code") == code, answer
    for word in words:
        assert word in answer["error"]["message"], (word, answer)


def folders(c):
    """Of jobs; no id has a dot."""
    return [n for n in os.listdir(c.path("run/jobs")) if "." not in n]


def lives(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def check_life(c):
    hello = c.done("hello")
    assert hello["capabilities"]["jobs"] and "start_process" in hello["you"]["may"], hello
    r = c.sh("echo begun; sleep 600", env={"A": "b c"}, working_dir="/tmp", umask="077")
    p, job = r["process"], r["job"]
    assert p["pid"] == job["pid"] and p["start_time"] == job["start_time"], r
    assert p["name"] == "sh" and p["status"] in ("running", "sleeping", "disk-sleep"), p
    assert job["state"] == "running" and job["exit"] is None, job
    assert os.readlink(f"/proc/{p['pid']}/cwd") == "/tmp"
    with open(f"/proc/{p['pid']}/environ", "rb") as f:
        env = dict(v.split(b"=", 1) for v in f.read().split(b"\0") if v)
    assert env[b"A"] == b"b c" and {b"PATH", b"HOME", b"USER", b"LOGNAME", b"SHELL"} <= set(env)
    assert set(env) - {b"A", b"PATH", b"HOME", b"USER", b"LOGNAME", b"SHELL"} == set(), env
    with open(f"/proc/{p['pid']}/status", encoding="ascii") as f:
        assert "Umask:\t0077\n" in f.read()
    assert [j["job_id"] for j in c.done("list_jobs")["jobs"]] == [r["job_id"]]
    for word in (r["job_id"], "sh"):
        assert c.done("get_job", job_id=word)["job"]["pid"] == p["pid"]
    refused(c.do("wait_job", job_id="sh", timeout_seconds=0.2), "timed_out")
    refused(c.do("remove_job", job_id="sh"), "invalid_argument", "stop it first")
    again = c.done("restart_job", job_id="sh")["job"]
    assert again["state"] == "running" and again["pid"] != p["pid"], again
    assert again["restarts"] == 1 and not lives(p["pid"]), again
    wait_for("its log", lambda: c.text(r["job_id"]) == "begun\nbegun\n")
    ended = c.done("stop_job", job_id="sh")["job"]
    assert ended["state"] in ("draining", "exited") and ended["reason"] == "stopped", ended
    assert ended["exit"]["signal"] == "TERM" and ended["pid"] is None, ended
    assert c.done("stop_job", job_id="sh")["job"]["exit"] == ended["exit"]
    assert c.done("wait_job", job_id="sh")["job"]["exit"] == ended["exit"]
    wait_for("its end", lambda: c.done("get_job", job_id="sh")["job"]["state"] == "exited")
    once = c.done("restart_job", job_id="sh")["job"]  # one that has ended, too
    assert once["state"] == "running" and once["restarts"] == 2 and lives(once["pid"]), once
    wait_for("its log", lambda: c.text(r["job_id"]) == "begun\n" * 3)
    c.done("stop_job", job_id="sh")
    wait_for("its end", lambda: c.done("get_job", job_id="sh")["job"]["state"] == "exited")
    c.done("remove_job", job_id=r["job_id"])
    assert c.done("list_jobs")["jobs"] == []
    refused(c.do("get_job", job_id=r["job_id"]), "not_found")
    assert folders(c) == [] and os.listdir(c.path("run/log/0")) == []


def check_exits(c):
    for text, want in (("exit 0", {"code": 0}), ("exit 7", {"code": 7}),
                       ("kill -9 $$", {"signal": "KILL"}), ("kill -11 $$", {"signal": "SEGV"})):
        r = c.sh(text, name="ends")
        job = c.done("wait_job", job_id="ends", timeout_seconds=60)["job"]
        assert job["reason"] == "finished", job
        assert {k: job["exit"].get(k) for k in want} == want, (text, job)
        assert job["exit"]["started_at"] <= job["exit"]["ended_at"] <= time.time() + 1, job
        wait_for("its end", lambda: c.done("get_job", job_id="ends")["job"]["state"] == "exited")
        c.done("remove_job", job_id=r["job_id"])


FAILURES = [
    ({"command": "no-such-command"}, "start_failed", "exec", "ENOENT"),
    ({"command": "/etc/passwd"}, "start_failed", "exec", "EACCES"),
    ({"command": "true", "working_dir": "/no/such/folder"}, "start_failed", "chdir", "ENOENT"),
    ({"command": "true", "stdin": "/no/such/file"}, "start_failed", "stdin", "ENOENT"),
    ({"command": "true", "working_dir": "relative"}, "invalid_argument", None, None),
    ({"command": "true", "stdin": "relative"}, "invalid_argument", None, None),
    ({"command": "true", "name": "a b"}, "invalid_argument", None, None),
    ({"command": "true", "name": "123"}, "invalid_argument", None, None),
    ({"command": "true", "name": "-f"}, "invalid_argument", None, None),
    ({"command": "true", "name": ".."}, "invalid_argument", None, None),
    ({"command": "true", "user": "no-such-user"}, "invalid_argument", "user", "ENOENT"),
]
FAULTS = [
    ({}, "command"),
    ({"command": ""}, "command"),
    ({"command": "true", "env": {"A=B": "c"}}, "env"),
    ({"command": "true", "env": {"A": 1}}, "env"),
    ({"command": "true", "umask": "9"}, "umask"),
    ({"command": "true", "restart": {"policy": "sometimes"}}, "restart.policy"),
    ({"command": "true", "log": {"on_full": "explode"}}, "log.on_full"),
    ({"command": "true", "limits": {"nofile": -1}}, "limits.nofile"),
    ({"command": "true", "limits": {"files": 1}}, "limits.files"),
    ({"command": "true", "args": "a"}, "args"),
]


def check_failures(c):
    for params, code, stage, num in FAILURES:
        r = c.do("start_process", **params)
        refused(r, code)
        assert (r["error"].get("stage"), r["error"].get("errno")) == (stage, num), (params, r)
    for params, name in FAULTS:
        r = c.do("start_process", **params)
        assert r.get("code") == -32602 and r["data"]["parameter"] == name, (params, r)
    assert c.done("list_jobs")["jobs"] == [] and folders(c) == []


def check_names(c):
    first = c.begin("sleep", "600")
    second = c.begin("sleep", "600")
    assert (first["job"]["name"], second["job"]["name"]) == ("sleep", "sleep-2")
    c.begin("sleep", "600", name="mine")
    refused(c.do("start_process", command="sleep", args=["1"], name="mine"),
            "invalid_argument", "mine")
    one = c.begin("sleep", "600", request_key="k1")
    two = c.begin("sleep", "600", request_key="k1")
    assert two["existing"] and one["job_id"] == two["job_id"], (one, two)
    assert two["process"]["pid"] == one["process"]["pid"], two
    for job in c.done("list_jobs")["jobs"]:
        c.done("stop_job", job_id=job["job_id"])
    free = c.begin("true", name="mine")  # a name is free when its job has ended
    assert free["job"]["name"] == "mine"
    clear(c)


def check_key_of_removed(c):
    """A job whose descendants still write can be removed; its key is free."""
    left = c.path("left")
    r = c.sh(f"setsid sleep 600 & echo $! >{left}; exit 0", name="leaves", request_key="k4")
    wait_for("its end", lambda: c.done("get_job", job_id="leaves")["job"]["state"] == "draining")
    c.done("remove_job", job_id=r["job_id"])
    again = c.begin("true", request_key="k4")
    assert again["job_id"] != r["job_id"] and "existing" not in again, again
    with open(left, encoding="ascii") as f:
        pid = int(f.read())
    if lives(pid):
        os.kill(pid, signal.SIGKILL)
    clear(c)


def check_same_user(c):
    """Who names himself as the user gets what he would get anyway."""
    said = []
    for who in ({}, {"user": "root"}, {"user": "0"}):
        r = c.begin("grep", "^Cap", "/proc/self/status", **who)
        assert c.done("wait_job", job_id=r["job_id"], timeout_seconds=60)["job"]["exit"]["code"] == 0
        said.append(wait_for("its log", lambda: c.text(r["job_id"])))
    assert said[0] == said[1] == said[2], said
    clear(c)
    allow = f"""
    <Allow>
      User {WWW}
      Method "start_process"
      RunAs "daemon"
    </Allow>"""
    with Controlled(allow=allow) as other, Peer(as_user(WWW)) as www:
        for user in ({}, {"user": "www-data"}, {"user": str(WWW)}):
            refused(www.do("call", other.socket, "start_process", command="true", **user),
                    "permission_denied", "<Allow>")


def check_kill(c):
    r = c.begin("sleep", "600")
    assert c.done("kill_process", job_id="sleep", signal="STOP")["signalled"]["processes"] == 1
    killed = c.done("kill_process", job_id=r["job_id"], timeout_seconds=0.2)
    assert killed["exited"], killed  # TERM waits while it is stopped
    job = c.done("wait_job", job_id="sleep", timeout_seconds=60)["job"]
    assert job["exit"]["signal"] in ("KILL", "TERM") and job["reason"] == "finished", job
    refused(c.do("kill_process", job_id="sleep"), "not_found", "no process")
    r = c.do("kill_process", job_id="sleep", pid=1)
    assert r.get("code") == -32602, r
    # as the user that it runs as, whoever asks
    user = c.begin("sleep", "600", user="www-data")
    with Peer(as_user(OTHER)) as other:
        refused(other.do("call", c.socket, "kill_process", job_id=user["job_id"]), "not_found")
    said = c.said()
    c.done("kill_process", job_id=user["job_id"])
    assert f" as={WWW} pid={user['process']['pid']} " in c.said()[len(said):], c.said()[-600:]
    clear(c)


def check_events(c):
    with Wire(c.socket) as wire:
        stream = wire.watch("watch_events", kinds=["job"])
        r = c.sh("exit 5", name="tells", restart={"policy": "on-failure", "max": 2,
                                                  "backoff_seconds": 0.1})
        states = []
        while not states or states[-1] != "exited":
            m = wire.read()
            assert m["method"] == "stream" and m["params"]["id"] == stream, m
            item = m["params"]["item"]
            assert item["kind"] == "job" and item["job"]["job_id"] == r["job_id"], item
            assert abs(item["time"] - time.time()) < 60, item
            states.append(item["job"]["state"])
        assert "backing_off" in states, states
        assert item["job"]["exit"]["code"] == 5 and item["job"]["reason"] == "gave_up", item
    clear(c)


def check_series(c):
    c.sh("echo 0123456789; sleep 600", name="web")
    c.sh("exit 3", name="ends")
    value = lambda name: (c.get(name) or {}).get("value")
    wait_for("its series", lambda: value("procman_job-web/gauge-up") == 1)
    wait_for("its end", lambda: value("procman_job-ends/gauge-up") == 0)
    wait_for("their number", lambda: value("procman_self/count-jobs") == 2)
    names = {n for n in c.names() if n.startswith("procman_job-web/")}
    assert names == {"procman_job-web/" + n for n in (
        "gauge-up", "total_events-restart", "total_bytes-log", "total_bytes-log_dropped",
        "duration-log_blocked")}, names
    clear(c)
    wait_for("none", lambda: value("procman_self/count-jobs") == 0)


def check_logs(c):
    """By the job, by its process, after its end, and while it goes on."""
    r = c.sh("for i in 1 2 3; do echo line $i; sleep 0.02; done; echo bad >&2; read x < /dev/null;"
             " sleep 600", name="says")
    read = lambda **p: c.done("get_logs", **p)
    wait_for("its lines", lambda: len(read(job_id="says")["lines"]) == 4)
    page = read(job_id="says", max_lines=2)
    assert page["lines"] == ["line 3", "bad"] and page["complete"], page
    assert read(pid=r["process"]["pid"])["lines"] == ["line 1", "line 2", "line 3", "bad"]
    assert read(job_id="says", stream="stdout", grep="2")["lines"] == ["line 2"]
    detail = read(job_id="says", detail=True)["lines"]
    assert [d["stream"] for d in detail] == ["stdout"] * 3 + ["stderr"], detail
    assert [d["text"] for d in detail][2] == "line 3" and abs(detail[0]["time"] - time.time()) < 60
    # a busy holder stores several at once, which then have one time
    for line in detail:
        at = line["time"] - 0.0005
        want = [d["text"] for d in detail if d["time"] >= at]
        assert read(job_id="says", since=at)["lines"] == want, (at, detail)
        want = [d["text"] for d in detail if d["time"] < at]
        assert read(job_id="says", until=at)["lines"] == want, (at, detail)
    first = read(job_id="says", cursor="start", max_lines=2)
    assert first["lines"] == ["line 1", "line 2"], first
    assert read(job_id="says", cursor=first["cursor"])["lines"] == ["line 3", "bad"]
    refused(c.do("get_logs", job_id="says", cursor="nonsense"), "invalid_argument")
    with Wire(c.socket) as wire:
        stream = wire.send("get_logs", job_id="says", follow=True)
        lines = []
        while len(lines) < 4:
            lines += wire.read()["params"]["item"]["lines"]
        c.done("stop_job", job_id="says")
        last = wire.read()
        while "result" not in last:
            last = wire.read()
        assert last["id"] == stream and last["result"]["reason"] == "exited", last
    assert read(job_id="says")["lines"] == ["line 1", "line 2", "line 3", "bad"]
    with Peer(as_user(OTHER)) as other:
        refused(other.do("call", c.socket, "get_logs", job_id="says"), "not_found")
    clear(c)
    refused(c.do("get_logs", job_id="says"), "not_found")


def at_once(c, count, **params):
    """So many starts, none of which waits for another's answer."""
    wires = [Wire(c.socket) for _ in range(count)]
    for wire in wires:
        wire.send("start_process", command="sleep", args=["600"], **params)
    answers = [wire.read()["result"] for wire in wires]
    for wire in wires:
        wire.close()
    return answers


def check_at_once(c):
    """Starts that are under way count as jobs."""
    answers = at_once(c, 6, request_key="once")
    assert len({a["job_id"] for a in answers}) == 1, answers
    assert sum("existing" in a for a in answers) == 5, answers
    assert len({a["process"]["pid"] for a in answers}) == 1, answers
    answers = at_once(c, 6, name="one")
    assert sum(a["success"] for a in answers) == 1, answers
    names = {a["job"]["name"] for a in at_once(c, 6)}
    assert len(names) == 6, names
    assert len(c.done("list_jobs")["jobs"]) == 8
    c.done("stop_job", job_id="one")
    # one that has ended is answered, too
    c.done("stop_job", job_id="sleep")
    again = c.begin("sleep", "600", request_key="once")
    assert again["existing"] and again["process"] is None, again
    clear(c)


def clear(c):
    for job in c.done("list_jobs")["jobs"]:
        c.done("stop_job", job_id=job["job_id"])
        wait_for("its end", lambda: c.done("get_job", job_id=job["job_id"])["job"]["state"] ==
                 "exited")
        c.done("remove_job", job_id=job["job_id"])


def check_limits(c):
    r = c.begin("sleep", "600", limits={"nofile": 99, "core": 0})
    with open(f"/proc/{r['process']['pid']}/limits", encoding="ascii") as f:
        limits = {line[:26].strip(): line[26:].split()[:2] for line in f}
    assert limits["Max open files"] == ["99", "99"], limits
    assert limits["Max core file size"] == ["0", "0"], limits
    with open("/proc/self/limits", encoding="ascii") as f:
        own = {line[:26].strip(): line[26:].split()[:2] for line in f}
    assert limits["Max stack size"] == own["Max stack size"], limits
    clear(c)


def check_restarts(c):
    r = c.sh("echo up; exit 3", name="crash",
             restart={"policy": "on-failure", "backoff_seconds": 0.05, "max": 3})
    job = c.done("wait_job", job_id="crash", timeout_seconds=60)["job"]
    assert job["reason"] == "gave_up" and job["exit"]["code"] == 3, job
    assert c.text(r["job_id"]).count("up\n") == job["restarts"] + 1 >= 3, job
    r = c.sh("exit 3", name="loop", restart={"policy": "always", "backoff_seconds": 3600})
    job = wait_for("a pause", lambda: [j for j in [c.done("get_job", job_id="loop")["job"]]
                                       if j["state"] == "backing_off"])[0]
    assert job["next_start_at"] > time.time() and job["exit"]["code"] == 3, job
    c.done("restart_job", job_id="loop")
    job = wait_for("a pause", lambda: [j for j in [c.done("get_job", job_id="loop")["job"]]
                                       if j["restarts"] == 1])[0]
    clear(c)


def check_survival(c):
    """A collectd that ends, however it does, leaves them alone; the next one
    has them all."""
    for kill in (False, True):
        r = c.sh("n=0; while sleep 0.05; do n=$((n+1)); echo $n; done", name="counts")
        short = c.sh("sleep 1; exit 9", name="ends")
        pid = r["process"]["pid"]
        c.again(kill)
        job = c.done("get_job", job_id="counts")["job"]
        assert job["pid"] == pid and job["state"] == "running" and lives(pid), job
        assert c.done("wait_job", job_id=short["job_id"],
                      timeout_seconds=60)["job"]["exit"]["code"] == 9
        refused(c.do("start_process", command="sleep", name="counts"), "invalid_argument")
        assert c.done("stop_job", job_id="counts")["job"]["exit"]["signal"] == "TERM"
        lines = c.text(r["job_id"]).split()
        assert lines == [str(n) for n in range(1, len(lines) + 1)] and len(lines) > 5, lines
        clear(c)


def check_holder_died(c):
    """It is replaced, and the workload does not notice."""
    r = c.sh("n=0; while sleep 0.02; do n=$((n+1)); echo $n; done", name="counts")
    for pid in holders_of(r["job_id"]):
        os.kill(pid, signal.SIGKILL)
    before = len(c.text(r["job_id"]))
    wait_for("another holder", lambda: len(c.text(r["job_id"])) > before + 20)
    job = c.done("get_job", job_id="counts")["job"]
    assert job["pid"] == r["process"]["pid"] and job["state"] == "running", job
    assert c.done("stop_job", job_id="counts")["job"]["exit"]
    lines = c.text(r["job_id"]).split()
    assert lines == [str(n) for n in range(1, len(lines) + 1)], lines
    clear(c)


def check_upgrade(c):
    """procman-keep is replaced, as by a package, while a hundred jobs run: none of
    them notices, and the holder that follows one that died is the new program."""
    pids = {}
    for _ in range(100):
        r = c.begin("sleep", "600")
        pids[r["job_id"]] = r["process"]["pid"]
    c.stop()
    fresh = c.keep + ".new"
    shutil.copy(os.path.join(BUILD, "procman-keep"), fresh)
    os.replace(fresh, c.keep)
    c.__enter__()
    wait_for("all of them", lambda: {j["job_id"]: j["pid"] for j in c.done("list_jobs")["jobs"]
                                     if j["state"] == "running"} == pids)
    job_id = next(iter(pids))
    old, = holders_of(job_id)
    assert os.readlink(f"/proc/{old}/exe").endswith(" (deleted)"), old
    os.kill(old, signal.SIGKILL)
    new, = wait_for("the next holder", lambda: [p for p in holders_of(job_id) if p != old])
    assert os.readlink(f"/proc/{new}/exe") == c.keep
    assert c.done("get_job", job_id=job_id)["job"]["pid"] == pids[job_id]
    assert c.done("stop_job", job_id=job_id)["job"]["exit"]["signal"] == "TERM"
    clear(c)


def check_exit_without_holder(c):
    """How it ended while no holder lived is told by the kernel, since Linux 6.15;
    before, by procman's own record of its death, where the sampler has one."""
    del c
    old = [os.path.join(BUILD, "tests/e2e/old_kernel")]
    for sampler, prefix, known in (("bpf", [], True), ("bpf", old, True), ("proc", old, False)):
        told = sees_all() or not prefix and kernel() >= (6, 15)
        if sampler not in samplers() or sampler == "bpf" and not told:
            continue
        with Jobs(options=f'  Sampler "{sampler}"', prefix=prefix) as lone:
            code, by = (end_both(lone, text) for text in ("trap 'exit 7' USR1", ":"))
            assert (code.get("code"), by.get("signal")) == ((7, "USR1") if known else
                                                            (None, None)), (code, by)
            assert bool(code.get("unknown")) == bool(by.get("unknown")) == (not known), (code, by)
            clear(lone)


def holders_of(job_id):
    return [int(p) for p in filter(str.isdigit, os.listdir("/proc"))
            if cmdline(p)[:1] == [b"procman-keep"] and cmdline(p)[1].endswith(job_id.encode())]


def end_both(c, text):
    """How a job ended whose holder and process are killed together."""
    r = c.sh(text + "; echo begun; while :; do sleep 0.02; done")
    job_id, pid = r["job_id"], r["process"]["pid"]
    wait_for("its first line", lambda: c.text(job_id))
    c.intervals(2)  # the sampler has seen it, and the control thread its state
    for holder in holders_of(job_id):
        os.kill(holder, signal.SIGKILL)
    os.kill(pid, signal.SIGUSR1)
    wait_for("its end", lambda: c.done("get_job", job_id=job_id)["job"]["state"] == "exited")
    return c.done("get_job", job_id=job_id)["job"]["exit"]


def cmdline(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            return f.read().split(b"\0")[:-1]
    except (FileNotFoundError, ProcessLookupError):
        return []


def check_descriptors(c):
    """One that was started while collectd had no descriptor left is known as
    soon as it has some."""
    pid, fifo = c.leader(), c.path("fifo")
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    os.mkfifo(fifo)
    with Wire(c.socket) as wire:
        wire.call("hello")
        wire.send("start_process", command="sleep", args=["600"], name="unseen", stdin=fifo)
        wait_for("its folder", lambda: folders(c))
        try:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, before[1]))
            with open(fifo, "wb"):  # it waits for that
                answer = wire.read()["result"]
        finally:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
    refused(answer, "internal", "Too many open files")
    wait_for("it", lambda: [j["job_id"] for j in c.done("list_jobs")["jobs"]] == folders(c))
    assert c.done("stop_job", job_id="unseen")["job"]["exit"]["signal"] == "TERM"
    clear(c)


def check_users(c):
    ask = {"command": "sleep", "args": ["600"]}
    with Peer(as_user(OTHER)) as other, Peer(as_user(OWNER)) as owner, \
            Peer(as_user(OPS)) as ops, Peer(as_user(WWW)) as www:
        def do(peer, method, **params):
            return peer.do("call", c.socket, method, **params)

        refused(do(other, "start_process", **ask), "permission_denied", "<Allow>")
        mine = do(owner, "start_process", **ask)
        assert mine["success"], mine
        pid, job_id = mine["process"]["pid"], mine["job_id"]
        assert os.stat(f"/proc/{pid}").st_uid == OWNER
        refused(do(owner, "start_process", user="www-data", **ask), "permission_denied")
        refused(do(ops, "start_process", user="daemon", **ask), "permission_denied")
        refused(do(ops, "start_process", user="root", **ask), "permission_denied")
        # who may not know of it
        for peer in (other, ops, www):
            assert do(peer, "list_jobs")["jobs"] == []
            for method in ("get_job", "wait_job", "stop_job", "restart_job", "remove_job"):
                refused(do(peer, method, job_id=job_id), "not_found")
        assert lives(pid)
        assert do(owner, "stop_job", job_id="sleep")["success"]
        # as somebody else, by grant
        theirs = do(ops, "start_process", user="www-data", **ask)
        assert theirs["success"] and theirs["job"]["user"] == "www-data", theirs
        assert os.stat(f"/proc/{theirs['process']['pid']}").st_uid == WWW
        for peer in (ops, www):
            assert [j["job_id"] for j in do(peer, "list_jobs")["jobs"]] == [theirs["job_id"]]
        for peer in (owner, other):
            refused(do(peer, "get_job", job_id=theirs["job_id"]), "not_found")
        assert do(www, "stop_job", job_id=theirs["job_id"])["success"]
    clear(c)


def check_places(c):
    """Those that have ended make room; live ones do not."""
    del c
    with Jobs(jobs="MaxJobs 3\n    MaxJobsPerUser 2") as few:
        few_places(few)


def start_and_end(c):
    job_id = c.begin("true")["job_id"]
    wait_for("its end", lambda: c.done("get_job", job_id=job_id)["job"]["state"] == "exited")
    return job_id


def few_places(c):
    with Peer(as_user(OWNER)) as owner:
        def start(*args):
            return owner.do("call", c.socket, "start_process", command=args[0],
                            args=list(args[1:]))
        done = start("true")
        assert done["success"], done
        wait_for("its end", lambda: c.done("get_job", job_id=done["job_id"])["job"]["state"] ==
                 "exited")
        assert start("sleep", "600")["success"] and start("sleep", "600")["success"]
        refused(start("sleep", "600"), "limit_exceeded", "MaxJobsPerUser")
        wait_for("room", lambda: len(c.done("list_jobs")["jobs"]) == 2)
        c.begin("sleep", "600")
        refused(c.do("start_process", command="true"), "limit_exceeded", "MaxJobs")
    clear(c)
    kept = [start_and_end(c) for _ in range(3)]
    # what cannot be started takes nobody's place
    refused(c.do("start_process", command="no-such-command"), "start_failed")
    assert {j["job_id"] for j in c.done("list_jobs")["jobs"]} == set(kept)
    kept = kept[1:] + [start_and_end(c)]
    wait_for("the oldest to go", lambda: {j["job_id"] for j in c.done("list_jobs")["jobs"]} ==
             set(kept))
    clear(c)


def check_quota(c):
    """What a user's jobs print is bounded together; a grant says how many he may
    have, and how much of each."""
    del c
    allow = f"""
    <Allow>
      User {OWNER}
      Method "start_process"
      MaxJobs 3
      MaxLogBytes "256K"
    </Allow>"""
    with Jobs(allow=allow, jobs='MaxJobsPerUser 1\n    LogPerUserBytes "64K"\n'
              '    LogMaxBytes "128K"') as c, Peer(as_user(OWNER)) as owner:
        quota(c, owner)
        clear(c)


def kept_bytes(c, job_id):
    return c.done("get_job", job_id=job_id)["job"]["log"]["bytes"]


def quota(c, owner):
    def start(text, **params):
        return owner.do("call", c.socket, "start_process", command="sh", args=["-c", text],
                        **params)
    def ended(text):
        job_id = start(text)["job_id"]
        wait_for("its end", lambda: c.done("get_job", job_id=job_id)["job"]["state"] == "exited")
        return job_id
    def kept():
        return {j["job_id"] for j in c.done("list_jobs")["jobs"]}
    fill = "head -c %d /dev/zero | tr '\\0' x; echo; "
    first, second = ended(fill % 40000), ended("echo short")
    third = ended(fill % 40000)
    wait_for("the oldest to go", lambda: kept() == {second, third})
    wait_for("its log to go", lambda: first not in os.listdir(c.path(f"run/log/{OWNER}")))
    # more than LogMaxBytes, as he may, and as he asks for it
    runs = start(fill % 60000 * 3 + "sleep 600", log={"max_bytes": 200000})["job_id"]
    wait_for("it to print", lambda: kept_bytes(c, runs) > 170000)
    wait_for("room", lambda: third not in kept())
    refused(start("true"), "limit_exceeded", "LogPerUserBytes")
    c.begin("true")  # root's are not counted
    c.done("stop_job", job_id=runs)
    wait_for("its end", lambda: c.done("get_job", job_id=runs)["job"]["state"] == "exited")
    ids = [start("sleep 600")["job_id"] for _ in range(3)]
    assert runs not in kept() and set(ids) <= kept(), (ids, kept())
    refused(start("true"), "limit_exceeded", "MaxJobs")
    for job_id in ids:
        c.done("stop_job", job_id=job_id)


def main():
    checks = [check_life, check_exits, check_failures, check_names, check_key_of_removed,
              check_same_user, check_kill, check_logs, check_limits, check_at_once, check_restarts,
              check_events, check_series, check_survival, check_holder_died, check_descriptors,
              check_users, check_places, check_quota,
              check_exit_without_holder, check_upgrade]
    only = sys.argv[1:]
    with Jobs() as c:
        for check in checks:
            if only and check.__name__ not in only:
                continue
            began = time.monotonic()
            check(c)
            print(f"{check.__name__}: as it should be ({time.monotonic() - began:.1f} s)",
                  flush=True)


if __name__ == "__main__":
    main()
