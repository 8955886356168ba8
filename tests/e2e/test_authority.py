#!/usr/bin/python3
"""Through the socket nobody can do or see what he could not do or see from a
shell.  Every kind of peer against every kind of collectd: the same process asks
by the socket and tries with its own hands, and the two are compared."""
import contextlib
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(__file__))
from control import Controlled, Peer, Wire, as_user, call
from harness import PATIENCE, folder, idle_uids, in_a_chroot, kernel, skip, wait_for, proc_hides

OWNER, OTHER, THIRD, GROUP, DAEMON = idle_uids(5)

MEMBER = ["setpriv", "--reuid", str(THIRD), "--regid", str(THIRD), "--groups", str(GROUP)]
# as directory services give them
MANY = ["setpriv", "--reuid", str(OWNER), "--regid", str(OWNER), "--groups",
        ",".join(str(70000 + n) for n in range(1500))]
NO_CAPS = ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all"]

# name: (what it becomes, uid, is it as free as a login's shell?)
PEERS = {
    "root": ([], 0, True),
    "owner": (as_user(OWNER), OWNER, True),
    "other user": (as_user(OTHER), OTHER, True),
    "group member": (MEMBER, THIRD, True),
    "member of many groups": (MANY, OWNER, True),
    "collectd's user": (as_user(DAEMON), DAEMON, True),
    "no_new_privs": (as_user(OWNER, "--no-new-privs"), OWNER, False),
    "user namespace": ([*as_user(OWNER), "unshare", "--user"], OWNER, False),
    "root of a user namespace": (
        [*as_user(OWNER), "unshare", "--user", "--map-root-user"], OWNER, False),
    "mount namespace": (["unshare", "--mount", "--propagation", "unchanged",
                         *as_user(OWNER)], OWNER, False),
    "uid 0 without capabilities": (NO_CAPS, 0, False),
}

AMBIENT = "+setuid,+setgid,+kill,+sys_ptrace"
if kernel() < (6, 5):  # which does not tell who connected
    AMBIENT += ",+dac_read_search"
# name: (what is in front of collectd, its uid, for whom it can act at all)
DAEMONS = {
    "root": ([], None, lambda uid: True),
    "ambient capabilities only": (
        as_user(DAEMON, "--inh-caps", AMBIENT, "--ambient-caps", AMBIENT),
        DAEMON, lambda uid: True),
    "securebits": (
        ["setpriv", "--securebits", "+no_setuid_fixup"],
        None, lambda uid: True),
    # for uid 0 as the kernel lets a root without capabilities: some, not all
    "root without capabilities": (
        NO_CAPS, None, lambda uid: None if uid == 0 else False),
    "without capabilities": (as_user(DAEMON), DAEMON, lambda uid: uid == DAEMON),
}

READING = ["hello", "describe", "get_system_info", "list_processes",
           "list_groups"]


def sleeper(prefix):
    """One that has become who it shall be."""
    p = subprocess.Popen([*prefix, "sleep", "600"])
    wait_for("the sleeper", lambda: open(
        f"/proc/{p.pid}/comm", encoding="ascii").read() == "sleep\n")
    return p


OWNERS = {
    "root's": [],
    "the owner's": as_user(OWNER),
    "the other's": as_user(OTHER),
    "the daemon's": as_user(DAEMON),
    "the owner's of another group": [
        "setpriv", "--reuid", str(OWNER), "--regid", str(GROUP), "--clear-groups"],
    "the owner's of many groups": MANY,
    "one with the owner's real uid": [
        "setpriv", "--ruid", str(OWNER), "--euid", str(OTHER), "--clear-groups"],
}


# Like ssh-agent(1): not even its own user may read its files (prctl(2)).
NOT_DUMPABLE = """
import ctypes, time
libc = ctypes.CDLL(None)
assert libc.prctl(4, 0, 0, 0, 0) == 0  # PR_SET_DUMPABLE
libc.prctl(15, b"sleep", 0, 0, 0)  # PR_SET_NAME
time.sleep(600)
"""


class Targets:
    """Processes of several owners; any of them could be hit."""

    def __init__(self):
        self.by_name = {name: sleeper(prefix) for name, prefix in OWNERS.items()}
        self.by_name["the owner's that is not dumpable"] = sleeper(
            [*as_user(OWNER), sys.executable, "-c", NOT_DUMPABLE])

    def end(self):
        for p in self.by_name.values():
            p.kill()
            p.wait()


def check_kill(c, peer, free, can, name, target):
    """Signal 0 asks the kernel what it would say; the second time for real."""
    by_hand = peer.do("kill", target.pid, 0) == 0
    result = peer.do("call", c.socket, "kill_process", pid=target.pid, signal=0)
    allowed = result["success"]
    assert by_hand or not allowed, f"{name}: more than by hand: {result}"
    if free and can:
        assert allowed == by_hand, f"{name}: {result}, by hand {by_hand}"
    if not free or can is False:
        assert not allowed, f"{name}: {result}"
        assert result["error"]["code"] in ("permission_denied", "unsupported"), result
    return allowed


def check_unseen(c, peer, name, target):
    """For who does not see it in /proc (hidepid of proc(5)) it is not there, even
    where kill(2) would hit it."""
    for method, params in (("kill_process", {"signal": 0}), ("get_process_info", {})):
        result = peer.do("call", c.socket, method, pid=target.pid, **params)
        assert not result["success"], f"{name}: {method}: {result}"
        assert result["error"]["code"] in ("not_found", "permission_denied", "unsupported"), \
            f"{name}: {method}: {result}"


def check_sight(c, peer, name, target):
    result = peer.do("call", c.socket, "get_process_info", pid=target.pid)
    assert result["success"], result
    by_hand = set(peer.do("links", target.pid))
    shown = {"exe", "cwd", "io"} & set(result["process"])
    assert shown <= by_hand, f"{name}: {shown} shown, {by_hand} by hand"
    assert {"exe", "cwd", "io"} - shown <= set(result["omitted"]), result
    return shown, by_hand


STRANGE = 77  # the id of a stream of another connection


def check_streams(c, peer, kind, proc="/proc"):
    """A stream shows whom /proc shows; and is ended by who began it alone."""
    shown, end = peer.do("monitor", c.socket)
    with_hands = set(peer.do("pids", proc))
    alone = [p for p in shown if p not in with_hands and os.path.exists(f"/proc/{p}")]
    assert not alone, f"{kind} sees {alone} in the stream alone"
    assert shown or proc_hides(), f"{kind} sees nobody, and is one himself"
    assert end["success"] and end["reason"] == "count", end
    id = peer.do("watch", c.socket, "a stream", "watch_events")
    assert id != STRANGE, id
    refused, _ = peer.do("cancel", "a stream", STRANGE)
    assert refused["error"]["code"] == "not_found", refused
    id = peer.do("watch", c.socket, "a stream", "watch_events")
    done, ended = peer.do("cancel", "a stream", id)
    assert done["success"] and ended["reason"] == "cancelled", (done, ended)


def zombies():
    """Processes of several owners that have ended with a code of 9, and have to
    be waited for."""
    found = {name: subprocess.Popen([*prefix, "sh", "-c", "exit 9"])
             for name, prefix in OWNERS.items()}
    for p in found.values():
        os.waitid(os.P_PID, p.pid, os.WEXITED | os.WNOWAIT)
    return found


def birth_of(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
        return int(f.read().rsplit(")", 1)[1].split()[19])


def ends_agree(c, daemon, peers):
    """Was all told?  What was told has to be right."""
    ended = zombies()
    by_hand = {kind: {name: peer.do("code", p.pid) for name, p in ended.items()}
               for kind, peer in peers.items()}
    births = {p.pid: birth_of(p.pid) for p in ended.values()}
    c.intervals(2)  # by /proc alone, whom no turn has seen does not end
    for p in ended.values():
        p.wait()
    every = True
    for kind, peer in peers.items():
        told, all_told = peer.do("heard", births)
        every &= all_told
        for name, p in ended.items():
            hand, code = by_hand[kind][name], told.get(str(p.pid))
            what = f"{daemon}: {kind}: {name}: {code}, by hand {hand}"
            assert code in (None, 0, hand), what
            if daemon == "root" and kind in ("owner", "other user", "root"):
                assert code in (None, hand), what
    return every


def check_ends(c, daemon):
    """How a process ended is told to whom a zombie's stat would tell it."""
    with contextlib.ExitStack() as stack:
        peers = {kind: stack.enter_context(Peer(becomes))
                 for kind, (becomes, _, _) in PEERS.items()}
        for peer in peers.values():
            peer.do("listen", c.socket, kinds=["exit"])
        wait_for("all ends to be heard", lambda: ends_agree(c, daemon, peers))
    print(f"  {daemon}: ends are told to whom /proc would tell them", flush=True)


def is_process(pid):
    """/proc/PID is there for a thread, too, which may have got the pid of a
    process that has ended meanwhile."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8") as f:
            return f"Tgid:\t{pid}\n" in f.read()
    except OSError:
        return False


def check_pair(c, daemon, kind, prefix, free, can, targets):
    killed = sighted = 0
    with Peer(prefix) as peer:
        for method in READING:
            assert peer.do("call", c.socket, method)["success"], (kind, method)
        listed = {p["pid"] for p in peer.do(
            "call", c.socket, "list_processes")["processes"]}
        with_hands = set(peer.do("pids"))  # later: others start processes
        gone = [p for p in listed - with_hands if is_process(p)]
        assert not gone, f"{kind} sees {gone} in the list alone"
        check_streams(c, peer, kind)
        for name, target in targets.by_name.items():
            what = f"{daemon}: {kind}: {name}"
            if target.pid not in with_hands:
                check_unseen(c, peer, what, target)
                continue
            killed += check_kill(c, peer, free, can, what, target)
            shown, by_hand = check_sight(c, peer, what, target)
            sighted += len(shown)
            if daemon == "root" and kind in ("owner", "other user", "root"):
                assert shown == by_hand, f"{what}: {shown}, by hand {by_hand}"
    print(f"  {daemon}: {kind}: may signal {killed} of {len(targets.by_name)}, "
          f"sees {sighted} files of theirs", flush=True)
    return killed


def check_daemon(daemon, targets):
    prefix, uid, can_act_for = DAEMONS[daemon]
    with Controlled(prefix=prefix, owner=uid) as c, Wire(c.socket) as wire:
        wire.id = STRANGE - 1
        stream = wire.send("monitor_system", interval_seconds=3600)
        assert stream == STRANGE and wire.read()["params"]["id"] == STRANGE
        for kind, (becomes, peer_uid, free) in PEERS.items():
            check_pair(c, daemon, kind, becomes, free, can_act_for(peer_uid),
                       targets)
        if not proc_hides():  # else check_hidden() looks at who is heard of
            check_ends(c, daemon)
        _, ended = wire.cancel(STRANGE)
        assert ended["reason"] == "cancelled", ended
        hello = call(c.socket, "hello")
        wants = daemon in ("root", "ambient capabilities only", "securebits")
        assert hello["capabilities"]["act_as_others"] == wants, hello
        assert all(p.poll() is None for p in targets.by_name.values())


def check_grants():
    """What an <Allow> gives, and what it does not."""
    allow = f"""<Allow>
      User {OTHER}
      Method "kill_process"
      RunAs {OWNER}
    </Allow>
    <Allow>
      UnixGroup {GROUP}
      Method "kill_process"
      Sandboxed true
    </Allow>"""
    targets = Targets()
    with Controlled(allow) as c, Peer(as_user(OTHER)) as other, \
            Peer([*MEMBER, "--no-new-privs"]) as member:
        def kill(peer, name):
            return peer.do("call", c.socket, "kill_process",
                           pid=targets.by_name[name].pid)
        assert kill(other, "root's")["error"]["errno"] == "EPERM"
        assert kill(other, "the owner's")["success"]
        assert targets.by_name["the owner's"].wait(PATIENCE) == -signal.SIGTERM
        mine = sleeper(MEMBER)
        done = member.do("call", c.socket, "kill_process", pid=mine.pid)
        assert done["success"], done
        assert mine.wait(PATIENCE) == -signal.SIGTERM
        assert kill(member, "the other's")["error"]["errno"] == "EPERM"
        assert kill(member, "root's")["error"]["errno"] == "EPERM"
    targets.end()
    print("  grants: RunAs and Sandboxed give what they say and no more")


def hears_whom_he_sees(c, peer, prefix, kind, place):
    """Of nobody whom he could not see: whose end comes before that of one of
    his own, which he does hear of.  Was all told?"""
    ended = zombies()
    hands = set(peer.do("pids", place))
    births = {p.pid: birth_of(p.pid) for p in ended.values()}
    c.intervals(2)  # see ends_agree
    for p in ended.values():
        p.wait()
    last = sleeper(prefix)
    c.intervals(2)
    births[last.pid] = birth_of(last.pid)
    last.kill()
    last.wait()
    told, every = peer.do("heard", births, last.pid)
    for name, p in ended.items():
        seen, heard = p.pid in hands, str(p.pid) in told
        assert seen or not heard, f"{kind}: {name} is heard of"
        every &= heard == seen
    return every


def check_hidden():
    """Where /proc hides processes, so does the socket."""
    place = folder("procman-proc-")
    subprocess.run(["mount", "-t", "proc", "-o", f"hidepid=2,gid={GROUP}", "proc",
                    place], check=True)
    targets = Targets()
    try:
        with Controlled(options=f'  ProcPath "{place}"') as c:
            for prefix, kind in [(as_user(OWNER), "owner"),
                                 (as_user(OTHER), "other user"),
                                 (MEMBER, "group member"), ([], "root")]:
                with Peer(prefix) as peer:
                    hands = set(peer.do("pids", place))
                    listed = {p["pid"] for p in peer.do(
                        "call", c.socket, "list_processes",
                        max_age_seconds=0)["processes"]}
                    for name, target in targets.by_name.items():
                        seen = target.pid in hands
                        info = peer.do("call", c.socket, "get_process_info",
                                       pid=target.pid)
                        what = f"{kind}: {name}: by hand {seen}: {info}"
                        assert info["success"] == seen, what
                        assert seen or info["error"]["code"] == "not_found", what
                        assert (target.pid in listed) == seen, what
                        if not seen:
                            kill = peer.do("call", c.socket, "kill_process",
                                           pid=target.pid, signal=0)
                            assert kill["error"]["code"] == "not_found", kill
                    check_streams(c, peer, kind, place)
                    peer.do("listen", c.socket)
                    wait_for("ends to be heard", lambda who=(peer, prefix, kind):
                             hears_whom_he_sees(c, *who, place))
                print(f"  hidepid: {kind} sees what /proc shows", flush=True)
    finally:
        targets.end()
        # a helper of collectd's may be about to end, and is in it until then
        subprocess.run(["umount", "--lazy", place], check=True)
        os.rmdir(place)


def leave_out_the_impossible():
    """In a chroot nobody makes a user namespace (user_namespaces(7))."""
    for kind, (becomes, _, _) in list(PEERS.items()):
        if subprocess.run([*becomes, "true"], check=False).returncode != 0:
            assert "--user" in becomes and in_a_chroot(), kind
            print(f"  nobody can be in a {kind} here")
            del PEERS[kind]


def main():
    if os.geteuid() != 0:
        skip("only root can be everybody")
    leave_out_the_impossible()
    targets = Targets()
    try:
        for daemon in DAEMONS:
            # these cannot see process 1, and so nobody's confinement
            if proc_hides() and "without" in daemon:
                print(f"  {daemon}: /proc hides processes from it")
                continue
            check_daemon(daemon, targets)
    finally:
        targets.end()
    if not proc_hides():  # who is not seen is not there, whatever is granted
        check_grants()
    check_hidden()


if __name__ == "__main__":
    main()
