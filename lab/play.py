#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""`./dev lab SERVER`: the server wired to Rastel, until Ctrl-C."""
import os
import pathlib
import shlex
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import lab as lab_module  # noqa: E402
import roots  # noqa: E402
import sessions  # noqa: E402
import wiring  # noqa: E402

EICAR = '"$(python3 -c \'import sys; sys.path.insert(0, "demo"); import make_mail; print(make_mail.eicar().decode())\')"'


def told(lab, binaries, configuration):
    """How to talk to it."""
    session, here = lab.session, " ".join(lab.in_network())
    widest = max(map(len, session.hooks))
    lines = [f"{session.mta} runs, wired to Rastel; mail for alice, bob, carol (infected = \"quarantine\") and dave "
             "(infected = \"tag\") at lab.test."]
    for hook, port in session.hooks.items():
        user = "alice"
        if isinstance(port, sessions.To):
            port, user = port.port, port.user
        if port == sessions.SUBMIT:
            lines.append(f"  {hook:{widest}}  {' '.join([*lab.within(session.mta), *port])} bob@lab.test alice@lab.test  <MAIL")
        else:
            lines.append(f"  {hook:{widest}}  {here} swaks --from you@elsewhere.example --to {user}@lab.test "
                         f"--server {session.address}:{port}")
    boxes = sessions.MAILBOXES[session.mailboxes].format(user="*")
    lines += [f"  {'an infected one':{widest}}  the same with --body {EICAR}",
              f"  {'mailboxes':{widest}}  ls {lab.root(session.mailboxes)}/{boxes}",
              f"  {'the log':{widest}}  tail -f {lab.root(session.mta)}/{sessions.LOGS[session.mta]}",
              f"  {'the queue':{widest}}  {shlex.join(lab.within(session.mta) + sessions.QUEUES[session.mta][0])}",
              f"  {'Rastel':{widest}}  {binaries}/rastel -c {configuration} status   (or: history, quarantine list)",
              "Ctrl-C ends all of it."]
    return "\n".join(lines)


def play(name):
    if name not in sessions.SESSIONS:
        sys.exit(f"lab: no server \"{name}\"; there are: {' '.join(sessions.SESSIONS)}")
    reason = roots.why_not()
    if reason:
        sys.exit(f"lab: {reason}")
    binaries = roots.binaries()
    # Ctrl-C goes to everything at the terminal: only this process shall act on it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started this may ignore it
    with tempfile.TemporaryDirectory(prefix="rastel-lab-") as folder, lab_module.start(name) as lab:
        os.chmod(folder, 0o755)
        configuration = pathlib.Path(folder) / "rastel.toml"
        configuration.write_text(wiring.configuration(lab)(folder, "nobody"))
        rasteld = subprocess.Popen(lab.beside_mta() + ["setpriv", "--pdeathsig", "KILL", str(binaries / "rasteld"),
                                                       "-c", str(configuration)], process_group=0)
        try:
            lab.wait_for("127.0.0.1", 8025, lab.session.mta)
            print(told(lab, binaries, configuration), flush=True)
            rasteld.wait()
            sys.exit(f"lab: rasteld ended with {rasteld.returncode}")
        except KeyboardInterrupt:
            pass
        finally:
            rasteld.terminate()
            try:
                rasteld.wait(10)
            except subprocess.TimeoutExpired:
                rasteld.kill()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: play.py SERVER")
    play(sys.argv[1])
