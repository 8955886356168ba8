#!/usr/bin/python3
"""What somebody is credited with for another process: a caller that becomes a
set-user-ID program while his child holds the connection, a target that does so
while it is read, and groups where /proc hides processes."""
import json
import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from control import Controlled, Peer, as_user
from harness import BUILD, folder, idle_uids, skip, wait_for

USER, OTHER = idle_uids(2)
SECONDS = 5

# It connects; its child asks on; it becomes the program.
BECOMES = """
import json, os, socket, sys, time
path, program, pid = sys.argv[1:]
s = socket.socket(socket.AF_UNIX)
s.connect(path)
if os.fork() == 0:
    lines = s.makefile("rb")
    wanted = f"/proc/{os.getppid()}/status"
    while open(wanted).read().split("Uid:")[1].split()[1] != "0":
        time.sleep(0.01)
    for method, params in (("get_process_info", {"pid": int(pid)}),
                           ("hello", {}), ("kill_process", {"pid": int(pid), "signal": 0})):
        s.sendall(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method,
                              "params": params}).encode() + b"\\n")
        print(lines.readline().decode(), end="", flush=True)
    os._exit(0)
os.execl(program, "sleep", "600")
"""

# For ever the one, and then the other.
FLIP = r"""
#define _GNU_SOURCE
#include <unistd.h>
int main(int argc, char **argv) {
  (void)argc;
  /* the set-user-ID one gives up what it got, as such programs do */
  int now_root = geteuid() == 0;
  if (now_root && setresuid(getuid(), getuid(), getuid()) < 0)
    return 1;
  for (volatile int i = 0; i < 20000; i++)
    continue;
  execl(now_root ? argv[1] : argv[2], "flip", argv[1], argv[2], (char *)NULL);
  return 2;
}
"""


def setuid_copy(source, place, name):
    path = os.path.join(place, name)
    shutil.copy(source, path)
    os.chmod(path, 0o4755)
    return path


def check_becomes(c, place):
    program = setuid_copy("/usr/bin/sleep", place, "sleep")
    target = subprocess.Popen(["sleep", "600"])  # root's
    asks = subprocess.Popen([*as_user(USER), sys.executable, "-c", BECOMES, c.socket,
                             program, str(target.pid)], stdout=subprocess.PIPE)
    try:
        info, hello, kill = (json.loads(asks.stdout.readline())["result"] for _ in range(3))
        assert set(info["omitted"]) == {"exe", "cwd", "fds", "io"}, info
        assert "exe" not in info["process"], info
        assert "other ids" in hello["you"]["sandboxed"] and not hello["you"]["may"], hello
        assert kill["error"]["code"] == "permission_denied", kill
    finally:
        for p in (asks, target):
            p.kill()
            p.wait()
    print("  a caller that became a set-user-ID program lends nothing")


def check_flips(c, place):
    """Never the path of the set-user-ID program, which its user may not read."""
    source = os.path.join(place, "flip.c")
    with open(source, "w", encoding="ascii") as f:
        f.write(FLIP)
    plain = os.path.join(place, "plain")
    if subprocess.run(["cc", "-o", plain, source], check=False).returncode:
        print("  there is no compiler: no flips")
        return
    setuid = setuid_copy(plain, place, "set-user-id")
    flips = subprocess.Popen([*as_user(USER), plain, plain, setuid])
    asked = shown = 0
    try:
        with Peer(as_user(USER)) as peer:
            end = time.monotonic() + SECONDS
            while time.monotonic() < end and flips.poll() is None:
                said = peer.do("call", c.socket, "get_process_info", pid=flips.pid)
                exe = said.get("process", {}).get("exe")
                asked += 1
                shown += exe is not None
                assert exe != setuid, said
        assert flips.poll() is None and asked > 100, (flips.poll(), asked)
    finally:
        flips.kill()
        flips.wait()
    print(f"  of {asked} answers {shown} show a program, none the set-user-ID one")


def check_hidden_groups():
    """Nobody hears of programs of which he sees no process."""
    place = folder("procman-proc-")
    subprocess.run(["mount", "-t", "proc", "-o", "hidepid=2", "proc", place], check=True)
    hidden = subprocess.Popen(["sleep", "600"])
    own = subprocess.Popen([*as_user(USER), "sleep", "600"])
    try:
        with Controlled(options=f'  ProcPath "{place}"') as c:
            def groups(prefix):
                with Peer(prefix) as peer:
                    rows = peer.do("call", c.socket, "list_groups", max_age_seconds=0)
                return {g["name"]: g for g in rows["groups"]}
            every = wait_for("both", lambda: (g := groups([])).get("sleep", {}).get(
                "processes", 0) >= 2 and g)
            his, other = groups(as_user(USER)), groups(as_user(OTHER))
            assert his["sleep"]["processes"] == 1, his["sleep"]
            assert "sleep" not in other and "collectd" not in other, list(other)
            assert set(other) < set(his) < set(every), (list(other), list(his))
    finally:
        for p in (hidden, own):
            p.kill()
            p.wait()
        subprocess.run(["umount", "--lazy", place], check=True)
        os.rmdir(place)
    print("  groups of others are hidden as their processes are")


def check_helpers(c):
    """The probe may search folders, and nothing else of what root may."""
    def probe():
        daemon = c.leader()
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    words = f.read().split(b"\0")
                with open(f"/proc/{pid}/status", encoding="ascii") as f:
                    status = dict(line.split(":\t", 1) for line in f if ":\t" in line)
            except OSError:
                continue
            if words[1:2] == [b"probe"] and int(status["PPid"]) == daemon:
                return status
        return None
    status = wait_for("the probe", probe)
    may = {name: int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")}
    assert may == {"CapInh": 0, "CapPrm": 4, "CapEff": 4, "CapAmb": 0}, may
    assert status["NoNewPrivs"].strip() == "1", status
    elf = subprocess.run(["readelf", "-d", os.path.join(BUILD, "procman-hold")],
                         capture_output=True, text=True, check=False)
    assert elf.returncode or "NOW" in elf.stdout, elf.stdout
    print("  the probe's capabilities")


def main():
    if os.geteuid() != 0:
        skip("only root can be several users")
    place = folder("procman-lent-")
    os.chmod(place, 0o755)
    try:
        with Controlled() as c:
            check_becomes(c, place)
            check_flips(c, place)
            check_helpers(c)
    finally:
        shutil.rmtree(place)
    check_hidden_groups()


if __name__ == "__main__":
    main()
