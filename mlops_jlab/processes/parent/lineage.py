"""The life of a step's process: cells come; then a fork of it goes on with the next step, or it does."""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import contextvars
import gc
import getpass
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from IPython.core.error import StdinNotImplementedError

from mlops_jlab.handoff.digests import use_one_thread
from mlops_jlab.handoff.observing import departing, versions
from mlops_jlab.loaded import file_of, is_local
from mlops_jlab.processes import protocol
from mlops_jlab.processes.life import Life
from mlops_jlab.processes.parent import comms, safety, snapshot
from mlops_jlab.processes.parent.shell import PipeSession, ShellApp
from mlops_jlab.processes.parent.streams import flush_now_and_then
from mlops_jlab.processes.protocol import Message, Talk


class Lineage:
    """The shell of one or more steps, and all that must live on from one to the next."""

    def __init__(self, channel: socket.socket) -> None:
        use_one_thread()
        self._session = PipeSession(channel)
        self._talk = Talk(channel)
        self._known = set(sys.modules)
        self._safety = safety.Watch()
        app = ShellApp.instance(session=self._session)
        app.initialize([])
        builtins.input = _refuse_input
        getpass.getpass = _refuse_input
        self._shell = app.shell
        comms.speak_through(self._say, self._session.widgets)
        self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self._loop)
        self._context = contextvars.copy_context()  # one for all cells: what one sets, the next one sees
        self._life = Life(self._shell)
        self._over: Callable[[], None] | None = None  # what comes last, once nothing more will come

    def serve(self) -> Callable[[], None]:
        """Does what is asked for until there is no more; gives what is to be called when all else is over."""
        self._session.tell(protocol.Ready(os.getpid()))
        while not self._talk.ended:
            for message in self._talk.messages():
                self._take(message)
                if self._over is not None:
                    return self._over
        os._exit(0)  # the runner has no use for it any more: a snapshot ends without a word

    def _take(self, message: Message) -> None:
        match message:
            case protocol.Execute():
                self._execute(message)
            case protocol.Begin():
                self._context.run(self._begin, message)
            case protocol.End():
                self._end()
            case protocol.Continue():
                self._continue(message)
            case protocol.Save():
                # In their context: what cells have set for themselves is seen there.
                self._session.tell(self._context.run(self._life.save, message.leaving))
            case protocol.Bring():
                self._session.tell(self._context.run(self._life.bring, message))
            case protocol.Quit():
                self._session.tell(protocol.Imported(self._imported()))
                self._over = lambda: self._session.tell(protocol.Over())
            case _:
                raise TypeError(f"a shell is not told {type(message).__name__}")

    def _say(self, kind: str, content: dict[str, Any]) -> None:
        self._session.say(kind, content, self._shell.kernel.parent_header)

    # One step

    def _begin(self, begin: protocol.Begin) -> None:
        """Takes up a step: this process may have been forked before anybody knew which it would be."""
        snapshot.wake()
        self._life.prepare(begin)
        self._look_at_world(begin.ignored)
        self._life.begin(begin)

    def _look_at_world(self, root: str) -> None:
        """Before the first cell a copy of this process looks at all modules, which takes a while."""
        if self._life.living.began is not None or not root:
            return
        path = departing.new_file(Path(root))
        self._life.living.mark = versions.mark()
        try:
            looker = snapshot.fork(lambda: self._note_world(path), continues=False)
        except OSError:
            return  # then what a step changes in modules is known from the second one on
        snapshot.wake()
        gc.unfreeze()
        self._life.living.began = departing.Beginning(path, looker)

    def _note_world(self, path: Path) -> None:
        os.nice(_NICE)
        self._talk.channel.close()
        departing.begin(path, self._life.living.mark)
        os._exit(0)

    def _end(self) -> None:
        ended = self._life.end()
        self._settle()
        self._life.living.mark = versions.mark()
        self._session.tell(ended)
        self._life.look_at_modules()

    def _settle(self) -> None:
        for stream in self._session.streams:
            stream.flush()

    def _imported(self) -> list[str]:
        """Of modules that are new, those that were installed."""
        found = {name for name in set(sys.modules) - self._known if not name.startswith("_")}
        own = {name for name in found if is_local(name, file_of(sys.modules.get(name)))}
        return sorted(found - own)

    # From one step to the next

    def _continue(self, asked: protocol.Continue) -> None:
        files, self._talk.fds = self._talk.fds[:3], self._talk.fds[3:]
        try:
            living = self._safety.living(self._loop)
            may_fork = living is None or (asked.pristine and living.kind not in _NEVER)
            if not may_fork and living is not None:
                self._session.tell(protocol.Stays(living.kind.value, living.text))
                return
            try:
                with self._session.silent():
                    pid = snapshot.fork(lambda: self._go_on(files), continues=not asked.pristine)
            except OSError as error:
                self._session.tell(
                    protocol.Stays("", f"the system cannot fork it: {error.strerror or error}")
                )
                return
            if asked.pristine:
                gc.unfreeze()  # this process goes on, and looks at what is new in it again
            self._session.tell(protocol.Forked(pid))
        finally:
            for fd in files:
                os.close(fd)

    def _go_on(self, files: list[int]) -> None:
        """In the child, whose thread is the only one: all is as it was, and speaks through its own files."""
        with contextlib.suppress(PermissionError):
            os.setsid()
        own = socket.socket(fileno=os.dup(files[0]))
        for fd, target in zip(files[1:], (1, 2), strict=True):
            os.dup2(fd, target)
        for fd in files:
            os.close(fd)
        self._talk.channel.close()
        self._talk = Talk(own)
        self._session.speak_through(own)
        flush_now_and_then(self._session.streams)
        _renew(self._loop)
        asyncio.set_event_loop(self._loop)
        from mlops_jlab.processes.parent.ending import end

        end(last=self.serve())

    # One cell

    def _execute(self, cell: protocol.Execute) -> None:
        self._session.tell(protocol.Begun(self._shell.execution_count))
        answer = _Answer()
        task = self._loop.create_task(self._run(cell, answer), context=self._context)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            self._loop.run_until_complete(task)
        except KeyboardInterrupt:
            task.cancel()
            answer.error = KeyboardInterrupt()
            with contextlib.suppress(BaseException):
                self._loop.run_until_complete(task)
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._settle()
        comms.settle(self._session.widgets)
        error = answer.error
        self._session.tell(
            protocol.Done(
                self._shell.execution_count,
                type(error).__name__ if error is not None else "",
                str(error)[:10_000] if error is not None else "",
            )
        )
        if self._shell.exit_now:
            self._over = lambda: None

    async def _run(self, cell: protocol.Execute, answer: _Answer) -> None:
        """One cell inside a running loop, as in a kernel; an interrupt ends the cell and nothing else."""
        shell, source = self._shell, cell.source
        parent = {"header": {"msg_id": str(cell.number)}}
        shell.kernel.parent_header = parent
        shell.set_parent(parent)
        try:
            transformed, problem = shell.transform_cell(source), None
        except Exception:
            transformed, problem = source, sys.exc_info()
        if shell.should_run_async(source, transformed_cell=transformed, preprocessing_exc_tuple=problem):
            result = await shell.run_cell_async(
                source, store_history=True, transformed_cell=transformed,
                preprocessing_exc_tuple=problem, cell_id=cell.cell,
            )  # fmt: skip
            shell.events.trigger("post_execute")
            shell.events.trigger("post_run_cell", result)
        else:
            result = shell.run_cell(source, store_history=True, cell_id=cell.cell)
        answer.error = result.error_before_exec or result.error_in_exec


class _Answer:
    """What became of a cell."""

    error: BaseException | None = None


# Where these live, not even a copy that executes nothing can be made.
_NEVER = frozenset({safety.Kind.NATIVE, safety.Kind.DEVICE, safety.Kind.POSITION})
_NICE = 10  # what is done beside gives way


def _renew(loop: asyncio.AbstractEventLoop) -> None:
    """A loop's selector is an open file, shared with the parent: the child gets one of its own."""
    import selectors

    old = getattr(loop, "_selector", None)
    if old is None:
        return
    new = selectors.DefaultSelector()
    for key in list(old.get_map().values()):
        new.register(key.fileobj, key.events, key.data)
    loop._selector = new  # type: ignore[attr-defined]  # asyncio has no other way, and says so in no way
    old.close()


def _refuse_input(*_arguments: object, **_others: object) -> str:
    raise StdinNotImplementedError("input() was called, but nobody is there to answer: make it a parameter")
