# SPDX-License-Identifier: GPL-2.0-only
"""The page without a browser: who may what, what is refused, and what a client does that is none."""
import json
import os
import pathlib
import re
import signal
import socket
import sqlite3
import time

import daemon
import pages
import peers
import pytest

ID = "0123456789abcdef"


@pytest.fixture(scope="module")
def shared():
    things = []
    rastel = pages.page_rastel(lambda thing: things.append(thing) or thing)
    yield rastel
    for thing in reversed(things):
        (thing.close if hasattr(thing, "close") else thing.stop)()


@pytest.fixture
def browser(shared):
    return pages.Browser(shared)


def exchange(rastel, data, seconds=60):
    """Bytes to the page as they are, and all that comes back until it closes."""
    with socket.create_connection(("127.0.0.1", rastel.http), timeout=seconds) as connection:
        connection.sendall(data)
        answer = b""
        try:
            while more := connection.recv(65536):
                answer += more
        except ConnectionResetError:
            pass
        return answer


def test_every_answer_carries_the_headers_that_protect_it(browser):
    for path in ("/", "/health", "/api/held", "/nothing", "/assets/page.js"):
        browser.get(path, raw=True)
        headers = browser.headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert "script-src 'self'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        assert "Access-Control-Allow-Origin" not in headers
    _, text = browser.get("/", raw=True)
    assert not re.search(rb"<script(?![^>]*\bsrc=)", text), "a script in the page itself"
    assert not re.search(rb"\son\w+=|<style|\sstyle=", text)


def test_health_and_metrics_need_no_login_and_no_known_host(browser):
    for headers in ({}, {"Host": "anything.example"}):
        status, answer = browser.get("/health", headers=headers)
        assert status == 200 and answer["status"] == "ok"
        status, text = browser.get("/metrics", headers=headers, raw=True)
        assert status == 200 and b"\nrastel_up 1\n" in text


@pytest.mark.parametrize("path", ["/api/session", "/api/status", "/api/history", "/api/held", f"/api/held/{ID}", f"/api/held/{ID}/raw"])
def test_nothing_is_told_without_a_login(browser, path):
    assert browser.get(path)[0] == 401
    browser.cookie = "rastel_session=" + "0" * 64
    assert browser.get(path)[0] == 401


def test_a_wrong_password_and_an_unknown_name_look_the_same(browser):
    wrong = browser.post("/api/login", {"name": "vera", "password": "not this one"})
    unknown = browser.post("/api/login", {"name": "nobody-of-that-name", "password": "not this one"})
    assert wrong == unknown == (401, {"error": "name or password is wrong"})
    assert browser.headers["Set-Cookie"] is None


@pytest.mark.parametrize("name, release, raw, delete", [("vera", 403, 403, 403), ("rolf", 404, 404, 403), ("anna", 404, 404, 404)])
def test_roles(browser, name, release, raw, delete):
    browser.log_in(name)
    assert browser.get("/api/held")[0] == 200
    assert browser.get("/api/history")[0] == 200
    assert browser.get("/api/status")[1]["state"] == "scanning"
    assert browser.post(f"/api/held/{ID}/release", {"confirm": ID})[0] == release
    assert browser.get(f"/api/held/{ID}/raw")[0] == raw
    assert browser.post(f"/api/held/{ID}/delete", {"confirm": ID})[0] == delete


FORGED = {
    "no token": {pages.TOKEN: None},
    "empty token": {pages.TOKEN: ""},
    "another token": {pages.TOKEN: "0" * 64},
    "no origin": {"Origin": None},
    "another origin": {"Origin": "https://evil.example"},
    "a null origin": {"Origin": "null"},
    "https": {"Origin": "https://127.0.0.1"},
    "another host": {"Host": "evil.example", "Origin": "http://evil.example"},
    "a host that begins like ours": {"Host": "127.0.0.1.evil.example", "Origin": "http://127.0.0.1.evil.example"},
    "another site": {"Sec-Fetch-Site": "cross-site"},
    "another site of the same domain": {"Sec-Fetch-Site": "same-site"},
    "a form": {"Content-Type": "application/x-www-form-urlencoded"},
    "text": {"Content-Type": "text/plain"},
    "no content type": {"Content-Type": None},
}


@pytest.mark.parametrize("how", FORGED)
def test_what_another_site_could_send_releases_nothing(shared, browser, how):
    message = pages.hold(shared, subject=how)
    browser.log_in("anna")
    before = len(shared.hop.messages)
    for verb in ("release", "delete"):
        status, _ = browser.post(f"/api/held/{message}/{verb}", {"confirm": message}, headers=FORGED[how])
        assert status in (400, 403, 421), status
    assert len(shared.hop.messages) == before
    assert [to["state"] for row in shared.held() if row["id"] == message for to in row["to"]] == ["held"]
    # The same without the forgery: it was refused for nothing else.
    assert browser.post(f"/api/held/{message}/release", {"confirm": message})[0] == 200
    assert len(shared.hop.messages) == before + 1


@pytest.mark.parametrize("body", [{}, {"confirm": True}, {"confirm": "0" * 16}, {"confirm": None}, b"", b"[]", b"{", b"\xff",
                                  b'{"a":' * 50 + b"1" + b"}" * 50])
def test_without_a_confirmation_nothing_is_released(shared, browser, body):
    message = pages.hold(shared)
    browser.log_in("rolf")
    assert browser.post(f"/api/held/{message}/release", body)[0] == 400
    assert any(row["id"] == message for row in shared.held())


def test_a_get_changes_nothing(shared, browser):
    message = pages.hold(shared)
    browser.log_in("anna")
    for verb in ("release", "delete"):
        for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"):
            assert browser.request(method, f"/api/held/{message}/{verb}", raw=True)[0] == 405
    assert any(row["id"] == message for row in shared.held())


def test_release_and_deletion_name_who_did_it(shared, browser):
    first, second = pages.hold(shared), pages.hold(shared)
    browser.log_in("anna")
    assert browser.post(f"/api/held/{first}/release", {"confirm": first})[1]["released"] == ["alice@lab.test"]
    assert browser.post(f"/api/held/{second}/delete", {"confirm": second})[0] == 200
    for message, action in ((first, "release"), (second, "delete")):
        row = next(row for row in shared.history(message) if row["door"] == "page")
        assert (row["action"], row["auth"], row["to"]) == (action, "anna", "alice@lab.test")
        assert any(f"action={action}" in line and "by=anna" in line for line in shared.lines(message))
    assert "anna (admin) logged in" in shared.log()
    assert browser.get(f"/api/held/{second}/raw")[0] == 404


def test_some_recipients_can_be_released_alone(shared, browser):
    message = pages.hold(shared, recipients=("alice@lab.test", "bob@lab.test"))
    browser.log_in("rolf")
    for wrong in ([], "bob@lab.test", [1], [""]):
        assert browser.post(f"/api/held/{message}/release", {"confirm": message, "to": wrong})[0] == 400
    status, answer = browser.post(f"/api/held/{message}/release", {"confirm": message, "to": ["bob@lab.test"]})
    assert status == 200 and answer["released"] == ["bob@lab.test"]
    states = {to["address"]: to["state"] for to in browser.get(f"/api/held/{message}")[1]["to"]}
    assert states == {"alice@lab.test": "held", "bob@lab.test": "released"}


def test_raw_is_an_attachment_and_the_bytes_as_they_came(shared, browser):
    message = pages.hold(shared, extra=b"X-Filler: " + b"x" * 60 + b"\r\n" + b"X-More: <script>alert(1)</script>\r\n")
    browser.log_in("rolf")
    status, content = browser.get(f"/api/held/{message}/raw", raw=True)
    assert status == 200 and content == shared.raw(message)
    headers = browser.headers
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"] == f'attachment; filename="{message}.eml"'
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]


def test_logout_and_a_session_of_another(browser, shared):
    browser.log_in("rolf")
    other = pages.Browser(shared).log_in("rolf")
    assert browser.cookie != other.cookie and browser.token != other.token
    assert browser.post("/api/logout", {}, headers={pages.TOKEN: other.token})[0] == 403
    assert browser.post("/api/logout", {})[0] == 200
    assert "Max-Age=0" in browser.headers["Set-Cookie"]
    assert browser.get("/api/session")[0] == 401
    assert other.get("/api/session")[0] == 200


@pytest.mark.parametrize("path", ["/api/history?limit=x", "/api/history?limit=-1", "/api/history?nothing=1", "/api/history?text=a&text=b",
                                  "/api/history?text=%", "/api/history?text=%0", "/api/history?text=%00", "/api/held?since=1e9",
                                  "/../etc/passwd", "/%2e%2e/x", "//evil.example", "/api/held/%00", "/api/held?" + "&".join(f"a{n}=1" for n in range(40)),
                                  "/" + "a" * 4000])
def test_wrong_addresses_are_refused(browser, path):
    browser.log_in("vera")
    assert browser.get(path)[0] == 400


@pytest.mark.parametrize("path", ["/api/held/../status", "/api/held/xyz", f"/api/held/{ID}/", f"/api/held/{ID}0", "/assets/", "/index", "/api"])
def test_what_is_not_there(browser, path):
    browser.log_in("vera")
    assert browser.get(path)[0] in (400, 404)


@pytest.mark.parametrize("request_bytes, status", [
    (b"\r\n\r\n\r\n", 400), (b"GET\r\n\r\n", 400), (b"GET / HTTP/9.9\r\n\r\n", 400), (b"\x16\x03\x01\x02\x00\x01\x00\x01", 400),
    (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\n\r\n", 421),
    (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: a=b\r\nCookie: c=d\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"x" * 20000 + b"\r\n\r\n", 431),
    (b"POST /api/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n\r\n", 413),
    (b"POST /api/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", 400),
    (b"POST /api/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n", 400),
    (b"POST /api/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (b"POST /api/login HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", 413),
    (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nBad Header: x\r\n\r\n", 400),
    (b"GET /a\x00b HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: b\rc\r\n\r\n", 400),
])
def test_malformed_requests_are_refused_and_the_connection_closed(shared, request_bytes, status):
    # The end of sending lets what is merely incomplete end at once.
    with socket.create_connection(("127.0.0.1", shared.http), timeout=60) as connection:
        connection.sendall(request_bytes)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        try:
            while more := connection.recv(65536):
                answer += more
        except ConnectionResetError:
            pass
    # What we did not read resets the connection, and may overtake the answer.
    assert len(request_bytes) > 8192 and answer == b"" or int(answer.split(b" ", 2)[1]) == status, answer[:200]
    assert pages.Browser(shared).get("/health")[0] == 200


def test_header_injection_by_what_is_echoed(shared, browser):
    browser.log_in("rolf")
    for path in (f"/api/held/{ID}%0d%0aX-Evil:%201/raw", "/api/history?text=%0d%0aSet-Cookie:%20a=b"):
        browser.get(path)
        assert browser.headers["X-Evil"] is None and browser.headers["Set-Cookie"] is None
    status, answer = browser.post("/api/login", {"name": "a\r\nX-Evil: 1", "password": "x"})
    assert status == 401 and browser.headers["X-Evil"] is None
    assert "\nX-Evil" not in shared.log()


def test_who_drips_is_cut_off_and_holds_nobody_up(shared):
    slow = [socket.create_connection(("127.0.0.1", shared.http), timeout=60) for _ in range(40)]
    begun = time.monotonic()
    try:
        for connection in slow:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: 127")
        assert pages.Browser(shared).get("/health")[0] == 200
        while time.monotonic() - begun < 50:
            time.sleep(1)
            try:
                slow[0].sendall(b".")
            except OSError:
                break
        else:
            raise AssertionError("a request that never ends was not cut off")
        for connection in slow[1:]:
            assert connection.recv(100) == b""
    finally:
        for connection in slow:
            connection.close()


def test_more_connections_than_the_most_are_closed_and_room_comes_back(shared):
    many = []
    try:
        for _ in range(160):
            many.append(socket.create_connection(("127.0.0.1", shared.http), timeout=60))
        many[-1].settimeout(10)
        assert many[-1].recv(1) == b""
    finally:
        for connection in many:
            connection.close()
    end = time.monotonic() + 30
    while True:
        try:
            assert pages.Browser(shared).get("/health")[0] == 200
            break
        except (OSError, AssertionError):
            assert time.monotonic() < end
            time.sleep(0.2)


def test_guessing_is_slowed_down(closing):
    rastel = pages.page_rastel(closing)
    browser = pages.Browser(rastel)
    for number in range(10):
        assert browser.post("/api/login", {"name": f"guess{number}", "password": "wrong"})[0] == 401
    status, _ = browser.post("/api/login", {"name": "anna", "password": pages.PASSWORDS["anna"]})
    assert status == 429 and int(browser.headers["Retry-After"]) > 0
    assert "too many wrong passwords" in rastel.log()
    assert browser.get("/health")[0] == 200


def test_sessions_end_after_idleness_and_after_their_longest_time(closing):
    rastel = pages.page_rastel(closing, http_options={"session_idle": "3s", "session_longest": "8s"})
    browser = pages.Browser(rastel).log_in("vera")
    begun = time.monotonic()
    while browser.get("/api/session")[0] == 200:  # in use, so it isn't idleness that ends it
        assert time.monotonic() - begun < 30
        time.sleep(0.5)
    assert time.monotonic() - begun >= 7
    browser.log_in("vera")
    time.sleep(4)
    assert browser.get("/api/session")[0] == 401


def test_behind_a_proxy_with_tls(closing):
    rastel = pages.page_rastel(closing, http_options={"tls": "proxy", "hosts": ["mail.example.com"]})
    browser = pages.Browser(rastel, host="mail.example.com")
    secure = {"Origin": "https://mail.example.com", "X-Forwarded-For": "203.0.113.9, 192.0.2.7"}
    assert browser.post("/api/login", {"name": "vera", "password": pages.PASSWORDS["vera"]})[0] == 403  # http://
    status, answer = browser.post("/api/login", {"name": "vera", "password": pages.PASSWORDS["vera"]}, headers=secure)
    assert status == 200
    cookie = browser.headers["Set-Cookie"]
    assert cookie.startswith("__Host-rastel_session=") and "; Secure" in cookie and "HttpOnly" in cookie and "SameSite=Strict" in cookie
    assert "from 192.0.2.7" in rastel.log()
    browser.cookie, browser.token = cookie.split(";")[0], answer["token"]
    assert browser.get("/api/session")[0] == 200
    assert browser.get("/api/session", headers={"Host": f"127.0.0.1:{rastel.http}"})[0] == 421


def test_a_page_comes_and_goes_with_a_reload(closing):
    """Users make a page of what answered programs alone, and without them it is that again."""
    hop = closing(peers.NextHop())
    rastel = closing(daemon.Rastel({"name": "in", "next_hop": hop.address}, sections={
        "policy": {"infected": "quarantine"}, "store": {"release": hop.address},
        "http": {"user": "www-data" if os.geteuid() == 0 else "rastel-page"}}))
    rastel.start()
    alone = pages.Browser(rastel)
    assert alone.get("/health")[0] == 200 and alone.get("/", raw=True)[0] == 404
    message = pages.hold(rastel)
    users = rastel.folder / "users"
    pages.add_user(users, "rolf", "release", pages.PASSWORDS["rolf"])
    for _ in range(2):
        rastel.sections["http"]["users"] = str(users)
        rastel.write_configuration()
        rastel.cli("reload")
        browser = pages.Browser(rastel)
        browser.wait()
        assert browser.get("/", raw=True)[0] == 200
        browser.log_in("rolf")
        assert message in [row["id"] for row in browser.get("/api/held")[1]["rows"]]
        for _ in range(20):  # nobody else answers at that address now
            assert pages.Browser(rastel).get("/api/session")[0] == 401
        rastel.sections["http"]["users"] = ""
        rastel.write_configuration()
        rastel.cli("reload")
        alone.wait()
        for _ in range(20):
            assert alone.get("/health")[0] == 200 and alone.get("/", raw=True)[0] == 404
    rastel.http = peers.free_port()
    rastel.sections["http"]["listen"] = f"127.0.0.1:{rastel.http}"
    rastel.write_configuration()
    rastel.cli("reload")
    assert pages.Browser(rastel).get("/health")[0] == 200, "at the new address"


def test_more_rows_than_an_answer_holds_are_cut_and_said(closing):
    rastel = pages.page_rastel(closing)
    with rastel.client() as client:
        assert client.deliver(peers.mail("the newest")).code == 250
    rastel.history(count=1)
    with sqlite3.connect(rastel.folder / "store" / "history.sqlite", timeout=30) as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(message)") if row[1] != "number"]
        chosen = ", ".join("at - 1000" if name == "at" else "zeroblob(65000)" if name == "recipients" else name for name in columns)
        for _ in range(180):
            database.execute(f"INSERT INTO message ({', '.join(columns)}) SELECT {chosen} FROM message ORDER BY at DESC LIMIT 1")
    browser = pages.Browser(rastel).log_in("vera")
    status, answer = browser.get("/api/history?limit=200")
    assert status == 200 and answer["all"] is False and 10 < len(answer["rows"]) < 181
    assert answer["rows"][0]["to"] == "alice@lab.test"
    status, answer = browser.get("/api/history?limit=5")
    assert status == 200 and answer["all"] is True and len(answer["rows"]) == 5


def test_head_of_raw_tells_its_length(shared, browser):
    message = pages.hold(shared, "head of raw")
    browser.log_in("rolf")
    status, content = browser.request("HEAD", f"/api/held/{message}/raw", raw=True)
    assert status == 200 and content == b"" and int(browser.headers["Content-Length"]) == len(shared.raw(message))
    assert browser.headers["Content-Disposition"].startswith("attachment")
    assert browser.request("HEAD", f"/api/held/{ID}/raw", raw=True)[0] == 404


def test_users_change_with_a_reload_and_a_broken_file_changes_nothing(closing):
    rastel = pages.page_rastel(closing)
    browser = pages.Browser(rastel).log_in("vera")
    good = rastel.users.read_text()
    rastel.users.write_text(good + "mallory root $scrypt$\n")
    answer = rastel.cli("reload", check=False)
    assert answer.returncode != 0 and f"{rastel.users}:4: \"root\" is no role" in answer.stderr
    assert browser.get("/api/session")[0] == 200
    rastel.users.write_text("".join(line + "\n" for line in good.splitlines() if not line.startswith("vera ")))
    rastel.cli("reload")
    end = time.monotonic() + 30
    while True:  # the page comes back without vera
        try:
            if browser.get("/api/session")[0] == 401:
                break
        except OSError:
            pass
        assert time.monotonic() < end
        time.sleep(0.1)
    assert browser.post("/api/login", {"name": "vera", "password": pages.PASSWORDS["vera"]})[0] == 401
    browser.log_in("anna")


def test_the_page_dies_and_comes_back_and_mail_flows_meanwhile(closing):
    rastel = pages.page_rastel(closing)
    page = next(pid for pid in daemon.children(rastel.process.pid) if daemon.program(pid) == "rastel-page")
    os.kill(page, signal.SIGKILL)
    with rastel.client() as client:
        assert client.deliver(peers.mail("meanwhile")).code == 250
    pages.Browser(rastel).wait()
    again = next(pid for pid in daemon.children(rastel.process.pid) if daemon.program(pid) == "rastel-page")
    assert again != page


def test_the_page_has_given_up_what_it_does_not_need(shared):
    page = next(pid for pid in daemon.children(shared.process.pid) if daemon.program(pid) == "rastel-page")
    status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{page}/status").read_text().splitlines() if ":\t" in line)
    assert status["NoNewPrivs"] == "1"
    assert int(status["CapEff"], 16) == 0
    assert status["Seccomp"] == "2"
    if os.geteuid() == 0:
        assert status["Uid"].split()[0] != "0"
        daemons = pathlib.Path(f"/proc/{shared.daemon()}/status").read_text()
        assert f"Uid:\t{status['Uid']}" not in daemons
    assert "not to be had" not in shared.log()


def test_the_daemon_answers_the_page_nothing_about_the_running_of_things(shared):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(30)
        connection.connect(str(shared.folder / "run/page.sock"))
        lines = connection.makefile("rw")
        for request in ({"verb": "reload"}, {"verb": "drain"}, {"verb": "quarantine purge"}, {"verb": "quarantine release", "id": ID},
                        {"verb": "quarantine delete", "id": ID}):
            lines.write(json.dumps(request) + "\n")
            lines.flush()
            assert "must not ask" in json.loads(lines.readline())["error"]
        lines.write(json.dumps({"verb": "status"}) + "\n")
        lines.flush()
        assert json.loads(lines.readline())["state"] == "scanning"


def test_the_users_file_must_not_be_open_to_others(closing):
    rastel = pages.page_rastel(closing)
    rastel.stop()
    rastel.users.chmod(0o666)
    rastel.start(ready=False)
    assert rastel.process.wait(30) != 0
    assert "must be a file that only its owner can write" in rastel.log()
