# SPDX-License-Identifier: GPL-2.0-only
"""Where programs write their messages: a folder a program. It holds the letters as files too, for the programs that read
files, and as one JSON text, for those in other languages, each of which makes all its messages in one process."""
import dataclasses
import json
import os
import pathlib
import subprocess
import threading

import peers
from honest import content, files

HERE = pathlib.Path(__file__).resolve().parent


class Workshop:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.letters = content.letters()
        self.made = self.folder / "made"  # PROGRAM/*.eml
        self.home = self.folder / "home"
        self.home.mkdir(parents=True)
        self.paths = {}  # label of an attachment: its file
        for letter in self.letters:
            for attached in letter.attachments:
                if attached.label not in self.paths:
                    self.paths[attached.label] = files.write(self.folder / "files", attached)
        self.json = self.folder / "letters.json"
        self.json.write_text(json.dumps([self._plain(letter) for letter in self.letters], ensure_ascii=True))
        # What a program takes for sendmail(8): it keeps what it is given.
        self.sendmail = self.folder / "sendmail"
        self.sendmail.write_text("#!/bin/sh\nexec cat >\"$KEEP_AS\"\n")
        self.sendmail.chmod(0o755)

    def _plain(self, letter):
        row = dataclasses.asdict(letter)
        row["attachments"] = [{"name": attached.name, "type": attached.type, "content_id": attached.content_id,
                               "path": str(self.paths[attached.label])} for attached in letter.attachments]
        return row

    def out(self, program):
        place = self.made / program
        place.mkdir(parents=True, exist_ok=True)
        return place

    def keep(self, program, label, message):
        (self.out(program) / f"{label}.eml").write_bytes(message)

    def run(self, *words, stdin=b"", environment=None, cwd=None, check=True):
        """Its standard output. Programs find an empty home, so that nobody's own settings change what they write."""
        settings = {**os.environ, "HOME": str(self.home), "LC_ALL": "C.UTF-8", "TZ": "Europe/Berlin", "EMAIL": "anna@sender.example",
                    "MAILRC": "/dev/null", **(environment or {})}
        done = subprocess.run([os.fsencode(word) if isinstance(word, (str, os.PathLike)) else word for word in words],
                              input=stdin, capture_output=True, env=settings, cwd=cwd or self.folder, check=False, timeout=120)
        if check and done.returncode:
            raise RuntimeError(f"{words[:4]} …: {done.returncode}\n{(done.stderr + done.stdout)[-1500:].decode(errors='replace')}")
        return done.stdout

    def paths_of(self, letter):
        return [self.paths[attached.label] for attached in letter.attachments]


class Sink:
    """An SMTP server that keeps each program's messages apart: take() after each is sent."""

    def __init__(self):
        self.hop = peers.NextHop()
        self.port = self.hop.port
        self.lock = threading.Lock()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.hop.stop()

    def take(self):
        self.hop.wait_messages(1)
        with self.hop.lock:
            messages = [message.content for message in self.hop.messages]
            self.hop.messages.clear()
        assert len(messages) == 1
        return messages[0]


def address(person):
    """As a person would type it into a header; a name that isn't an atom in quotes."""
    name, mail = person
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{mail}>' if name else mail
