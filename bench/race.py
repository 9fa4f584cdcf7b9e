# SPDX-License-Identifier: GPL-2.0-only
"""One run of one contender: what it did, and whether it counts.

A run is void when an EICAR reached the sink (or clamd called it clean), when a clean message didn't, came twice or was
refused, when one had no answer, or when what was accepted didn't leave in time. Only a contender that scans nothing may let
EICAR through.
"""
import collections
import dataclasses
import json
import math
import pathlib
import statistics
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
SENDER = "m-{message}@bench.example"


@dataclasses.dataclass
class Sent:
    """What a client said: how it went by the message's name without its ending."""
    answers: dict
    trouble: dict
    milliseconds: list
    seconds: float
    began: float  # on the clock of time.monotonic()


def send(binaries, contender, folder, sessions, timeout):
    """Sends a folder's messages, each once, and waits for the client to end."""
    if contender.client == "instream":
        command = [sys.executable, "-B", HERE / "instream.py", "--to", contender.target, "--messages", folder,
                   "--sessions", sessions, "--timeout", timeout]
    else:
        command = [binaries / "rastel", "send", "--to", contender.target, "--messages", folder, "--sessions", sessions,
                   "--from", SENDER, "--timeout", f"{timeout}s", "--json"]
    process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    complaints = []
    listener = threading.Thread(target=lambda: complaints.append(process.stderr.read()))
    listener.start()
    lines, first = [], None
    for line in process.stdout:
        if first is None:
            first = time.monotonic()
        lines.append(line)
    process.wait()
    listener.join()
    said = [json.loads(line) for line in lines]
    totals = next((one for one in said if one.get("total")), None)
    if totals is None:
        raise RuntimeError(f"the client ended with {process.returncode}: {complaints[0][-500:]}")
    messages = [one for one in said if not one.get("total")]
    names = [pathlib.Path(one["message"]).stem for one in messages]
    began = (first or time.monotonic()) - (messages[0]["ms"] / 1000 if messages else 0)
    return Sent({name: one["code"] for name, one in zip(names, messages)},
                {name: one["trouble"] for name, one in zip(names, messages) if one.get("trouble")},
                sorted(one["ms"] for one in messages if not one.get("trouble")), totals["seconds"], began)


def wait_until_left(contender, expected, patience):
    """Until the sink has so many messages and nothing is queued; False when nothing moves any more."""
    if contender.sink is None:
        return True
    count, moved = -1, time.monotonic()
    while True:
        now = contender.sink.count()
        if now >= expected and contender.idle():
            time.sleep(0.05)  # for what is on its way from the sink to us
            return True
        if now != count:
            count, moved = now, time.monotonic()
        if time.monotonic() - moved > patience:
            return False
        time.sleep(0.02)


def verdict(scans, names, sent, arrived):
    """Why a run is void, or None. `arrived`: names in the sink with how often; None: no sink (clamd alone)."""
    eicar = {name for name in names if name.endswith("-eicar")}
    clean = set(names) - eicar
    reasons = []
    passed = [name for name in sorted(eicar) if (arrived.get(name) if arrived is not None else sent.answers.get(name) != 550)]
    if scans and passed:
        reasons.append(f"{len(passed)} EICAR passed ({passed[0]})")
    if sent.trouble:
        name, what = sorted(sent.trouble.items())[0]
        reasons.append(f"{len(sent.trouble)} without an answer ({name}: {what})")
    expected = clean if scans else clean | eicar
    refused = sorted(name for name in expected if name in sent.answers and name not in sent.trouble and not 200 <= sent.answers[name] < 300)
    if refused:
        reasons.append(f"{len(refused)} clean refused ({refused[0]}: {sent.answers[refused[0]]})")
    untried = (expected | eicar) - set(sent.answers)
    if untried:
        reasons.append(f"{len(untried)} not tried")
    if arrived is not None:
        lost = sorted(expected - set(arrived) - set(refused) - set(sent.trouble) - untried)
        if lost:
            reasons.append(f"{len(lost)} lost ({lost[0]})")
        twice = sorted(name for name, times in arrived.items() if times > 1)
        if twice:
            reasons.append(f"{len(twice)} came twice ({twice[0]})")
        strange = sorted(set(arrived) - set(names))
        if strange:
            reasons.append(f"{len(strange)} that nobody sent ({strange[0]})")
    return "; ".join(reasons) or None


def name_in(sender):
    """Of a reverse-path."""
    return sender.removeprefix(SENDER.split("{")[0]).removesuffix(SENDER.split("}")[1])


def run(binaries, contender, folder, sessions, timeout=120):
    """Sends a folder through a contender; the figures of this run."""
    names = [path.stem for path in sorted(pathlib.Path(folder).glob("*.eml"))]
    expected = sum(not contender.scans or name.endswith("-clean") for name in names)
    if contender.sink:
        contender.sink.take()
    before = contender.seconds()
    sent = send(binaries, contender, folder, sessions, timeout)
    left = wait_until_left(contender, expected, patience=timeout if not contender.idle() else 10)
    after = contender.seconds()
    seconds, arrived = sent.seconds, None
    if contender.sink:
        seconds = max(seconds, contender.sink.last() - sent.began)
        arrived = collections.Counter(map(name_in, contender.sink.take()))
    void = verdict(contender.scans, names, sent, arrived)
    if void is None and not left:
        void = "the queue doesn't empty"
    return {"contender": contender.name, "sessions": sessions, "messages": len(names), "seconds": seconds,
            "per_second": len(names) / seconds, **{f"p{percent}": percentile(sent.milliseconds, percent) for percent in (50, 95, 99)},
            "cpu": {name: (after[name] - before.get(name, 0.0)) * 1000 / len(names) for name in after}, "void": void}


def percentile(values, percent):
    """Nearest rank of sorted values."""
    return values[max(math.ceil(percent / 100 * len(values)), 1) - 1] if values else 0.0


def median(runs):
    """Of runs of one contender with the same sessions: figure by figure, of those that count; None without one."""
    good = [one for one in runs if one["void"] is None]
    if not good:
        return None
    result = {key: statistics.median(one[key] for one in good) for key in ("per_second", "p50", "p95", "p99")}
    names = {name for one in good for name in one["cpu"]}
    result["cpu"] = {name: statistics.median(one["cpu"].get(name, 0.0) for one in good) for name in sorted(names)}
    result["runs"], result["void"] = len(good), len(runs) - len(good)
    return result


# What of a contender's processor time is compared: all of it but Postfix's.
def cpu_of(figures):
    return sum(seconds for name, seconds in figures["cpu"].items() if name != "postfix")
