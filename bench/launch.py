#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""launch.py COMMAND…: a process that keeps the time of all that ever ran below it.

It is the subreaper of what it starts: a process whose parent has ended comes to it, and what it reaps is added to its own
record of children. So the processor time of a contender, of processes that have ended too, is what processes.py reads
under this process's number. SIGTERM ends the command in order, then whatever is left; so does the end of its parent.
"""
import ctypes
import os
import pathlib
import signal
import sys
import time

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


def descendants(pid):
    found, waiting = [], [pid]
    while waiting:
        number = waiting.pop()
        try:
            below = [int(word) for task in os.listdir(f"/proc/{number}/task")
                     for word in pathlib.Path(f"/proc/{number}/task/{task}/children").read_text().split()]
        except (FileNotFoundError, ProcessLookupError):
            continue
        found += below
        waiting += below
    return found


def main():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        sys.exit("launch: the kernel knows no subreapers")
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    child = os.fork()
    if child == 0:
        try:
            os.setpgid(0, 0)
            os.execvp(sys.argv[1], sys.argv[1:])
        finally:
            os._exit(127)
    asked = []
    signal.signal(signal.SIGTERM, lambda *_: asked or (asked.append(time.monotonic()), os.kill(child, signal.SIGTERM)))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the bench alone, which then ends us
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 0.5, 0.5)  # looks at the clock now and then
    status = None
    while True:
        try:
            pid, result = os.wait()
        except ChildProcessError:
            break
        except InterruptedError:
            continue
        if pid == child:
            status = os.waitstatus_to_exitcode(result)
            asked = asked or [time.monotonic()]
            for left in descendants(os.getpid()):
                try:
                    os.kill(left, signal.SIGTERM)
                except ProcessLookupError:
                    pass
        if asked and time.monotonic() - asked[0] > 15:
            for left in descendants(os.getpid()):
                try:
                    os.kill(left, signal.SIGKILL)
                except ProcessLookupError:
                    pass
    sys.exit(status if status is not None and status >= 0 else 1)


if __name__ == "__main__":
    main()
