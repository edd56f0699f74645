"""Threads that want no more of the processor than others."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_TASKS = Path("/proc/self/task")


@contextmanager
def ordinary_threads() -> Iterator[None]:
    """Who calls, and the threads that begin inside, are scheduled as the caller was before.

    Run as root, SVT-AV1 makes its threads and the one that opens it realtime: nothing else on the
    machine, nor what that thread starts later, would get its share.
    """
    if not hasattr(os, "sched_setscheduler") or not _TASKS.is_dir():
        yield
        return
    policy, priority, before = os.sched_getscheduler(0), os.sched_getparam(0), _threads()
    try:
        yield
    finally:
        for thread in {0, *_threads() - before}:
            with suppress(OSError):  # it has ended, or the system forbids it
                os.sched_setscheduler(thread, policy, priority)


def _threads() -> set[int]:
    return {int(task.name) for task in _TASKS.iterdir()}
