# SPDX-License-Identifier: GPL-2.0-only
"""Foreign parsers of mail as oracles: which mails of a folder give each of them the payload.

Each has a driver in oracles/: one process that reads file names on its standard input and answers 1 or 0, a line each. A
mail at which a driver dies or hangs gave that parser nothing; the driver is started again behind it. Nothing here is
skipped: an oracle that isn't installed raises Missing, which says what installs it.
"""
import concurrent.futures
import os
import pathlib
import queue
import shutil
import subprocess
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
DRIVERS = HERE / "oracles"
STORE = HERE.parent.parent / "build/oracles"  # what ./dev test installs and what is compiled here
PATIENCE = 30  # seconds for the answer to one mail


class Missing(Exception):
    """An oracle isn't there."""


def gmime(folder):
    """The driver for GMime, compiled."""
    program = folder / "gmime"
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "gmime-3.0"], capture_output=True, text=True, check=False)
    if flags.returncode:
        raise Missing("GMime: apt-get install libgmime-3.0-dev (./dev test does it)")
    subprocess.run(["gcc", "-O2", "-o", str(program), str(DRIVERS / "gmime.c"), *flags.stdout.split()], check=True)
    return [str(program)]


def node(parser):
    if not (STORE / "node_modules" / parser).is_dir():
        raise Missing(f"{parser}: python3 dev.d/install_oracles.py (./dev test does it)")
    return ["node", str(DRIVERS / "node_parsers.mjs"), parser], [str(STORE)]


def mime_tools():
    if subprocess.run(["perl", "-MMIME::Parser", "-e1"], capture_output=True, check=False).returncode:
        raise Missing("MIME::Tools: apt-get install libmime-tools-perl (./dev test does it)")
    return ["perl", str(DRIVERS / "mime_tools.pl")]


def ripmime():
    if shutil.which("ripmime") is None:
        raise Missing("ripMIME: apt-get install ripmime (./dev test does it)")
    return [sys.executable, str(DRIVERS / "ripmime.py")]


def commands(folder, payload_file):
    """Name of each oracle, and what starts it; `folder` is for what has to be compiled."""
    python = [sys.executable, str(DRIVERS / "python_email.py")]
    given = {"python compat32": ([*python, "compat32"], []), "python default": ([*python, "default"], []),
             "GMime": (gmime(folder), []), "mailparser": node("mailparser"), "postal-mime": node("postal-mime"),
             "MIME::Tools": (mime_tools(), []), "ripMIME": (ripmime(), [])}
    return {name: [*before, str(payload_file), *behind] for name, (before, behind) in given.items()}


def batch(command, names):
    """The answers for `names` up to where the driver ended or fell silent."""
    driver = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                              env={**os.environ, "NODE_NO_WARNINGS": "1"})
    answers, lines = [], queue.Queue()

    def feed():
        try:
            driver.stdin.write("".join(f"{name}\n" for name in names))
            driver.stdin.close()
        except BrokenPipeError:
            pass  # it died: its answers end early

    def listen():
        for line in driver.stdout:
            lines.put(line.strip() == "1")
        lines.put(None)

    threads = [threading.Thread(target=task, daemon=True) for task in (feed, listen)]
    for thread in threads:
        thread.start()
    try:
        while (answer := lines.get(timeout=PATIENCE)) is not None:
            answers.append(answer)
    except queue.Empty:
        pass
    driver.kill()
    driver.wait()
    for thread in threads:
        thread.join()
    driver.stdout.close()
    return answers


def extracted(command, paths):
    """Those of `paths` out of which this oracle got the payload."""
    names, answers, deaths = [str(path) for path in paths], [], 0
    while len(answers) < len(names):
        more = batch(command, names[len(answers):])
        answers += more
        if len(answers) < len(names):
            answers.append(False)
            deaths += 1
            if not more and deaths > 20:
                raise Missing(f"{' '.join(command)} doesn't work: it answers to nothing")
    return {path for path, answer in zip(paths, answers) if answer}


def ask_all(paths, payload_file, folder):
    """Name of each oracle: the set of `paths` that it reads."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        asked = {name: pool.submit(extracted, command, paths) for name, command in commands(folder, payload_file).items()}
        return {name: answer.result() for name, answer in asked.items()}
