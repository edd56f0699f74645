"""`python -m stream.server.api.video_process BYTES …`: `livematte file …` in a process that yields.

What strangers send is decoded here, where it can break nothing else: calls and pictures come first,
memory and the size of what is written are bounded, and ending the process frees everything.
"""

import os
import sys

from stream.cli import main

NICENESS = 10
MEMORY_BYTES = 6 * 2**30
"""Of its data; a network and 4K video take a quarter of it."""


def _limit(most_bytes: int) -> None:
    """As far as this system can."""
    if sys.platform == "win32":
        return
    import resource

    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))


if __name__ == "__main__":
    _limit(int(sys.argv[1]))
    main(sys.argv[2:])
