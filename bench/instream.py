#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""A client of clamd with many sessions:  instream.py --to SOCKET --messages FOLDER --sessions N

Sends each message by INSTREAM over a connection of its own, as clamd's clients do, the next once the answer is there.
Says what `rastel send --json` says: one object a message (code 250 for clean, 550 for found, 451 for an error), then totals.
"""
import argparse
import json
import pathlib
import socket
import struct
import sys
import threading
import time


def ask(path, request, timeout):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(timeout)
        connection.connect(path)
        connection.sendall(request)
        answer = b""
        while not answer.endswith(b"\0"):
            piece = connection.recv(4096)
            if not piece:
                break
            answer += piece
    return answer.rstrip(b"\0").decode(errors="replace")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--to", required=True)
    parser.add_argument("--messages", type=pathlib.Path, required=True)
    parser.add_argument("--sessions", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=120)
    choice = parser.parse_args()
    files = sorted(path for path in choice.messages.iterdir() if path.name.endswith(".eml"))
    # Whole requests are made before the clock runs.
    requests = [b"zINSTREAM\0" + struct.pack(">I", path.stat().st_size) + path.read_bytes() + b"\0\0\0\0" for path in files]
    turn, guard, results = iter(range(len(files))), threading.Lock(), []

    def session():
        while True:
            with guard:
                number = next(turn, None)
            if number is None:
                return
            begun = time.monotonic()
            result = {"message": files[number].name, "code": 0}
            try:
                result["reply"] = ask(choice.to, requests[number], choice.timeout)
                said = result["reply"]
                result["code"] = 250 if said.endswith(": OK") else 550 if said.endswith(" FOUND") else 451
            except OSError as error:
                result["trouble"] = str(error)
            result["ms"] = (time.monotonic() - begun) * 1000
            results.append(result)

    threads = [threading.Thread(target=session) for _ in range(choice.sessions)]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - start
    for result in results:
        print(json.dumps(result))
    print(json.dumps({"total": True, "messages": len(results), "trouble": sum("trouble" in result for result in results),
                      "seconds": seconds}))
    return 75 if any("trouble" in result for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
