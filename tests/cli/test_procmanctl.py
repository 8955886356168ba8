#!/usr/bin/python3
"""The built procmanctl against a server that is told what to say: what it
prints, where, and its exit status."""
import fcntl
import json
import os
import pty
import random
import shutil
import signal
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


def heed_interrupts():
    """As in a terminal: what a shell starts in the background ignores them."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


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
        self.check(2, "-S", s.path, "kill", "12", "0")
        self.assertEqual(s.requests, [])
        s.answers["get_job"] = failure("not_found", "there is no job 1x")
        self.check(1, "-S", s.path, "kill", "12", "1x", "13")
        self.assertNotIn("kill_process", [r["method"] for r in s.requests])

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
        self.assertEqual(lines[3].split(), ["22:13:23.000", "job", "-", "sum", "ada", "exited",
                                            "code", "3"])
        self.assertEqual(s.requests[1]["params"], {"kinds": ["start", "oom"]})

    def test_json_is_what_the_server_said(self):
        s = self.serve()
        for command, method in (("system", "get_system_info"), ("list", "list_processes"),
                                ("groups", "list_groups"), ("hello", "hello"),
                                ("jobs", "list_jobs"), ("status web", "get_job"),
                                ("stop web", "stop_job"), ("restart web", "restart_job"),
                                ("rm web", "remove_job"), ("start true", "start_process")):
            out = self.ask(s, "-o", "json", *command.split())
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


class Jobs(Base):
    def ask(self, s, *args):
        out, said = self.check(0, "-S", s.path, *args)
        self.assertEqual(said, "")
        return out

    def sent(self, s, *args, **environment):
        """The parameters of start."""
        s.requests.clear()
        self.check(0, "-S", s.path, "start", *args, **environment)
        return s.requests[0]["params"]

    def test_start(self):
        s = self.serve()
        here = os.getcwd()
        self.assertEqual(self.ask(s, "start", "--", "true"),
                         "started web (web-0a1b2c3d4e5), pid 4711\n")
        self.assertEqual(s.requests[0]["params"], {"command": "true", "working_dir": here})
        self.assertEqual(self.ask(s, "start", "-q", "true"), "web-0a1b2c3d4e5\n")
        # what is behind the program is the program's
        self.assertEqual(
            self.sent(s, "-n", "web", "python3", "-m", "http.server", "-n", "--", "-h"),
            {"command": "python3", "args": ["-m", "http.server", "-n", "--", "-h"], "name": "web",
             "working_dir": here})
        self.assertEqual(self.sent(s, "--", "-x", "")["args"], [""])

    def test_start_with_everything(self):
        s = self.serve()
        self.assertEqual(
            self.sent(s, "-e", "A=1", "-e", "B=x=y", "-e", "A=", "-e", "MINE", "-C", "/srv", "-n",
                      "n", "-u", "ada", "-r", "on-failure:5", "-b", "0.5", "-l", "nofile=2K",
                      "-l", "core=0", "-l", "nofile=4K", "-l", "cpu_max=1.5", "-i", "/in", "-m", "077", "-E", "-t", "3",
                      "-k", "key", "a", MINE="m"),
            {"command": "a", "env": {"A": "", "B": "x=y", "MINE": "m"}, "working_dir": "/srv",
             "name": "n", "user": "ada",
             "restart": {"policy": "on-failure", "backoff_seconds": 0.5, "max": 5},
             "limits": {"core": 0, "nofile": 4096, "cpu_max": 1.5}, "stdin": "/in", "umask": "077",
             "merge_stderr": True, "stop_timeout_seconds": 3, "request_key": "key"})
        many = [word for i in range(256) for word in ("-e", f"V{i}={i}")]
        self.assertEqual(self.sent(s, *many, "a")["env"], {f"V{i}": str(i) for i in range(256)})

    def test_start_in_a_folder(self):
        s = self.serve()
        here = os.getcwd()
        self.assertEqual(self.sent(s, "-C", "a/..", "-i", "f", "true"), {
            "command": "true", "working_dir": f"{here}/a/..", "stdin": f"{here}/f"})
        with tempfile.TemporaryDirectory(prefix="procmanctl-") as folder:
            ssh = os.path.join(folder, "ssh")
            with open(ssh, "w", encoding="ascii") as f:
                f.write(f'#!/bin/sh\nshift 3\nPROCMAN_SOCKET={s.path} exec sh -c "$*"\n')
            os.chmod(ssh, 0o755)
            s.requests.clear()
            self.check(0, "-H", "there", "start", "true", PROCMAN_SSH=ssh)
            self.assertEqual(s.requests[0]["params"], {"command": "true"})
            self.check(2, "-H", "there", "start", "-C", "srv", "true", PROCMAN_SSH=ssh)
        s.answers["start_process"] = failure("start_failed", "true: chdir", errno="EACCES",
                                             stage="chdir")
        self.assertIn("-C /", self.check(1, "-S", s.path, "start", "true")[1])
        self.assertNotIn("-C /", self.check(1, "-S", s.path, "start", "-C", "/x", "true")[1])
        s.answers["start_process"] = failure("start_failed", "true: cgroup", stage="cgroup")
        self.assertIn("no control group", self.check(1, "-S", s.path, "start", "true")[1])

    def test_start_says_how_it_went(self):
        s = self.serve()
        s.answers["start_process"] = {"job_id": "sum-0a1b2c3d4e5", "job": server.ENDED,
                                      "survives_restart": False}
        self.assertEqual(self.ask(s, "start", "true"),
                         "started sum (sum-0a1b2c3d4e5); it has ended: code 3\n")
        s.answers["start_process"] = {"job_id": "web-0a1b2c3d4e5", "job": server.JOB,
                                      "existing": True, "survives_restart": False}
        out, said = self.check(0, "-S", s.path, "start", "-k", "x", "true")
        self.assertEqual(out, "was started before: web (web-0a1b2c3d4e5), pid 4711\n")
        self.assertIn("KillMode=process", said)
        s.answers["start_process"] = failure("permission_denied", "no <Allow>")
        self.check(4, "-S", s.path, "start", "true")

    def test_start_and_follow(self):
        s = self.serve()
        out = self.check(3, "-S", s.path, "start", "-f", "true")[0]
        self.assertEqual(out, "started web (web-0a1b2c3d4e5), pid 4711\na\\x1b[2Jb\na\\x1b[2Jb\n")
        self.assertEqual([r["method"] for r in s.requests],
                         ["start_process", "get_logs", "wait_job"])
        self.assertEqual(s.requests[1]["params"], {
            "job_id": "web-0a1b2c3d4e5", "cursor": "start", "detail": True, "follow": True})

    def test_the_end_is_told_once(self):
        s = self.serve()
        out = on_terminal("-S", s.path, "start", "-f", "true")[1]
        self.assertEqual(out.splitlines()[-1], "ended sum (sum-0a1b2c3d4e5): code 3")
        self.assertNotIn("has ended", out)
        self.assertIn("the job has ended", on_terminal("-S", s.path, "logs", "-f", "web")[1])

    def test_jobs(self):
        s = self.serve()
        lines = self.ask(s, "jobs").splitlines()
        self.assertEqual(lines[0].split(), ["NAME", "STATE", "PID", "USER", "STARTED", "ENDED",
                                            "BY", "AGAIN", "LOG", "ID", "COMMAND"])
        self.assertEqual(lines[1].split(), [  # the latest first
            "web", "running", "4711", "ada", "2023-11-14", "22:13:20", "2", "1.5K",
            "web-0a1b2c3d4e5", "python3", "-m", "http.server"])
        self.assertEqual(lines[2].split()[:9], ["sum", "exited", "-", "ada", "2020-09-13",
                                                "12:26:40", "code", "3", "0"])
        self.assertEqual(s.requests[0].get("params", {}), {})

    def test_status(self):
        s = self.serve()
        out = self.ask(s, "status", "web")
        for line in ("Job       web\n", "Id        web-0a1b2c3d4e5\n", "Process   4711@998877\n",
                     "State     running\n", "Restart   on-failure; was started again 2 times\n",
                     "Last end  code 3\n", "Took      1h00m, 1.50 s of CPU, 5.0 MiB at most\n",
                     "Log       1.5 KiB in 2 files\n"):
            self.assertIn(line, out)
        self.assertNotIn("Beware", out)
        self.assertEqual(s.requests[0]["params"], {"job_id": "web"})
        s.answers["get_job"] = {"job": {**server.JOB, "survives_restart": False}}
        self.assertIn("Beware", self.ask(s, "status", "web"))
        s.answers["get_job"] = {"job": {**server.ENDED, "log": {
            "segments": 1, "bytes": 1, "dropped": 2048, "blocked_seconds": 1.25,
            "error": "ENOSPC"}}}
        out = self.ask(s, "status", "sum")
        for line in ("State     exited (finished)\n", "Ended by  code 3\n", "1 B in 1 file\n",
                     "2.0 KiB were lost", "waited 1.2 s", "stored: ENOSPC"):
            self.assertIn(line, out)
        self.assertNotIn("Process", out)
        for end, said in (({"signal": "KILL", "core": False, "oom": True},
                           "signal KILL, out of memory"),
                          ({"signal": "SEGV", "core": True}, "signal SEGV, core dumped"),
                          ({"code": 1, "oom": True}, "code 1, out of memory"),
                          ({"not_started": True, "stage": "exec", "errno": "ENOENT"},
                           "not started: exec, ENOENT"), ({"unknown": True}, "unknown")):
            s.answers["get_job"] = {"job": {**server.ENDED, "exit": end}}
            self.assertIn(f"Ended by  {said}\n", self.ask(s, "status", "sum"))

    def test_stop_restart_rm(self):
        s = self.serve()
        self.assertEqual(self.ask(s, "stop", "-t", "2.5", "web"),
                         "stopped sum (sum-0a1b2c3d4e5): code 3\n")
        self.assertEqual(s.requests[0]["params"], {"job_id": "web", "timeout_seconds": 2.5})
        self.assertEqual(self.ask(s, "restart", "web", "b").splitlines(),
                         ["restarted web (web-0a1b2c3d4e5), pid 4711"] * 2)
        self.assertEqual([r["params"] for r in s.requests[1:]], [{"job_id": "web"},
                                                                 {"job_id": "b"}])
        self.assertEqual(self.ask(s, "rm", "web", "b"), "removed web\nremoved b\n")

        def only(params):
            return {} if params["job_id"] == "b" else failure("permission_denied", "no")
        s.answers["remove_job"] = only
        self.assertEqual(self.check(4, "-S", s.path, "rm", "web", "b")[0], "removed b\n")

    def test_wait(self):
        s = self.serve()
        for end, status in (({"code": 0}, 0), ({"code": 7}, 7), ({"code": 255}, 255),
                            ({"signal": "KILL"}, 137), ({"signal": "TERM"}, 143),
                            ({"not_started": True, "errno": "ENOENT", "stage": "exec"}, 127),
                            ({"not_started": True, "errno": "EACCES", "stage": "exec"}, 126),
                            ({"unknown": True}, 125), ({"signal": "TEA"}, 125),
                            ({"code": 256}, 125), ({"code": "0"}, 125), (None, 125)):
            s.answers["wait_job"] = {"job": {**server.ENDED, "exit": end}}
            got, out, said = run("-S", s.path, "wait", "sum")
            self.assertEqual((got, out), (status, ""), end)
            self.assertEqual(said != "", status == 125, (end, said))
        out = run("-S", s.path, "-o", "json", "wait", "sum")[1]
        self.assertEqual(json.loads(out), {"success": True, **s.answers["wait_job"]})
        self.check(125, "-S", s.path, "wait", "-t", "3.5", "sum")
        self.assertEqual(s.requests[-1]["params"], {"job_id": "sum", "timeout_seconds": 3.5})
        s.answers["wait_job"] = failure("timed_out", "it is running")
        self.check(124, "-S", s.path, "wait", "-t", "1", "sum")
        s.answers["wait_job"] = failure("permission_denied", "no")
        self.check(125, "-S", s.path, "wait", "sum")
        for args in ([], ["a", "b"], ["-x"], ["-t", "x", "a"], ["-o", "xml", "a"]):
            self.check(125, "-S", s.path, "wait", *args)
        self.check(125, "-S", "/nonexistent", "wait", "sum")

    def test_kill_a_job(self):
        s = self.serve()
        out = self.ask(s, "kill", "-9", "web", "12@3", "1x", "4@x")
        self.assertEqual(sorted(out.splitlines()), [
            "sent 9 to job 1x", "sent 9 to job 4@x", "sent 9 to job web",
            "sent 9 to pid 12 (sleep)"])
        self.assertEqual([r["params"] for r in s.requests if r["method"] == "kill_process"], [
            {"job_id": "web", "signal": "9"}, {"pid": 12, "start_time": 3, "signal": "9"},
            {"job_id": "1x", "signal": "9"}, {"job_id": "4@x", "signal": "9"}])

    def test_logs(self):
        s = self.serve()
        self.assertEqual(self.ask(s, "logs", "-n", "5", "web"), "a\\x1b[2Jb\n")
        self.assertEqual(s.requests[0]["params"], {"job_id": "web", "max_lines": 5,
                                                   "detail": True})
        self.assertEqual(self.ask(s, "logs", "-t", "4711@5"),
                         "22:13:20.500  stdout  a\\x1b[2Jb\n")
        self.assertEqual(s.requests[1]["params"], {"pid": 4711, "start_time": 5, "detail": True})
        self.assertEqual(self.ask(s, "logs", "-f", "-r", "web"), "a\x1b[2Jb\n" * 2)

    def test_logs_of_a_time(self):
        s = self.serve()

        def since(text):
            self.ask(s, "logs", "-s", text, "-u", "2000000000.5", "web")
            params = s.requests[-1]["params"]
            self.assertEqual(params["until"], 2000000000.5)
            return params["since"]
        now = time.time()
        midnight = now // 86400 * 86400  # TZ is UTC
        for text, want in (("1700000000", 1700000000), ("10m", now - 600), ("1.5h", now - 5400),
                           ("2d", now - 172800), ("30s", now - 30),
                           ("2023-11-14 22:13", 1699999980), ("2023-11-14T22:13:20", 1700000000),
                           ("2023-11-14", 1699920000), ("22:13", midnight + 79980),
                           ("22:13:20", midnight + 80000)):
            self.assertAlmostEqual(since(text), want, delta=60, msg=text)
        for text in ("", "x", "-1", "10x", "10m ", "m", "25:00", "2023-13-01", "1e3"):
            self.check(2, "-S", s.path, "logs", "-s", text, "web")

    def test_an_interrupt_leaves_the_job(self):
        """And says so, on a terminal."""
        waiting = threading.Event()

        def logs(params):
            s.said = params
            waiting.set()
            time.sleep(60)
            return {}
        s = self.serve(get_logs=logs)
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        for word, told in (("web", True), ("4711", False)):
            waiting.clear()
            p = subprocess.Popen([PROGRAM, "-S", s.path, "logs", "-f", word], stdout=theirs,
                                 stderr=theirs, env=CLEAN, preexec_fn=heed_interrupts)
            self.assertTrue(waiting.wait(60))
            p.send_signal(2)
            self.assertEqual(p.wait(60), -2)
            os.write(theirs, b"|")
            got = b""
            while b"|" not in got:
                got += os.read(ours, 4096)
            self.assertEqual(b'the job goes on; "procmanctl stop web" ends it' in got, told, got)
            self.assertEqual(b"goes on" in got, told, got)
        os.close(theirs)

    def test_hostile_jobs(self):
        s = self.serve(list_jobs={"jobs": [server.EVIL_JOB]})
        for method in ("get_job", "stop_job", "restart_job", "wait_job"):
            s.answers[method] = {"job": server.EVIL_JOB}
        s.answers["start_process"] = {"job_id": server.EVIL_JOB["job_id"],
                                      "job": server.EVIL_JOB}
        s.answers["watch_events"] = Answer(items=[{"kind": "job", "time": 1.0,
                                                   "job": server.EVIL_JOB}])
        for args in (["jobs"], ["status", "x"], ["stop", "x"], ["restart", "x"], ["wait", "x"],
                     ["events"],
                     ["start", "-q", "x"], ["start", "x"], ["rm", "\x1b[31mx"],
                     ["logs", "x"], ["-o", "json", "jobs"]):
            out = run("-S", s.path, *args)
            shown = on_terminal("-S", s.path, *args, columns=300, NO_COLOR="1")[1]
            for bad in ("\x1b", "\x07", "\x7f", "\u0085", "\u202e"):
                self.assertNotIn(bad, shown, args)
                if "json" not in args:
                    self.assertNotIn(bad, out[1] + out[2], args)

    def test_lines_fit(self):
        s = self.serve()
        for columns in (40, 60, 80, 120):
            out = on_terminal("-S", s.path, "jobs", columns=columns, NO_COLOR="1")[1]
            for line in out.splitlines():
                self.assertLessEqual(len(line), columns)
            for word in ("NAME", "STATE", "PID", "web", "4711"):
                self.assertIn(word, out, columns)


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
                     ["help", "tea"], ["-x"], ["start"], ["start", "-x", "a"],
                     ["start", "-e", "NOT_HERE", "a"], ["start", "-e", "=x", "a"],
                     ["start", "-e", "", "a"], ["start", "-l", "tea=1", "a"],
                     ["start", "-l", "nofile", "a"], ["start", "-l", "nofile=", "a"],
                     ["start", "-l", "nofile=1T", "a"], ["start", "-l", "nofile=-1", "a"],
                     ["start", "-l", "cpu_max=1K", "a"], ["start", "-l", "cpu_max=0", "a"],
                     ["start", "-l", "as=99999999999G", "a"], ["start", "-r", "always:x", "a"],
                     ["start", "-b", "0", "a"], ["start", "-t", "x", "a"],
                     ["start", b"\xff"], ["start", "-e", b"A=\xff", "a"], ["jobs", "x"],
                     ["status"], ["status", "a", "b"], ["stop"], ["stop", "-t", "0", "a"],
                     ["restart"], ["rm"], ["rm", "-x"], ["logs", ""], ["kill", ""]):
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
                if isinstance(value, Answer) and value.items:
                    return Answer(items=[spoil(i) for i in value.items])
                return Answer({"result": spoil({"success": True, **value})})
            return make
        s = self.serve(**{m: spoiled(a) for m, a in server.usual().items()})
        for i in range(15):
            for args in (["system"], ["list"], ["list", "a", "b"], ["groups", "-a"], ["info", "7"],
                         ["kill", "7"], ["monitor"], ["events"], ["hello"],
                         ["describe", "hello"], ["jobs"], ["status", "x"], ["stop", "x"],
                         ["restart", "x"], ["rm", "x"], ["start", "x"], ["logs", "x"],
                         ["kill", "x"]):
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

    def has(self, shell):
        found = shutil.which(shell)
        if os.environ.get("PM_STRICT") == "1":
            self.assertTrue(found, f"{shell} is not installed")
        return found

    def parses(self, shell, script):
        if not self.has(shell):
            return
        p = subprocess.run([shell, "-n"], input=script, text=True, capture_output=True,
                           check=False)
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
        with open("/proc/self/comm", encoding="utf-8") as f:
            comm = f.read().strip()
        self.assertIn(comm, self.complete("list", comm))

    def test_completion_without_procps(self):
        for shell in ("bash", "zsh", "fish"):
            self.assertNotRegex(run("completion", shell)[1], r"\bps -")

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
        s.answers["list_jobs"] = {"jobs": [{**server.JOB, "name": name} for name in hostile]}
        for asked in (["list", "-g", ""], ["stop", ""], ["kill", ""], ["logs", ""]):
            words = self.complete(*asked, PROCMAN_SOCKET=s.path,
                                  PATH=os.path.dirname(PROGRAM) + ":" + os.environ["PATH"])
            words = [w for w in words if not w.isdigit()]
            self.assertEqual(len(words), len(hostile), words)
            line = subprocess.run(["bash", "-c", "printf '%s\\n' " + " ".join(words)], text=True,
                                  capture_output=True, check=True, cwd=folder.name)
            self.assertEqual(line.stdout.split("\n")[:-1], hostile)
            self.assertFalse(os.path.exists(mark))

    def test_fish(self):
        s = self.serve()
        folder = tempfile.TemporaryDirectory(prefix="procman-cli-")
        self.addCleanup(folder.cleanup)
        mark = os.path.join(folder.name, "mark")
        hostile = [f"(touch {mark})", f"$(touch {mark})", "$HOME", "~", "*"]
        s.answers["list_groups"] = {
            "groups": [{**server.GROUPS[0], "name": name} for name in hostile],
            "total": len(hostile), "sampled_at": time.time()}
        if not self.has("fish"):
            return
        def complete(line):
            script = run("completion", "fish")[1] + '\ncomplete -C "$argv[1]"\n'
            p = subprocess.run(["fish", "--no-config", "-c", script, line], text=True,
                               capture_output=True, check=True, cwd=folder.name,
                               env={**CLEAN, "PROCMAN_SOCKET": s.path, "HOME": folder.name,
                                    "PATH": os.path.dirname(PROGRAM) + ":" +
                                    os.environ["PATH"]})
            return [w.split("\t")[0] for w in p.stdout.splitlines()]
        self.assertEqual(complete("procmanctl mon"), ["monitor"])
        self.assertIn("TERM", complete("procmanctl kill -s T"))
        self.assertIn("on-failure", complete("procmanctl start -r on"))
        self.assertEqual(len(complete("procmanctl list -g ")), len(hostile))
        self.assertFalse(os.path.exists(mark))

    def test_words_of_start(self):
        self.assertEqual(self.complete("start", "-l", "nof"), ["nofile="])
        self.assertEqual(self.complete("start", "-r", "on"), ["on-failure"])
        self.assertIn("sleep", self.complete("start", "slee"))
        self.assertEqual(self.complete("logs", "-r", "--gre"), ["--grep"])  # no value of -r
        self.assertEqual(self.complete("start", "-r", "--gre"), [])
        self.assertIn("--all", self.complete("groups", ""))  # nothing else can follow


if __name__ == "__main__":
    unittest.main(verbosity=2)
