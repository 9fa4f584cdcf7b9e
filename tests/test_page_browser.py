# SPDX-License-Identifier: GPL-2.0-only
"""The page in a real Chromium (Playwright; ui/test/browser.mjs has the scenarios), before a real rasteld and its next hop."""
import base64
import json
import pathlib
import shutil
import subprocess

import daemon
import pages
import peers
import pytest

UI = daemon.CHECKOUT / "build/ui"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None or shutil.which("node") is None, reason="chromium or node is missing: ./dev test installs them")


@pytest.fixture(scope="module")
def shared():
    things = []
    rastel = pages.page_rastel(lambda thing: things.append(thing) or thing)
    yield rastel
    for thing in reversed(things):
        (thing.close if hasattr(thing, "close") else thing.stop)()


def browse(rastel, scenario, name, **more):
    given = {"scenario": scenario, "url": f"http://127.0.0.1:{rastel.http}", "chromium": CHROMIUM, "name": name,
             "password": pages.PASSWORDS[name], **more}
    script = UI / "test/browser.mjs"
    assert script.exists(), f"{script} is missing: the build makes it"
    done = subprocess.run(["node", str(script), json.dumps(given)], capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, f"{scenario}: {done.stderr[-4000:]}\n{rastel.log()[-1500:]}"
    return json.loads(done.stdout)


def test_login(shared):
    browse(shared, "login", "vera")


def test_who_may_only_look_sees_no_button_and_is_refused(shared):
    message = pages.hold(shared)
    before = len(shared.hop.messages)
    assert browse(shared, "view_role", "vera", id=message) == {"release": 403, "remove": 403, "raw": 403}
    assert len(shared.hop.messages) == before
    assert any(row["id"] == message for row in shared.held())


def test_release_after_a_confirmation_delivers_and_raw_is_what_came(shared):
    message = pages.hold(shared, subject="the one to be released", sender="sender@elsewhere.example")
    stored = shared.raw(message)
    before = len(shared.hop.messages)
    outcome = browse(shared, "release", "rolf", subject="the one to be released")
    assert outcome["name"] == f"{message}.eml"
    assert base64.b64decode(outcome["raw"]) == stored
    delivered = shared.hop.messages[before:]
    assert [one.content for one in delivered] == [stored]
    assert delivered[0].sender.startswith("MAIL FROM:<sender@elsewhere.example>")
    assert delivered[0].recipients == ["RCPT TO:<alice@lab.test>"]
    assert all(row["id"] != message for row in shared.held())


def test_release_through_a_real_sink(closing, tmp_path):
    port = peers.free_port()
    sink = subprocess.Popen([str(daemon.BINARIES / "rastel"), "sink", "--listen", f"127.0.0.1:{port}", "--maildir", str(tmp_path / "box")],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        class Hop:
            address = f"127.0.0.1:{port}"
        rastel = pages.page_rastel(closing, hop=Hop)
        message = pages.hold(rastel, subject="through the sink")
        stored = rastel.raw(message)
        browse(rastel, "release", "rolf", subject="through the sink")
        found = [path for path in pathlib.Path(tmp_path / "box").rglob("*") if path.is_file()]
        assert len(found) == 1
        assert found[0].read_bytes().replace(b"\r\n", b"\n").endswith(stored.replace(b"\r\n", b"\n"))
    finally:
        sink.terminate()
        sink.wait(20)


def test_deletion(shared):
    message = pages.hold(shared, subject="to be deleted")
    browse(shared, "remove", "anna", id=message)
    assert all(row["id"] != message for row in shared.held())


HOSTILE = [
    "<script>window.hacked = 1; alert(1)</script>",
    "<img src=x onerror='window.hacked = 2'><b>bold</b>",
    "</bdi></td></table><iframe src='https://evil.example/'>",
    "javascript:window.hacked=3",
    "safe\u202egpj.exe \u2066isolated\u2069 \u200f\u200e mark",
    "z" * 10_000,
    "a\u0301" * 500 + "\U0001f4a3",
    "nul \x00 bell \x07 escape \x1b[31mred",
    "{{constructor.constructor('window.hacked=4')()}} ${window.hacked=5}",
]


def xtext(value):
    return "".join(f"+{byte:02X}" if byte < 0x21 or byte > 0x7e or byte in b"+=" else chr(byte)
                   for byte in value.encode() if byte >= 0x20 and byte != 0x7f)


def test_hostile_subjects_and_names_are_only_text(shared):
    ids = []
    for number, subject in enumerate(HOSTILE):
        header = f"Subject: {subject}\r\nFrom: {subject[:60]} <x@evil.example>\r\nMessage-ID: <{number}{subject[:40]}@evil.example>\r\n"
        body = header.encode() + b"\r\n" + daemon.eicar() + b"\r\n"
        before = {row["id"] for row in shared.held()}
        with shared.client() as client:
            client.hello()
            assert client.command(f"XFORWARD NAME={xtext(subject[:60])} HELO={xtext('<i>helo</i>')} ADDR=192.0.2.66").code == 250
            answer = client.deliver(body, sender=f'"<script>{number}"@evil.example', recipients=(f'"<b>{number}</b>"@lab.test',))
            assert answer.code == 250, answer
        ids.append(next(row["id"] for row in shared.held() if row["id"] not in before))
    seen = browse(shared, "hostile", "anna", ids=ids)["seen"]
    text = "\n".join(seen)
    assert "<script>window.hacked = 1; alert(1)</script>" in text
    assert "<b>0</b>" in text and "<i>helo</i>" in text
    assert "<img src=x onerror='window.hacked = 2'>" in text
    assert "\\x1b[31mred" in text, "a subject with control characters shows what they are"
    assert "\\xe2\\x80\\xae" in text or "\\u202e" in text  # the mark that would turn the name round, shown


def test_a_session_that_has_expired_asks_for_the_password_again(closing):
    rastel = pages.page_rastel(closing, http_options={"session_idle": "3s"})
    browse(rastel, "expiry", "vera", wait=5000)


def test_logout(shared):
    assert browse(shared, "logout", "rolf")["status"] == 401
