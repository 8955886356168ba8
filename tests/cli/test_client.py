#!/usr/bin/python3
"""procman.py against a server that is told what to say."""
import asyncio
import json
import os
import socket
import sys
import tempfile
import textwrap
import unittest
import warnings

sys.dont_write_bytecode = True
SRC = os.path.abspath(os.environ.get("PM_SRC", "."))
sys.path[:0] = [os.path.join(SRC, "control", "client"), os.path.dirname(os.path.abspath(__file__))]
import procman  # noqa: E402
from server import ENDED, HELLO, JOB, PROCESS, SYSTEM  # noqa: E402


class Fake:
    """script(request, say): a coroutine; say(message) adds the envelope."""

    def __init__(self, script):
        self.script, self.requests, self.gone = script, [], asyncio.Event()
        self.folder = tempfile.TemporaryDirectory(prefix="procman-py-")
        self.path = os.path.join(self.folder.name, "sock")

    async def __aenter__(self):
        self.server = await asyncio.start_unix_server(self.serve, self.path)
        return self

    async def __aexit__(self, *unused):
        self.server.close()
        self.folder.cleanup()

    async def serve(self, reader, writer):
        def say(**message):
            writer.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        try:
            while True:
                line = await reader.readline()
                if not line:
                    break
                request = json.loads(line)
                self.requests.append(request)
                asyncio.ensure_future(self.script(request, say, writer))
        finally:
            self.gone.set()
            writer.close()


def result(request, say, **members):
    say(id=request["id"], result={"success": True, **members})


class Client(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.closing = []

    async def asyncTearDown(self):
        for thing in reversed(self.closing):
            await thing.__aexit__(None, None, None)

    async def start(self, script, **options):
        fake = await Fake(script).__aenter__()
        client = await procman.ProcessManagerServiceClient(
            fake.path, **{"timeout": 60.0, **options}).__aenter__()
        self.closing += [fake, client]
        return fake, client

    async def test_members_are_attributes(self):
        async def script(request, say, _):
            result(request, say, system=SYSTEM)
        _, pm = await self.start(script)
        info = await pm.get_system_info()
        self.assertEqual(info.cpu_percent, 34.2)
        self.assertEqual(info["cpu_percent"], 34.2)
        self.assertEqual(info.disks.root.percent, 90.0)
        with self.assertRaises(AttributeError):
            info.nothing

    async def test_lists_know_their_total(self):
        async def script(request, say, _):
            result(request, say, processes=[PROCESS], total=7, sampled_at=1.5)
        fake, pm = await self.start(script)
        found = await pm.list_processes(limit=1, filter={"user": "ada"})
        self.assertEqual([p.name for p in found], ["sleep"])
        self.assertEqual((found.total, found.sampled_at), (7, 1.5))
        self.assertEqual(fake.requests[0]["params"], {"limit": 1, "filter": {"user": "ada"}})

    async def test_answers_out_of_order(self):
        waiting = []

        async def script(request, say, _):
            waiting.append(request)
            if len(waiting) == 20:
                for r in reversed(waiting):
                    result(r, say, process={**PROCESS, "pid": r["params"]["pid"]})
        _, pm = await self.start(script)
        found = await asyncio.gather(*(pm.get_process_info(n) for n in range(1, 21)))
        self.assertEqual([p.pid for p in found], list(range(1, 21)))

    async def test_lines_in_pieces(self):
        async def script(request, say, writer):
            text = json.dumps({"jsonrpc": "2.0", "id": request["id"], "result":
                               {"success": True, **HELLO, "host": "hôte"}}).encode() + b"\n"
            for i in range(0, len(text), 3):
                writer.write(text[i:i + 3])
                await writer.drain()
                await asyncio.sleep(0)
        _, pm = await self.start(script)
        first, second = await pm.hello(), await pm.hello()
        self.assertEqual((first.host, second.you.may), ("hôte", ["kill_process"]))

    async def test_a_line_of_megabytes(self):
        async def script(request, say, _):
            result(request, say, processes=[{**PROCESS, "command": "x" * 200}] * 20000,
                   total=20000)
        _, pm = await self.start(script)
        self.assertEqual(len(await pm.list_processes()), 20000)

    async def test_a_query_that_fails_raises(self):
        async def script(request, say, _):
            say(id=request["id"], result={"success": False, "error": {
                "code": "not_found", "message": "there is no process 9", "errno": "ESRCH"}})
        _, pm = await self.start(script)
        with self.assertRaises(procman.ProcessManagerError) as caught:
            await pm.get_process_info(9)
        self.assertEqual((caught.exception.code, caught.exception.errno), ("not_found", "ESRCH"))

    async def test_an_action_that_fails_says_so(self):
        async def script(request, say, _):
            say(id=request["id"], result={"success": False, "error": {
                "code": "permission_denied", "message": "no", "stage": "signal"}})
        fake, pm = await self.start(script)
        done = await pm.kill_process(1, start_time=0, signal="KILL")
        self.assertFalse(done.success)
        self.assertEqual(done.error.message, "no")
        self.assertEqual(fake.requests[0]["params"], {"pid": 1, "start_time": 0, "signal": "KILL"})

    async def test_faults_of_form(self):
        async def script(request, say, _):
            code = -32601 if request["method"] == "start_process" else -32602
            say(id=request["id"], error={"code": code, "message": "so",
                                         "data": {"parameter": "pid"}})
        _, pm = await self.start(script)
        with self.assertRaises(NotImplementedError):
            await pm.start_process("true")
        with self.assertRaises(procman.ProcessManagerProtocolError) as caught:
            await pm.get_process_info(-1)
        self.assertEqual(caught.exception.parameter, "pid")

    async def test_an_action_is_never_an_exception(self):
        async def script(request, say, _):
            say(id=request["id"], error={"code": -32602, "message": "pid must be 1 to 9",
                                         "data": {"parameter": "pid"}})
        _, pm = await self.start(script)
        for pid in (0, "abc"):
            refused = await pm.kill_process(pid)
            self.assertFalse(refused.success)
            self.assertEqual((refused.error.code, refused.error.parameter),
                             ("invalid_argument", "pid"))

    async def test_jobs(self):
        async def script(request, say, _):
            if request["method"] == "list_jobs":
                result(request, say, jobs=[JOB, ENDED])
            else:
                result(request, say, job=ENDED, job_id=ENDED["job_id"], process=PROCESS,
                       survives_restart=True)
        fake, pm = await self.start(script)
        started = await pm.start_process(command="python3", args=["-m", "http.server", "8000"],
                                         env={"PYTHONUNBUFFERED": "1"}, working_dir="/tmp")
        self.assertEqual((started.success, started.job_id, started.process.pid, started.job.name),
                         (True, ENDED["job_id"], 4711, "sum"))
        self.assertEqual(fake.requests[-1]["params"], {
            "command": "python3", "args": ["-m", "http.server", "8000"],
            "env": {"PYTHONUNBUFFERED": "1"}, "working_dir": "/tmp"})
        await pm.start_process("a", [], {}, name="n", user="u", stdin="/f", merge_stderr=False,
                               umask="077", limits={"core": 0}, log={"max_segments": 2},
                               restart={"policy": "always"}, stop_timeout_seconds=3,
                               request_key="k", later=1)
        self.assertEqual(fake.requests[-1]["params"], {
            "command": "a", "name": "n", "user": "u", "stdin": "/f", "merge_stderr": False,
            "umask": "077", "limits": {"core": 0}, "log": {"max_segments": 2},
            "restart": {"policy": "always"}, "stop_timeout_seconds": 3, "request_key": "k",
            "later": 1})
        jobs = await pm.list_jobs()
        self.assertEqual([(type(j), j.name, j.exit.code) for j in jobs],
                         [(procman.Job, "web", 3), (procman.Job, "sum", 3)])
        for method, params in (("get_job", {}), ("wait_job", {"timeout_seconds": 2}),
                               ("stop_job", {"timeout_seconds": 2}), ("restart_job", {}),
                               ("remove_job", {})):
            done = await getattr(pm, method)("sum", **params)
            self.assertEqual(fake.requests[-1]["method"], method)
            self.assertEqual(fake.requests[-1]["params"], {"job_id": "sum", **params})
            self.assertEqual(done.get("job", done).exit.code, 3)
        await pm.kill_process(job_id="sum", signal="HUP")
        self.assertEqual(fake.requests[-1]["params"], {"job_id": "sum", "signal": "HUP"})

    async def test_a_job_is_waited_for_without_a_timeout(self):
        """Longer than anything else."""
        async def script(request, say, _):
            if request["method"] == "wait_job":
                await asyncio.sleep(0.3)
                result(request, say, job=ENDED)
        _, pm = await self.start(script, timeout=0.05)
        self.assertEqual((await pm.wait_job("sum")).state, "exited")
        with self.assertRaises(asyncio.TimeoutError):
            await pm.get_job("sum")

    async def test_logs_of_a_job(self):
        async def script(request, say, _):
            if request["params"].get("follow"):
                say(method="stream", params={"id": request["id"], "seq": 0,
                                             "item": {"lines": ["a", "b"]}})
                result(request, say, reason="exited", dropped=0)
            else:
                result(request, say, lines=["a"], complete=True, cursor="c")
        fake, pm = await self.start(script)
        self.assertEqual((await pm.get_logs(job_id="web", since=1.5, until=2)).lines, ["a"])
        self.assertEqual(fake.requests[-1]["params"], {"job_id": "web", "since": 1.5, "until": 2})
        self.assertEqual((await pm.get_logs(4711)).cursor, "c")
        self.assertEqual(fake.requests[-1]["params"], {"pid": 4711})
        self.assertEqual([l async for l in pm.follow_logs(job_id="web")], ["a", "b"])
        self.assertEqual(fake.requests[-1]["params"], {"job_id": "web", "follow": True})

    async def test_a_full_queue_is_waited_for(self):
        """Of a server that has not accepted for a while."""
        with tempfile.TemporaryDirectory(prefix="procman-py-") as folder, \
                socket.socket(socket.AF_UNIX) as listener, \
                socket.socket(socket.AF_UNIX) as first:
            path = os.path.join(folder, "sock")
            listener.bind(path)
            listener.listen(0)
            first.connect(path)
            client = procman.ProcessManagerServiceClient(path)
            connecting = asyncio.ensure_future(client.connect())
            await asyncio.sleep(0.2)
            self.assertFalse(connecting.done())
            ours = [listener.accept()[0]]
            await asyncio.wait_for(connecting, 5)
            ours.append(listener.accept()[0])
            await client.close()
            for s in ours:
                s.close()

    async def test_it_connects_by_itself(self):
        async def script(request, say, _):
            result(request, say, system=SYSTEM)
        fake, _ = await self.start(script)
        pm = procman.ProcessManagerServiceClient(fake.path)
        both = await asyncio.gather(pm.get_system_info(), pm.get_system_info())
        self.assertEqual(both[0].cpu_count, both[1].cpu_count)
        await pm.close()
        self.assertTrue((await pm.get_system_info()).cpu_count)
        await pm.close()

    async def test_parameters_may_be_called_method(self):
        async def script(request, say, _):
            result(request, say, methods=[{"name": request["params"]["method"]}])
        _, pm = await self.start(script)
        self.assertEqual((await pm.describe(method="hello")).methods[0].name, "hello")
        self.assertEqual((await pm.call("describe", method="x")).methods[0].name, "x")

    async def test_what_is_dropped_is_said(self):
        async def script(request, say, _):
            for n in range(procman.WAITING_ITEMS + 10):
                say(method="stream", params={"id": request["id"], "seq": n, "item": {"pid": n}})
            result(request, say, reason="cancelled", dropped=3)
        _, pm = await self.start(script)
        seen = []
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            async for event in pm.watch_events():
                if not seen:
                    await asyncio.sleep(0.5)
                seen.append(event.pid)
        texts = [str(w.message) for w in said if w.category is RuntimeWarning]
        self.assertEqual(len(texts), 2, texts)
        self.assertEqual(len(seen) + sum(int(t.split()[1]) for t in texts),
                         procman.WAITING_ITEMS + 10 + 3)

    async def test_the_docstring_is_a_program(self):
        async def script(request, say, _):
            if request["method"] == "monitor_system":
                say(method="stream", params={"id": request["id"], "seq": 0, "item": SYSTEM})
                result(request, say, reason="count", dropped=0)
            else:
                result(request, say, system=SYSTEM, signalled={"signal": "TERM", "processes": 1},
                       job_id="x")
        fake, _ = await self.start(script)
        text = procman.__doc__.split("\n\n", 1)[1].rsplit("\n\n", 1)[0]
        program = textwrap.dedent(text.split("\nWithout")[0])
        p = await asyncio.create_subprocess_exec(
            sys.executable, "-B", "-c", program, stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PROCMAN_SOCKET": fake.path,
                 "PYTHONPATH": os.path.join(SRC, "control", "client")})
        out, _ = await p.communicate()
        self.assertEqual((p.returncode, len(out.splitlines())), (0, 2))
        self.assertEqual([r["method"] for r in fake.requests[-2:]], ["start_process", "stop_job"])

    async def test_a_hint_is_dropped_for_an_older_server(self):
        async def script(request, say, _):
            if request["method"] == "describe":
                result(request, say, methods=[{"name": "list_processes",
                                               "parameters": [{"name": "sort"}]}])
            elif "max_age_seconds" in request["params"]:
                say(id=request["id"], error={"code": -32602, "message": "unknown",
                                             "data": {"parameter": "max_age_seconds"}})
            elif request["params"]["sort"] == "shoe":
                say(id=request["id"], error={"code": -32602, "message": "cannot be shoe",
                                             "data": {"parameter": "sort"}})
            else:
                result(request, say, processes=[], total=0)
        _, pm = await self.start(script)
        self.assertEqual(await pm.list_processes(sort="pid", max_age_seconds=1), [])
        with self.assertRaises(procman.ProcessManagerProtocolError):
            await pm.list_processes(sort="shoe", max_age_seconds=1)

    async def test_a_stream_with_a_call_inside(self):
        async def script(request, say, _):
            if request["method"] != "monitor_system":
                result(request, say, **HELLO)
                return
            for seq in range(3):
                say(method="stream", params={"id": request["id"], "seq": seq, "item": {
                    **SYSTEM, "cpu_percent": seq, "time": 1.0}})
            result(request, say, reason="count", dropped=0)
        _, pm = await self.start(script)
        seen = []
        async for update in pm.monitor_system(interval_seconds=2.0, count=3):
            seen.append((update["cpu_percent"], update.cpu_percent, (await pm.hello()).host))
        self.assertEqual(seen, [(n, n, "here") for n in range(3)])

    async def test_closing_an_iterator_cancels(self):
        async def script(request, say, _):
            if request["method"] == "watch_events":
                say(method="stream", params={"id": request["id"], "seq": 0,
                                             "item": {"kind": "start", "pid": 1}})
            elif request["method"] == "cancel":
                result(request, say)
                say(id=request["params"]["id"], result={"success": True, "reason": "cancelled",
                                                        "dropped": 0})
            else:
                result(request, say, **HELLO)
        fake, pm = await self.start(script)
        async for event in pm.watch_events(["start"]):
            self.assertEqual(event.kind, "start")
            break
        def cancels():
            return [r["params"] for r in fake.requests if r["method"] == "cancel"]
        for _ in range(1000):  # the iterator is closed by a task of its own
            await pm.hello()
            if cancels() and not pm._calls:
                break
        self.assertEqual(cancels(), [{"id": fake.requests[0]["id"]}])
        self.assertEqual(pm._calls, {})

    async def test_a_lost_connection_fails_everybody(self):
        async def script(request, say, writer):
            if request["method"] == "hello":
                writer.close()
        _, pm = await self.start(script)
        stream = pm.watch_events()
        calls = await asyncio.gather(pm.get_system_info(), stream.__anext__(), pm.hello(),
                                     return_exceptions=True)
        for error in calls:
            self.assertIsInstance(error, procman.ProcessManagerConnectionError)
        with self.assertRaises(procman.ProcessManagerConnectionError):
            await pm.hello()

    async def test_what_is_no_json(self):
        for line in (b"{]\n", b"[" * 100000 + b"\n", b"[]\n", b"\xff\n"):
            async def script(request, say, writer, text=line):
                writer.write(text)
            _, pm = await self.start(script)
            with self.assertRaises(procman.ProcessManagerConnectionError):
                await pm.hello()

    async def test_strange_results(self):
        async def script(request, say, _):
            say(id=request["id"], result={"success": True, "system": [1], "processes": {"a": 1},
                                          "process": "x", "total": None})
        _, pm = await self.start(script)
        self.assertEqual(await pm.get_system_info(), {})
        self.assertEqual(await pm.list_processes(), [])
        self.assertEqual((await pm.get_process_info(1)).omitted, [])

    async def test_no_answer_in_time(self):
        late = []

        async def script(request, say, _):
            late.append(request)
            if request["method"] != "hello":
                for r in late:
                    result(r, say, system=SYSTEM, **HELLO)
        _, pm = await self.start(script, timeout=0.05)
        with self.assertRaises(asyncio.TimeoutError):
            await pm.hello()
        pm.timeout = 60.0
        self.assertEqual((await pm.get_system_info()).cpu_count, 8)

    async def test_nobody_listens(self):
        with self.assertRaises(procman.ProcessManagerConnectionError) as caught:
            await procman.ProcessManagerServiceClient("/nonexistent").connect()
        self.assertIn("<Control>", str(caught.exception))

    async def test_a_slow_reader_keeps_the_latest(self):
        async def script(request, say, _):
            if request["method"] == "hello":
                result(request, say, **HELLO)
                return
            for seq in range(procman.WAITING_ITEMS + 10):
                say(method="stream", params={"id": request["id"], "seq": seq,
                                             "item": {"kind": "start", "pid": seq}})
            result(request, say, reason="count", dropped=0)
        _, pm = await self.start(script)
        stream = pm.watch_events()
        first = asyncio.ensure_future(stream.__anext__())
        await asyncio.sleep(0)
        await pm.hello()
        self.assertEqual((await first).pid >= 0, True)
        rest = [e.pid async for e in stream]
        self.assertEqual(rest[-1], procman.WAITING_ITEMS + 9)


if __name__ == "__main__":
    unittest.main(verbosity=2)
