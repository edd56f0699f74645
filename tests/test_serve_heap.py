"""The server's memory: threads that come and go do not each leave a heap behind."""

import subprocess
import sys

import pytest

_COUNT = """
import ctypes, threading
from pathlib import Path
from stream.server.heap import share_heaps
{call}
def heaps():
    lines = Path("/proc/self/maps").read_text().splitlines()
    return sum(int(line.split("-")[0], 16) % (64 << 20) == 0 for line in lines)
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
before = heaps()
all_hold = threading.Barrier(8)
def hold():
    assert libc.malloc(ctypes.c_size_t(1000))
    all_hold.wait()
threads = [threading.Thread(target=hold) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(heaps() - before)
"""


def heaps(call: str) -> int:
    """Of 64 MiB each, how many glibc makes for eight threads that take memory at once."""
    ran = subprocess.run(
        [sys.executable, "-c", _COUNT.format(call=call)], capture_output=True, text=True, check=True
    )
    return int(ran.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="it is glibc's way")
def test_threads_share_a_few_heaps() -> None:
    if heaps("") < 4:
        pytest.skip("this C library gives threads no heaps of their own")
    assert heaps("share_heaps()") <= 1
