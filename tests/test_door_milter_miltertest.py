# SPDX-License-Identifier: GPL-2.0-only
"""The milter door, asked by OpenDKIM's miltertest, which knows the protocol from libmilter: scripts in tests/milter/, one or more for
each of the milter's rules in docs/PROTOCOLS.md. What miltertest can't say or see is in the tests that stand beside them."""
import base64
import pathlib
import re
import subprocess
import threading

import pytest

import daemon
import peers
from test_door_milter import RULES

TESTS = pathlib.Path(__file__).parent
FOLDER = TESTS / "milter"
PAGE = TESTS.parent / "docs/PROTOCOLS.md"
WIRE, DOOR, TROUBLE = "test_door_milter_wire.py", "test_door_milter.py", "test_door_milter_trouble.py"
LAB, MATRIX = "test_lab_milter.py", "test_lab_matrix.py"
# rule: in words, scripts, tests
SHOWN = {
    "B-01": ("a machine of our own, not libmilter's", ["doors_of_one_process"], []),
    "B-02": ("nothing beyond the offer", ["asks_within_the_offer"],
             [f"{WIRE}::test_the_answer_to_the_offer", f"{WIRE}::test_too_old_a_version_is_closed",
              f"{DOOR}::test_a_mail_server_that_allows_less"]),
    "B-03": ("the protocol's numbers, each for itself", ["flags_one_by_one"], []),
    "B-04": ("silent steps stay silent", ["silent_steps"], [f"{WIRE}::test_nothing_is_said_before_the_end"]),
    "B-05": ("macros are asked for by stage", ["macros_that_nobody_asked_for"], [f"{WIRE}::test_macros_are_asked_for_by_stage"]),
    "B-06": ("macros are kept by stage", ["macros_by_stage"], [f"{DOOR}::test_who_is_logged_in_is_known"]),
    "B-07": ("many messages and clients a connection", ["many_messages"],
             [f"{DOOR}::test_many_messages_and_clients_over_one_connection", f"{TROUBLE}::test_a_mail_server_may_leave_at_any_point",
              f"{LAB}::test_what_was_reset_is_forgotten", f"{LAB}::test_a_client_that_vanishes_leaves_nothing",
              f"{LAB}::test_each_of_two_messages_of_a_session_has_its_own_answer"]),
    "B-08": ("the end's own data is body", [], [f"{DOOR}::test_a_body_within_the_end"]),
    "B-09": ("the message as it was", ["message_made_again"],
             [f"{DOOR}::test_however_it_is_shown_the_message_is_the_same", f"{WIRE}::test_octet_by_octet",
              f"{WIRE}::test_a_chunk_is_as_large_as_was_negotiated_and_no_larger", f"{LAB}::test_fifty_megabytes_pass_as_they_are"]),
    "B-10": ("replies that both mail servers take", ["replies"], [f"{WIRE}::test_a_reply_is_one_line_and_no_format"]),
    "B-11": ("changes at the end, in order", ["changes_at_the_end"], [f"{WIRE}::test_all_changes_of_one_message_are_in_order"]),
    "B-12": ("a new body", ["new_body"], [f"{WIRE}::test_a_large_new_body_comes_in_chunks",
                                          f"{LAB}::test_parts_are_stripped_and_the_whole_is_held"]),
    "B-13": ("fields of the header", ["header_fields"],
             [f"{WIRE}::test_a_field_that_is_too_long_is_folded", f"{LAB}::test_forged_headers_are_gone_and_ours_is_above",
              f"{LAB}::test_a_tag_changes_the_subject_and_nothing_else"]),
    "B-14": ("recipients, in brackets", ["recipients"], [f"{LAB}::test_recipients_have_an_outcome_each"]),
    "B-15": ("the mail server's quarantine", ["held_is_dropped"], []),
    "B-20": ("\"still at work\" behind the end alone", ["still_at_work"], [f"{WIRE}::test_nothing_is_said_before_the_end"]),
    "B-21": ("Sendmail's patience", ["still_at_work"], [f"{DOOR}::test_progress_is_said_while_it_is_scanned",
                                                        f"{WIRE}::test_the_deadline_is_within_sendmails_patience"]),
    "B-22": ("a deadline of our own", ["late"], [f"{DOOR}::test_the_deadline_is_a_deferral_and_the_retry_is_answered"]),
    "B-23": ("no step waits for a scan", ["steps_never_wait"], []),
    "B-30": ("what the mail servers do without us", [],
             [f"{MATRIX}::test_what_becomes_of_it", f"{LAB}::test_a_scanner_that_dies_in_the_middle_loses_nothing",
              f"{MATRIX}::test_the_lines_of_a_page_are_those_that_were_measured",
              f"{WIRE}::test_the_lines_for_sendmail_and_postfix_defer_without_us"]),
    "B-31": ("trouble of ours is a 451", ["late"],
             [f"{TROUBLE}::test_a_scanner_that_dies_defers_and_the_door_lives", f"{TROUBLE}::test_a_full_quarantine_defers",
              f"{TROUBLE}::test_nonsense_ends_the_connection_and_nothing_else"]),
    "B-32": ("mail of sendmail(1)", ["after_the_queue"], [f"{DOOR}::test_after_the_queue_nothing_is_refused",
                                                         f"{MATRIX}::test_what_becomes_of_it"]),
    "B-33": ("recipients that were refused", ["refused_recipients"], [f"{DOOR}::test_some_get_it_and_some_do_not"]),
    "B-34": ("sockets", ["sockets"], [f"{WIRE}::test_sockets_have_their_mode_and_group_and_a_stale_one_goes", f"{WIRE}::test_by_ipv6",
                                  f"{WIRE}::test_systemd_may_listen_for_it"]),
    "B-35": ("who the client is", ["clients"], [f"{WIRE}::test_clients_of_every_family"]),
    "B-36": ("limits", ["limits"], [f"{TROUBLE}::test_nonsense_ends_the_connection_and_nothing_else",
                                    f"{TROUBLE}::test_a_header_beyond_all_bounds_is_refused",
                                    f"{WIRE}::test_what_is_too_long_is_not_waited_for",
                                    f"{DOOR}::test_a_message_that_is_too_large_is_refused"]),
}
STOPPED = {"late", "steps_never_wait"}  # while no worker goes on
WORKING = {"still_at_work"}             # until the first "still at work"
SCRIPTS = sorted({script for _, scripts, _ in SHOWN.values() for script in scripts})
PACKET = re.compile(r"mt_milter_(write|read)\((\d+)\): cmd (.), len \d+")
# What may follow what, behind the end of a message.
ORDER = {"p": 0, "m": 1, "h": 2, "i": 2, "-": 3, "+": 3, "2": 3, "e": 4, "b": 5, "q": 6}


def test_each_rule_is_shown_and_each_script_shows_one():
    rules = re.findall(r"^\| \*\*(B-\d+)\*\* \|", PAGE.read_text(), re.M)
    assert list(SHOWN) == rules
    assert SCRIPTS == sorted(path.stem for path in FOLDER.glob("*.lua") if path.stem != "talk")
    for rule, (_, scripts, tests) in SHOWN.items():
        assert scripts or tests, rule
        for script in scripts:
            assert rule in (FOLDER / f"{script}.lua").read_text().split("dofile")[0], f"{script}.lua doesn't say {rule}"
        for file, _, name in (test.partition("::") for test in tests):
            assert re.search(rf"^def {name}\(", (TESTS / file).read_text(), re.M), f"{rule}: there is no {file}::{name}"


@pytest.fixture(scope="module")
def rastel():
    doors = [{}, {"place": "after-queue"}, {"reply_deadline": "1s", "max_recipients": 3}, {"listen": f"127.0.0.1:{peers.free_port()}"}]
    with daemon.Rastel(milter=doors, sections={"policy": {"tag_subject": "[unsafe]"}}, rules=RULES) as running:
        yield running


def command(rastel, script):
    sockets = {name: f"unix:{rastel.address('milter', number)}" for number, name in enumerate(("where", "behind", "small"))}
    values = {**sockets, "tcp": f"inet:{rastel.address('milter', 3)}@127.0.0.1", "folder": FOLDER,
              "log": rastel.log_file, "pid": rastel.daemon(), "eicar": daemon.eicar().decode(),
              "encoded": base64.encodebytes(daemon.eicar()).decode().replace("\n", "\r\n")}
    words = [word for name, value in values.items() for word in ("-D", f"{name}={value}")]
    return ["stdbuf", "-oL", "miltertest", "-v", "-v", *words, "-s", str(FOLDER / f"{script}.lua")]


def look_at_the_order(transcript):
    """Changes and "still at work" behind the end of a message alone, in one order."""
    last, rank, reads = {}, {}, 0
    for way, connection, packet in PACKET.findall(transcript):
        if way == "write":
            last[connection], rank[connection] = packet, 0
            continue
        reads += 1
        if packet in ORDER:
            assert last[connection] == "E", f"{packet} behind {last[connection]}"
            assert ORDER[packet] >= rank[connection], f"{packet} behind what comes after it"
            rank[connection] = ORDER[packet]
    assert reads


@pytest.mark.parametrize("packets,good", [
    ("wE rp rp rm rm ri r- rb rb rc wM rc", True), ("wE ri rc", True), ("wE ri rm rc", False), ("wE rb r- rc", False),
    ("wE rb rp rc", False), ("wB rp", False), ("wM ri", False), ("", False)])
def test_a_wrong_order_would_be_seen(packets, good):
    transcript = "".join(f"miltertest: mt_milter_{'write' if packet[0] == 'w' else 'read'}(3): cmd {packet[1]}, len 4\n"
                         for packet in packets.split())
    try:
        look_at_the_order(transcript)
    except AssertionError:
        assert not good
    else:
        assert good


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_script_ends_well(rastel, script):
    stopped = rastel.stop_workers() if script in STOPPED | WORKING else []
    lines = []
    try:
        with subprocess.Popen(command(rastel, script), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors="replace") as running:
            end = threading.Timer(60, running.kill)
            end.start()
            for line in running.stdout:
                lines.append(line)
                if script in WORKING and ": cmd p, " in line:
                    rastel.resume_workers(stopped)
            end.cancel()
    finally:
        rastel.resume_workers(stopped)
    said = "".join(line for line in lines if not line.startswith("miltertest: ") or "rror" in line)
    assert running.returncode == 0 and not said, f"{said}{''.join(lines[-12:])}\n{rastel.log()[-2000:]}"
    transcript = "".join(lines)
    look_at_the_order(transcript)
    assert script not in WORKING or ": cmd p, " in transcript
