# SPDX-License-Identifier: GPL-2.0-only
"""How the payload is encoded, and what is said of it: classes of *declaration*, *base64*, *quoted-printable*, *legacy*."""
import base64
import binascii
import struct

from entity import CRLF, Entity, TEXT, encoding, lines, multipart

BASE64, QP = b"base64", b"quoted-printable"


def wrapped(text, width=32):
    return lines(*[text[at:at + width] for at in range(0, len(text), width)])


def as_base64(content):
    return wrapped(base64.b64encode(content))


def escaped(content, form=b"=%02X"):
    return b"".join(form % byte for byte in content)


def as_qp(content):
    """Every third character escaped, so that nothing of the content stands in the mail; soft breaks in it."""
    return qp_pieces(content, b"=" + CRLF) + CRLF


def qp_pieces(content, between):
    written = [
        escaped(content[at:at + 1]) if at % 3 == 0 or content[at] in b"=\r\n" else content[at:at + 1]
        for at in range(len(content))
    ]
    return between.join(b"".join(written[at:at + 20]) for at in range(0, len(written), 20))


def declared(value):
    return (b"Content-Transfer-Encoding: " + value,)


ENCODERS = {BASE64: as_base64, QP: as_qp}


# --- declaration: what the header says of the encoding ---

@encoding("declaration", {
    "base-64": b"base-64", "x-base64": b"x-base64", "base645": b"base645", "b64": b"b64", "bas64": b"bas64",
    "quoted": b'"base64"', "semicolon": b"base64;", "word behind": b"base64 foo", "parameter": b"base64; x=y",
    "utf-7": b"utf-7", "none": b"none", "capitals": b"BASE64", "blank behind": b"base64  ", "full stop": b"base64.",
    "encoded word": b"=?us-ascii?q?base64?=", "encoded word b": b"=?us-ascii?b?YmFzZTY0?=", "comment before": b"(c) base64",
    "comment behind": b"base64 (c)", "comment inside": b"base(c)64", "backslash": b"base\\64", "NUL behind": b"base64\0",
    "NUL inside": b"base\x0064", "vertical tab": b"\x0bbase64", "many blanks": b" " * 2000 + b"base64",
    "folded": b"\r\n base64", "folded twice": b"\r\n \r\n base64", "folded inside": b"base\r\n 64",
    "single quotes": b"'base64'", "half quoted": b'"base64', "no break space": b"\xa0base64", "comma": b"base64,",
    "equals": b"=base64", "mixed case": b"bAsE64", "binary": b"binary", "8bit": b"8bit", "7bit": b"7bit", "empty": b""
})
def word_for_base64(payload, variant):
    """Another word, or the right one in a dress, over a body of base64."""
    return Entity(as_base64(payload), declared(variant))


@encoding("declaration", {
    "cut": b"quoted-printabl", "x-": b"x-quoted-printable", "one word": b"quotedprintable",
    "underscore": b"quoted_printable", "semicolon": b"quoted-printable;", "quoted": b'"quoted-printable"',
    "capitals": b"QUOTED-PRINTABLE", "qp": b"qp", "word behind": b"quoted-printable x", "folded": b"\r\n quoted-printable",
    "comment": b"(c)quoted-printable", "blank inside": b"quoted - printable", "8bit": b"8bit", "8bits": b"8bits"
})
def word_for_qp(payload, variant):
    """The same over a body of quoted-printable."""
    return Entity(as_qp(payload), declared(variant))


@encoding("declaration", {
    "no blank": b"Content-Transfer-Encoding:base64", "two colons": b"Content-Transfer-Encoding:: base64",
    "blank before colon": b"Content-Transfer-Encoding : base64", "no colon": b"Content-Transfer-Encoding base64",
    "equals": b"Content-Transfer-Encoding= base64", "capitals": b"CONTENT-TRANSFER-ENCODING: base64",
    "tab": b"Content-Transfer-Encoding:\tbase64", "comment in name": b"Content-Transfer-(c)Encoding: base64",
    "cut name": b"Content-Transfer-Encodin: base64", "NUL before colon": b"Content-Transfer-Encoding\0: base64",
    "blank first": b" Content-Transfer-Encoding: base64", "folded name": b"Content-Transfer-Encoding\r\n : base64",
    "behind a CR": b"X-Foo: bar\rContent-Transfer-Encoding: base64",
    "behind a LF": b"X-Foo: bar\nContent-Transfer-Encoding: base64",
    "behind junk": b"this is no field\r\nContent-Transfer-Encoding: base64",
    "behind white space": b" \r\nContent-Transfer-Encoding: base64",
    "CR CR LF before": b"X-Foo: bar\r\r\nContent-Transfer-Encoding: base64"
})
def field_of_base64(payload, variant):
    """The field itself is written in another way."""
    return Entity(as_base64(payload), (variant,))


def pairs(separators):
    return {
        f"{first.decode()}{separator.decode()}{second.decode()} of {body.decode()}": (first + separator + second, body)
        for separator in separators for first, second in ((BASE64, QP), (QP, BASE64), (b"7bit", BASE64))
        for body in (first, second) if body != b"7bit"
    }


@encoding("declaration", pairs([b", ", b" ", b"; "]))
def several(payload, variant):
    """Two encodings in one field, the body in one of them."""
    value, body = variant
    return Entity(ENCODERS[body](payload), declared(value))


@encoding("declaration", {
    "base64": (BASE64, ()), "quoted-printable": (QP, ()), "base64 as quoted-printable": (BASE64, declared(QP)),
    "quoted-printable as base64": (QP, declared(BASE64))
})
def body_unlike_header(payload, variant):
    """Nothing is said, or the wrong thing."""
    body, said = variant
    return Entity(ENCODERS[body](payload), said)


@encoding("declaration", {BASE64.decode(): BASE64, QP.decode(): QP})
def encoded_multipart(payload, variant):
    """A multipart encoded as a whole (RFC 2045 6.4 forbids it)."""
    inner = Entity(as_base64(payload)).whole()
    return Entity(ENCODERS[variant](multipart([TEXT, inner], b"--inner", b"--inner--")), declared(variant),
                  b"Content-Type: multipart/mixed; boundary=inner", None)


@encoding("declaration", {
    "base64": (BASE64, declared(BASE64), ()), "quoted-printable": (QP, declared(QP), ()),
    "ignored": (BASE64, declared(QP), declared(BASE64)), "same in both": (BASE64, declared(BASE64), declared(BASE64))
})
def multipart_says_encoding(payload, variant):
    """A multipart that isn't encoded says that it is; its part has that encoding, or one of its own."""
    body, outer, own = variant
    inner = Entity(ENCODERS[body](payload), own).whole()
    return Entity(multipart([TEXT, inner], b"--inner", b"--inner--"), outer, b"Content-Type: multipart/mixed; boundary=inner",
                  None)


@encoding("declaration", {
    f"{kind} {said.decode()}{' ignored' if plain else ''}": (kind, said, plain)
    for kind in ("rfc822", "global", "news", "x-other") for said, plain in ((BASE64, False), (QP, False), (BASE64, True))
})
def encoded_message(payload, variant):
    """An enclosed mail, encoded as a whole, or said to be."""
    kind, said, plain = variant
    inner = lines(b"From: c@example.org", b"MIME-Version: 1.0") + Entity(as_base64(payload)).whole()
    return Entity(inner if plain else ENCODERS[said](inner), declared(said), b"Content-Type: message/" + kind.encode(), None)


@encoding("declaration", {
    "base64 in base64": lambda payload: as_base64(as_base64(payload)),
    "with a header": lambda payload: as_base64(Entity(as_base64(payload)).whole()),
    "quoted-printable in base64": lambda payload: as_base64(as_qp(payload)),
    "uuencode in base64": lambda payload: as_base64(uu_file(payload)), "begin-base64 in base64": lambda payload: as_base64(
        lines(b"begin-base64 644 p.exe") + as_base64(payload) + lines(b"===="))
})
def twice(payload, variant):
    """Encoded once more than is said."""
    return Entity(variant(payload))


# --- base64 ---

@encoding("base64", {
    "full stop": b".", "colon": b":", "hash": b"#", "hyphen": b"-", "percent": b"%", "underscore": b"_",
    "exclamation": b"!", "NUL": b"\0", "high byte": b"\xe9", "vertical tab": b"\x0b", "form feed": b"\x0c", "space": b" ",
    "tab": b"\t", "quote": b'"', "backslash": b"\\", "comma": b",", "CR": b"\r", "LF": b"\n", "CRLF": b"\r\n",
    "blank line": b"\r\n\r\n", "escape": b"=3D", "less than": b"<", "delete": b"\x7f", "long": b"!" * 80
})
def junk(payload, variant):
    """Something that is no digit, after every tenth digit."""
    text = base64.b64encode(payload)
    return Entity(variant.join(text[at:at + 10] for at in range(0, len(text), 10)) + CRLF)


@encoding("base64", {
    "tens in lines": (10, CRLF), "ones in lines": (1, CRLF), "fours in lines": (4, CRLF), "halves": (34, CRLF),
    "tens": (10, b""), "ones": (1, b""), "fours": (4, b""), "halves on one line": (34, b""), "between blanks": (10, b" "),
    "blank lines between": (10, b"\r\n\r\n"), "first two": (2, None)
})
def padded_pieces(payload, variant):
    """Several pieces, each with padding of its own."""
    size, between = variant
    if between is None:
        return Entity(base64.b64encode(payload[:size]) + base64.b64encode(payload[size:]) + CRLF)
    return Entity(between.join(base64.b64encode(payload[at:at + size]) for at in range(0, len(payload), size)) + CRLF)


@encoding("base64", {
    "none": b"", "two": b"==", "five": b"=====", "on its own line": b"\r\n=", "blank before": b" =",
    "far": b"\r\n\r\n\r\n=", "A": b"A", "escaped": b"=3D", "without line end": None
})
def end(payload, variant):
    """The wrong padding, where one = is due."""
    text = as_base64(payload).rstrip(b"=\r\n")
    return Entity(text + (b"=" if variant is None else variant + CRLF))


@encoding("base64", {"one": b"=", "two": b"==", "four": b"====", "four and a line": b"====\r\n", "a line": b"=\r\n"})
def padding_first(payload, variant):
    """Padding before the first digit."""
    return Entity(variant + as_base64(payload))


@encoding("base64", {"each line": 32, "each quantum": 4, "inside a quantum": 6, "before the last digit": 90})
def padding_between(payload, variant):
    """A = that isn't due, between digits."""
    text = base64.b64encode(payload)
    return Entity(b"=\r\n".join(text[at:at + variant] for at in range(0, len(text), variant)) + CRLF)


@encoding("base64", {
    "footer": b"_______\r\nThe list's footer\r\n", "digits": b"QUJDRA==\r\n", "four and digits": b"====\r\nQUJDRA==\r\n",
    "word": b"abc\r\n", "binary": b"\x80\xff\0\r\n", "header": b"Content-Type: text/plain\r\n\r\nx\r\n", "same line": None
})
def behind_end(payload, variant):
    """Something behind the padding."""
    text = as_base64(payload)
    return Entity(text.rstrip() + b"The footer\r\n" if variant is None else text + variant)


@encoding("base64", {
    "one digit": b"A\r\n\r\n", "two digits": b"AA\r\n\r\n", "three digits": b"AAA\r\n\r\n",
    "begin-base64": b"begin-base64 644 p.exe\r\n", "armour": b"-----BEGIN X-----\r\n",
    "words": b"See the attached file:\r\n\r\n", "blank lines": b"\r\n\r\n\r\n", "white line": b" \t\r\n",
    "junk": b"!!!!\r\n", "a digit without line": b"A"
})
def before_start(payload, variant):
    """Something before the first digit of the payload."""
    return Entity(variant + as_base64(payload))


@encoding("base64", {"digit by digit": 1, "five": 5, "seventy-seven": 77, "one line": 1000})
def line_length(payload, variant):
    return Entity(wrapped(base64.b64encode(payload), variant))


@encoding("base64", {
    "LF": b"\n", "CR": b"\r", "CR CR LF": b"\r\r\n", "LF CR": b"\n\r", "white before": b" \r\n", "white behind": b"\r\n   ",
    "form feed": b"\x0c\r\n"
})
def line_end(payload, variant):
    return Entity(as_base64(payload).replace(CRLF, variant) + CRLF)


@encoding("base64", {"url": (b"+/", b"-_"), "imap": (b"/", b",")})
def alphabet(payload, variant):
    """Another alphabet: the payload gets bytes before it that need its last digits."""
    return Entity(wrapped(base64.b64encode(b"\xfb\xff\xbf" + payload).translate(bytes.maketrans(*variant))))


# --- quoted-printable ---

@encoding("quoted-printable",
          {"capitals": b"=%02X", "small": b"=%02x", "line each": b"=%02X=\r\n", "blank before break": b"=%02X \r\n"})
def escape_form(payload, variant):
    """Every byte escaped; the last of these forms puts blanks and breaks between, which nobody takes away."""
    return Entity(escaped(payload, variant) + CRLF, declared(QP))


@encoding("quoted-printable", {
    "CRLF": b"=\r\n", "blank": b"= \r\n", "tab": b"=\t\r\n", "blanks": b"=   \t  \r\n", "LF": b"=\n", "CR": b"=\r",
    "CR CR LF": b"=\r\r\n", "LF CR": b"=\n\r", "blank LF": b"= \n", "two": b"=\r\n=\r\n", "three equals": b"===\r\n",
    "form feed": b"=\x0c\r\n", "NUL": b"=\0\r\n"
})
def soft_break(payload, variant):
    """Soft line breaks, honest and not."""
    return Entity(qp_pieces(payload, variant) + CRLF, declared(QP))


@encoding("quoted-printable", {
    "equals": b"=", "letter": b"=X", "one digit": b"=0", "no digits": b"=G1", "blank": b"= ", "high byte": b"=\xe9",
    "full stop": b"=.", "percent": b"%3D"
})
def bad_escape(payload, variant):
    """An escape that is none, between characters."""
    return Entity(qp_pieces(payload, variant) + CRLF, declared(QP))


@encoding("quoted-printable", {
    "equals": b"=", "equals and line": b"=\r\n", "blanks": b"   \r\n", "one digit": b"=4", "text": b"=\r\nfooter\r\n",
    "nothing": b""
})
def last_line(payload, variant):
    return Entity(qp_pieces(payload, b"=\r\n") + variant, declared(QP))


@encoding("quoted-printable", {
    "escape by a break": lambda payload: b"".join(b"=%X=\r\n%X" % divmod(byte, 16) for byte in payload),
    "digits escaped": lambda payload: b"".join(b"==%02X=%02X" % tuple(b"%02X" % byte)
                                               for byte in payload), "twice": lambda payload: as_qp(escaped(payload)),
    "one long line": lambda payload: b"x" * 2000 + b" " + escaped(payload),
    "mixed case": lambda payload: b"".join(b"=%X%x" % divmod(byte, 16) for byte in payload),
    "first letter only": lambda payload: escaped(payload[:1]) + payload[1:]
})
def written(payload, variant):
    """Escapes cut in two, made of escapes, or alone."""
    return Entity(variant(payload) + CRLF, declared(QP))


# --- legacy encodings ---

def uu_lines(payload, backtick=True):
    return b"".join(
        binascii.b2a_uu(payload[at:at + 45], backtick=backtick).rstrip(b"\n") + CRLF for at in range(0, len(payload), 45))


def uu_file(payload, begin=b"begin 644 p.exe", behind=(b"`", b"end")):
    return lines(begin) + uu_lines(payload) + lines(*behind)


TYPES = {
    "text": b"Content-Type: text/plain", "octets": b"Content-Type: application/octet-stream; name=p.exe", "untyped": None,
    "html": b"Content-Type: text/html"
}


@encoding("legacy", {
    "text": ("text", {}), "octets": ("octets", {}), "untyped": ("untyped", {}), "html": ("html", {}),
    "mode of four": ("text", {"begin": b"begin 0644 p.exe"}), "mode of one": ("text", {"begin": b"begin 6 p.exe"}),
    "no name": ("text", {"begin": b"begin 644"}), "two blanks": ("text", {"begin": b"begin  644  p.exe"}),
    "tab": ("text", {"begin": b"begin\t644\tp.exe"}), "capitals": ("text", {"begin": b"BEGIN 644 p.exe"}),
    "no end": ("text", {"behind": ()}), "no last line": ("text", {"behind": (b"end",)}),
    "text behind end": ("text", {"behind": (b"`", b"end of it")}), "no mode": ("text", {"begin": b"begin p.exe"})
})
def uuencode(payload, variant):
    """A file in the text (POSIX uuencode)."""
    kind, how = variant
    return Entity(uu_file(payload, **how), (), TYPES[kind], None)


@encoding("legacy", {
    "text before": lambda payload: b"The file:\r\n\r\n" + uu_file(payload),
    "text directly before": lambda payload: b"The file: \r\n" + uu_file(payload),
    "quoted": lambda payload: b"".join(b"> " + line for line in uu_file(payload).splitlines(True)),
    "second of two": lambda payload: uu_file(b"harmless") + b"\r\n" + uu_file(payload),
    "blanks for backquotes": lambda payload: lines(b"begin 644 p.exe") + uu_lines(payload, False) + lines(b" ", b"end"),
    "junk behind lines": lambda payload: uu_file(payload).replace(CRLF, b"a\r\n", 3).replace(b"p.exea", b"p.exe", 1),
    "LF": lambda payload: uu_file(payload).replace(CRLF, b"\n"),
    "blank lines between": lambda payload: uu_file(payload).replace(CRLF, b"\r\n\r\n"), "in a base64 part of text": None
})
def uuencode_in_text(payload, variant):
    """With something about it, or in it."""
    if variant is None:
        return Entity(as_base64(uu_file(payload)), declared(BASE64), TYPES["text"], None)
    return Entity(variant(payload), (), TYPES["text"], None)


@encoding("legacy", {
    f"{word.decode()}{'' if framed else ' without begin'}": (word, framed)
    for word in (b"x-uuencode", b"uuencode", b"x-uue", b"uue", b"x-uu", b"X-UUENCODE") for framed in (True, False)
})
def uuencode_declared(payload, variant):
    """As a transfer encoding."""
    word, framed = variant
    return Entity(uu_file(payload) if framed else uu_lines(payload), declared(word))


def yenc(payload):
    coded = b"".join(
        b"=%c" % ((byte + 106) % 256) if (byte + 42) % 256 in b"\0\r\n=" else b"%c" % ((byte + 42) % 256) for byte in payload)
    return lines(b"=ybegin line=128 size=%d name=p.exe" % len(payload), coded, b"=yend size=%d" % len(payload))


@encoding("legacy", {
    "declared": (declared(b"x-yencode"), "octets"), "text": ((), "text"), "untyped": ((), "untyped"),
    "binary": (declared(b"binary"), "octets")
})
def yencoded(payload, variant):
    said, kind = variant
    return Entity(yenc(payload), said, TYPES[kind])


HQX = b"!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr"


def binhex(payload):
    """BinHex 4.0 (RFC 1741), without its run lengths."""

    def checked(content):
        return content + struct.pack(">H", binascii.crc_hqx(content, 0))

    head = b"\x05p.exe\0" + b"????" * 2 + struct.pack(">HII", 0, len(payload), 0)
    content = (checked(head) + checked(payload) + checked(b"")).replace(b"\x90", b"\x90\0")
    bits = "".join(f"{byte:08b}" for byte in content)
    coded = b":" + bytes(HQX[int(bits[at:at + 6].ljust(6, "0"), 2)] for at in range(0, len(bits), 6)) + b":"
    return lines(b"(This file must be converted with BinHex 4.0)", b"") + wrapped(coded, 64)


@encoding("legacy", {
    "declared": (declared(b"mac-binhex40"), "octets"), "x-binhex": (declared(b"binhex"), "octets"), "type": ((), None),
    "text": ((), "text"), "untyped": ((), "untyped"), "in base64": (declared(BASE64), None)
})
def binhexed(payload, variant):
    said, kind = variant
    content = as_base64(binhex(payload)) if said == declared(BASE64) else binhex(payload)
    return Entity(content, said, TYPES[kind] if kind else b"Content-Type: application/mac-binhex40; name=p.hqx")
