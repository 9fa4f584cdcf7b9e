# SPDX-License-Identifier: GPL-2.0-only
"""Other projects' parsers say what is in their test messages; our default reading says the same, part by part: its path,
its type, where it stands, its decoded bytes. Where it doesn't, structure/exceptions.py says by which section we are right.

A part is the unit. Of stalwart's own malformed messages no share has to agree: in most of them its parser doesn't see an
outer multipart's delimiter. Header fields are compared in src/message/header_oracle_test.cpp.
"""
import pytest

import conftest
import scanning
from structure import exceptions, mime4j, mimekit_files, mimekit_mbox, part, stalwart

SHARE = 0.95


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpora")
    for name in ("stalwart-mail-parser", "james-mime4j", "mimekit"):
        conftest.unpacked_corpus(name, folder)
    return folder


def scanned(cases, folder):
    """The parts of each case's message, as `rastel scan` tells them."""
    folder.mkdir()
    for number, case in enumerate(cases):
        (folder / f"{number:05}.eml").write_bytes(case.message)
    # Pieces of messages that lie in the folder are put together besides, as a message of its own.
    rows = [row for row in scanning.said(folder) if "pieces" not in row]
    by_file = {row["path"].rpartition("/")[2]: row["parts"] for row in rows}
    assert len(by_file) == len(rows) == len(cases)
    return [by_file[f"{number:05}.eml"] for number in range(len(cases))]


def path_of(difference):
    return difference.partition(":")[0]


class Comparison:
    def __init__(self, title):
        self.title, self.messages, self.parts, self.different = title, 0, 0, {}

    def add(self, name, paths, differences):
        self.messages += 1
        self.parts += len(set(paths) | set(map(path_of, differences)))
        if differences:
            self.different[name] = differences

    def count(self):
        return sum(len(set(map(path_of, found))) for found in self.different.values())

    def print(self):
        agree = self.parts - self.count()
        conftest.tables.append((
            self.title, ("messages", "agree", "parts", "agree", "share"),
            [(self.messages, self.messages - len(self.different), self.parts, agree, f"{agree / self.parts:.1%}")]))

    def has_share(self):
        assert self.parts - self.count() >= SHARE * self.parts, self.different


def compare(title, cases, folder):
    comparison = Comparison(title)
    for case, parts in zip(cases, scanned(cases, folder)):
        paths = [expected.path for expected in case.parts if not expected.may_be_absent]
        comparison.add(case.name, paths, part.differences(case, parts))
    comparison.print()
    return comparison


def differ_as_the_table_says(different, table, suffixes=("",)):
    """Every difference has its entry, every entry its differences, in each variant of the message."""
    expected = {name + suffix: set(entry.paths) for name, entry in table.items() for suffix in suffixes}
    found = {name: set(map(path_of, differences)) for name, differences in different.items()}
    wrong = {name: different.get(name) for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)}
    gone = "differs no longer: take it out of the table"
    assert not wrong, "; ".join(f"{name}: {what or gone}" for name, what in wrong.items())


def test_stalwart(unpacked, tmp_path):
    cases = list(stalwart.cases(unpacked))
    assert len(cases) == 2 * 107
    malformed = [case for case in cases if case.name.startswith("malformed/")]
    others = [case for case in cases if not case.name.startswith("malformed/")]
    bad = compare("Structure: stalwart's malformed messages, LF and CRLF", malformed, tmp_path / "malformed")
    good = compare("Structure: stalwart's other messages, LF and CRLF", others, tmp_path / "others")
    differ_as_the_table_says({**bad.different, **good.different}, exceptions.STALWART, (" lf", " crlf"))
    good.has_share()


def test_mime4j(unpacked, tmp_path):
    cases = list(mime4j.cases(unpacked))
    assert len(cases) == 80
    comparison = compare("Structure: mime4j", cases, tmp_path / "mails")
    differ_as_the_table_says(comparison.different, exceptions.MIME4J)
    comparison.has_share()


def test_mimekit_mailboxes(unpacked, tmp_path):
    cases = list(mimekit_mbox.cases(unpacked))
    assert len(cases) == 2 * (29 + 4)
    assert compare("Structure: MimeKit's mailboxes, LF and CRLF", cases, tmp_path / "mails").different == {}


def test_mimekit_files(unpacked, tmp_path):
    cases = list(mimekit_files.cases(unpacked))
    assert len(cases) == 19 + 4 + 4 + 5
    comparison = Comparison("Structure: MimeKit's TNEF, yEnc, encoded files and pieces of messages")
    for case, parts in zip(cases, scanned(cases, tmp_path / "mails")):
        comparison.messages += 1
        comparison.parts += len(case.files)
        if found := mimekit_files.differences(case, parts):
            comparison.different[case.name] = found
    comparison.print()
    assert comparison.different == {}


def is_base64(message, found):
    header = message[found["entity"][0]:found["body"][0]]
    return b"\ncontent-transfer-encoding: base64" in b"\n" + header.lower()


def is_met_elsewhere(path, case, ours):
    """One break makes two parts the same bytes, of which one is reported, the other doesn't."""
    met = {found["sha256"] for found in ours.values()}
    return any(one.path == path and part.is_not_reported(one, met) for one in case.parts)


def test_line_breaks_change_nothing(unpacked, tmp_path):
    """The same tree from LF and CRLF, and the same bytes of what is encoded."""
    cases = list(stalwart.cases(unpacked))
    found = [part.by_default(parts) for parts in scanned(cases, tmp_path / "mails")]
    encoded = 0
    for lf, crlf, by_lf, by_crlf in zip(cases[::2], cases[1::2], found[::2], found[1::2]):
        assert lf.name.removesuffix(" lf") == crlf.name.removesuffix(" crlf")
        assert all(is_met_elsewhere(path, crlf, by_crlf) for path in by_lf.keys() - by_crlf.keys()), lf.name
        assert all(is_met_elsewhere(path, lf, by_lf) for path in by_crlf.keys() - by_lf.keys()), lf.name
        for path in by_lf.keys() & by_crlf.keys():
            one, other = by_lf[path], by_crlf[path]
            assert (one["type"], one["names"]) == (other["type"], other["names"]), (lf.name, path)
            if is_base64(lf.message, one):
                encoded += 1
                assert one["sha256"] == other["sha256"], (lf.name, path)
    assert encoded > 50
