#!/usr/bin/python3
"""The built procmanctl against a server that is told what to say: what it
prints, where, and its exit status."""
import fcntl
import json
import os
import pty
import random
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import termios
import threading
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import server  # noqa: E402
from server import Answer, Server, failure, fault  # noqa: E402

BUILD = os.path.abspath(os.environ.get("PM_BUILD", "build"))
PROGRAM = os.path.join(BUILD, "procmanctl")
CLEAN = {"PATH": BUILD + ":" + os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC",
         "TERM": "xterm", "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")}


def run(*args, stdin="", **environment):
    """(status, stdout, stderr)"""
    p = subprocess.run([PROGRAM, *args], input=stdin.encode(), capture_output=True, timeout=60,
                       check=False, env={**CLEAN, **environment})
    return p.returncode, p.stdout.decode(), p.stderr.decode()


def on_terminal(*args, columns=80, **environment):
    """(status, what the terminal got)"""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    p = subprocess.Popen([PROGRAM, *args], stdin=theirs, stdout=theirs, stderr=theirs,
                         env={**CLEAN, **environment})
    os.close(theirs)
    got = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # EIO: the other end is closed
            break
        if not piece:
            break
        got += piece
    os.close(ours)
    return p.wait(timeout=60), got.decode().replace("\r\n", "\n")


class Base(unittest.TestCase):
    def serve(self, **answers):
        s = Server(**answers)
        s.__enter__()
        self.addCleanup(s.__exit__, None, None, None)
        return s

    def check(self, status, *args, **environment):
        """Runs it, wants that status; one line on stderr unless it is 0."""
        got, out, said = run(*args, **environment)
        self.assertEqual(got, status, out + said)
        if status:
            for line in said.splitlines():
                self.assertRegex(line, r"^procmanctl: ")
        return out, said


class Commands(Base):
    def ask(self, s, *args):
        out, said = self.check(0, "-S", s.path, *args)
        self.assertEqual(said, "")
        return out

    def test_system(self):
        s = self.serve()
        out = self.ask(s, "system")
        self.assertIn("CPU                34.2 %   of 8 CPUs, load 0.52 1.25 12.40\n", out)
        self.assertIn("Disk srv-data      25.0 %   1.0 TiB of 4.0 TiB, 3.0 TiB free\n", out)
        self.assertIn("nvme-Composite     38.9 °C\n", out)
        self.assertIn("14d06h     since 2023-11-14 22:13:20\n", out)

    def test_list(self):
        s = self.serve()
        lines = self.ask(s, "ps", "-u", "ada", "-g", "web", "-s", "mem", "-n", "5",
                         "ja*").splitlines()
        self.assertEqual(lines[0].split(), ["PID", "USER", "CPU%", "MEM%", "RSS", "THR", "UP",
                                            "STATUS", "NAME", "COMMAND"])
        self.assertEqual(lines[1].split(), ["4711", "ada", "12.5", "0.5", "1.5M", "1", "1h02m",
                                            "sleeping", "sleep", "sleep", "1000"])
        self.assertEqual(lines[3].split(), ["2", "root", "-", "-", "-", "1", "1h02m", "idle",
                                            "kthreadd"])
        self.assertTrue(lines[4].endswith("--config /etc/service/production.yaml"))
        self.assertEqual(s.requests[0]["params"], {
            "sort": "memory_rss", "limit": 5, "max_age_seconds": 2,
            "filter": {"user": "ada", "group": "web", "name": "ja*"}})

    def test_list_several_patterns(self):
        s = self.serve()
        lines = self.ask(s, "list", "-n", "2", "*init*splash", "ja?a", "sl*", "* 1000").splitlines()
        self.assertEqual([line.split()[0] for line in lines[1:]], ["4711", "31337"])
        self.assertEqual(s.requests[0]["params"], {"sort": "cpu_percent", "max_age_seconds": 2})
        result = json.loads(self.ask(s, "-o", "json", "list", "-n", "1", "java", "sl*"))
        self.assertEqual([p["pid"] for p in result["processes"]], [4711])
        self.assertEqual(result["total"], 2)
        self.assertAlmostEqual(result["sampled_at"], time.time(), delta=60)

    def test_an_old_list_says_so(self):
        s = self.serve()
        s.answers["list_processes"] = {"processes": [], "total": 0,
                                       "sampled_at": time.time() - 7}
        self.assertRegex(self.check(0, "-S", s.path, "list")[1], r"how it was 7\.\d s ago")

    def test_kill_as_kill_does(self):
        s = self.serve()
        for given, sent in (("-9", "9"), ("-KILL", "KILL"), ("-SIGHUP", "SIGHUP"),
                            ("-HUP", "HUP"), ("-0", "0")):
            s.requests.clear()
            self.check(0, "-S", s.path, "kill", given, "4711")
            self.assertEqual(s.requests[-1]["params"]["signal"], sent)
        self.check(2, "-S", s.path, "kill", "-NOSUCH", "4711")
        self.check(2, "-S", s.path, "kill", "-99", "4711")

    def test_many_kills_wait_together(self):
        s = self.serve()
        pids = [str(n) for n in range(100, 140)]
        out = self.check(0, "-S", s.path, "kill", "-t", "5", *pids)[0]
        self.assertEqual(len(out.splitlines()), 40)
        self.assertEqual({r["params"]["pid"] for r in s.requests
                          if r["method"] == "kill_process"}, {int(p) for p in pids})

    def test_groups(self):
        s = self.serve()
        self.assertEqual(len(self.ask(s, "groups").splitlines()), 2)
        out = self.ask(s, "groups", "-a", "-n", "5", "-s", "time")
        self.assertIn("below the threshold", out)
        self.assertEqual(s.requests[1]["params"], {"sort": "cpu_seconds", "limit": 5})

    def test_info(self):
        s = self.serve()
        out = self.ask(s, "info", "4711@998877")
        self.assertIn("Process   4711@998877\n", out)
        self.assertIn("Disk      1.0 MiB read, 0 B written\n", out)
        self.assertEqual(s.requests[0]["params"], {"pid": 4711, "start_time": 998877})

    def test_kill(self):
        s = self.serve()
        self.assertEqual(self.ask(s, "kill", "12"), "sent TERM to pid 12 (sleep)\n")
        self.assertEqual(s.requests[1]["params"],
                         {"pid": 12, "start_time": 998877, "signal": "TERM"})
        self.ask(s, "kill", "13@5", "-s", "SIGKILL", "-t", "2.5", "-G")
        self.assertEqual(s.requests[3]["params"], {
            "pid": 13, "start_time": 5, "signal": "SIGKILL", "timeout_seconds": 2.5,
            "scope": "process_group"})

    def test_kill_that_escalates(self):
        s = self.serve(kill_process={"signalled": {"signal": "TERM", "processes": 1,
                                                   "escalated": True}, "exited": True})
        self.assertEqual(self.ask(s, "kill", "-t", "3", "12"),
                         "sent TERM to pid 12 (sleep); KILL after 3 s; it has ended\n")
        s.answers["kill_process"] = {"signalled": {"signal": "TERM", "processes": 1},
                                     "exited": False}
        self.check(1, "-S", s.path, "kill", "-t", "3", "12")

    def test_kill_reads_all_before_the_first(self):
        s = self.serve()
        self.check(2, "-S", s.path, "kill", "12", "1x")
        self.assertEqual(s.requests, [])

    def test_streams(self):
        s = self.serve()
        lines = self.ask(s, "monitor", "-i", "0.5", "-c", "3", "-p", "4").splitlines()
        self.assertEqual(lines[2].split(), ["22:13:21", "33.0", "0.52", "62.5", "10G", "6.0G",
                                            "100M", "90.0", "45.0"])
        self.assertEqual(s.requests[0]["params"],
                         {"interval_seconds": 0.5, "count": 3, "processes": 4})
        lines = self.ask(s, "events", "-k", "start", "-k", "oom").splitlines()
        self.assertEqual(lines[1].split(), ["22:13:21.500", "exit", "4711", "sleep", "ada",
                                            "sleep", "signal", "TERM"])
        self.assertEqual(s.requests[1]["params"], {"kinds": ["start", "oom"]})

    def test_json_is_what_the_server_said(self):
        s = self.serve()
        for command, method in (("system", "get_system_info"), ("list", "list_processes"),
                                ("groups", "list_groups"), ("hello", "hello")):
            out = self.ask(s, command, "-o", "json")
            self.assertEqual(json.loads(out), {"success": True, **s.answers[method]})
            self.assertEqual(out.count("\n"), 1)
        lines = self.ask(s, "-o", "json", "events").splitlines()
        self.assertEqual([json.loads(line) for line in lines], s.answers["watch_events"].items)
        self.assertEqual(self.ask(s, "-o", "json", "kill", "1", "2").count("\n"), 2)

    def test_hello_and_describe(self):
        s = self.serve()
        self.assertIn("act_as_others  no\n", self.ask(s, "hello"))
        out = self.ask(s, "describe", "hello")
        self.assertIn("What it is", out)
        self.assertRegex(out, r"  seconds \*  +number 0.25-3600  +so\n")

    def test_help(self):
        for args in (["help"], ["-h"], ["help", "kill"], ["kill", "--help"], ["version"],
                     ["--version"]):
            self.assertNotEqual(self.check(0, *args)[0], "")


class Failures(Base):
    def test_usage(self):
        status, out, said = run()
        self.assertEqual((status, out), (2, ""))
        self.assertIn("usage: procmanctl", said)
        for args in (["tea"], ["list", "-n"], ["list", "-n", "0"], ["list", "-x"],
                     ["list", "--colour"], ["info"], ["info", "1", "2"], ["info", "x"],
                     ["info", "0"], ["info", "1@"], ["system", "x"], ["kill"],
                     ["kill", "-s", "TEA", "1"], ["kill", "-t", "0", "1"],
                     ["monitor", "-i", "0.1"], ["-o", "xml", "hello"], ["completion", "csh"],
                     ["help", "tea"], ["-x"]):
            self.check(2, "-S", "/nonexistent", *args)

    def test_a_full_queue_is_given_up(self):
        with tempfile.TemporaryDirectory(prefix="procmanctl-") as folder, \
                socket.socket(socket.AF_UNIX) as listener, \
                socket.socket(socket.AF_UNIX) as first:
            path = os.path.join(folder, "sock")
            listener.bind(path)
            listener.listen(0)
            first.connect(path)
            status, _, said = run("-S", path, "list")
        self.assertEqual(status, 3)
        self.assertIn("too many are connecting", said)

    def test_no_connection(self):
        _, said = self.check(3, "-S", "/nonexistent/sock", "hello")
        self.assertIn("is collectd running with <Control>?", said)
        self.check(3, "hello", PROCMAN_SOCKET="/nonexistent")
        self.check(3, "hello", PROCMAN_SOCKET="/" + "x" * 200)
        out, said = self.check(3, "kill", "1", "2", PROCMAN_SOCKET="/nonexistent")
        self.assertEqual((out, said.count("\n")), ("", 1))

    @unittest.skipIf(os.geteuid() != 0, "only root can become somebody else")
    def test_no_way_to_the_socket(self):
        # he may look neither into the folder of the build nor into every TMPDIR
        place = tempfile.TemporaryDirectory(prefix="procman-cli-", dir="/tmp")
        self.addCleanup(place.cleanup)
        os.chmod(place.name, 0o755)
        program, path = (os.path.join(place.name, n) for n in ("procmanctl", "sock"))
        shutil.copy(PROGRAM, program)
        os.chmod(program, 0o755)
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(path)
        listener.listen()
        os.chown(path, 0, 0)
        os.chmod(path, 0o660)
        p = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program, "-S", path,
                            "hello"], capture_output=True, text=True, check=False, env=CLEAN)
        self.assertEqual(p.returncode, 4)
        self.assertRegex(p.stderr, "permission denied for .*/sock: its mode is 0660, its owner "
                                   "root, its group root; only root, its owner and members")
        inner = os.path.join(place.name, "inner")
        os.mkdir(inner, 0o700)
        p = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program, "-S",
                            os.path.join(inner, "sock"), "hello"],
                           capture_output=True, text=True, check=False, env=CLEAN)
        self.assertEqual(p.returncode, 4)
        self.assertRegex(p.stderr, "denied for .*/inner: its mode is 0700, .*; only root and its owner")

    def test_lost_in_the_middle(self):
        for answer in (Answer(raw=b'{"jsonrpc":"2.0","id":1,"resu', hang_up=True),
                       Answer(raw=b"", hang_up=True),
                       Answer(items=[{"kind": "start"}], raw=b"", hang_up=True)):
            s = self.serve(watch_events=answer)
            _, said = self.check(3, "-S", s.path, "events")
            self.assertIn("connection was closed", said)

    def test_not_permitted(self):
        s = self.serve(kill_process=failure("permission_denied", "the kernel does not let you",
                                            errno="EPERM", stage="signal"))
        out, said = self.check(4, "-S", s.path, "kill", "1")
        self.assertEqual(out, "")
        self.assertIn("the kernel does not let you (permission_denied, EPERM)", said)
        out, _ = self.check(4, "-S", s.path, "-o", "json", "kill", "1")
        self.assertEqual(json.loads(out)["error"]["stage"], "signal")

    def test_failed(self):
        s = self.serve(get_process_info=failure("not_found", "there is no process 9"),
                       list_groups=fault(-32601, "no"), list_processes=fault(-32602, "bad"))
        self.assertIn("no process 9 (not_found)", self.check(1, "-S", s.path, "info", "9")[1])
        self.assertIn("older", self.check(1, "-S", s.path, "groups")[1])
        self.check(2, "-S", s.path, "list")

    def test_full_disk(self):
        s = self.serve()
        with open("/dev/full", "w", encoding="ascii") as full:
            p = subprocess.run([PROGRAM, "-S", s.path, "list"], stdout=full, env=CLEAN,
                               stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(p.returncode, 1)
        self.assertIn("cannot write", p.stderr)

    def test_a_closed_pipe_is_silent(self):
        s = self.serve(list_processes={"processes": [server.PROCESS] * 20000, "total": 20000})
        p = subprocess.run(["bash", "-c", '"$1" -S "$2" list | head -n 1; echo ${PIPESTATUS[0]}',
                            "-", PROGRAM, s.path], capture_output=True, text=True, check=False,
                           env=CLEAN)
        self.assertEqual(p.stderr, "")
        self.assertIn(p.stdout.splitlines()[-1], ("0", "141"))

    def test_strange_answers(self):
        """What is not understood is not known; nothing crashes."""
        random.seed(1)
        strange = [None, True, 0, -1, 1e300, "x", "\x1b", [], [None], {}, {"a": {}}, [[1]],
                   "y" * 5000, 9007199254740993, {"total": "x", "used": []}]

        def spoil(value):
            if random.random() < 0.15:
                return random.choice(strange)
            if isinstance(value, dict):
                return {k: spoil(v) for k, v in value.items() if random.random() < 0.95}
            return [spoil(v) for v in value] if isinstance(value, list) else value

        def spoiled(answer):
            def make(params):
                value = answer(params) if callable(answer) else answer
                if isinstance(value, Answer):
                    return Answer(items=[spoil(i) for i in value.items])
                return Answer({"result": spoil({"success": True, **value})})
            return make
        s = self.serve(**{m: spoiled(a) for m, a in server.usual().items()})
        for i in range(15):
            for args in (["system"], ["list"], ["list", "a", "b"], ["groups", "-a"], ["info", "7"],
                         ["kill", "7"], ["monitor"], ["events"], ["hello"],
                         ["describe", "hello"]):
                status, _, said = run("-S", s.path, *args)
                self.assertIn(status, (0, 1), f"{i} {args} {said}")
                self.assertNotIn("anitizer", said)

    def test_no_json(self):
        for raw in (b"{]\n", b"[]\n", b"\xff\n", b"[" * 1000 + b"\n", b'{"id":1,"id":1}\n',
                    b"1\n", b'{"id":null,"error":{"code":-32700,"message":"x"}}\n'):
            s = self.serve(hello=Answer(raw=raw, hang_up=True))
            status, _, said = run("-S", s.path, "hello")
            self.assertIn(status, (1, 3), said)
            self.assertTrue(said.startswith("procmanctl: hello: "))


class OlderServers(Base):
    def test_a_hint_is_dropped(self):
        def monitor(params):
            if "processes" in params:
                return fault(-32602, "there is no parameter processes", parameter="processes")
            return Answer(items=[{**server.SYSTEM, "time": 1.0}])
        s = self.serve(monitor_system=monitor)
        out, said = self.check(0, "-S", s.path, "monitor", "-p", "3")
        self.assertEqual(len(out.splitlines()), 2)
        self.assertIn("does not know processes", said)
        self.assertEqual([r["method"] for r in s.requests],
                         ["monitor_system", "describe", "monitor_system"])

    def test_a_filter_is_never_dropped(self):
        s = self.serve(list_processes=fault(-32602, "no parameter", parameter="filter.user"))
        self.check(2, "-S", s.path, "list", "-u", "ada")
        self.assertEqual([r["method"] for r in s.requests], ["list_processes"])

    def test_a_bad_hint_is_no_old_server(self):
        s = self.serve(monitor_system=fault(-32602, "processes must be 1", parameter="processes"))
        s.answers["describe"] = {"methods": [{"name": "monitor_system",
                                              "parameters": [{"name": "processes"}]}]}
        _, said = self.check(2, "-S", s.path, "monitor", "-p", "3")
        self.assertIn("processes must be 1", said)
        self.assertNotIn("older", said)

    def test_a_bad_value_is_no_old_server(self):
        s = self.serve(list_processes=fault(-32602, "sort cannot be x", parameter="sort"))
        _, said = self.check(2, "-S", s.path, "list", "-s", "x")
        self.assertIn("sort cannot be x", said)


class Terminal(Base):
    def test_controls_are_shown_and_not_done(self):
        s = self.serve()
        for args in (["list"], ["-o", "json", "list"], ["info", "1"]):
            s.answers["get_process_info"] = {"process": server.OTHERS[-1]}
            status, out = on_terminal("-S", s.path, *args, columns=300, NO_COLOR="1")
            self.assertEqual(status, 0)
            for bad in ("\x1b", "\x07", "\x7f", "\u0085", "\u202e"):
                self.assertNotIn(bad, out)
            if "json" in args:
                self.assertEqual(json.loads(out)["processes"][-1], server.OTHERS[-1])
        self.assertIn("\\x1b[31mil\\u{202e}", on_terminal("-S", s.path, "list", columns=300)[1])

    def test_errors_are_escaped_too(self):
        s = self.serve(hello=failure("internal", "a\x1b[2Jb\nc"))
        self.assertIn("a\\x1b[2Jb\\x0ac", run("-S", s.path, "hello")[2])

    def test_lines_fit(self):
        s = self.serve()
        for columns in (40, 60, 80, 100):
            out = on_terminal("-S", s.path, "list", columns=columns, NO_COLOR="1")[1]
            for line in out.splitlines()[:5]:
                self.assertLessEqual(len(line), columns)
            for word in ("PID", "NAME", "COMMAND", "java", "/sbin/"):
                self.assertIn(word, out, columns)
        self.assertIn("…", out)
        s.answers["monitor_system"] = Answer(items=[
            {**server.SYSTEM, "time": 1.0, "processes": [server.PROCESS]}])
        for columns in (40, 60):
            out = on_terminal("-S", s.path, "monitor", "-p", "1", columns=columns, NO_COLOR="1")[1]
            for line in out.splitlines():
                self.assertLessEqual(len(line), columns)
            for word in ("CPU%", "NAME", "COMMAND", "sleep 1000"):
                self.assertIn(word, out, columns)

    def test_a_pipe_may_end_in_a_terminal(self):
        s = self.serve()
        out = run("-S", s.path, "list")[1]
        for bad in ("\x1b", "\x07", "\x7f", "\u0085", "\u202e"):
            self.assertNotIn(bad, out)

    def test_colours_and_bars(self):
        s = self.serve()
        out = on_terminal("-S", s.path, "system")[1]
        self.assertIn("\x1b[", out)
        self.assertIn("█", out)
        plain = on_terminal("-S", s.path, "system", NO_COLOR="1")[1]
        self.assertNotIn("\x1b[", plain)
        self.assertIn("█", plain)
        self.assertIn("####", on_terminal("-S", s.path, "system", TERM="dumb", LC_ALL="C")[1]
                      .replace("█", "#"))
        self.assertNotIn("\x1b[", on_terminal("-S", s.path, "system", TERM="dumb")[1])
        self.assertNotIn("█", run("-S", s.path, "system")[1])


class Remote(Base):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="procman-ssh-")
        self.addCleanup(self.folder.cleanup)
        self.ssh = os.path.join(self.folder.name, "ssh")

    def fake(self, script):
        with open(self.ssh, "w", encoding="ascii") as f:
            f.write("#!/bin/sh\n" + script)
        os.chmod(self.ssh, 0o755)

    def test_by_ssh(self):
        s = self.serve()
        self.fake(f'echo "$*" >{self.folder.name}/args\nshift 3\n'
                  f'PROCMAN_SOCKET={s.path} exec sh -c "$*"\n')
        here, there = run("-S", s.path, "list"), run("-H", "ada@there", "list",
                                                    PROCMAN_SSH=self.ssh)
        self.assertEqual(there, here)
        with open(f"{self.folder.name}/args", encoding="ascii") as f:
            self.assertEqual(f.read(), "-T ada@there -- procmanctl dial-stdio\n")
        self.check(0, "hello", PROCMAN_HOST="there", PROCMAN_SSH=self.ssh,
                   PROCMAN_SOCKET="/nonexistent")
        self.check(0, "-S", s.path, "hello", PROCMAN_HOST="-x")

    def test_the_other_machine_s_socket(self):
        """Whatever characters it has."""
        self.fake('shift 3\nexec sh -c "$*"\n')
        folder = tempfile.TemporaryDirectory(prefix="procman-cli-", suffix=" it's $(x)")
        self.addCleanup(folder.cleanup)
        s = self.serve()
        path = os.path.join(folder.name, "sock")
        os.symlink(s.path, path)
        for order in (["-H", "there", "-S", path], ["-S", path, "-H", "there"]):
            self.check(0, *order, "hello", PROCMAN_SSH=self.ssh)

    def test_it_fails(self):
        self.fake("exit 255\n")
        _, said = self.check(3, "-H", "there", "hello", PROCMAN_SSH=self.ssh)
        self.assertIn("status 255", said)
        self.check(3, "-H", "there", "kill", "1", PROCMAN_SSH="/nonexistent")

    def test_no_option_for_ssh(self):
        self.fake(f"touch {self.folder.name}/ran\n")
        for host in ("-oProxyCommand=x", ""):
            self.check(3, "-H", host, "hello", PROCMAN_SSH=self.ssh)
        self.assertFalse(os.path.exists(f"{self.folder.name}/ran"))

    def test_dial_stdio(self):
        s = self.serve()
        ask = "".join(f'{{"jsonrpc":"2.0","id":{i},"method":"hello"}}\n' for i in range(3000))
        status, out, said = run("-S", s.path, "dial-stdio", stdin=ask)
        self.assertEqual((status, said), (0, ""))
        self.assertEqual([json.loads(line)["id"] for line in out.splitlines()], list(range(3000)))
        self.check(3, "-S", "/nonexistent", "dial-stdio")

    def test_dial_stdio_copies_bytes(self):
        """Both ways at once, more than any buffer holds."""
        folder = tempfile.TemporaryDirectory(prefix="procman-cli-")
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, "sock")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen(1)

            def echo():
                with listener.accept()[0] as c:
                    held = b""
                    while len(held) < 1 << 20:
                        held += c.recv(65536)
                    c.sendall(held)
                    while True:
                        piece = c.recv(65536)
                        if not piece:
                            return
                        c.sendall(piece)
            threading.Thread(target=echo, daemon=True).start()
            data = random.Random(2).randbytes(3 << 20)
            p = subprocess.run([PROGRAM, "-S", path, "dial-stdio"], input=data, timeout=60,
                               capture_output=True, check=False, env=CLEAN)
        self.assertEqual((p.returncode, p.stderr), (0, b""))
        self.assertEqual(p.stdout, data)


class Completion(Base):
    def test_every_shell_has_every_command(self):
        out = run("help")[1]
        commands = [line.split()[0] for line in out.splitlines() if line.startswith("  ")]
        self.assertGreater(len(commands), 10)
        for shell in ("bash", "zsh", "fish"):
            script = self.check(0, "completion", shell)[0]
            for command in commands:
                self.assertIn(command, script)
            self.parses(shell, script)

    def test_words_are_the_help_s(self):
        helps = [line.split("  ")[-1].strip() for line in run("help")[1].splitlines()
                 if line.startswith("  ")]
        self.assertTrue(any("'" in h for h in helps), helps)
        for shell, apostrophe in (("zsh", "'\\''"), ("fish", "\\'")):
            script = run("completion", shell)[1].replace(apostrophe, "'")
            script = script.replace("\\:", ":")
            for words in helps:
                self.assertIn(words, script)

    def parses(self, shell, script):
        try:
            p = subprocess.run([shell, "-n"], input=script, text=True, capture_output=True,
                               check=False)
        except FileNotFoundError:
            return
        self.assertEqual((p.returncode, p.stderr), (0, ""), shell)

    def complete(self, *words, **environment):
        script = run("completion", "bash")[1] + """
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_procmanctl
printf '%s\\n' "${COMPREPLY[@]}"
"""
        p = subprocess.run(["bash", "-c", script, "-", "procmanctl", *words], text=True,
                           capture_output=True, check=True, env={**CLEAN, **environment})
        return p.stdout.split()

    def test_bash(self):
        self.assertEqual(self.complete("mon"), ["monitor"])
        self.assertEqual(self.complete("kill", "-s", "KI"), ["KILL"])
        self.assertEqual(self.complete("-o", "j"), ["json"])
        self.assertEqual(self.complete("-o", "json", "des"), ["describe"])
        self.assertEqual(self.complete("ps", "--sort", "up"), ["up", "uptime_seconds"])
        self.assertEqual(self.complete("list", "--sort", "=", "memory_r"), ["memory_rss"])
        self.assertEqual(self.complete("--output", "="), ["table", "json"])
        self.assertEqual(self.complete("--output", "=", "js"), ["json"])
        self.assertIn("root", self.complete("list", "-u", "roo"))
        self.assertEqual(self.complete("describe", "list_g"), ["list_groups"])
        self.assertEqual(self.complete("groups", "--al"), ["--all"])
        pid = str(os.getpid())
        self.assertIn(pid, self.complete("info", pid))

    def test_names_are_not_executed(self):
        """Neither by completing them nor by the line that they complete."""
        s = self.serve()
        folder = tempfile.TemporaryDirectory(prefix="procman-cli-")
        self.addCleanup(folder.cleanup)
        mark = os.path.join(folder.name, "mark")
        hostile = [f"$(touch${{IFS}}{mark})", f"`touch${{IFS}}{mark}`", "$HOME", "~", "*"]
        s.answers["list_groups"] = {
            "groups": [{**server.GROUPS[0], "name": name} for name in hostile],
            "total": len(hostile), "sampled_at": time.time()}
        words = self.complete("list", "-g", "", PROCMAN_SOCKET=s.path,
                              PATH=os.path.dirname(PROGRAM) + ":" + os.environ["PATH"])
        self.assertEqual(len(words), len(hostile), words)
        line = subprocess.run(["bash", "-c", "printf '%s\\n' " + " ".join(words)], text=True,
                              capture_output=True, check=True, cwd=folder.name)
        self.assertEqual(line.stdout.split("\n")[:-1], hostile)
        self.assertFalse(os.path.exists(mark))


if __name__ == "__main__":
    unittest.main(verbosity=2)
