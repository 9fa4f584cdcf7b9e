# SPDX-License-Identifier: GPL-2.0-only
"""How a multipart is built: preamble and epilogue, ends that aren't there or come early, boundaries used twice, nesting."""
import dataclasses

from entity import CRLF, MIXED, TEXT, lines, mail, multipart, structure

INNER = b"Content-Type: multipart/alternative; boundary="


def inner(boundary, parts, close=True, subtype=b"alternative"):
    delimiter = b"--" + boundary
    return lines(b"Content-Type: multipart/" + subtype + b'; boundary="' + boundary + b'"', b"") + multipart(
        parts, delimiter, delimiter + b"--" if close else None)


@structure("parts", {"missing": None, "cut": b"--lim", "without line end": b""})
def end(entity, variant):
    """The closing delimiter."""
    body = multipart([TEXT, entity.whole()], close=variant)
    return mail([MIXED], body.removesuffix(CRLF) if variant == b"" else body)


@structure("parts", {
    "entity": lambda entity: entity.whole(), "body": lambda entity: entity.body,
    "text and entity": lambda entity: lines(b"This is a mail with parts.", b"") + entity.whole(),
    "blank line and entity": lambda entity: CRLF + entity.whole(),
    "undeclared part": lambda entity: multipart([entity.whole()], b"--other", b"--other--")
})
def preamble(entity, variant):
    """The payload stands before the first delimiter."""
    return mail([MIXED], variant(entity) + multipart([TEXT]))


@structure("parts", {
    "entity": lambda entity: entity.whole(), "part": lambda entity: multipart([entity.whole()]),
    "part, not closed": lambda entity: multipart([entity.whole()], close=None), "body": lambda entity: entity.body,
    "text and part": lambda entity: lines(b"Good bye", b"") + multipart([entity.whole()]),
    "undeclared part": lambda entity: multipart([entity.whole()], b"--other", b"--other--")
})
def epilogue(entity, variant):
    """The payload stands behind the closing delimiter."""
    return mail([MIXED], multipart([TEXT]) + variant(entity))


@structure("parts", {
    "first": lambda entity: lines(b"--limit--") + multipart([TEXT, entity.whole()]),
    "twice": lambda entity: multipart([TEXT]) + lines(b"--limit--") + multipart([entity.whole()]),
    "first in the preamble": lambda entity: lines(b"text", b"--limit--", b"text") + multipart([entity.whole()]),
    "in the part's header": lambda entity: multipart([TEXT]).removesuffix(b"--limit--\r\n") + lines(
        b"--limit", b"X-First: 1", b"--limit--", b"X-Second: 1") + entity.whole() + lines(b"--limit--"),
    "longer": lambda entity: multipart([TEXT], close=b"--limit--x") + multipart([entity.whole()])
})
def end_early(entity, variant):
    """The closing delimiter comes before the payload."""
    return mail([MIXED], variant(entity))


@structure("parts", {
    "same": lambda entity: multipart([TEXT, inner(b"limit", [entity.whole()])]),
    "same with a text": lambda entity: multipart([TEXT, inner(b"limit", [TEXT, entity.whole()])]),
    "same, not closed": lambda entity: multipart([TEXT, inner(b"limit", [entity.whole()], close=False)]),
    "only the outer's": lambda entity: multipart([TEXT, lines(INNER + b"inner", b""),
                                                  entity.whole()]),
    "inner is longer": lambda entity: multipart([TEXT, inner(b"limits", [TEXT, entity.whole()])]),
    "inner is shorter": lambda entity: multipart([TEXT, inner(b"lim", [TEXT, entity.whole()])]),
    "inner is the outer's end": lambda entity: multipart([TEXT, inner(b"limit--", [TEXT, entity.whole()])]),
    "other case": lambda entity: multipart([TEXT, inner(b"LIMIT", [TEXT, entity.whole()])]),
    "inner not closed": lambda entity: multipart([TEXT, inner(b"inner", [TEXT, entity.whole()], close=False)]),
    "behind an open one": lambda entity: multipart([inner(b"inner", [TEXT], close=False),
                                                    entity.whole()]),
    "behind a closed one": lambda entity: multipart([inner(b"inner", [TEXT]), entity.whole()]),
    "inner in the outer's epilogue": lambda entity: multipart([TEXT]) + inner(b"inner", [entity.whole()]),
    "inner unused": lambda entity: multipart([TEXT, lines(INNER + b"inner", b"") + entity.whole()]),
    "outer closed inside": lambda entity: multipart([
        TEXT,
        lines(INNER + b"inner", b"", b"--inner", b"", b"x", b"--limit--", b"--inner") + entity.whole() + lines(b"--inner--")
    ]), "three levels": lambda entity: multipart([TEXT, inner(b"a", [inner(b"b", [entity.whole()])])]),
    "three levels of one": lambda entity: multipart([inner(b"limit", [inner(b"limit", [entity.whole()])])]),
    "no blank line": lambda entity: multipart(
        [TEXT, lines(INNER + b"inner") + multipart([entity.whole()], b"--inner", b"--inner--")]),
    "twenty levels": lambda entity: multipart([nested(entity.whole(), 20)])
})
def nesting(entity, variant):
    """Multiparts in each other, whose boundaries aren't kept apart."""
    return mail([MIXED], variant(entity))


def nested(part, levels):
    for level in range(levels):
        part = inner(b"level%d-" % level, [part])
    return part


@structure("parts", {
    "delimiter": b"--limit", "end": b"--limit--", "undeclared delimiter": b"--other",
    "delimiter and a header": b"--limit\r\nX-Second: 1\r\n", "delimiter and blank line": b"--limit\r\n"
})
def inside_body(entity, variant):
    """A delimiter between the lines of the encoded body, which a lenient decoder passes over."""
    first, line, rest = entity.body.partition(CRLF)
    if not rest:
        return None
    return mail([MIXED], multipart([TEXT, dataclasses.replace(entity, body=first + line + variant + line + rest).whole()]))


@structure("parts", {"multipart": MIXED, "undeclared": b"Content-Type: text/plain"})
def inside_top_body(entity, variant):
    """The same, where the encoded body is the mail's own."""
    first, line, rest = entity.body.partition(CRLF)
    if not rest:
        return None
    return mail([variant, *entity.encoding], first + line + b"--limit" + line + rest)


@structure("parts", {
    "delimiter": lambda entity: entity.whole(before=(b"X-First: 1", b"--limit")),
    "delimiter behind": lambda entity: entity.whole(behind=(b"--limit", b"X-Last: 1")),
    "end behind": lambda entity: entity.whole(behind=(b"--limit--", b"X-Last: 1")),
    "delimiter after the type": lambda entity: lines(entity.type, b"--limit") + entity.whole(type=None),
    "delimiter twice": lambda entity: lines(b"--limit") + entity.whole()
})
def inside_header(entity, variant):
    """A delimiter in the part's header."""
    return mail([MIXED], multipart([TEXT, variant(entity)]))


@structure("parts", {
    name: name.encode()
    for name in ("alternative", "related", "parallel", "digest", "report", "form-data", "signed", "encrypted",
                 "appledouble", "header-set", "byteranges", "x-mixed-replace", "external-body", "x-anything",
                 "voice-message")
})
def subtype(entity, variant):
    return mail([b"Content-Type: multipart/" + variant + b"; boundary=limit"], multipart([TEXT, entity.whole()]))


@structure("parts", {
    "untyped part": lambda entity: entity.whole(type=None),
    "message": lambda entity: lines(b"", b"From: c@example.org", b"MIME-Version: 1.0") + entity.whole(),
    "typed message": lambda entity: lines(b"Content-Type: message/rfc822", b"", b"From: c@example.org", b"MIME-Version: 1.0"
                                          ) + entity.whole(),
    "message of parts": lambda entity: lines(b"", b"From: c@example.org", b"Content-Type: multipart/mixed; boundary=inner",
                                             b"") + multipart([entity.whole()], b"--inner", b"--inner--")
})
def digest(entity, variant):
    """A digest's parts are messages where they don't say otherwise (RFC 2046 5.1.5)."""
    return mail([b"Content-Type: multipart/digest; boundary=limit"], multipart([variant(entity)]))


@structure("parts", {
    kind: b"Content-Type: message/" + kind.encode()
    for kind in ("rfc822", "global", "news", "x-anything", "partial; number=1; total=1; id=x",
                 "external-body; access-type=URL; URL=\"http://h.example/p\"", "delivery-status")
})
def enclosed(entity, variant):
    """The payload is in a mail in the mail."""
    return mail([MIXED], multipart([TEXT, lines(variant, b"", b"From: c@example.org", b"MIME-Version: 1.0") + entity.whole()]))


@structure("parts", {
    "at once": lambda entity: multipart([entity.whole()]),
    "blank line first": lambda entity: CRLF + multipart([entity.whole()]),
    "twice the same": lambda entity: multipart([entity.whole(), entity.whole()]),
    "behind empty parts": lambda entity: lines(*[b"--limit"] * 20) + multipart([entity.whole()]),
    "behind many parts": lambda entity: multipart([TEXT] * 300 + [entity.whole()]),
    "LF": lambda entity: multipart([TEXT, entity.whole()]).replace(CRLF, b"\n"),
    "CR": lambda entity: multipart([TEXT, entity.whole()]).replace(CRLF, b"\r"),
    "delimiters by LF": lambda entity: multipart([TEXT, entity.whole()]).replace(b"--limit\r\n", b"--limit\n")
})
def plain(entity, variant):
    """Nothing wrong, or the line ends only."""
    return mail([MIXED], variant(entity))
