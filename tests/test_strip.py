# SPDX-License-Identifier: GPL-2.0-only
"""Parts taken out of mail that goes on, and marks on mail that is tagged, through the door."""
import email
import email.policy
import re

import pytest

import daemon
import peers
import probes

TEXT = (b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        b"Gr\xc3\xbc\xc3\x9fe.  Two spaces, a tab\tand a trailing one \r\n")
PICTURE = (b"Content-Type: image/gif; name=p.gif\r\nContent-Transfer-Encoding: base64\r\n\r\n"
           b"R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7\r\n")
VIRUS = (b'Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename="invoice.bin"\r\n\r\n'
         + daemon.eicar() + b"\r\n")
PROGRAM = (b'Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename="setup.exe"\r\n\r\n'
           b"only a text that is called so\r\n")


def multipart(subject, *parts, kind=b"mixed", extra=b""):
    body = b"a preamble\r\n" + b"".join(b"--b\r\n" + part for part in parts) + b"--b--\r\nan epilogue\r\n"
    return peers.mail(subject, body, b"MIME-Version: 1.0\r\nContent-Type: multipart/" + kind + b"; boundary=b\r\n" + extra)


def encrypted_zip():
    """Stored, with the flag of encryption: nobody can look into it."""
    archive = bytearray(probes.zipped([("secret.txt", b"nobody reads this" * 4)], probes.zipfile.ZIP_STORED))
    for signature, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        archive[archive.index(signature) + at] |= 1
    encoded = probes.base64.encodebytes(bytes(archive)).replace(b"\n", b"\r\n")
    return (b'Content-Type: application/zip; name="secret.zip"\r\nContent-Transfer-Encoding: base64\r\n\r\n' + encoded)


RULES = [
    {"recipients": ["whole@lab.test"], "infected": "pass", "banned": "pass"},
    {"recipients": ["tagged@lab.test"], "infected": "tag", "banned": "tag"},
    {"recipients": ["held@lab.test"], "infected": "quarantine"},
    {"recipients": ["strict@lab.test"], "encrypted": "quarantine"},
    {"recipients": ["programmer@lab.test"], "banned_names": []},
    {"recipients": ["watched@lab.test"], "mode": "observe"},
]
STRIPPED, WHOLE, TAGGED, HELD, STRICT, PROGRAMMER, WATCHED = (
    f"{name}@lab.test" for name in ("alice", "whole", "tagged", "held", "strict", "programmer", "watched"))


@pytest.fixture(scope="module")
def stripping():
    hops = {"smtp": peers.NextHop(), "lmtp": peers.NextHop(lmtp=True)}
    policy = {"infected": "strip", "banned": "strip", "ambiguous": "strip", "tag_subject": "[unsafe]",
              "tag_banner": "Part of this mail could not be checked."}
    rastel = daemon.Rastel({"name": "smtp", "next_hop": hops["smtp"].address},
                           {"name": "lmtp", "protocol": "lmtp", "next_hop": hops["lmtp"].address},
                           sections={"policy": policy}, rules=RULES)
    with rastel.start():
        rastel.hops = hops
        yield rastel
    for hop in hops.values():
        hop.stop()


@pytest.fixture
def rastel(stripping):
    for hop in stripping.hops.values():
        hop.messages.clear()
        hop.hooks.clear()
    return stripping


def addresses(message):
    return [re.search("<(.*)>", line)[1] for line in message.recipients]


def held(rastel, subject):
    return [row for row in rastel.held() if row["subject"] == subject]


def sent(rastel, content, *recipients, door=0):
    with rastel.client(door) as client:
        reply = client.deliver(content, recipients=recipients)
    return [one.code for one in reply] if isinstance(reply, list) else reply.code


def in_turn(*answers):
    rest = iter(answers)
    return lambda *_: next(rest, None)


def parts_of(content):
    return [part for part in email.message_from_bytes(content, policy=email.policy.default).walk() if not part.is_multipart()]


def test_the_part_goes_and_all_the_rest_stays_to_the_byte(rastel):
    content = multipart("one part of three", TEXT, VIRUS, PICTURE)
    assert sent(rastel, content, STRIPPED) == 250
    message = rastel.hops["smtp"].messages[0]
    header, rest = peers.our_header(message.content)
    assert header.startswith("X-Rastel: infected;") and "removed=1" in header
    before, _, after = content.partition(VIRUS)
    assert rest.startswith(before) and rest.endswith(after)
    identity = re.search(r"id=(\w+)", header)[1]
    told = parts_of(rest)[1]
    assert told.get_content_type() == "text/plain"
    for word in ("invoice.bin", "infected (Eicar-Test-Signature)", identity):
        assert word in told.get_content(), told.get_content()
    assert daemon.eicar() not in rest
    rows = held(rastel, "one part of three")
    assert [row["id"] for row in rows] == [identity] and [to["address"] for to in rows[0]["to"]] == [STRIPPED]
    assert rastel.raw(identity) == content
    line = rastel.lines(identity)[0]
    assert "class=infected" in line and "action=strip" in line and "invoice.bin" in line, line
    row = rastel.history(STRIPPED, count=1)[0]
    assert (row["class"], row["action"]) == ("infected", "strip")


def test_the_only_part_of_a_message(rastel):
    content = daemon.infected("nothing else in it")
    assert sent(rastel, content, STRIPPED) == 250
    rest = peers.our_header(rastel.hops["smtp"].messages[0].content)[1]
    assert daemon.eicar() not in rest and rest.startswith(content.split(b"\r\n\r\n")[0].split(b"\r\nMIME")[0][:20])
    assert "infected (Eicar-Test-Signature)" in parts_of(rest)[0].get_content()
    assert len(held(rastel, "nothing else in it")) == 1


def test_what_tells_the_length_of_the_body_goes_with_it(rastel):
    """Programs that split a mailbox by it would take text of the message for another one."""
    content = multipart("a length", TEXT, VIRUS, extra=b"Content-Length: 900\r\nLines: 20\r\n")
    assert sent(rastel, content, STRIPPED) == sent(rastel, content, WHOLE) == 250
    stripped, whole = (email.message_from_bytes(message.content) for message in rastel.hops["smtp"].messages)
    assert (stripped["Content-Length"], stripped["Lines"]) == (None, None)
    assert (whole["Content-Length"], whole["Lines"]) == ("900", "20")


def test_every_offending_part_goes(rastel):
    content = multipart("two of four", VIRUS, TEXT, PROGRAM, PICTURE)
    assert sent(rastel, content, STRIPPED) == 250
    header, rest = peers.our_header(rastel.hops["smtp"].messages[0].content)
    assert "removed=2" in header
    assert PROGRAM not in rest and daemon.eicar() not in rest
    assert TEXT in rest and PICTURE in rest


def test_what_can_not_be_edited_is_held(rastel):
    signature = b"Content-Type: application/pgp-signature\r\n\r\n-----BEGIN PGP SIGNATURE-----\r\n\r\niQ==\r\n-----END PGP SIGNATURE-----\r\n"
    signed = multipart("signed", VIRUS, signature, kind=b'signed; micalg=pgp-sha256; protocol="application/pgp-signature"')
    # Two boundaries: one program sees the text alone, another the attachment.
    ambiguous = multipart("ambiguous", TEXT, VIRUS).replace(b"boundary=b\r\n", b"boundary=b; boundary=c\r\n")
    for subject, content, why in (("signed", signed, "signed"), ("ambiguous", ambiguous, "ambiguous")):
        assert sent(rastel, content, STRIPPED) == 250
        assert not rastel.hops["smtp"].messages, subject
        rows = held(rastel, subject)
        assert len(rows) == 1 and rastel.raw(rows[0]["id"]) == content
        line = rastel.lines(rows[0]["id"])[0]
        assert "action=strip>quarantine" in line and why in line, line


def test_what_is_left_is_judged_again(rastel):
    content = multipart("virus and secret", TEXT, VIRUS, encrypted_zip())
    assert sent(rastel, content, STRIPPED) == 250
    assert len(rastel.hops["smtp"].messages) == 1, "encrypted is only tagged"
    # Infected decides, so it is stripped; both go, as both would be kept from this one.
    assert sent(rastel, content, STRICT) == 250
    header, rest = peers.our_header(rastel.hops["smtp"].messages[1].content)
    assert "removed=2" in header and b"secret.zip" not in rest.replace(b"Part:   secret.zip", b"")


@pytest.mark.parametrize("door, hop", [(0, "smtp"), (1, "lmtp")])
def test_each_recipient_gets_his_own_version(rastel, door, hop):
    subject = f"versions {hop}"
    content = multipart(subject, TEXT, VIRUS, PROGRAM)
    codes = sent(rastel, content, STRIPPED, WHOLE, HELD, PROGRAMMER, TAGGED, door=door)
    assert codes == (250 if hop == "smtp" else [250] * 5)
    got = {tuple(addresses(message)): peers.our_header(message.content)[1] for message in rastel.hops[hop].messages}
    assert [addresses(message)[0] for message in rastel.hops[hop].messages][0] == WHOLE, "the unedited one comes first"
    assert set(got) == {(WHOLE,), (STRIPPED,), (PROGRAMMER,), (TAGGED,)}
    assert got[(WHOLE,)] == content
    assert PROGRAM in got[(PROGRAMMER,)] and daemon.eicar() not in got[(PROGRAMMER,)]
    assert PROGRAM not in got[(STRIPPED,)] and daemon.eicar() not in got[(STRIPPED,)]
    assert b"Subject: [unsafe] " + subject.encode() in got[(TAGGED,)]
    rows = held(rastel, subject)
    assert len(rows) == 1 and {to["address"] for to in rows[0]["to"]} == {HELD, STRIPPED, PROGRAMMER}


def test_the_next_hop_refuses_the_first_version(rastel):
    content = multipart("refused first", TEXT, VIRUS)
    rastel.hops["smtp"].hooks["DOT"] = "451 4.3.0 later"
    assert sent(rastel, content, STRIPPED, WHOLE) == 451
    assert not rastel.hops["smtp"].accepted()
    del rastel.hops["smtp"].hooks["DOT"]
    assert sent(rastel, content, STRIPPED, WHOLE) == 250
    assert sorted(addresses(message)[0] for message in rastel.hops["smtp"].accepted()) == [STRIPPED, WHOLE]
    assert len(held(rastel, "refused first")) == 1, "held once"


@pytest.mark.parametrize("answer", ["451 4.3.0 later", "554 5.7.1 no"])
def test_the_next_hop_refuses_the_second_version(rastel, answer):
    """Whoever got the first one must not get it twice: the other's message is held and answered for."""
    subject = f"refused second {answer[:3]}"
    content = multipart(subject, TEXT, VIRUS)
    rastel.hops["smtp"].hooks["DOT"] = in_turn(None, answer)
    assert sent(rastel, content, STRIPPED, WHOLE) == 250
    assert [addresses(message) for message in rastel.hops["smtp"].accepted()] == [[WHOLE]]
    rows = held(rastel, subject)
    assert [to["address"] for to in rows[0]["to"]] == [STRIPPED]
    assert any("action=strip>quarantine" in line and answer[:3] in line for line in rastel.lines(rows[0]["id"]))


def test_lmtp_says_of_each_version_what_became_of_it(rastel):
    content = multipart("lmtp second", TEXT, VIRUS)
    rastel.hops["lmtp"].hooks["DOT"] = in_turn(None, "451 4.3.0 later")
    assert sent(rastel, content, STRIPPED, WHOLE, door=1) == [451, 250]


def test_tagged_mail_is_marked_for_its_reader(rastel):
    page = (b"Content-Type: text/html; charset=us-ascii\r\n\r\n<html><body class=x><p>Hello</p></body></html>\r\n")
    both = b"Content-Type: multipart/alternative; boundary=inner\r\n\r\n" + b"".join(b"--inner\r\n" + part for part in (TEXT, page))
    content = multipart("a secret", both + b"--inner--\r\n", encrypted_zip())
    assert sent(rastel, content, STRIPPED) == 250
    header, rest = peers.our_header(rastel.hops["smtp"].messages[0].content)
    assert header.startswith("X-Rastel: encrypted;")
    message = email.message_from_bytes(rest, policy=email.policy.default)
    assert message["subject"] == "[unsafe] a secret"
    text, html, archive = parts_of(rest)
    assert text.get_content().startswith("Part of this mail could not be checked.")
    assert text.get_content().endswith(TEXT.decode().split("\r\n\r\n")[1].rstrip("\r\n"))
    assert "could not be checked" in html.get_content() and "<p>Hello</p>" in html.get_content()
    assert archive.get_content() == parts_of(content)[2].get_content()
    assert not held(rastel, "a secret")


def test_a_clean_message_is_not_touched(rastel):
    content = multipart("clean", TEXT, PICTURE)
    for _ in range(2):  # the second time it is known
        assert sent(rastel, content, STRIPPED) == 250
    for message in rastel.hops["smtp"].messages:
        assert peers.our_header(message.content)[1] == content


def test_observed_mail_is_not_touched(rastel):
    content = multipart("observed", TEXT, VIRUS)
    assert sent(rastel, content, WATCHED) == 250
    header, rest = peers.our_header(rastel.hops["smtp"].messages[0].content)
    assert rest == content and "would=strip" in header
    assert not held(rastel, "observed")


def test_a_full_quarantine_defers_what_would_be_stripped(rastel):
    """Nothing is taken out of a message whose whole can't be kept."""
    with daemon.Rastel({"next_hop": rastel.hops["smtp"].address},
                       sections={"policy": {"infected": "strip"}, "store": {"max_size": "1MiB"}}) as full:
        with full.client() as client:
            content = multipart("full", TEXT * 20_000, VIRUS)
            assert client.deliver(content, recipients=[STRIPPED]).code == 452
    assert not rastel.hops["smtp"].messages
