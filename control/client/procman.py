#!/usr/bin/env python3
"""procman's control socket from Python: one file, standard library only.

    import asyncio
    from procman import ProcessManagerServiceClient

    async def main():
        async with ProcessManagerServiceClient() as pm:
            info = await pm.get_system_info()
            print(info.cpu_percent)
            result = await pm.kill_process(4711, start_time=998877)
            if not result.success:
                print(result.error.message)
            async for update in pm.monitor_system(interval_seconds=2.0, count=3):
                print(update.memory_percent)
            started = await pm.start_process(
                command="python3", args=["-m", "http.server", "8000"],
                env={"PYTHONUNBUFFERED": "1"}, working_dir="/tmp")
            if started.success:
                await pm.stop_job(started.job_id)

    asyncio.run(main())

Without `async with` it connects by itself at the first call; close() ends that.
Results are dicts whose members are attributes too.  A query that fails raises
ProcessManagerError; an action (kill_process, start_process, stop_job, restart_job,
remove_job) that is refused, for whatever reason, returns its result with success
False.  A stream whose items were
not read in time goes on without some of them, with a RuntimeWarning that says how
many; of logs that are followed nothing is lost.  procman-protocol(7) documents all
members.
"""
from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
import sys
import warnings
from collections import deque
from typing import Any, AsyncIterator, Deque, Dict, FrozenSet, List, Optional, Sequence, Union

__all__ = [
    "ProcessManagerServiceClient", "ProcessManagerError",
    "ProcessManagerProtocolError", "ProcessManagerUnsupported",
    "ProcessManagerConnectionError", "Record", "ProcessInfo", "SystemInfo",
    "GroupInfo", "Job", "ActionResult", "Update", "Event", "ProcessList", "GroupList",
    "Logs",
]

SYSTEM_SOCKET = "/run/procman/control.sock"
LONGEST_LINE = 256 << 20  # bytes; the protocol's limit for answers
DIAL_SECONDS = 5          # for a place in the server's queue
FOR_EVER = float("inf")
STOP_SECONDS = 3600       # the longest timeout that a job can have of its own
START_SECONDS = 60
WAITING_ITEMS = 4096      # of one stream; beyond that the oldest are dropped
WAITING_LINES = 16        # items with lines; beyond that no more are read


# ---- errors ----

class ProcessManagerError(Exception):
    """The server could not do it; code is a word such as not_found."""

    def __init__(self, code: str, message: str, errno: Optional[str] = None,
                 stage: Optional[str] = None):
        super().__init__(f"{message} ({code})")
        self.code, self.message, self.errno, self.stage = code, message, errno, stage


class ProcessManagerProtocolError(Exception):
    """The request was not valid; code is an error code of JSON-RPC 2.0,
    parameter the name of the bad parameter, if any."""

    def __init__(self, code: int, message: str, parameter: Optional[str] = None):
        super().__init__(f"{message} ({code})")
        self.code, self.message, self.parameter = code, message, parameter


class ProcessManagerUnsupported(ProcessManagerProtocolError, NotImplementedError):
    """The server does not have the method."""


class ProcessManagerConnectionError(ConnectionError):
    """There is no connection, or it was lost."""


# ---- results ----

class Record(Dict[str, Any]):
    """A dict whose members are attributes too, at all levels."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"the server sent no member {name!r}") from None


class ProcessInfo(Record):
    """One process.  Sizes are in bytes; unknown members are None.  The members
    of the second part are returned by get_process_info only, and those of the
    third part for your own processes only."""
    pid: int
    start_time: int
    name: str
    command: Optional[str]
    user: Optional[str]
    group: Optional[str]
    status: Optional[str]
    cpu_percent: Optional[float]
    cpu_percent_machine: Optional[float]
    memory_percent: Optional[float]
    memory_rss: Optional[int]
    memory_vms: Optional[int]
    uptime_seconds: Optional[float]
    threads: Optional[int]

    ppid: int
    uid: Optional[int]
    cpu_seconds: Optional[float]
    unit: str
    memory_anon: int
    memory_file: int
    memory_shmem: int
    memory_hugetlb: int
    memory_swap: int
    omitted: List[str]
    sampled_at: float

    exe: str
    cwd: str
    fds: int
    io: Record


class SystemInfo(Record):
    """The machine."""
    cpu_percent: Optional[float]
    cpu_count: Optional[int]
    memory_total: Optional[int]
    memory_available: Optional[int]
    memory_used: Optional[int]
    memory_percent: Optional[float]
    swap_total: Optional[int]
    swap_used: Optional[int]
    swap_free: Optional[int]
    disk_total: Optional[int]
    disk_used: Optional[int]
    disk_free: Optional[int]
    disk_percent: Optional[float]
    disks: Dict[str, Record]
    temperatures: Dict[str, Optional[float]]
    boot_time: Optional[int]
    uptime_seconds: Optional[float]
    load_average: List[Optional[float]]


class GroupInfo(Record):
    """One group of processes, with the values of its series."""
    name: str
    kind: str
    cpu_percent: Optional[float]
    cpu_seconds: Optional[float]
    memory_rss: Optional[int]
    processes: int
    threads: int
    emitted: bool
    reason: Optional[str]


class Job(Record):
    """A started process, also after its end.  exit is None until it has ended
    once; of exit, those members are there that are known."""
    job_id: str
    name: str
    user: str
    started_by_uid: int
    command: str
    state: str
    reason: str
    pid: Optional[int]
    start_time: Optional[int]
    started_at: float
    survives_restart: bool
    restart: str
    restarts: int
    next_start_at: float
    exit: Optional[Record]
    log: Record


class ActionResult(Record):
    """The result of an action; error (code, message) if success is False.  The
    second part is kill_process's, the third start_process's; job is also that of
    stop_job and restart_job."""
    success: bool
    error: Record

    signalled: Record
    exited: bool

    process: Record
    job_id: str
    job: Record
    survives_restart: bool
    existing: bool


class Update(SystemInfo):
    """An item of monitor_system: the machine at a time."""
    processes: List[ProcessInfo]
    time: float
    interval_effective: Optional[float]


class Event(Record):
    """An item of watch_events; of the kind job it has kind, time and job only."""
    kind: str
    time: float
    pid: int
    start_time: int
    name: str
    user: Optional[str]
    group: Optional[str]
    code: int
    signal: str
    core: bool
    job: Record


class Logs(Record):
    """What a process has printed.  lines: texts, or with detail Records with
    time, stream, text and, where they are, raw_b64 and partial."""
    lines: List[Any]
    source: str
    complete: bool
    reason: str
    cursor: str


class ProcessList(List[ProcessInfo]):
    """total: how many there were before limit."""
    total: Optional[int] = None
    sampled_at: Optional[float] = None


class GroupList(List[GroupInfo]):
    """total: how many there were before limit."""
    total: Optional[int] = None
    sampled_at: Optional[float] = None


# ---- the connection ----

def usual_socket() -> str:
    """$PROCMAN_SOCKET, the socket of your own server, or the system's."""
    named = os.environ.get("PROCMAN_SOCKET")
    if named:
        return named
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    own = os.path.join(runtime, "procman", "control.sock") if runtime else ""
    return own if os.geteuid() != 0 and own and os.path.exists(own) else SYSTEM_SOCKET


class _Call:
    """A pending request: its answer, and the items of its stream."""

    def __init__(self, lossless: bool = False) -> None:
        self.answer: "asyncio.Future[Record]" = asyncio.get_running_loop().create_future()
        self.items: Deque[Any] = deque()
        self.lossless = lossless
        self.dropped = 0
        self.news = asyncio.Event()
        self.answer.add_done_callback(lambda _: self.news.set())

    def add(self, item: Any) -> None:
        if len(self.items) == WAITING_ITEMS and not self.lossless:
            self.items.popleft()
            self.dropped += 1
        self.items.append(item)
        self.news.set()

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)
            self.answer.exception()  # no warning if nobody awaits it any more


def _result(message: Record) -> Record:
    """The result of an answer; raises its error."""
    error = message.get("error")
    if isinstance(error, dict):
        code, text = error.get("code", 0), str(error.get("message", "no reason was given"))
        if code == -32601:
            raise ProcessManagerUnsupported(code, f"this server does not have the method: {text}")
        data = error.get("data")
        raise ProcessManagerProtocolError(
            code, text, data.get("parameter") if isinstance(data, dict) else None)
    result = message.get("result")
    if not isinstance(result, Record):
        raise ProcessManagerProtocolError(0, "the answer has neither a result nor an error")
    return result


def _checked(result: Record) -> Record:
    """The result of a query; raises an error if it failed."""
    if result.get("success") is True:
        return result
    error = _object(result.get("error"))
    raise ProcessManagerError(str(error.get("code", "internal")),
                              str(error.get("message", "the server gives no reason")),
                              error.get("errno"), error.get("stage"))


def _object(value: Any) -> Dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: Any) -> List[Dict[str, Any]]:
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def _given(**params: Any) -> Dict[str, Any]:
    return {name: value for name, value in params.items() if value is not None}


def _warn(method: str, dropped: int) -> int:
    """0: what was dropped so far has been said."""
    if dropped:
        warnings.warn(f"{method}: {dropped} items were dropped, as they were not read in time",
                      RuntimeWarning, stacklevel=3)
    return 0


def _dial(path: str) -> socket.socket:
    """Blocks: a socket that does not block gets no place in a queue that is full
    (connect(2), EAGAIN)."""
    dialled = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        dialled.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO,
                           struct.pack("@ll", DIAL_SECONDS, 0))
        dialled.connect(path)
        dialled.setblocking(False)
    except BaseException:
        dialled.close()
        raise
    return dialled


class ProcessManagerServiceClient:
    """One connection, as an asynchronous context manager.  Any number of calls
    may be pending at once, all in the same event loop.

    timeout: after so many seconds without an answer asyncio.TimeoutError is
    raised; None waits for ever.
    """

    def __init__(self, socket_path: Optional[str] = None,
                 timeout: Optional[float] = 30.0):
        self.socket_path = socket_path or usual_socket()
        self.timeout = timeout
        self._calls: Dict[int, _Call] = {}
        self._last_id = 0
        self._writer: Optional[asyncio.StreamWriter] = None
        self._reading: Optional["asyncio.Task[None]"] = None
        self._lost: Optional[Exception] = None
        self._connecting: Optional["asyncio.Lock"] = None
        self._taken: Optional["asyncio.Event"] = None  # an item was, of a lossless stream

    async def __aenter__(self) -> "ProcessManagerServiceClient":
        await self.connect()
        return self

    async def __aexit__(self, *unused: Any) -> None:
        await self.close()

    async def connect(self) -> None:
        """Raises ProcessManagerConnectionError."""
        try:
            dialled = await asyncio.get_running_loop().run_in_executor(
                None, _dial, self.socket_path)
            reader, self._writer = await asyncio.open_unix_connection(sock=dialled)
        except OSError as error:
            raise ProcessManagerConnectionError(
                f"cannot connect to {self.socket_path}: {error.strerror or error}; "
                "is collectd running with <Control>, and may you open it?") from error
        self._lost = None
        self._reading = asyncio.ensure_future(self._read(reader))

    async def _connect_once(self) -> None:
        if self._writer:
            return
        self._connecting = self._connecting or asyncio.Lock()
        async with self._connecting:
            if not self._writer:
                await self.connect()

    async def close(self) -> None:
        if self._reading:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
            self._reading = None
        if self._writer:
            self._writer.close()
            try:
                await self._writer.wait_closed()
            except OSError:
                pass
            self._writer = None

    # a line may be much longer than asyncio's own readline accepts
    async def _read(self, reader: asyncio.StreamReader) -> None:
        error: Exception = ProcessManagerConnectionError("the server closed the connection")
        try:
            await self._read_lines(reader)
        except asyncio.CancelledError:
            error = ProcessManagerConnectionError("the client was closed")
            raise
        except OSError as cause:
            error = ProcessManagerConnectionError(f"the connection was lost: {cause}")
        except (ValueError, RecursionError) as cause:
            error = ProcessManagerConnectionError(f"the answer cannot be read: {cause}")
        finally:
            self._lost = error
            for call in list(self._calls.values()):
                call.fail(error)
            if self._writer:
                self._writer.close()

    async def _read_lines(self, reader: asyncio.StreamReader) -> None:
        held = bytearray()
        while True:
            chunk = await reader.read(1 << 16)
            if not chunk:
                return
            searched = len(held)
            held += chunk
            start = 0
            while True:
                end = held.find(b"\n", max(searched, start))
                if end < 0:
                    break
                self._take(bytes(held[start:end]))
                start = end + 1
                await self._wait_for_taker()
            del held[:start]
            if len(held) > LONGEST_LINE:
                raise ValueError("a line without an end")

    def _take(self, line: bytes) -> None:
        if not line.strip():
            return
        message = json.loads(line, object_hook=Record)
        if not isinstance(message, Record):
            raise ValueError("it is not a JSON-RPC object")
        params = message.get("params")
        if message.get("method") == "stream" and isinstance(params, Record):
            call = self._find(params.get("id"))
            if call:
                call.add(params.get("item"))
        elif "method" not in message:
            self._take_answer(message)

    async def _wait_for_taker(self) -> None:
        while any(c.lossless and len(c.items) >= WAITING_LINES for c in self._calls.values()):
            self._taken = self._taken or asyncio.Event()
            self._taken.clear()
            await self._taken.wait()

    def _find(self, number: Any) -> Optional[_Call]:
        return self._calls.get(number) if type(number) is int else None

    def _take_answer(self, message: Record) -> None:
        call = self._find(message.get("id"))
        if call and not call.answer.done():
            call.answer.set_result(message)
        elif message.get("id") is None and isinstance(message.get("error"), dict):
            raise ValueError(message["error"].get("message"))

    async def _send(self, method: str, params: Dict[str, Any], lossless: bool = False) -> int:
        await self._connect_once()
        assert self._writer
        if self._lost:
            raise ProcessManagerConnectionError(str(self._lost))
        self._last_id += 1
        number = self._last_id
        request: Dict[str, Any] = {"jsonrpc": "2.0", "id": number, "method": method}
        if params:
            request["params"] = params
        self._calls[number] = _Call(lossless)
        try:
            self._writer.write(json.dumps(request, allow_nan=False).encode() + b"\n")
            await self._writer.drain()
        except OSError:
            pass  # _read fails all calls, after it has read what is left
        except BaseException:
            del self._calls[number]
            raise
        return number

    # ---- calls by name ----

    async def call(self, method: str, /, **params: Any) -> Record:
        """The whole result of any method, success or not."""
        return await self._call(method, params)

    async def _call(self, method: str, params: Dict[str, Any],
                    more_seconds: float = 0.0,
                    hints: FrozenSet[str] = frozenset()) -> Record:
        while True:
            try:
                return await self._call_once(method, params, more_seconds)
            except ProcessManagerProtocolError as error:
                params = await self._without(method, params, hints, error)

    async def _call_once(self, method: str, params: Dict[str, Any],
                         more_seconds: float) -> Record:
        number = await self._send(method, params)
        timeout = None if self.timeout is None else self.timeout + more_seconds
        if timeout == FOR_EVER:
            timeout = None
        try:
            return _result(await asyncio.wait_for(self._calls[number].answer, timeout))
        finally:
            self._calls.pop(number, None)

    async def _without(self, method: str, params: Dict[str, Any], hints: FrozenSet[str],
                       error: ProcessManagerProtocolError) -> Dict[str, Any]:
        """The parameters without a hint that the server is too old to know;
        raises the error again if that is not the reason."""
        name = error.parameter
        if error.code != -32602 or name not in hints or name not in params:
            raise error
        described = _checked(await self._call_once("describe", {"method": method}, 0.0))
        methods = [m for m in _objects(described.get("methods")) if m.get("name") == method]
        if not methods or any(p.get("name") == name
                              for p in _objects(methods[0].get("parameters"))):
            raise error
        return {n: v for n, v in params.items() if n != name}

    async def _stream(self, method: str, params: Dict[str, Any], kind: Any,
                      hints: FrozenSet[str] = frozenset(),
                      lossless: bool = False) -> AsyncIterator[Any]:
        while True:
            number = await self._send(method, params, lossless)
            call = self._calls[number]
            try:
                while call.items or not call.answer.done():
                    call.news.clear()
                    while call.items:
                        call.dropped = _warn(method, call.dropped)
                        item = kind(_object(call.items.popleft()))
                        self._tell_taken()
                        yield item
                    if not call.answer.done():
                        await call.news.wait()
                end = _checked(_result(call.answer.result()))
                _warn(method, end.get("dropped") or 0)
                if lossless and end.get("reason") not in ("exited", "cancelled"):
                    raise ProcessManagerError(str(end.get("reason")), str(end.get("missing")))
                return
            except ProcessManagerProtocolError as error:
                params = await self._without(method, params, hints, error)
            finally:
                self._calls.pop(number, None)
                self._tell_taken()
                if not call.answer.done():
                    self._cancel(number)

    def _tell_taken(self) -> None:
        if self._taken:
            self._taken.set()

    # Not waited for: the iterator may be closed by the garbage collector.
    def _cancel(self, number: int) -> None:
        if self._writer and not self._lost:
            self._last_id += 1
            self._writer.write(json.dumps({"jsonrpc": "2.0", "id": self._last_id,
                                           "method": "cancel",
                                           "params": {"id": number}}).encode() + b"\n")

    # ---- queries: ProcessManagerError if they fail ----

    async def hello(self) -> Record:
        return _checked(await self._call("hello", {}))

    async def describe(self, method: Optional[str] = None) -> Record:
        return _checked(await self._call("describe", _given(method=method)))

    async def get_system_info(self) -> SystemInfo:
        result = _checked(await self._call("get_system_info", {}))
        return SystemInfo(_object(result.get("system")))

    async def list_processes(self, *, sort: Optional[str] = None, order: Optional[str] = None,
                             limit: Optional[int] = None,
                             filter: Optional[Dict[str, str]] = None,
                             fields: Optional[Sequence[str]] = None,
                             max_age_seconds: Optional[float] = None) -> ProcessList:
        params = _given(sort=sort, order=order, limit=limit, filter=filter,
                        fields=list(fields) if fields else None,
                        max_age_seconds=max_age_seconds)
        result = _checked(await self._call("list_processes", params,
                                           hints=frozenset({"fields", "max_age_seconds"})))
        processes = ProcessList(ProcessInfo(p) for p in _objects(result.get("processes")))
        processes.total = result.get("total")
        processes.sampled_at = result.get("sampled_at")
        return processes

    async def list_groups(self, *, sort: Optional[str] = None, order: Optional[str] = None,
                          limit: Optional[int] = None,
                          max_age_seconds: Optional[float] = None) -> GroupList:
        params = _given(sort=sort, order=order, limit=limit, max_age_seconds=max_age_seconds)
        result = _checked(await self._call("list_groups", params,
                                           hints=frozenset({"max_age_seconds"})))
        groups = GroupList(GroupInfo(g) for g in _objects(result.get("groups")))
        groups.total = result.get("total")
        groups.sampled_at = result.get("sampled_at")
        return groups

    async def get_process_info(self, pid: int, start_time: Optional[int] = None) -> ProcessInfo:
        result = _checked(await self._call("get_process_info",
                                           _given(pid=pid, start_time=start_time)))
        process = ProcessInfo(_object(result.get("process")))
        process["omitted"] = result.get("omitted") or []
        process["sampled_at"] = result.get("sampled_at")
        return process

    async def get_logs(self, pid: Optional[int] = None, *, job_id: Optional[str] = None,
                       start_time: Optional[int] = None, max_lines: Optional[int] = None,
                       stream: Optional[str] = None, grep: Optional[str] = None,
                       cursor: Optional[str] = None, since: Optional[float] = None,
                       until: Optional[float] = None, detail: Optional[bool] = None) -> Logs:
        """Of a process or a job.  The last lines, or, with the cursor of an earlier
        result, the next."""
        params = _given(pid=pid, job_id=job_id, start_time=start_time, max_lines=max_lines,
                        stream=stream, grep=grep, cursor=cursor, since=since, until=until,
                        detail=detail)
        return Logs(_checked(await self._call("get_logs", params)))

    async def list_jobs(self) -> List[Job]:
        result = _checked(await self._call("list_jobs", {}))
        return [Job(j) for j in _objects(result.get("jobs"))]

    async def get_job(self, job_id: str) -> Job:
        """By its id, or its name."""
        result = _checked(await self._call("get_job", {"job_id": job_id}))
        return Job(_object(result.get("job")))

    async def wait_job(self, job_id: str, timeout_seconds: Optional[float] = None) -> Job:
        """Returns when it has ended and is not started again, however long that
        takes; with timeout_seconds ProcessManagerError with the code timed_out."""
        params = _given(job_id=job_id, timeout_seconds=timeout_seconds)
        result = _checked(await self._call("wait_job", params, timeout_seconds or FOR_EVER))
        return Job(_object(result.get("job")))

    # ---- actions: check .success ----

    async def _act(self, method: str, params: Dict[str, Any],
                   more_seconds: float = 0.0) -> ActionResult:
        """The wire tells what is malformed from what is refused; whoever acts
        does not have to."""
        try:
            return ActionResult(await self._call(method, params, more_seconds))
        except ProcessManagerUnsupported:
            raise  # nothing was refused: the server is older than this
        except ProcessManagerProtocolError as error:
            return ActionResult(success=False, error=Record(
                code="invalid_argument", message=error.message, parameter=error.parameter))

    async def kill_process(self, pid: Optional[int] = None, *, job_id: Optional[str] = None,
                           start_time: Optional[int] = None,
                           signal: Union[str, int, None] = None,
                           timeout_seconds: Optional[float] = None,
                           scope: Optional[str] = None) -> ActionResult:
        """A process, or that of a job.  With start_time it never signals another
        process that got the pid later."""
        params = _given(pid=pid, job_id=job_id, start_time=start_time, signal=signal,
                        timeout_seconds=timeout_seconds, scope=scope)
        return await self._act("kill_process", params, timeout_seconds or 0.0)

    async def start_process(self, command: str, args: Sequence[str] = (),
                            env: Optional[Dict[str, str]] = None,
                            working_dir: Optional[str] = None, *, name: Optional[str] = None,
                            user: Optional[str] = None, stdin: Optional[str] = None,
                            merge_stderr: Optional[bool] = None, umask: Optional[str] = None,
                            limits: Optional[Dict[str, int]] = None,
                            log: Optional[Dict[str, Any]] = None,
                            restart: Optional[Dict[str, Any]] = None,
                            stop_timeout_seconds: Optional[float] = None,
                            request_key: Optional[str] = None, **more: Any) -> ActionResult:
        """Starts a program that outlives collectd, and this; no shell is involved.
        The environment of this program is not passed on.  more: what a later server
        has besides."""
        params = _given(command=command, args=list(args) or None, env=env or None,
                        working_dir=working_dir, name=name, user=user, stdin=stdin,
                        merge_stderr=merge_stderr, umask=umask, limits=limits, log=log,
                        restart=restart, stop_timeout_seconds=stop_timeout_seconds,
                        request_key=request_key, **more)
        return await self._act("start_process", params, START_SECONDS)

    async def stop_job(self, job_id: str, timeout_seconds: Optional[float] = None
                       ) -> ActionResult:
        """TERM, and after the timeout KILL; returns when it has ended."""
        return await self._act_on_job("stop_job", job_id, timeout_seconds)

    async def restart_job(self, job_id: str, timeout_seconds: Optional[float] = None
                          ) -> ActionResult:
        return await self._act_on_job("restart_job", job_id, timeout_seconds)

    async def remove_job(self, job_id: str) -> ActionResult:
        """A job that has ended, and its log."""
        return await self._act("remove_job", {"job_id": job_id})

    async def _act_on_job(self, method: str, job_id: str,
                          timeout_seconds: Optional[float]) -> ActionResult:
        params = _given(job_id=job_id, timeout_seconds=timeout_seconds)
        return await self._act(method, params, timeout_seconds or STOP_SECONDS)

    # ---- streams: until the end, or until the iterator is closed ----

    def monitor_system(self, *, interval_seconds: Optional[float] = None,
                       count: Optional[int] = None,
                       processes: Optional[int] = None) -> AsyncIterator[Update]:
        params = _given(interval_seconds=interval_seconds, count=count, processes=processes)
        return self._stream("monitor_system", params, Update, frozenset({"processes"}))

    async def follow_logs(self, pid: Optional[int] = None, *, job_id: Optional[str] = None,
                          start_time: Optional[int] = None, max_lines: Optional[int] = None,
                          stream: Optional[str] = None, grep: Optional[str] = None,
                          cursor: Optional[str] = None, since: Optional[float] = None,
                          until: Optional[float] = None,
                          detail: Optional[bool] = None) -> AsyncIterator[Any]:
        """Line by line, until the process or the job has ended; ProcessManagerError
        if it is cut short.  None is lost, however slowly they are taken."""
        params = _given(pid=pid, job_id=job_id, start_time=start_time, max_lines=max_lines,
                        stream=stream, grep=grep, cursor=cursor, since=since, until=until,
                        detail=detail, follow=True)
        # a connection of its own, as nothing else is read while lines wait
        async with ProcessManagerServiceClient(self.socket_path, self.timeout) as own:
            async for item in own._stream("get_logs", params, Logs, lossless=True):
                for line in item.get("lines") or []:
                    yield line

    def watch_events(self, kinds: Optional[Sequence[str]] = None) -> AsyncIterator[Event]:
        params = _given(kinds=list(kinds) if kinds else None)
        return self._stream("watch_events", params, Event)


async def _demo() -> None:
    async with ProcessManagerServiceClient() as pm:
        print(json.dumps(await pm.get_system_info(), indent=2, ensure_ascii=False))


if __name__ == "__main__":
    try:
        asyncio.run(_demo())
    except (ProcessManagerError, ProcessManagerConnectionError) as problem:
        sys.exit(f"procman.py: {problem}")
