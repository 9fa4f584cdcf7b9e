# SPDX-License-Identifier: GPL-2.0-only
"""Where our default reading differs from an oracle, and the section that makes ours right.

An entry that no longer differs, or differs in other parts, makes the test fail. Other readings than the default one mostly
see what the oracle sees.
"""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Entry:
    paths: tuple[str, ...]  # of the parts that differ, as either of the two counts
    section: str
    sentence: str


NESTED = "RFC 2046 5.1.2"
OUTER = "A delimiter of the outer multipart is one at any depth, and ends the inner one."
LINE = "RFC 2046 5.1.1"
ENTIRELY = "A delimiter line consists entirely of hyphens, boundary and white space, says its definition; a note there is laxer."
TWICE = "RFC 2045 3"
FIRST = "A header has at most one Content-Type; where there are two, nothing says which one counts: the first one does to most."
SPACES = "A boundary ends with no space, and those at the end of a delimiter line count as added on the way."
QUANTUM = "RFC 2045 6.8"
AT_EMPTY = "Only an empty line ends a header. mime4j, by its default settings, says the same of the same bytes."
REST = "Three characters at the end, even without padding, are two bytes; mime4j drops them."

STALWART = {
    "malformed/001": Entry(("2",), NESTED, OUTER),
    "malformed/003": Entry(("2",), NESTED, OUTER),
    "malformed/004": Entry(("1.1", "1"), LINE, ENTIRELY),
    "malformed/005": Entry(("1.1",), NESTED, "The outer multipart's closing delimiter comes before any of the inner one's."),
    "malformed/007": Entry(("1",), LINE, ENTIRELY),
    "malformed/008": Entry(("2",), NESTED, OUTER),
    "malformed/009": Entry(("1.2", "2"), NESTED, OUTER),
    "malformed/011": Entry(("1.2", "2"), NESTED, OUTER),
    "malformed/012": Entry(("1.2.1", "2.1"), NESTED, OUTER),
    "malformed/016": Entry(("1.1.2", "1.1.3", "1.1.4", "2"), NESTED, OUTER),
    "malformed/019": Entry(("5", "6"), NESTED, OUTER),
    "malformed/020": Entry(("1", "1.1"), TWICE, FIRST),
    "malformed/021": Entry(("1", "1.1"), TWICE, FIRST),
    "malformed/022": Entry(
        ("2",), "RFC 2046 5.2.1", "The body of message/rfc822 is a message, also when it begins with a line that is no field."),
    "thirdparty/002": Entry(("2",), QUANTUM, "A `=` is the end of the data: what follows isn't decoded."),
    "thirdparty/005": Entry(("5",), LINE, "A delimiter stands at the beginning of a line."),
    "thirdparty/015": Entry(("2.1.1", "4.1"), NESTED, OUTER),
}

MIME4J = {
    "mimetools-testmsgs/frag": Entry(("2.2.2.2",), QUANTUM, REST),
    "mimetools-testmsgs/multi-frag": Entry(("3.2",), QUANTUM, REST),
    "testmsgs/ending-boundaries": Entry(("1",), LINE, ENTIRELY),
    "testmsgs/malformedHeaderStartsBody-nocrlfcrlf": Entry(
        ("1",), "RFC 5322 2.1", AT_EMPTY),
    "testmsgs/malformedHeaderStartsBody-noheader": Entry(
        ("1",), "RFC 5322 2.1", AT_EMPTY),
    "testmsgs/very-long-boundary": Entry(("1",), LINE, SPACES),
    "testmsgs/very-very-long-boundary": Entry(("1",), LINE, SPACES),
    "testmsgs/weird-boundary": Entry(("1",), LINE, SPACES),
}
