#!/usr/bin/python3
"""What is started through the socket is what the caller could have started in
his own shell: with his ids, groups, limits and capabilities, and where he could
have gone.  Every kind of peer against every kind of collectd; and what a user
tries with his own job."""
import os
import shutil
import signal
import stat
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from control import Controlled, Peer, as_user, call
from harness import folder, wait_for
from test_authority import DAEMONS, GROUP, OTHER, OWNER, PEERS, leave_out_the_impossible

ALLOW = f"""
    <Allow>
      User {OWNER} {OTHER}
      UnixGroup {GROUP}
      Method "start_process" "stop_job" "remove_job" "get_logs" "kill_process"
    </Allow>"""
SHOW = ["-c", "cat /proc/self/status /proc/self/limits; cat /proc/self/cgroup; ls -l /proc/self/fd"]
SAME = ["Uid", "Gid", "NoNewPrivs", "Seccomp"]


def output(peer, c, job_id):
    """Of a job that ends."""
    r = peer.do("call", c.socket, "wait_job", job_id=job_id, timeout_seconds=60)
    assert r["success"] and r["job"]["exit"].get("code") == 0, r
    wait_for("its end", lambda: peer.do("call", c.socket, "get_job", job_id=job_id)["job"]["state"]
             == "exited")
    r = peer.do("call", c.socket, "get_logs", job_id=job_id, max_lines=1000)
    assert r["success"] and r["complete"], r
    return r["lines"]


def check_same(what, lines, own, limits):
    got = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    for key in SAME:
        assert got[key] == own[key], f"{what}: {key}: {got[key]!r}, by hand {own[key]!r}"
    assert set(got["Groups"].split()) == set(own["Groups"].split()), (what, got["Groups"])
    # more than the caller has it never has
    for key in ("CapEff", "CapPrm", "CapInh", "CapAmb", "CapBnd"):
        more = int(got[key], 16) & ~int(own[key], 16)
        assert not more, f"{what}: {key}: {got[key]} and by hand {own[key]}"
    text = "\n".join(lines)
    for row in limits.splitlines():
        name, values = row[:26].strip(), row[26:].split()
        if name.startswith("Max"):
            mine = next(line for line in lines if line.startswith(name))[26:].split()
            assert mine[:2] == values[:2], f"{what}: {name}: {mine}, by hand {values}"
    fds = [line.split(" -> ")[-1] for line in lines if " -> " in line]
    assert all(f.endswith(("/out", "/err")) or f == "/dev/null" or "/proc/" in f for f in fds), fds
    assert "NOTIFY_SOCKET" not in text


def check_pair(c, daemon, kind, prefix, free, can):
    what = f"{daemon}: {kind}"
    granted = kind in ("owner", "other user", "group member", "member of many groups")
    with Peer(prefix) as peer:
        r = peer.do("call", c.socket, "start_process", command="sh", args=SHOW)
        own, limits = peer.do("status")
        if not free or can is False:
            assert not r["success"], f"{what}: {r}"
            assert r["error"]["code"] in ("permission_denied", "unsupported"), f"{what}: {r}"
            return False
        if can is None and not r["success"]:
            return False
        of_root = daemon in ("root", "securebits", "root without capabilities")
        mine = (kind == "root" and of_root) or (kind == "collectd's user" and not of_root)
        if not granted and not mine and kind != "root":
            assert r["error"]["code"] == "permission_denied", f"{what}: {r}"
            return False
        if daemon == "ambient capabilities only" and not mine:  # CAP_CHOWN, for the log
            assert r["error"]["code"] == "unsupported", f"{what}: {r}"
            return False
        assert r["success"], f"{what}: {r}"
        check_same(what, output(peer, c, r["job_id"]), own, limits)
        assert peer.do("call", c.socket, "remove_job", job_id=r["job_id"])["success"]
    return True


def check_daemon(daemon):
    prefix, uid, can_act_for = DAEMONS[daemon]
    with Controlled(ALLOW, prefix=prefix, owner=uid) as c:
        started = [kind for kind, (becomes, peer_uid, free) in PEERS.items()
                   if check_pair(c, daemon, kind, becomes, free, can_act_for(peer_uid))]
    print(f"  {daemon}: started as themselves: {', '.join(started) or 'nobody'}", flush=True)
    if daemon == "root":
        assert "root" in started and "owner" in started, started


# ---- what a user tries ----

def refused(r, stage, num):
    assert not r.get("success") and (r["error"].get("stage"), r["error"].get("errno")) == (
        stage, num), r


def check_places():
    """Where he could not go, his job does not go; links change nothing."""
    top = folder("procman-places-")
    os.chmod(top, 0o755)
    secret = os.path.join(top, "secret")
    os.mkdir(secret, 0o700)
    with open(os.path.join(secret, "file"), "w", encoding="ascii") as f:
        f.write("root's\n")
    os.symlink(secret, os.path.join(top, "link"))
    shutil.copy("/bin/true", os.path.join(secret, "true"))
    theirs = os.path.join(top, "theirs")
    with open(theirs, "w", encoding="ascii"):
        pass
    os.chown(theirs, OTHER, OTHER)
    os.chmod(theirs, 0o600)
    with Controlled(ALLOW) as c, Peer(as_user(OWNER)) as peer:
        def start(**params):
            return peer.do("call", c.socket, "start_process", **{"command": "true", **params})
        for place in (secret, os.path.join(top, "link"), "/proc/1/cwd", "/proc/1/root",
                      f"/proc/{c.leader()}/cwd", "/root"):
            refused(start(working_dir=place), "chdir", "EACCES")
        for file in (os.path.join(secret, "file"), os.path.join(top, "link", "file"), theirs,
                     "/etc/shadow", "/proc/1/environ"):
            refused(start(stdin=file), "stdin", "EACCES")
        refused(start(command=os.path.join(secret, "true")), "exec", "EACCES")
        refused(start(env={"PATH": secret}), "exec", "EACCES")
        # the log of somebody else's job, and by a link into it
        with Peer(as_user(OTHER)) as other:
            r = other.do("call", c.socket, "start_process", command="sleep", args=["600"])
            pid = r["process"]["pid"]
            for name in ("fd/1", "cwd", "root"):
                got = start(working_dir=f"/proc/{pid}/{name}")
                assert got["error"]["stage"] == "chdir", got
            assert other.do("call", c.socket, "stop_job", job_id=r["job_id"])["success"]
        assert peer.do("call", c.socket, "list_jobs")["jobs"] == []
    shutil.rmtree(top)
    print("  places: no further than by hand, by links neither")


def check_setuid():
    """As in his shell: a set-user-ID program is one, and what it then prints is
    his; he ends it as a shell could not, with his job."""
    top = folder("procman-setuid-")
    os.chmod(top, 0o755)
    program = os.path.join(top, "id")
    shutil.copy("/usr/bin/id", program)
    os.chmod(program, 0o4755)
    mount = os.statvfs(top).f_flag & os.ST_NOSUID
    with Controlled(ALLOW) as c, Peer(as_user(OWNER)) as peer:
        r = peer.do("call", c.socket, "start_process", command=program, args=["-u"])
        assert r["success"], r
        assert output(peer, c, r["job_id"]) == [str(OWNER if mount else 0)]
    shutil.rmtree(top)
    print("  a set-user-ID program is one")


def holder_of(c, job_id):
    place = os.path.join(c.path("run/jobs"), job_id).encode()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                words = f.read().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if words[:1] == [b"procman-keep"] and words[1] == place:
            return int(pid)
    return None


ATTACK = r"""
import os, sys
pid, place = sys.argv[1], sys.argv[2]
done = []
for path in [place, place + "/spec", place + "/state", place + "/ctl", place + "/out",
             f"/proc/{pid}/mem", f"/proc/{pid}/fd", f"/proc/{pid}/environ"]:
    try:
        os.listdir(path) if path.endswith("/fd") or path == place else open(path, "rb").close()
        done.append(path)
    except OSError:
        pass
print(done)
"""


def check_own_job():
    """He may kill his job's holder as often as he likes; he cannot reach its
    records, its socket or its memory; and nobody else is bothered."""
    with Controlled(ALLOW) as c, Peer(as_user(OWNER)) as peer:
        r = peer.do("call", c.socket, "start_process", command="sh",
                    args=["-c", "n=0; while sleep 0.01; do n=$((n+1)); echo $n; done"])
        assert r["success"], r
        job_id, pid = r["job_id"], r["process"]["pid"]
        first = wait_for("its holder", lambda: holder_of(c, job_id))
        for text in (str(first), str(c.leader())):
            said = subprocess.run([*as_user(OWNER), sys.executable, "-c", ATTACK, text,
                                   os.path.join(c.path("run/jobs"), job_id)],
                                  stdout=subprocess.PIPE, text=True, check=True).stdout
            assert said == "[]\n", said
        kills, end = 0, time.monotonic() + 5
        while time.monotonic() < end:
            holder = holder_of(c, job_id)
            if holder and peer.do("kill", holder, signal.SIGKILL) == 0:
                kills += 1
            began = time.monotonic()
            assert call(c.socket, "get_system_info")["success"]
            assert time.monotonic() - began < 1
        wait_for("a holder", lambda: holder_of(c, job_id), 90)
        job = peer.do("call", c.socket, "get_job", job_id=job_id)["job"]
        assert job["pid"] == pid and job["state"] == "running" and job["restarts"] == 0, job
        done = peer.do("call", c.socket, "stop_job", job_id=job_id)
        assert done["success"], done
        wait_for("its end", lambda: peer.do("call", c.socket, "get_job", job_id=job_id)["job"][
            "state"] == "exited")
        lines = peer.do("call", c.socket, "get_logs", job_id=job_id, max_lines=1000000)["lines"]
        assert lines == [str(n) for n in range(1, len(lines) + 1)] and len(lines) > 100, len(lines)
    print(f"  his own job's holder killed {kills} times: {len(lines)} lines, none lost")


def check_log_folder():
    """The folder of his log is his: what he puts there is read with his eyes,
    and what he made is not removed with it."""
    with Controlled(ALLOW) as c, Peer(as_user(OWNER)) as peer:
        r = peer.do("call", c.socket, "start_process", command="echo", args=["mine"])
        job_id = r["job_id"]
        assert output(peer, c, job_id) == ["mine"]
        leaf = os.path.join(c.path("run/log"), str(OWNER), job_id)
        assert stat.S_IMODE(os.stat(leaf).st_mode) == 0o700 and os.stat(leaf).st_uid == OWNER
        subprocess.run([*as_user(OWNER), "sh", "-c",
                        f"cd {leaf} && ln -sf /etc/shadow out.000001 && rm -f out.000001.index"
                        " && ln -s /etc/shadow out.000002 && mkfifo err.000001 && mkdir err.000002"],
                       check=True)
        for ask in (lambda **p: peer.do("call", c.socket, "get_logs", **p),
                    lambda **p: call(c.socket, "get_logs", **p)):  # root is asked, too
            r = ask(job_id=job_id, cursor="start")
            assert not any("root" in line or "$" in line for line in r.get("lines", [])), r
        assert peer.do("call", c.socket, "remove_job", job_id=job_id)["success"]
        with open("/etc/shadow", "rb") as f:
            assert f.read()
    print("  his log's folder: links lead nowhere, also for root")


def main():
    leave_out_the_impossible()
    for daemon in DAEMONS:
        check_daemon(daemon)
    check_places()
    check_setuid()
    check_own_job()
    check_log_folder()


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit(77)
    main()
