"""A server that says what a test wants it to: the fake for procmanctl.

answers: method -> result members, or a function of params that returns them,
or an Answer for what is no plain success."""
import json
import os
import socket
import tempfile
import threading
import time

PROCESS = {"pid": 4711, "start_time": 998877, "name": "sleep", "command": "sleep 1000",
           "user": "ada", "group": "sleep", "status": "sleeping", "cpu_percent": 12.5,
           "cpu_percent_machine": 6.25, "memory_percent": 0.5, "memory_rss": 1536000,
           "memory_vms": 9437184, "uptime_seconds": 3725.5, "threads": 1}
OTHERS = [
    {**PROCESS, "pid": 1, "start_time": 5, "name": "systemd", "user": "root",
     "command": "/sbin/init splash", "cpu_percent": 0.1, "memory_rss": 13 << 20,
     "memory_percent": 0.2, "uptime_seconds": 1234567, "group": "systemd"},
    {**PROCESS, "pid": 2, "start_time": 5, "name": "kthreadd", "user": "root",
     "command": "", "cpu_percent": None, "memory_rss": None, "memory_percent": None,
     "status": "idle", "group": None},
    {**PROCESS, "pid": 31337, "name": "java", "user": "www-data", "cpu_percent": 387.2,
     "command": "java -Xmx4g -jar /srv/app/service-with-a-long-name.jar --port 8080 "
                "--config /etc/service/production.yaml", "memory_rss": 3 << 30,
     "memory_percent": 38.4, "threads": 214, "status": "running", "group": "web"},
    {**PROCESS, "pid": 666, "name": "ev\x1b[31mil\u202e", "user": "mallory",
     "command": "evil\n--fake \x07\u0085 name\x7f"},
]
SYSTEM = {"cpu_percent": 34.2, "cpu_count": 8, "memory_total": 16 << 30,
          "memory_available": 6 << 30, "memory_used": 10 << 30, "memory_percent": 62.5,
          "swap_total": 2 << 30, "swap_used": 100 << 20, "swap_free": (2 << 30) - (100 << 20),
          "disk_total": 500 << 30, "disk_used": 450 << 30, "disk_free": 50 << 30,
          "disk_percent": 90.0, "boot_time": 1700000000, "uptime_seconds": 1234567.8,
          "load_average": [0.52, 1.25, 12.4],
          "disks": {"root": {"total": 500 << 30, "used": 450 << 30, "free": 50 << 30,
                             "percent": 90.0},
                    "srv-data": {"total": 4 << 40, "used": 1 << 40, "free": 3 << 40,
                                 "percent": 25.0}},
          "temperatures": {"coretemp-Core-0": 45.0, "nvme-Composite": 38.9}}
GROUPS = [
    {"name": "web", "kind": "configured", "cpu_percent": 48.4, "cpu_seconds": 86400.5,
     "memory_rss": 3 << 30, "processes": 4, "threads": 220, "emitted": True,
     "reason": "configured"},
    {"name": "sleep", "kind": "automatic", "cpu_percent": 0.0, "cpu_seconds": 1.5,
     "memory_rss": None, "processes": 12, "threads": 12, "emitted": False,
     "reason": "below the threshold"},
]
JOB = {"job_id": "web-0a1b2c3d4e5", "name": "web", "user": "ada", "started_by_uid": 1000,
       "command": "python3 -m http.server", "state": "running", "pid": 4711,
       "start_time": 998877, "started_at": 1700000000.25, "survives_restart": True,
       "restart": "on-failure", "restarts": 2, "exit": {
           "code": 3, "cpu_seconds": 1.5, "max_rss": 5 << 20, "started_at": 1699990000.0,
           "ended_at": 1699993600.0},
       "log": {"segments": 2, "bytes": 1536, "dropped": 0, "blocked_seconds": 0}}
ENDED = {**JOB, "job_id": "sum-0a1b2c3d4e5", "name": "sum", "state": "exited",
         "reason": "finished", "pid": None, "start_time": None, "started_at": 1600000000.0,
         "restart": "no", "restarts": 0}
EVIL_JOB = {**ENDED, "job_id": "e\x1b[31mvil", "name": "ev\x1b[31mil\u202e", "state": "\x07",
            "user": "mal\x7f", "command": "evil\n\u0085", "exit": {"signal": "\x1b[2J"}}
LINE = {"time": 1700000000.5, "stream": "stdout", "text": "a\x1b[2Jb"}
HELLO = {"protocol": 1, "version": "0.1.0", "host": "here", "sampler": "bpf",
         "capabilities": {"exits": True, "act_as_others": False, "process_group": True},
         "you": {"uid": 1000, "gid": 1000, "unix_groups": [4, 1000], "may": ["kill_process"]}}


class Answer:
    """What is no plain success: the members of the message, raw bytes, or a
    stream of items with its end."""

    def __init__(self, message=None, raw=None, items=None, end=None, hang_up=False):
        self.message, self.raw, self.items = message, raw, items
        self.end, self.hang_up = end or {"reason": "count", "dropped": 0}, hang_up


def once(pairs):
    """An object in which no key stands twice, as the real server wants it."""
    assert len(dict(pairs)) == len(pairs), pairs
    return dict(pairs)


def failure(code, message, **more):
    return Answer({"result": {"success": False,
                              "error": {"code": code, "message": message, **more}}})


def fault(number, message, **data):
    return Answer({"error": {"code": number, "message": message, "data": data}})


def describe(params):
    """Knows what method.def had before anything was added."""
    method = params.get("method", "hello")
    known = {"list_processes": ["sort", "limit"], "monitor_system": ["interval_seconds", "count"]}
    return {"methods": [{"name": method, "what": "What it is", "answer": "one", "acts": False,
                         "parameters": [{"name": n, "type": "text", "required": False,
                                         "what": "so"} for n in known.get(method, [])] +
                                       [{"name": "seconds", "type": "number", "required": True,
                                         "min": 0.25, "max": 3600, "what": "so"}],
                         "results": [{"name": "version", "type": "text", "what": "of it"}]}],
            "errors": [], "types": {}}


def usual():
    return {
        "hello": HELLO, "describe": describe,
        "get_system_info": {"system": SYSTEM},
        "list_processes": {"processes": [PROCESS] + OTHERS, "total": 5,
                           "sampled_at": time.time()},
        "list_groups": {"groups": GROUPS, "total": 2, "sampled_at": 1700000000.5},
        "get_process_info": lambda p: {
            "process": {**PROCESS, "pid": p["pid"], "ppid": 1, "uid": 1000,
                        "unit": "session-1.scope", "memory_anon": 3 << 20,
                        "memory_file": 1 << 20, "memory_shmem": 0, "memory_hugetlb": 0,
                        "memory_swap": 1 << 16, "exe": "/usr/bin/sleep", "cwd": "/home/ada",
                        "fds": 3, "io": {"read": 4096, "write": 0, "disk_read": 1 << 20,
                                         "disk_write": 0}},
            "omitted": [], "sampled_at": 1700000000.5},
        "kill_process": lambda p: {
            "signalled": {"signal": p.get("signal", "TERM"), "processes": 1}},
        "start_process": {"process": PROCESS, "job_id": JOB["job_id"], "job": JOB,
                          "survives_restart": True},
        "list_jobs": {"jobs": [ENDED, JOB]},
        "get_job": {"job": JOB}, "wait_job": {"job": ENDED}, "stop_job": {"job": ENDED},
        "restart_job": {"job": JOB}, "remove_job": {},
        "get_logs": lambda p: Answer(
            items=[{"source": "so", "lines": [LINE]}, {"lines": [LINE]}],
            end={"reason": "exited", "dropped": 0}) if p.get("follow") else
        {"source": "so", "lines": [LINE], "complete": True, "cursor": "c"},
        "monitor_system": Answer(items=[
            {"time": 1700000000.0 + i, "interval_effective": 1.0 if i else None,
             **SYSTEM, "cpu_percent": 33.0 * i} for i in range(3)]),
        "watch_events": Answer(items=[
            {"kind": "start", "time": 1700000000.25, "pid": 4711, "start_time": 7,
             "name": "sleep", "user": "ada", "group": "sleep"},
            {"kind": "exit", "time": 1700000001.5, "pid": 4711, "start_time": 7,
             "name": "sleep", "user": "ada", "group": "sleep", "signal": "TERM", "core": False},
            {"kind": "oom", "time": 1700000002.0, "pid": 31337, "start_time": 9,
             "name": "java", "user": None, "group": None, "signal": "KILL", "core": True},
            {"kind": "job", "time": 1700000003.0, "job": ENDED}]),
    }


class Server:
    """with Server(method=answer, …) as s: …   s.requests is what came."""

    def __init__(self, **answers):
        self.folder = tempfile.mkdtemp(prefix="procman-cli-")
        self.path = os.path.join(self.folder, "control.sock")
        self.answers = {**usual(), **answers}
        self.requests, self.ended = [], []
        self.listener = socket.socket(socket.AF_UNIX)

    def __enter__(self):
        self.listener.bind(self.path)
        self.listener.listen(16)
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *unused):
        # Who is about to accept would otherwise do so at the next server's
        # listener, which gets the same descriptor.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()
        os.unlink(self.path)
        os.rmdir(self.folder)

    def accept(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            with connection, connection.makefile("rb") as lines:
                for line in lines:
                    if not self.answer(connection, json.loads(line, object_pairs_hook=once)):
                        return
                self.ended.append(True)
        except OSError:
            pass

    def answer(self, connection, request):
        """False: hang up."""
        self.requests.append(request)
        answer = self.answers.get(request["method"], fault(-32601, "no such method"))
        if callable(answer):
            answer = answer(request.get("params", {}))
        if not isinstance(answer, Answer):
            answer = Answer({"result": {"success": True, **answer}})
        for seq, item in enumerate(answer.items or []):
            say(connection, {"method": "stream", "params": {"id": request["id"], "seq": seq,
                                                            "item": item}})
        if answer.raw is not None:
            connection.sendall(answer.raw)
        elif answer.message:
            say(connection, {"id": request["id"], **answer.message})
        elif not answer.hang_up:
            say(connection, {"id": request["id"], "result": {"success": True, **answer.end}})
        return not answer.hang_up


def say(connection, message):
    connection.sendall(json.dumps({"jsonrpc": "2.0", **message},
                                  ensure_ascii=False).encode() + b"\n")


if __name__ == "__main__":  # to look at by hand: python3 server.py
    with Server() as server:
        print(server.path, flush=True)
        threading.Event().wait()
