# SPDX-License-Identifier: GPL-2.0-only
"""/metrics, scraped as Prometheus does and read by its own parser: the numbers are there, and move with real messages."""
import base64
import http.client
import os
import signal
import threading
import time
import urllib.request

import daemon
import peers
from prometheus_client.parser import text_string_to_metric_families


def scrape(rastel):
    with urllib.request.urlopen(f"http://127.0.0.1:{rastel.http}/metrics", timeout=20) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        text = answer.read().decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    samples = {(sample.name, frozenset(sample.labels.items())): sample.value
               for family in families.values() for sample in family.samples}
    return families, samples


def value(samples, name, **labels):
    return samples.get((name, frozenset(labels.items())))


def test_metrics_move_with_real_messages(start):
    rastel = start({"name": "in"}, sections={"policy": {"infected": "quarantine"}})
    families, before = scrape(rastel)
    for name, kind in (("rastel_messages", "counter"), ("rastel_scan_seconds", "histogram"), ("rastel_workers", "gauge"),
                       ("rastel_signatures_count", "gauge"), ("rastel_worker_crashes", "counter"),
                       ("rastel_engine_restarts", "counter"), ("rastel_build_info", "gauge")):
        assert families[name].type == kind, name
        assert families[name].documentation
    assert value(before, "rastel_up") == 1
    assert value(before, "rastel_messages_total", door="in", **{"class": "clean"}, disposition="pass") is None
    assert value(before, "rastel_quarantine_messages") == 0
    assert value(before, "rastel_signatures_count") > 0
    assert value(before, "rastel_sessions", door="in") == 0

    with rastel.client() as client:
        assert client.deliver(peers.mail("one")).code == 250
        assert client.deliver(peers.mail("two")).code == 250
        assert client.deliver(daemon.infected()).code == 250
        _, during = scrape(rastel)
        assert value(during, "rastel_sessions", door="in") == 1
    _, after = scrape(rastel)
    assert value(after, "rastel_messages_total", door="in", **{"class": "clean"}, disposition="pass") == 2
    assert value(after, "rastel_messages_total", door="in", **{"class": "infected"}, disposition="quarantine") == 1
    assert value(after, "rastel_scan_seconds_count") == value(before, "rastel_scan_seconds_count") + 3
    assert value(after, "rastel_scan_seconds_bucket", le="+Inf") == value(after, "rastel_scan_seconds_count")
    assert value(after, "rastel_scan_seconds_sum") > 0
    assert value(after, "rastel_scans_total") >= value(before, "rastel_scans_total") + 3
    assert value(after, "rastel_quarantine_messages") == 1
    assert value(after, "rastel_quarantine_bytes") > 0


def test_metrics_tell_what_was_known(start):
    """The cache's hit rate: of whole messages, and of the layers of the others."""
    rastel = start()
    attached = peers.mail("with a part", b"--b\r\n\r\nfirst text\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                          + base64.encodebytes(b"an attachment " * 40).replace(b"\n", b"\r\n") + b"--b--\r\n",
                          b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n")
    other = attached.replace(b"first text", b"other text")

    def figures():
        _, samples = scrape(rastel)
        return [value(samples, f"rastel_cache_{name}") for name in ("messages_known_total", "layers_total", "layers_known_total", "entries")]

    def deliver(content):
        with rastel.client() as client:
            assert client.deliver(content).code == 250

    start_figures = figures()
    deliver(attached)
    first = figures()
    assert first[0] == start_figures[0] and first[1] > start_figures[1] and first[2] == start_figures[2] and first[3] > start_figures[3]
    deliver(attached)
    again = figures()
    assert again[0] == first[0] + 1 and again[1:3] == first[1:3]
    deliver(other)
    under_another_text = figures()
    assert under_another_text[0] == again[0] and under_another_text[2] > again[2]


def test_metrics_tell_of_refused_signatures(start):
    rastel = start(sections={"signatures": {"settle": "500ms"}})
    assert value(scrape(rastel)[1], "rastel_signatures_refused") == 0
    (rastel.signatures / "broken.ndb").write_text("this is no signature\n")
    end = time.monotonic() + 60
    while value(scrape(rastel)[1], "rastel_signatures_refused") != 1:
        assert time.monotonic() < end
        time.sleep(0.2)
    status = rastel.status()
    assert status["signatures"]["state"] == "refused" and "broken.ndb" in status["warning"]


def test_metrics_tell_what_each_kind_of_process_takes(start):
    rastel = start()
    end = time.monotonic() + 60
    while True:
        _, samples = scrape(rastel)
        if value(samples, "rastel_processes", process="worker") == 3:  # two, and a spare
            break
        assert time.monotonic() < end, samples
        time.sleep(0.5)
    for process in ("master", "daemon", "zygote", "worker"):
        uss, pss, rss = (value(samples, f"rastel_memory_{what}_bytes", process=process) for what in ("uss", "pss", "rss"))
        assert 0 < uss <= pss <= rss, (process, uss, pss, rss)
    # That the signatures are shared is what the figures are for.
    assert value(samples, "rastel_memory_pss_bytes", process="worker") < value(samples, "rastel_memory_rss_bytes", process="worker")


def test_metrics_count_a_worker_that_died_in_a_scan(start):
    rastel = start()
    _, before = scrape(rastel)
    replies = []
    with rastel.client() as client:
        sender = threading.Thread(target=lambda: replies.append(client.deliver(daemon.slow("cut off")).code))
        sender.start()
        end = time.monotonic() + 60
        while value(scrape(rastel)[1], "rastel_workers", state="busy") == 0:
            assert time.monotonic() < end
        for pid in rastel.workers():
            os.kill(pid, signal.SIGKILL)
        sender.join(60)
    assert replies == [451]
    _, after = scrape(rastel)
    assert value(after, "rastel_worker_crashes_total") == value(before, "rastel_worker_crashes_total") + 1
    assert value(after, "rastel_messages_total", door="door0", **{"class": "unscanned"}, disposition="defer") == 1


def test_only_get_and_head_and_known_paths(start):
    rastel = start()
    connection = http.client.HTTPConnection("127.0.0.1", rastel.http, timeout=20)
    for method, path, status in (("HEAD", "/metrics", 200), ("POST", "/metrics", 405), ("GET", "/", 404), ("GET", "/health", 200),
                                 ("GET", "/metrics/", 404)):
        connection.request(method, path)
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == status, (method, path)
        assert (body == b"") == (method == "HEAD")
