# SPDX-License-Identifier: GPL-2.0-only
"""What the tests of the page share: a rasteld with one, people who may use it, and requests as a browser makes them."""
import http.client
import json
import os
import subprocess
import time

import daemon
import peers

PASSWORDS = {"vera": "a long password of vera", "rolf": "a long password of rolf", "anna": "a long password of anna"}
ROLES = {"vera": "view", "rolf": "release", "anna": "admin"}
TOKEN = "X-Rastel-Token"


def page_rastel(closing, hop=None, http_options=None, sections=None):
    """A rasteld that holds what is infected, with a page; `hop`: where mail and releases go."""
    hop = hop or closing(peers.NextHop())
    sections = {"policy": {"infected": "quarantine"}, **(sections or {})}
    rastel = daemon.Rastel({"name": "in", "next_hop": hop.address}, sections={
        **sections, "store": {"release": hop.address},
        "http": {"users": "", "user": "www-data" if os.geteuid() == 0 else "rastel-page", **(http_options or {})}})
    closing(rastel)
    users = rastel.folder / "users"
    for name, password in PASSWORDS.items():
        add_user(users, name, ROLES[name], password)
    rastel.sections["http"]["users"] = str(users)
    rastel.write_configuration()
    rastel.users, rastel.hop = users, hop
    rastel.start()
    Browser(rastel).wait()
    return rastel


def add_user(file, name, role, password):
    done = subprocess.run([str(daemon.BINARIES / "rastel"), "user", "add", name, "--role", role, "--file", str(file)],
                          input=password + "\n", capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def hold(rastel, subject="look at this", extra=b"", **envelope):
    """Sends an infected message through the door; its id."""
    before = {row["id"] for row in rastel.held()}
    with rastel.client() as client:
        assert client.deliver(daemon.infected(subject, extra), **envelope).code == 250
    return next(row["id"] for row in rastel.held() if row["id"] not in before)


class Browser:
    """Cookie, token, Host and Origin as a browser would send them."""

    def __init__(self, rastel, host=None):
        self.rastel, self.address = rastel, f"127.0.0.1:{rastel.http}"
        self.host = host or self.address
        self.cookie, self.token = "", ""

    def request(self, method, path, body=None, headers=None, raw=False):
        sent = {"Host": self.host}
        if self.cookie:
            sent["Cookie"] = self.cookie
        if method == "POST":
            sent |= {"Origin": f"http://{self.host}", "Content-Type": "application/json", TOKEN: self.token}
        sent |= headers or {}
        connection = http.client.HTTPConnection("127.0.0.1", self.rastel.http, timeout=60)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            data = json.dumps(body).encode() if isinstance(body, (dict, list)) else body or b""
            for name, value in sent.items():
                if value is not None:
                    connection.putheader(name, value)
            if method == "POST":
                connection.putheader("Content-Length", str(len(data)))
            connection.endheaders(data)
            answer = connection.getresponse()
            content = answer.read()
            self.headers = answer.headers
            return answer.status, content if raw else json.loads(content or b"null")
        finally:
            connection.close()

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, body, **options):
        return self.request("POST", path, body, **options)

    def log_in(self, name, password=None):
        status, answer = self.post("/api/login", {"name": name, "password": password or PASSWORDS[name]})
        assert status == 200, answer
        self.cookie, self.token = self.headers["Set-Cookie"].split(";")[0], answer["token"]
        return self

    def wait(self):
        end = time.monotonic() + 60
        while True:
            try:
                if self.get("/health")[0] == 200:
                    return
            except OSError:
                pass
            assert time.monotonic() < end, self.rastel.log()[-3000:]
            time.sleep(0.1)
