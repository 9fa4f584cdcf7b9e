# SPDX-License-Identifier: GPL-2.0-only
"""What the headers say of a mail's structure: classes of *headers* (a field that must stand once stands twice, or hides) and
*parameters* (how the boundary is written, and its delimiters). classes_parts.py has those of the structure itself.
"""
from entity import CRLF, MIXED, TEXT, mail, multipart, structure

MULTIPART_TYPE = b"Content-Type: multipart/mixed"


# --- headers: twice, contradicting, hidden ---

OTHER_ENCODINGS = {
    "7bit": b"7bit", "8bit": b"8bit", "binary": b"binary", "base64": b"base64", "quoted-printable": b"quoted-printable",
    "nothing": b"", "a word": b"foo", "x-uuencode": b"x-uuencode"
}


@structure("headers", {
    f"{name} {place}": (value, place)
    for name, value in OTHER_ENCODINGS.items() for place in ("before", "behind")
} | {"7bit both": (b"7bit", "both"), "7bit far before": (b"7bit", "far before"),
     "7bit far behind": (b"7bit", "far behind")})
def encoding_twice(entity, variant):
    """A second Content-Transfer-Encoding."""
    if not entity.encoding:
        return None
    value, place = variant
    other = (b"CONTENT-transfer-ENCODING: " + value,)
    parts = {
        "before": lambda: entity.whole(encoding=other + entity.encoding),
        "behind": lambda: entity.whole(encoding=entity.encoding + other),
        "both": lambda: entity.whole(encoding=other + entity.encoding + other),
        "far before": lambda: entity.whole(before=other), "far behind": lambda: entity.whole(behind=(*other, b"X-Last: 1"))
    }
    return mail([MIXED], multipart([TEXT, parts[place]()]))


@structure("headers", {
    "text before": [b"Content-Type: text/plain", MIXED],
    "text behind": [MIXED, b"Content-Type: text/plain"],
    "octets before": [b"Content-Type: application/octet-stream", MIXED],
    "octets behind": [MIXED, b"Content-Type: application/octet-stream"],
    "another boundary before": [MULTIPART_TYPE + b"; boundary=other", MIXED],
    "another boundary behind": [MIXED, MULTIPART_TYPE + b"; boundary=other"],
    "the same": [MIXED, MIXED],
    "empty before": [b"Content-Type:", MIXED],
    "empty behind": [MIXED, b"Content-Type:"],
    "no boundary before": [MULTIPART_TYPE, MIXED],
    "no boundary behind": [MIXED, MULTIPART_TYPE],
    "junk before": [b"Content-Type: foo", MIXED],
    "junk behind": [MIXED, b"content-type: foo"],
    "message before": [b"Content-Type: message/rfc822", MIXED],
    "boundary in text before": [b"Content-Type: text/plain; boundary=limit", MULTIPART_TYPE],
    "capitals behind": [MIXED, b"CONTENT-TYPE: text/html"]
})
def type_twice(entity, variant):
    """A second Content-Type of the mail."""
    return mail(variant, multipart([TEXT, entity.whole()]))


@structure("headers", {
    "text before": MULTIPART_TYPE[:14] + b"text/plain, multipart/mixed; boundary=limit",
    "text behind": MIXED + b", text/plain", "text behind a semicolon": MIXED + b"; text/plain",
    "text first": b"Content-Type: text/plain; multipart/mixed; boundary=limit",
    "blank": b"Content-Type: text/plain multipart/mixed; boundary=limit"
})
def two_types(entity, variant):
    """Two types in one field."""
    return mail([variant], multipart([TEXT, entity.whole()]))


@structure("headers", {
    "text before": (b"Content-Type: text/plain", True), "text behind": (b"Content-Type: text/plain", False),
    "message before": (b"Content-Type: message/rfc822", True),
    "multipart before": (MULTIPART_TYPE + b"; boundary=inner", True),
    "multipart behind": (MULTIPART_TYPE + b"; boundary=inner", False), "limit behind": (MIXED, False),
    "empty before": (b"Content-Type:", True)
})
def part_type_twice(entity, variant):
    """A second Content-Type of the part."""
    other, before = variant
    if entity.type is None:
        return None
    return mail([MIXED], multipart([TEXT, entity.whole(before=(other,)) if before else entity.whole(behind=(other,))]))


@structure("headers", {
    "inline before": (b'Content-Disposition: inline; filename="a.txt"', True),
    "inline behind": (b'Content-Disposition: inline; filename="a.txt"', False),
    "boundary": (b"Content-Disposition: attachment; boundary=limit", True), "empty": (b"Content-Disposition:", True)
})
def disposition_twice(entity, variant):
    other, before = variant
    return mail([MIXED], multipart([TEXT, entity.whole(before=(other,)) if before else entity.whole(behind=(other,))]))


@structure("headers", {
    "missing": (), "2.0": (b"MIME-Version: 2.0",), "empty": (b"MIME-Version:",),
    "twice": (b"MIME-Version: 1.0", b"MIME-Version: 0.9"), "comment": (b"MIME-Version: 1.0 (x)",),
    "word": (b"MIME-Version: one",)
})
def version(entity, variant):
    """MIME-Version isn't what it should be."""
    return mail([MIXED], multipart([TEXT, entity.whole()]), variant)


@structure("headers", {"missing": (), "2.0": (b"MIME-Version: 2.0",), "1.0": (b"MIME-Version: 1.0",)})
def single(entity, variant):
    """The mail is the part."""
    return mail([], b"", variant).removesuffix(CRLF) + entity.whole()


@structure("headers", {
    "behind a blank before a colon": b"X-Foo :bar\r\n " + MIXED, "in a folded field": b"X-Foo: bar\r\n " + MIXED,
    "behind a CR": b"X-Foo: bar\r" + MIXED, "behind a LF": b"X-Foo: bar\n" + MIXED,
    "folded under junk": b"this is no field\r\n " + MIXED, "behind junk": b"this is no field\r\n" + MIXED,
    "behind white space": b" \r\n" + MIXED, "behind a colon": b":\r\n" + MIXED, "behind a NUL": b"X-Foo: \0\r\n" + MIXED,
    "behind a long line": b"X-Foo: " + b"x" * 5000 + CRLF + MIXED, "8-bit junk before": b"X\xe9: junk\r\n" + MIXED,
    "CR CR LF before": b"X-Foo: bar\r\r\n" + MIXED, "form feed before": b"X-Foo: bar\x0c" + MIXED
})
def type_hidden(entity, variant):
    """The Content-Type stands behind a broken neighbour."""
    return mail([variant], multipart([TEXT, entity.whole()]))


@structure("headers", {
    "type first": lambda entity: b" " + entity.whole(), "all behind a blank line": lambda entity: CRLF + entity.whole(),
    "behind white space": lambda entity: b" \t\r\n" + entity.whole(),
    "behind junk": lambda entity: b"junk\r\n" + entity.whole(), "behind a colon": lambda entity: b":\r\n" + entity.whole(),
    "behind a CR": lambda entity: b"\r" + entity.whole(),
    "no blank line": lambda entity: entity.whole().replace(b"\r\n\r\n", b"\r\n", 1),
    "white line for blank line": lambda entity: entity.whole().replace(b"\r\n\r\n", b"\r\n \r\n", 1),
    "CR for blank line": lambda entity: entity.whole().replace(b"\r\n\r\n", b"\r\n\r", 1),
    "LF": lambda entity: entity.whole().replace(CRLF, b"\n"),
    "form feed for blank line": lambda entity: entity.whole().replace(b"\r\n\r\n", b"\r\n\x0c\r\n", 1)
})
def part_header(entity, variant):
    """How the part's header begins and ends."""
    return mail([MIXED], multipart([TEXT, variant(entity)]))


# --- parameters: how the boundary is written ---

def with_parameters(parameters, delimiter=b"--limit", close=None):
    def built(entity):
        return mail([MULTIPART_TYPE + parameters],
                    multipart([TEXT, entity.whole()], delimiter, delimiter + b"--" if close is None else close))
    return built


@structure("parameters", {
    name: b"; " + text
    for name, text in {
        "good first": b"boundary=limit; boundary=other", "good last": b"boundary=other; boundary=limit",
        "quoted last": b'boundary=other; boundary="limit"', "capitals last": b"boundary=other; BOUNDARY=limit",
        "three": b"boundary=x; boundary=limit; boundary=y", "comma": b"boundary=other, boundary=limit",
        "same": b"boundary=limit; boundary=limit", "empty first": b"boundary=; boundary=limit",
        "empty quoted first": b'boundary=""; boundary=limit'
    }.items()
})
def boundary_twice(entity, variant):
    return with_parameters(variant)(entity)


@structure("parameters", {
    name: b"; " + text
    for name, text in {
        "plain bad": b"boundary=other; boundary*=us-ascii''limit",
        "plain good": b"boundary=limit; boundary*=us-ascii''other",
        "plain bad behind": b"boundary*=us-ascii''limit; boundary=other", "alone": b"boundary*=us-ascii''limit",
        "no charset": b"boundary*=''limit", "percent": b"boundary*=us-ascii''li%6dit",
        "percent small": b"boundary*=utf-8'en'%6c%69%6d%69%74", "two pieces": b"boundary*0=lim; boundary*1=it",
        "pieces in reverse": b"boundary*1=it; boundary*0=lim",
        "pieces encoded": b"boundary*0*=us-ascii''lim; boundary*1*=%69t", "one piece": b"boundary*0=limit",
        "one piece encoded": b"boundary*0*=us-ascii''limit", "half encoded": b"boundary*0*=us-ascii''lim; boundary*1=it",
        "gap": b"boundary*0=limit; boundary*2=x", "gap between": b"boundary*0=lim; boundary*2=it",
        "from one": b"boundary*1=lim; boundary*2=it", "piece twice": b"boundary*0=limit; boundary*0=other",
        "piece twice behind": b"boundary*0=other; boundary*0=limit",
        "pieces and plain": b"boundary=other; boundary*0=lim; boundary*1=it",
        "pieces and good plain": b"boundary=limit; boundary*0=oth; boundary*1=er",
        "utf-16": b"boundary*=utf-16be''%00l%00i%00m%00i%00t", "utf-16le": b"boundary*=utf-16le''l%00i%00m%00i%00t%00",
        "quoted": b"boundary*=\"us-ascii''limit\"", "one quote": b"boundary*=us-ascii'limit",
        "not encoded": b"boundary*=limit", "percent without star": b"boundary=li%6dit",
        "zeros": b"boundary*00=lim; boundary*01=it", "quoted pieces": b'boundary*0="lim"; boundary*1="it"'
    }.items()
})
def rfc2231(entity, variant):
    """The boundary as RFC 2231 writes parameters, well or badly."""
    return with_parameters(variant)(entity)


QUOTINGS = {
    "no end": (b'"limit', b'limit', b'"limit'), "no start": (b'limit"', b"limit", b'limit"'),
    "text behind": (b'"lim"it', b"lim", b'limit', b'"lim"it'), "inside": (b'li"mi"t', b"li", b"limit", b'li"mi"t'),
    "single": (b"'limit'", b"limit", b"'limit'"), "empty before": (b'""limit', b"", b"limit", b'""limit'),
    "escape": (b'"li\\"mit"', b'li"mit', b'li\\"mit', b"li\\"), "escaped letter": (b'"li\\mit"', b"limit", b"li\\mit"),
    "escaped quotes": (b'\\"limit\\"', b"limit", b'"limit"', b'\\"limit\\"'), "backslash": (b"li\\mit", b"limit", b"li\\mit"),
    "one quote": (b'"', b"", b'"'), "blank before quote": (b' "limit"x', b"limit", b"limitx"),
    "two strings": (b'"lim" "it"', b"lim", b"limit", b'lim" "it'),
    "encoded word": (b'"=?us-ascii?q?limit?="', b"limit", b"=?us-ascii?q?limit?="),
    "encoded word b": (b"=?us-ascii?b?bGltaXQ=?=", b"limit", b"=?us-ascii?b?bGltaXQ=?="),
    "comment before": (b"(c)limit", b"limit", b"(c)limit"), "comment behind": (b"limit(c)", b"limit", b"limit(c)"),
    "comment with boundary": (b"(boundary=other)limit", b"limit", b"other)limit"),
    "NUL": (b'"lim\0it"', b"lim", b"lim\0it", b"limit"), "8-bit": (b'"lim\xe9"', b"lim\xe9", b"lim"),
    "quoted tab": (b'"lim\tit"', b"lim\tit", b"lim it", b"lim"), "folded": (b'"lim\r\n it"', b"lim it", b"limit", b"lim"),
    "semicolon": (b'"lim;it"', b"lim;it", b'"lim', b"lim"), "blank behind": (b'"limit "', b"limit ", b"limit"),
    "blank before": (b'" limit"', b" limit", b"limit"), "blank inside": (b"lim it", b"lim it", b"lim", b"limit"),
    "blank outside": (b'"limit" ', b"limit", b"limit "), "blanks only": (b'"  "', b"  ", b""), "empty": (b'""', b""),
    "nothing": (b"", b""), "colon": (b"lim:it", b"lim:it", b"lim"), "slash": (b"lim/it", b"lim/it", b"lim"),
    "equals": (b"lim=it", b"lim=it", b"lim"), "boundary": (b"boundary=limit", b"limit", b"boundary=limit"),
    "long": (b"x" * 100, b"x" * 100, b"x" * 70, b"x" * 80), "very long": (b"y" * 3000, b"y" * 3000, b"y" * 2048),
    "comma": (b"lim,it", b"lim,it", b"lim"), "at": (b"lim@it", b"lim@it", b"lim")
}


@structure("parameters", {
    f"{name}, {number}": (value, reading)
    for name, (value, *readings) in QUOTINGS.items() for number, reading in enumerate(readings)
})
def quoting(entity, variant):
    """A value that is read in several ways, and the delimiters follow one of them."""
    value, reading = variant
    return with_parameters(b"; boundary=" + value, b"--" + reading)(entity)


@structure("parameters", {
    "comma": b", boundary=limit", "blank": b" boundary=limit", "two semicolons": b";; boundary=limit",
    "semicolons and blank": b";; ; boundary=limit", "behind another": b"; foo=bar boundary=limit",
    "behind a string": b'; foo="x"boundary=limit', "no blank": b";boundary=limit",
    "comma behind another": b"; foo=bar, boundary=limit", "colon": b": boundary=limit",
    "behind a word": b"; foo boundary=limit", "behind a flag": b"; foo; boundary=limit",
    "behind an open string": b'; foo="x; boundary=limit', "behind an empty one": b"; foo=; boundary=limit",
    "semicolon behind": b"; boundary=limit;", "junk behind": b"; boundary=limit; \x01"
})
def separator(entity, variant):
    """What stands between parameters."""
    return with_parameters(variant)(entity)


@structure("parameters", {
    "before": b"; boundary =limit", "behind": b"; boundary= limit", "both": b"; boundary = limit",
    "tab": b"; boundary\t=\tlimit", "folded behind": b"; boundary=\r\n limit", "folded before": b"; boundary\r\n =limit",
    "folded twice": b";\r\n \r\n boundary=limit", "CR before": b"; boundary\r=limit", "CR behind": b"; boundary=\rlimit",
    "form feed": b";\x0cboundary=limit", "in the key": b"; bound ary=limit", "comment in the key": b"; bound(c)ary=limit",
    "comment behind key": b"; boundary(c)=limit", "two equals": b"; boundary==limit", "colon": b"; boundary:limit",
    "capitals": b"; BOUNDARY=limit", "backslash": b"; bound\\ary=limit", "quoted key": b'; "boundary"=limit',
    "comment before value": b"; boundary= (c) limit", "no break space": b"; boundary=\xa0limit",
    "NUL in key": b"; bound\0ary=limit"
})
def about_equals(entity, variant):
    """White space and worse about the = of the boundary."""
    return with_parameters(variant)(entity)


@structure("parameters", {
    "no parameter": b"", "semicolon": b";", "misspelt": b"; oundary=limit", "no equals": b"; boundary",
    "longer key": b"; boundaryx=limit", "declared another": b"; boundary=other"
})
def undeclared(entity, variant):
    """The delimiters are of a boundary that nobody names."""
    return with_parameters(variant)(entity)


@structure("parameters", {
    "string": b'; x="; boundary=other"; boundary=limit',
    "string, the hidden one": b'; x="; boundary=limit"; boundary=other',
    "escaped": b'; x=\\"; boundary=other; y=\\"; boundary=limit',
    "escaped, the hidden one": b'; x=\\"; boundary=limit; y=\\"; boundary=other',
    "comment": b" (; boundary=other); boundary=limit", "comment, the hidden one": b" (; boundary=limit); boundary=other",
    "only hidden": b'; x="; boundary=limit"', "only in a comment": b" (; boundary=limit)",
    "longer key first": b"; xboundary=other; boundary=limit",
    "longer key first, the hidden one": b"; x-boundary=limit; boundary=other", "open comment": b" (; boundary=limit",
    "value": b"; x=boundary=other; boundary=limit"
})
def hidden(entity, variant):
    """A boundary within another value."""
    return with_parameters(variant)(entity)


@structure("parameters", {
    "longer": (b"--limitX", None), "other case": (b"--LIMIT", None), "shorter": (b"--limi", None),
    "closed before": (b"--limit--X", b"--limit--"), "blanks behind": (b"--limit  ", None), "tab behind": (b"--limit\t", None),
    "blank before": (b" --limit", None), "three hyphens": (b"---limit", None), "colon": (b"--limit:", None),
    "junk": (b"--limit junk", None), "blank between": (b"-- limit", None), "one hyphen": (b"-limit", None),
    "no hyphens": (b"limit", None), "hyphen behind": (b"--limit-", None), "CR before": (b"\r--limit", None),
    "CR behind": (b"--limit\r", b"--limit--"), "vertical tab behind": (b"--limit\x0b", None),
    "NUL behind": (b"--limit\x00", None), "close without hyphens": (b"--limit", b"--limit"),
    "close with one": (b"--limit", b"--limit-"), "blank before close": (b"--limit", b"--limit --"),
    "four hyphens": (b"----limit", None), "quotes": (b'--"limit"', None), "comment behind": (b"--limit (c)", None),
    "form feed before": (b"\x0c--limit", None)
})
def delimiter(entity, variant):
    """Delimiters that aren't quite the boundary."""
    return with_parameters(b"; boundary=limit", *variant)(entity)


@structure("parameters", {
    "text": b"text/plain; boundary=limit", "octets": b"application/octet-stream; boundary=limit",
    "x-multipart": b"x-multipart/mixed; boundary=limit", "cut": b"ultipart/mixed; boundary=limit",
    "quoted": b'"multipart/mixed"; boundary=limit', "blanks": b"multipart / mixed; boundary=limit",
    "no subtype": b"multipart; boundary=limit", "empty subtype": b"multipart/; boundary=limit",
    "subtype with blank": b"multipart/mixed foo; boundary=limit", "comments": b"multipart(c)/(c)mixed; boundary=limit",
    "comment": b"(c)multipart/mixed; boundary=limit", "comment inside": b"multi(c)part/mixed; boundary=limit",
    "capitals": b"MULTIPART/MIXED; boundary=limit", "backslash": b"multipart\\/mixed; boundary=limit",
    "encoded word": b"=?us-ascii?q?multipart/mixed?=; boundary=limit", "two slashes": b"multipart//mixed; boundary=limit",
    "folded": b"\r\n multipart/mixed; boundary=limit", "NUL": b"multipart/mixed\0; boundary=limit",
    "message": b"message/rfc822; boundary=limit", "only boundary": b"; boundary=limit", "empty": b"",
    "plural": b"multiparts/mixed; boundary=limit", "semicolon first": b"; multipart/mixed; boundary=limit",
    "image": b"image/png; boundary=limit"
})
def type_of_multipart(entity, variant):
    """What has parts isn't called multipart, or not quite."""
    return mail([b"Content-Type: " + variant], multipart([TEXT, entity.whole()]))
