# SPDX-License-Identifier: GPL-2.0-only
"""Texts of letters: by name, the charset that their writer would choose, and the text."""

QUOTED_MAIL = """Hi Bob,

this is what I got, complete with all its header lines:

> Return-Path: <list@lists.example>
> MIME-Version: 1.0
> Content-Type: multipart/mixed; boundary="=_quoted_42"
> Subject: your invoice
>
> --=_quoted_42
> Content-Type: text/plain; charset=us-ascii
>
> Please find it attached.
> --=_quoted_42
> Content-Type: application/pdf; name="invoice.pdf"
> Content-Transfer-Encoding: base64
>
> JVBERi0xLjQK
> --=_quoted_42--

What do you make of it?
"""

FORWARDED_INLINE = """See below.

-----Original Message-----
From: Carol Example <carol@elsewhere.example>
Sent: Tuesday, November 3, 2026 10:12 AM
To: Anna Muster
Subject: FW: the list
MIME-Version: 1.0
Content-Type: text/plain; charset="iso-8859-1"
Content-Transfer-Encoding: quoted-printable

Here it is: caf=E9, na=EFve.

________________________________
This e-mail is confidential.
"""

ABOUT_MIME = """You asked how a multipart looks. The header says

Content-Type: multipart/mixed; boundary="frontier"

and then each part begins with a line like

--frontier
Content-Type: text/plain

This is the first part.
--frontier
Content-Type: application/octet-stream
Content-Transfer-Encoding: base64

PGh0bWw+CiAgPGhlYWQ+CiAgPC9oZWFkPgo8L2h0bWw+Cg==
--frontier--

where the last one has two more dashes. Don't write
Content-Transfer-Encoding: base64; it is no parameter.
"""

HEADER_FIRST = """MIME-Version: 1.0
Content-Type: text/html; charset="utf-8"
Content-Transfer-Encoding: 8bit
Received: from a.example by b.example; Tue, 3 Nov 2026 10:12:00 +0100

That is the header of the mail which I can't read. Where does it come from?
"""

PATCH = """From 0123456789abcdef0123456789abcdef01234567 Mon Sep 17 00:00:00 2001
From: Anna Muster <anna@sender.example>
Date: Tue, 3 Nov 2026 10:12:00 +0100
Subject: [PATCH 1/2] parser: accept a blank line

Otherwise it stops too early.
---
 src/parser.c | 4 ++--
 1 file changed, 2 insertions(+), 2 deletions(-)

diff --git a/src/parser.c b/src/parser.c
index 1111111..2222222 100644
--- a/src/parser.c
+++ b/src/parser.c
@@ -10,7 +10,7 @@ int parse(const char *line)
-\tif (!*line)
+\tif (!line || !*line)
 \t\treturn 0;
--
2.39.5
"""

LOG = """From the server's log:
Nov  3 10:12:00 host postfix/smtpd[123]: connect from unknown[192.0.2.1]
>From time to time it says:
.
..
.dot at the beginning
From now on it doesn't.
Content-Type: text/plain
begin to worry
end
"""

PGP_INLINE = """-----BEGIN PGP MESSAGE-----

hQEMA0123456789ABAf/dGhpcyBpcyBubyByZWFsIG1lc3NhZ2UgYnV0IGxvb2tz
bGlrZSBvbmUgdG8gYSBwcm9ncmFtIHRoYXQgbG9va3MgYXQgaXQgYW5kIHNvIG9u
=AbCd
-----END PGP MESSAGE-----
"""

PGP_SIGNED_INLINE = """-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA256

- --frontier is escaped here, as is
- -- a signature
-----BEGIN PGP SIGNATURE-----

iQEzBAEBCAAdFiEEdGhpcyBpcyBubyByZWFsIHNpZ25hdHVyZSBidXQgbG9va3Mg
=wXyZ
-----END PGP SIGNATURE-----
"""

LONG = " ".join(["a line that no program may send as it is, because it is far longer than 998 bytes;"] * 40)
PARAGRAPHS = "\n\n".join(f"Paragraph {number}. " + "Nothing happens here, but it takes its time. " * 6 for number in range(40))
FLOWED = ("This is a paragraph in format=flowed, whose lines end with a \nspace where they go on, \nuntil here.\n\n"
          "> quoted, and \n> flowed as well.\n>> twice\n\n-- \nAnna\n")

TEXTS = {
    "plain": ("us-ascii", "Hello Bob,\n\nthe minutes are attached.\n\nAnna\n"),
    "one-word": ("us-ascii", "ok"),
    "empty": ("us-ascii", ""),
    "blank": ("us-ascii", "\n\n\n"),
    "umlauts": ("iso-8859-1", "Schöne Grüße aus Köln, und für Jürgen noch ein Bier. 100 % \xa7 5\n" * 3),
    "euro": ("iso-8859-15", "Das kostet 5 € und œuvre.\n"),
    "windows": ("windows-1252", "“Smart quotes” – dashes — and … ellipses’\n"),
    "polish": ("iso-8859-2", "Zażółć gęślą jaźń\n"),
    "turkish": ("iso-8859-9", "Pijamalı hasta yağız şoföre çabucak güvendi\n"),
    "greek": ("iso-8859-7", "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία\n"),
    "hebrew": ("iso-8859-8", "דג סקרן שט בים מאוכזב ולפתע מצא חברה\n"),
    "arabic": ("utf-8", "نص حكيم له سر قاطع وذو شأن عظيم\n"),
    "russian": ("koi8-r", "Съешь же ещё этих мягких французских булок, да выпей чаю\n" * 4),
    "cyrillic": ("windows-1251", "Широкая электрификация южных губерний даст мощный толчок\n"),
    "japanese": ("iso-2022-jp", "いろはにほへと ちりぬるを わかよたれそ つねならむ\n" * 3),
    "shift-jis": ("shift_jis", "吾輩は猫である。名前はまだ無い。表示ソ能\n"),
    "chinese": ("gb2312", "我能吞下玻璃而不伤身体。\n" * 3),
    "big5": ("big5", "我能吞下玻璃而不傷身體。許功蓋\n"),
    "korean": ("euc-kr", "다람쥐 헌 쳇바퀴에 타고파\n"),
    "thai": ("utf-8", "เป็นมนุษย์สุดประเสริฐเลิศคุณค่า\n"),
    "hindi": ("utf-8", "मैं काँच खा सकता हूँ और मुझे उससे कोई चोट नहीं पहुंचती\n"),
    "emoji": ("utf-8", "🎉🎂 See you on Friday 👩‍👩‍👧‍👦 \u200b\u2066isolated\u2069 🍕\n"),
    "combining": ("utf-8", "Zoë's naïve café\u0301 — ﬁne\u00ad print, e\u0301le\u0300ve\n"),
    "long-lines": ("us-ascii", LONG + "\n" + LONG + "\n"),
    "long-umlauts": ("utf-8", "ä" * 1500 + "\n" + "=" * 200 + "\n"),
    "paragraphs": ("us-ascii", PARAGRAPHS),
    "flowed": ("us-ascii", FLOWED),
    "flowed-umlauts": ("utf-8", FLOWED.replace("takes", "dauert").replace("paragraph", "Abschnitt für später")),
    "quoted-mail": ("us-ascii", QUOTED_MAIL),
    "forwarded-inline": ("us-ascii", FORWARDED_INLINE),
    "about-mime": ("us-ascii", ABOUT_MIME),
    "patch": ("us-ascii", PATCH),
    "log": ("us-ascii", LOG),
    "signature": ("us-ascii", "Bye\n\n-- \nAnna Muster\n--\nSender Ltd.\n----\n--==--\n"),
    "pgp-inline": ("us-ascii", PGP_INLINE),
    "pgp-signed-inline": ("us-ascii", PGP_SIGNED_INLINE),
    "trailing-white": ("us-ascii", "a line with spaces   \nand a tab\t\n  indented\n\ttabbed\n"),
    "form-feed": ("us-ascii", "page one\n\x0cpage two\n"),
    "equals": ("us-ascii", "x=1\ny==2\nurl?a=3D&b==20\n=\n==\nA=B=C=\n"),
    "header-first": ("us-ascii", HEADER_FIRST),
    "field-first": ("us-ascii", "Content-Type: text/html is what it says there, but it isn't HTML.\nWhat now?\n\nAnna\n"),
    "from-first": ("us-ascii", "From what I see it works.\n\nFrom: me\n"),
    "dashes-first": ("us-ascii", "--- Forwarded by Anna on 03.11.2026 ---\n\n--\n\n-- \n--=20\nContent-Type: is what I asked for\n"),
    "data-uri": ("us-ascii", "<img src=\"data:image/png;base64,iVBORw0KGgo=\"> doesn't work in my browser.\n"),
    "base64-in-text": ("us-ascii", "The certificate:\n-----BEGIN CERTIFICATE-----\n" + ("QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo" * 2)[:64] + "\n-----END CERTIFICATE-----\n"),
    "utf-7-like": ("us-ascii", "a +AGI- c and +ADw-script+AD4- in a text about UTF-7\n"),
    "encoded-words": ("us-ascii", "The subject was =?utf-8?Q?Gr=C3=BC=C3=9Fe?= and the body began with =3D.\n"),
    "colon-first": ("us-ascii", "Note: this begins like a header field\nand: so does this\n\nbut isn't one\n"),
}
