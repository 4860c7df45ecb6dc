"""Starts a command some times, one after the other, and prints what each start took, as JSON.

usage: spawn.py COMMAND-AS-JSON TIMES OUTPUT ERRORS

A process of its own, with next to nothing in memory: a child's peak memory begins with its parent's.
"""

import json
import os
import sys
import time


def start(command, output, errors):
    actions = [
        (os.POSIX_SPAWN_OPEN, 1, output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644),
        (os.POSIX_SPAWN_OPEN, 2, errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644),
    ]
    before = time.perf_counter()
    child = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - before
    if status:
        sys.exit(f"exit code {os.waitstatus_to_exitcode(status)}")
    # Linux counts kilobytes, macOS bytes.
    peak = usage.ru_maxrss if sys.platform == "darwin" else usage.ru_maxrss * 1024
    return {"seconds": seconds, "cpu": usage.ru_utime + usage.ru_stime, "peak": peak}


command, times, output, errors = sys.argv[1:]
print(json.dumps([start(json.loads(command), output, errors) for _ in range(int(times))]))
