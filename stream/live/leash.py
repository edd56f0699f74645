"""Runs a program that ends when its parent does, however that ends: `leash.py PARENT PROGRAM …`.

A program that waits for the network does not look at its pipe, and would outlive a parent that was
killed. A call before the program begins, in the forked child of a process with threads, may hang:
therefore this is a program of its own. `PARENT` is the process id.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
"""prctl(2), of Linux alone. It is the parent's *thread* that counts: it has to live as long."""


def main() -> None:
    parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(parent):  # it has ended already
            sys.exit(1)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
