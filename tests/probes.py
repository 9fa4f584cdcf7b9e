# SPDX-License-Identifier: GPL-2.0-only
"""Signatures that look at everything a signature can look at, each with a mail that it finds, and a mail with the same
parts in circumstances in which it finds nothing. A scanner that takes a part for clean because it has seen it
elsewhere shows it here."""

import base64
import binascii
import gzip
import hashlib
import io
import quopri
import struct
import tarfile
import zipfile

DATE = (2020, 1, 1, 0, 0, 0)
FILLER = b"The quick brown fox jumps over the lazy dog, and comes home late.\r\n"


class Probe:
    """`lines`: {extension: signature line}; `infected`: the mail that must be found; `clean`: mails that must not."""

    def __init__(self, name, lines, infected, *clean):
        self.name, self.lines, self.infected, self.clean = name, lines, infected, clean


# Containers, always the same bytes for the same content.

def zipped(members, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members:
            info = zipfile.ZipInfo(name, DATE)
            info.compress_type = method
            archive.writestr(info, content)
    return out.getvalue()


def tarred(members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def gzipped(content):
    return gzip.compress(content, mtime=0)


def docx(text):
    types = (b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n<Types xmlns="http://schemas.openxmlformats.org/'
             b'package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/'
             b'document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>'
             b"</Types>")
    rels = b'<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"/>'
    return zipped([("[Content_Types].xml", types), ("_rels/.rels", rels),
                   ("word/document.xml", b'<?xml version="1.0"?><w:document><w:t>' + text + b"</w:t></w:document>")])


def pdf(stream):
    return (b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[]/Count 0>>\nendobj\n"
            b"3 0 obj\n<</Length " + str(len(stream)).encode() + b">>\nstream\n" + stream +
            b"\nendstream\nendobj\ntrailer\n<</Root 1 0 R>>\n%%EOF\n")


def gif(comment):
    return (b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff!\xfe" + bytes([len(comment)]) + comment +
            b"\0!\xf9\4\1\0\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;")


def program(section):
    """A PE32 with one section."""
    section = section.ljust(0x200, b"\x90")
    dos = b"MZ".ljust(60, b"\0") + struct.pack("<I", 64)
    coff = b"PE\0\0" + struct.pack("<HHIIIHH", 0x14c, 1, 0, 0, 0, 224, 0x102)
    optional = struct.pack("<HBBIIIIIIIIIHHHHHHIIIIHHIIIIII", 0x10b, 6, 0, 0x200, 0, 0, 0x1000, 0x1000, 0x2000, 0x400000,
                           0x1000, 0x200, 4, 0, 0, 0, 4, 0, 0, 0x2000, 0x200, 0, 3, 0, 0x100000, 0x1000, 0x100000, 0x1000, 0,
                           16).ljust(224, b"\0")
    header = struct.pack("<8sIIIIIIHHI", b".text", 0x200, 0x1000, 0x200, 0x200, 0, 0, 0, 0, 0x60000020)
    return (dos + coff + optional + header).ljust(0x200, b"\0") + section, section


# Mails.

def mail(*parts, first=b"Received: from a by b; Thu, 01 Jan 2026 00:00:00 +0000\r\n", subject=b"a mail"):
    head = first + b"From: a@example.com\r\nSubject: " + subject + b"\r\nMIME-Version: 1.0\r\n"
    if len(parts) == 1:
        return head + parts[0]
    body = b"".join(b"--limit\r\n" + part + b"\r\n" for part in parts)
    return head + b'Content-Type: multipart/mixed; boundary="limit"\r\n\r\n' + body + b"--limit--\r\n"


def part(content, kind=b"application/octet-stream", name=b"", encoding=b"base64"):
    coded = {b"base64": lambda: base64.encodebytes(content).replace(b"\n", b"\r\n"),
             b"quoted-printable": lambda: quopri.encodestring(content).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"),
             b"8bit": lambda: content}[encoding]()
    naming = b'; name="' + name + b'"' if name else b""
    disposition = b'Content-Disposition: attachment; filename="' + name + b'"\r\n' if name else b""
    return (b"Content-Type: " + kind + naming + b"\r\n" + disposition + b"Content-Transfer-Encoding: " + encoding +
            b"\r\n\r\n" + coded)


def text(content, encoding=b"8bit"):
    return part(content, b"text/plain", encoding=encoding)


def html(content, encoding=b"8bit"):
    return part(content, b"text/html", encoding=encoding)


def uuencoded(content):
    lines = [binascii.b2a_uu(content[i:i + 45]).rstrip(b"\n") for i in range(0, len(content), 45)]
    return b"Content-Type: text/plain\r\n\r\nbegin 644 a.bin\r\n" + b"\r\n".join(lines) + b"\r\n`\r\nend\r\n"


def in_page(content):
    return b"<html><head><title>t</title></head><body><p>" + content + b"</p></body></html>\r\n"


LETTER = text(FILLER * 3)


def with_letter(*parts, **more):
    return mail(LETTER, *parts, **more)


def hexed(content):
    return content.hex()


def marker(number):
    return f"RastelProbe{number:03d}Needle".encode()


class Set:
    def __init__(self):
        self.probes = []

    def number(self):
        return len(self.probes) + 1

    def add(self, what, lines, infected, *clean):
        name = f"Probe.{what}"
        lines = {kind: line.replace("NAME", name) for kind, line in lines.items()}
        self.probes.append(Probe(name, lines, infected, *clean))

    def body(self, what, wrap, target=0, offset="*"):
        """A needle anywhere in a layer; the same mail with hay in its place is clean."""
        needle = FILLER + marker(self.number()) + FILLER
        self.add(what, {"ndb": f"NAME:{target}:{offset}:{hexed(marker(self.number()))}"}, wrap(needle), wrap(FILLER * 2))

    def logical(self, what, expression, needles, infected, *clean, conditions="Target:0"):
        subsignatures = ";".join(needle if isinstance(needle, str) else hexed(needle) for needle in needles)
        self.add(what, {"ldb": f"NAME;Engine:81-255,{conditions};{expression};{subsignatures}"}, infected, *clean)


def bodies(s):
    s.body("Text", lambda c: with_letter(text(c)))
    s.body("Html", lambda c: with_letter(html(in_page(c))))
    s.body("QuotedPrintable", lambda c: with_letter(text(c, b"quoted-printable")))
    s.body("Base64Text", lambda c: with_letter(text(c, b"base64")))
    s.body("Attached", lambda c: with_letter(part(b"\0\1\2" + c, name=b"a.bin")))
    s.body("Zip", lambda c: with_letter(part(zipped([("a.txt", c)]), name=b"a.zip")))
    s.body("StoredZip", lambda c: with_letter(part(zipped([("a.txt", c)], zipfile.ZIP_STORED), name=b"a.zip")))
    s.body("ZipInZip", lambda c: with_letter(part(zipped([("b.zip", zipped([("a.txt", c)]))]), name=b"a.zip")))
    s.body("SecondMember", lambda c: with_letter(part(zipped([("x.txt", FILLER), ("a.txt", c)]), name=b"a.zip")))
    s.body("Gzip", lambda c: with_letter(part(gzipped(c), name=b"a.gz")))
    s.body("Tar", lambda c: with_letter(part(tarred([("a.txt", c)]), name=b"a.tar")))
    s.body("TarGz", lambda c: with_letter(part(gzipped(tarred([("a.txt", c)])), name=b"a.tar.gz")))
    s.body("ZipInTar", lambda c: with_letter(part(tarred([("a.zip", zipped([("a.txt", c)]))]), name=b"a.tar")))
    s.body("MailInMail", lambda c: with_letter(b"Content-Type: message/rfc822\r\n\r\n" + mail(text(c))))
    s.body("ZipInMailInMail", lambda c: with_letter(b"Content-Type: message/rfc822\r\n\r\n" +
                                                    mail(LETTER, part(zipped([("a.txt", c)]), name=b"a.zip"))))
    s.body("Uuencode", lambda c: mail(uuencoded(c)))
    s.body("Docx", lambda c: with_letter(part(docx(c), name=b"a.docx")))
    s.body("DocxInZip", lambda c: with_letter(part(zipped([("a.docx", docx(c))]), name=b"a.zip")))
    s.body("Pdf", lambda c: with_letter(part(pdf(c), name=b"a.pdf")))
    s.body("PdfInZip", lambda c: with_letter(part(zipped([("a.pdf", pdf(c))]), name=b"a.zip")))
    s.body("ManyLayers", lambda c: with_letter(*(part(zipped([(f"{i}.txt", FILLER + bytes([65 + i]))]), name=b"z.zip")
                                                 for i in range(5)), part(zipped([("last.txt", c)]), name=b"y.zip")))


def targets(s):
    s.body("TargetMail", lambda c: with_letter(text(c)), target=4)
    s.body("TargetPdf", lambda c: with_letter(part(pdf(c), name=b"a.pdf")), target=10)
    s.body("TargetGraphics", lambda c: with_letter(part(gif(c[len(FILLER):][:60]), name=b"a.gif")), target=5)
    s.body("TargetProgram", lambda c: with_letter(part(program(c)[0], name=b"a.exe")), target=1)
    s.body("TargetProgramInZip", lambda c: with_letter(part(zipped([("a.exe", program(c)[0])]), name=b"a.zip")), target=1)
    for what, wrap in (("Text", lambda c: with_letter(text(c))),
                       ("Zip", lambda c: with_letter(part(zipped([("a.txt", c)]), name=b"a.zip")))):
        needle = marker(s.number())
        s.add(f"TargetAscii{what}", {"ndb": f"NAME:7:*:{hexed(needle.lower())}"},
              wrap(FILLER + needle + FILLER), wrap(FILLER * 2))
    # Only the normalised view has the needle: entities, white space and letters are evened out.
    needle = marker(s.number()).lower()
    page = in_page(b"&#" + str(needle[0]).encode() + b";" + needle[1:].upper())
    s.add("NormalisedHtml", {"ndb": f"NAME:3:*:{hexed(needle)}"}, with_letter(html(page)), with_letter(html(in_page(b"x"))))
    needle = marker(s.number()).lower()
    s.add("NormalisedHtmlInZip", {"ndb": f"NAME:3:*:{hexed(needle)}"},
          with_letter(part(zipped([("a.html", in_page(needle.upper()))]), name=b"a.zip")),
          with_letter(part(zipped([("a.html", in_page(b"hay"))]), name=b"a.zip")))
    needle = marker(s.number()).lower()
    script = in_page(b"<script>var  a  =  '" + needle + b"' ;</script>")
    s.add("NormalisedScript", {"ndb": f"NAME:7:*:{hexed(needle)}"}, with_letter(html(script)),
          with_letter(html(in_page(b"<script>var a=1;</script>"))))


def places(s):
    """Offsets, sizes, hashes."""
    def zipped_mail(content):
        return with_letter(part(zipped([("a.txt", content)]), name=b"a.zip"))
    needle = marker(s.number())
    s.add("OffsetZero", {"ndb": f"NAME:0:0:{hexed(needle)}"}, zipped_mail(needle + FILLER), zipped_mail(b"x" + needle + FILLER))
    needle = marker(s.number())
    s.add("OffsetRange", {"ndb": f"NAME:0:100,20:{hexed(needle)}"}, zipped_mail(b"x" * 110 + needle + FILLER),
          zipped_mail(b"x" * 10 + needle + FILLER))
    needle = marker(s.number())
    s.add("OffsetEnd", {"ndb": f"NAME:0:EOF-{len(needle)}:{hexed(needle)}"}, zipped_mail(FILLER + needle),
          zipped_mail(FILLER + needle + b"."))
    needle = b"Received: from probe " + marker(s.number())
    s.add("WholeMailOffsetZero", {"ndb": f"NAME:0:0:{hexed(needle)}"}, with_letter(first=needle + b"\r\n"),
          with_letter(first=b"Received: by x\r\n" + needle + b"\r\n"))
    needle = marker(s.number())
    content = FILLER + needle
    s.logical("FileSize", "0", [needle], zipped_mail(content), zipped_mail(content + b"xx"),
              conditions=f"FileSize:{len(content)}-{len(content)},Target:0")
    needle = marker(s.number())
    content = FILLER * 40 + needle
    s.logical("FileSizeAtLeast", "0", [needle], zipped_mail(content), zipped_mail(FILLER + needle),
              conditions="FileSize:2000-100000,Target:0")
    for kind, extension in (("md5", "hdb"), ("sha1", "hsb"), ("sha256", "hsb")):
        for what, wrap in (("Member", zipped_mail), ("Attachment", lambda c: with_letter(part(c, name=b"a.bin")))):
            content = b"\0" + marker(s.number()) + FILLER
            line = f"{hashlib.new(kind, content).hexdigest()}:{len(content)}:NAME"
            s.add(f"Hash.{kind}.{what}", {extension: line}, wrap(content), wrap(content + b"."))
    archive = zipped([("a.txt", marker(s.number()) + FILLER)])
    s.add("Hash.Archive", {"hdb": f"{hashlib.md5(archive).hexdigest()}:{len(archive)}:NAME"},
          with_letter(part(archive, name=b"a.zip")), zipped_mail(marker(s.number()) + FILLER + b"."))
    archive = gzipped(marker(s.number()) + FILLER)
    s.add("Hash.AnySize", {"hsb": f"{hashlib.sha256(archive).hexdigest()}:*:NAME:73"},
          with_letter(part(archive, name=b"a.gz")), with_letter(part(gzipped(FILLER), name=b"a.gz")))
    whole = with_letter(text(marker(s.number())))
    s.add("Hash.WholeMail", {"hdb": f"{hashlib.md5(whole).hexdigest()}:{len(whole)}:NAME"}, whole, b"Received: by y\r\n" + whole)
    binary, section = program(marker(s.number()))
    s.add("Hash.Section", {"mdb": f"{len(section)}:{hashlib.md5(section).hexdigest()}:NAME"},
          with_letter(part(binary, name=b"a.exe")), with_letter(part(program(b"other")[0], name=b"a.exe")))
    binary, section = program(marker(s.number()))
    s.add("Hash.SectionInZip", {"mdb": f"{len(section)}:{hashlib.md5(section).hexdigest()}:NAME"},
          zipped_mail(binary), zipped_mail(program(b"another")[0]))


def containers(s):
    """The same layer, clean elsewhere, condemned here."""
    def attached(content, name=b"a.bin"):
        return with_letter(part(content, name=name))
    wraps = {"Mail": attached, "Zip": lambda c: attached(zipped([("a.bin", c)]), b"a.zip"),
             "Gzip": lambda c: attached(gzipped(c), b"a.gz"), "Tar": lambda c: attached(tarred([("a.bin", c)]), b"a.tar"),
             "ZipInZip": lambda c: attached(zipped([("b.zip", zipped([("a.bin", c)]))]), b"a.zip"),
             "ZipInGzip": lambda c: attached(gzipped(zipped([("a.bin", c)])), b"a.gz"),
             "ZipInTar": lambda c: attached(tarred([("b.zip", zipped([("a.bin", c)]))]), b"a.tar")}
    rows = [("Zip", "Container:CL_TYPE_ZIP", ("Mail", "Gzip", "Tar")),
            ("Gzip", "Container:CL_TYPE_GZ", ("Mail", "Zip", "Tar")),
            ("Tar", "Container:CL_TYPE_POSIX_TAR", ("Mail", "Zip", "Gzip")),
            ("Mail", "Container:CL_TYPE_MAIL", ("Zip", "Gzip")),
            ("ZipInTar", "Intermediates:CL_TYPE_MAIL>CL_TYPE_POSIX_TAR>CL_TYPE_ZIP", ("Mail", "Zip", "ZipInZip", "Tar")),
            ("ZipInGzip", "Intermediates:CL_TYPE_MAIL>CL_TYPE_GZ>CL_TYPE_ZIP", ("Mail", "Zip", "ZipInZip", "Gzip")),
            ("ZipInZip", "Intermediates:CL_TYPE_MAIL>CL_TYPE_ZIP>CL_TYPE_ZIP", ("Mail", "Zip", "ZipInTar", "ZipInGzip"))]
    for where, condition, elsewhere in rows:
        needle = marker(s.number())
        content = b"\0\1" + needle + FILLER
        s.logical(f"In.{where}.{s.number()}", "0", [needle], wraps[where](content),
                  *(wraps[other](content) for other in elsewhere), conditions=f"{condition},Target:0")
    needle = marker(s.number())
    s.logical("In.Docx", "0", [needle], attached(docx(needle), b"a.docx"), attached(zipped([("a.xml", needle)]), b"a.zip"),
              conditions="Container:CL_TYPE_OOXML_WORD,Target:0")


def names(s):
    """Names and places of archive members (.cdb): of the same member under another name nothing is said."""
    def line(container="*", size="*", name="*", packed="*", real="*", encrypted="*", position="*"):
        return f"NAME:{container}:{size}:{name}:{packed}:{real}:{encrypted}:{position}:*:*"

    def archive(*members, method=zipfile.ZIP_DEFLATED):
        return with_letter(part(zipped(members, method), name=b"a.zip"))

    def own():
        return b"\0" + marker(s.number()) + FILLER
    c = own()
    s.add("Name.InZip", {"cdb": line("CL_TYPE_ZIP", name=r"invoice-041\.scr")}, archive(("invoice-041.scr", c)),
          archive(("invoice.txt", c)))
    c = own()
    s.add("Name.Pattern", {"cdb": line("CL_TYPE_ZIP", name=r"^[a-z]{9}042\.pif$")}, archive(("abcdefghi042.pif", c)),
          archive(("abcdefgh042.pif", c)))
    c = own()
    s.add("Name.InZipInZip", {"cdb": line("CL_TYPE_ZIP", name=r"deep-043\.scr")},
          archive(("b.zip", zipped([("deep-043.scr", c)]))), archive(("b.zip", zipped([("deep-043.txt", c)]))))
    c = own()
    s.add("Name.InTar", {"cdb": line("CL_TYPE_POSIX_TAR", name=r"tarred-044\.scr")},
          with_letter(part(tarred([("tarred-044.scr", c)]), name=b"a.tar")),
          with_letter(part(tarred([("tarred-044.txt", c)]), name=b"a.tar")), archive(("tarred-044.scr", c)))
    c = own()
    s.add("Name.SecondOfTwo", {"cdb": line("CL_TYPE_ZIP", name=r"second-046\.txt", position="2")},
          archive(("first.txt", FILLER), ("second-046.txt", c)), archive(("second-046.txt", c), ("first.txt", FILLER)))
    c = own()
    s.add("Name.RealSize", {"cdb": line("CL_TYPE_ZIP", name=r"sized-047\.txt", real=str(len(c)))},
          archive(("sized-047.txt", c)), archive(("sized-047.txt", c + b"x")))
    c = own()
    whole = zipped([("boxed-048.txt", c)])
    s.add("Name.ContainerSize", {"cdb": line("CL_TYPE_ZIP", size=str(len(whole)), name=r"boxed-048\.txt")},
          with_letter(part(whole, name=b"a.zip")), archive(("boxed-048.txt", c), ("more.txt", FILLER)))


def logic(s):
    def wrap(*needles):
        return with_letter(part(zipped([("a.txt", FILLER.join((b"",) + needles + (b"",)))]), name=b"a.zip"))

    def three():
        return [marker(s.number()) + suffix for suffix in (b"-a", b"-b", b"-c")]
    a, b, c = three()
    s.logical("And", "0&1", [a, b], wrap(a, b), wrap(a), wrap(b))
    a, b, c = three()
    s.logical("Or", "0|1", [a, b], wrap(b), wrap(c))
    a, b, c = three()
    s.logical("AndOr", "(0|1)&2", [a, b, c], wrap(b, c), wrap(a, b), wrap(c))
    a, b, c = three()
    s.logical("MoreThan", "0>2", [a], wrap(a, a, a), wrap(a, a))
    a, b, c = three()
    s.logical("Exactly", "0=2", [a], wrap(a, a), wrap(a), wrap(a, a, a))
    a, b, c = three()
    s.logical("FewerThan", "0<2&1", [a, b], wrap(a, b), wrap(a, a, b))
    a, b, c = three()
    s.logical("NoneAtAll", "0=0&1", [a, b], wrap(b), wrap(a, b))
    a, b, c = three()
    s.logical("TwoOfThree", "(0|1|2)>1,2", [a, b, c], wrap(a, c), wrap(a, a))
    a, b, c = three()
    s.logical("Offsets", "0&1", [f"0:{hexed(a)}", f"EOF-{len(b)}:{hexed(b)}"],
              with_letter(part(zipped([("a.txt", a + FILLER + b)]), name=b"a.zip")), wrap(a, b))
    a, b, c = three()
    s.logical("AnyCase", "0", [hexed(a) + "::i"], wrap(a.upper()), wrap(b))
    a, b, c = three()
    s.logical("Wide", "0", [hexed(a) + "::w"], wrap(a.decode().encode("utf-16-le")), wrap(a))
    a, b, c = three()
    s.logical("WholeWord", "0", [hexed(a) + "::f"], wrap(b" " + a + b" "), wrap(b"x" + a + b"x"))


def patterns(s):
    def wrap(content):
        return with_letter(part(zipped([("a.txt", FILLER + content + FILLER)]), name=b"a.zip"))
    a = marker(s.number())
    s.add("Wildcard.Byte", {"ndb": f"NAME:0:*:{hexed(a)}??{hexed(b'end')}"}, wrap(a + b"7end"), wrap(a + b"77end"))
    a = marker(s.number())
    s.add("Wildcard.Nibble", {"ndb": f"NAME:0:*:{hexed(a)}3?{hexed(b'end')}"}, wrap(a + b"7end"), wrap(a + b"xend"))
    a = marker(s.number())
    s.add("Wildcard.Gap", {"ndb": f"NAME:0:*:{hexed(a)}{{3-5}}{hexed(b'endofit')}"}, wrap(a + b"1234endofit"),
          wrap(a + b"1endofit"))
    a = marker(s.number())
    s.add("Wildcard.Any", {"ndb": f"NAME:0:*:{hexed(a)}*{hexed(b'farbehind')}"}, wrap(a + FILLER + b"farbehind"),
          wrap(b"farbehind" + a))
    a = marker(s.number())
    s.add("Wildcard.Alternative", {"ndb": f"NAME:0:*:{hexed(a)}({hexed(b'xx')}|{hexed(b'yy')}){hexed(b'end')}"}, wrap(a + b"yyend"),
          wrap(a + b"zzend"))
    a = marker(s.number())
    s.logical("Pcre", "1", [a, f"0/{a.decode()}-[0-9]{{4}}/"], wrap(a + b"-1234"), wrap(a + b"-12x4"))
    a = marker(s.number())
    s.logical("Pcre.AnyCase", "1", [a, f"0/{a.decode().lower()}-x+y/i"], wrap(a + b"-XXY"), wrap(a + b"-Y"))
    a = marker(s.number())
    s.logical("Pcre.Global", "1>1", [a, f"0/{a.decode()}[0-9]/g"], wrap(a + b"1 " + a + b"2"), wrap(a + b"1 " + a))
    a = marker(s.number())
    s.logical("ByteCompare", "0&1", [a, f"0(>>{len(a)}#de4#>1500)"], wrap(a + b"1700"), wrap(a + b"1200"))


def all_probes():
    s = Set()
    for group in (bodies, targets, places, containers, names, logic, patterns):
        group(s)
    return s.probes


def write_signatures(probes, folder):
    lines = {}
    for probe in probes:
        for extension, line in probe.lines.items():
            lines.setdefault(extension, []).append(line)
    for extension, of_kind in lines.items():
        (folder / f"probes.{extension}").write_text("\n".join(of_kind) + "\n")


def colliding_pair():
    """Two blocks with one MD5 (Wang et al. 2004)."""
    first = bytes.fromhex(
        "d131dd02c5e6eec4693d9a0698aff95c2fcab58712467eab4004583eb8fb7f8955ad340609f4b30283e488832571415a"
        "085125e8f7cdc99fd91dbdf280373c5bd8823e3156348f5bae6dacd436c919c6dd53e2b487da03fd02396306d248cda0"
        "e99f33420f577ee8ce54b67080a80d1ec69821bcb6a8839396f9652b6ff72a70")
    second = bytearray(first)
    for place in (19, 45, 59, 83, 109, 123):
        second[place] ^= 0x80
    return first, bytes(second)
