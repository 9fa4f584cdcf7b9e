# SPDX-License-Identifier: GPL-2.0-only
"""Programs that people and scripts call to send a mail: each is given the text and the files as it wants them, and a sendmail
that keeps what it gets, or an SMTP server that does."""
import email.header
import email.policy
import email.utils

from honest import python_mail
from honest.workshop import Sink, address


def for_all(program, send, wanted=lambda letter: True):
    """send(shop, letter, path): lets the program write the letter's message to that path."""
    def make(shop):
        for letter in shop.letters:
            if wanted(letter):
                send(shop, letter, shop.out(program) / f"{letter.label}.eml")
    return make


def every(step, first, wanted):
    """Of slow programs some letters must do."""
    return lambda letter: wanted(letter) and int(letter.label[:3]) % step == first


def ascii_only(letter):
    return letter.ascii_addresses


def without_html(letter):
    return letter.ascii_addresses and not letter.html


def in_utf8(letter):
    """s-nail reads a text file in the charset of its terminal, and refuses what isn't."""
    return not any(attached.label in ("latin", "utf-16") for attached in letter.attachments)


def like_mutt(program):
    def send(shop, letter, path):
        settings = shop.folder / f"{program}.{letter.label}.rc"
        charsets = "us-ascii:utf-8" if letter.charset in ("us-ascii", "utf-8") else f"us-ascii:{letter.charset}:utf-8"
        settings.write_text(f'set sendmail="{shop.sendmail}" copy=no charset=utf-8 send_charset="{charsets}" use_envelope_from=no '
                            f'from="{address(letter.sender).replace(chr(34), chr(92) + chr(34))}" use_domain=no hostname=sender.example '
                            f'text_flowed={"yes" if letter.flowed else "no"} allow_8bit={"yes" if "1" in letter.label else "no"} '
                            f'mime_forward=yes idn_encode=no\nset my_nothing=1\n')
        files = [word for path_ in shop.paths_of(letter) for word in ("-a", path_)]
        if letter.html:
            settings.write_text(settings.read_text() + "set content_type=text/html\n")
        shop.run(program, "-n", "-F", settings, "-s", letter.subject, *files, "--", address(letter.recipient),
                 stdin=(letter.html or letter.text).encode(), environment={"KEEP_AS": str(path)})
    return send


def s_nail(shop, letter, path):
    files = [word for file in shop.paths_of(letter) for word in ("-a", file)]
    shop.run("s-nail", "-:/", "-S", "mime-encoding=" + ("quoted-printable" if "0" in letter.label[2] else "base64"),
             "-S", f"mta=file://{shop.sendmail}", "-S", "sendwait", "-S", "ttycharset=utf-8", "-S", "fullnames",
             "-S", f"sendcharsets={letter.charset},utf-8", "-S", "hostname=sender.example", "-S", f"from={address(letter.sender)}",
             *(["-M", "text/html"] if letter.html else []), *files, "-s", letter.subject, "-.",
             letter.recipient[1], stdin=(letter.html or letter.text).encode(), environment={"KEEP_AS": str(path)})


def gnu_mail(shop, letter, path):
    files = []
    for attached in letter.attachments:
        files += ["--content-type", attached.type, *(["--content-name", attached.name] if attached.name else []),
                  "-A", shop.paths[attached.label]]
    shop.run("mail.mailutils", "-n", "--exec", f"set sendmail=sendmail:{shop.sendmail}", "-s", email.header.Header(letter.subject, "utf-8").encode(maxlinelen=0),
             "-a", f"From: {email.utils.formataddr(letter.sender)}",
             *files, "--content-type", "text/plain; charset=utf-8", "--encoding", "quoted-printable", letter.recipient[1], stdin=letter.text.encode(), environment={"KEEP_AS": str(path)})


def mpack(shop, letter, path):
    description = shop.folder / "mpack.txt"
    description.write_text(letter.text)
    attached = letter.attachments[0]
    shop.run("mpack", "-s", letter.subject, "-d", description, "-c", attached.type, "-o", path, shop.paths[attached.label])


def has_files(letter):
    return bool(letter.attachments) and letter.attachments[0].type.split("/")[0] not in ("text", "message")


def makemime(shop, letter, path):
    """Courier's makemime, one call for a part and one for the whole, as in a shell script."""
    work = shop.folder / "makemime"
    work.mkdir(exist_ok=True)
    text = work / "text"
    text.write_text(letter.html or letter.text)
    fields = ["-a", f"From: {email.utils.formataddr(letter.sender)}", "-a", f"To: {email.utils.formataddr(letter.recipient)}",
              "-a", f"Subject: {email.header.Header(letter.subject, 'utf-8').encode()}", "-a", "MIME-Version: 1.0"]
    kind = ["-c", "text/html" if letter.html else "text/plain", "-C", "utf-8"]
    if not letter.attachments:
        shop.run("makemime", *kind, *fields, "-o", path, text)
        return
    shop.run("makemime", *kind, "-o", work / "body", text)
    shop.run("makemime", "-m", "multipart/mixed", *fields, "-o", work / "whole", work / "body")
    for attached in letter.attachments:
        if attached.type.startswith("message/"):
            continue  # it wants the inner message in a form of its own
        shop.run("makemime", "-c", attached.type, "-e", "base64", *(["-N", attached.name] if attached.name else []),
                 "-a", "Content-Disposition: attachment", "-o", work / "part", shop.paths[attached.label])
        shop.run("makemime", "-j", work / "whole", "-o", work / "joined", work / "part")
        (work / "joined").rename(work / "whole")
    (work / "whole").rename(path)


def nmh(shop, letter, path):
    """A draft as its user has it before him: header, body, and an Attach: field a file."""
    draft = (f"From: {address(letter.sender)}\nTo: {address(letter.recipient)}\nSubject: {letter.subject}\n" +
             "".join(f"Attach: {file}\n" for file in shop.paths_of(letter)) + f"--------\n{letter.text}")
    (shop.home / ".mh_profile").write_text(f"Path: {shop.home}/Mail\n")
    (shop.home / "Mail").mkdir(exist_ok=True)
    path.write_bytes(shop.run("/usr/bin/mh/mhbuild", "-auto", "-headerencoding", "utf-8", "-", stdin=draft.encode()))


def swaks(shop, letter, path):
    body = shop.folder / "swaks.txt"
    body.write_text(letter.text)
    parts = ["--body", f"@{body}"]
    if letter.attachments or letter.html:
        parts = ["--attach-type", "text/plain", "--attach-body", f"@{body}"]
        if letter.html:
            html = shop.folder / "swaks.html"
            html.write_text(letter.html)
            parts += ["--attach-type", "text/html", "--attach-body", f"@{html}"]
        for attached in letter.attachments:
            parts += ["--attach-type", attached.type, *(["--attach-name", attached.name] if attached.name else []),
                      "--attach", f"@{shop.paths[attached.label]}"]
    path.write_bytes(shop.run("swaks", "--dump-mail", "--from", letter.sender[1], "--to", letter.recipient[1],
                              "--header", f"Subject: {letter.subject}", *parts))


def by_smtp(program, send, wanted):
    """For programs that speak SMTP alone: send(shop, letter, port)."""
    def make(shop):
        with Sink() as sink:
            for letter in shop.letters:
                if wanted(letter):
                    send(shop, letter, sink.port)
                    shop.keep(program, letter.label, sink.take())
    return make


def sendemail(shop, letter, port):
    files = [word for file in shop.paths_of(letter) for word in ("-a", file)]
    shop.run("sendemail", "-f", "%s <%s>" % letter.sender, "-t", "%s <%s>" % letter.recipient, "-u", letter.subject, "-s", f"127.0.0.1:{port}",
             "-o", "tls=no", "-o", f"message-charset={letter.charset}", "-o", f"message-content-type={'html' if letter.html else 'text'}",
             "-q", *files, "-o", "message-file=" + str(text_file(shop, letter)))


def text_file(shop, letter):
    file = shop.folder / "body"
    file.write_bytes((letter.html or letter.text).encode(letter.charset, "replace"))
    return file


def msmtp(shop, letter, port):
    """What a shell script writes with a here-document; msmtp adds Date and Message-ID."""
    subject = email.header.Header(letter.subject, "utf-8").encode() if int(letter.label[:3]) % 2 else letter.subject
    sender = email.utils.formataddr(letter.sender)
    message = f"From: {sender}\nTo: {letter.recipient[1]}\nSubject: {subject}\n"
    if letter.charset != "us-ascii":
        message += f"MIME-Version: 1.0\nContent-Type: text/plain; charset={letter.charset}\nContent-Transfer-Encoding: 8bit\n"
    shop.run("msmtp", "-C", "/dev/null", "--host=127.0.0.1", f"--port={port}", "--domain=sender.example", "-f", letter.sender[1],
             "--set-date-header=auto", letter.recipient[1], stdin=message.encode() + b"\n" + letter.text.encode(letter.charset))


def question_of(letter):
    """What an automatic reply answers."""
    return python_mail.new_message(letter, email.policy.default).as_bytes()


def formail(shop, letter, path):
    """An automatic reply, as procmail's manual shows it, with the text quoted."""
    path.write_bytes(shop.run("formail", "-r", "-k", "-p> ", "-A", "X-Loop: bob@recipient.example", stdin=question_of(letter)))


def mailbot(shop, letter, path):
    """Courier's automatic replies: a text about the message that came, with that message's header or all of it."""
    answer = shop.folder / "mailbot.txt"
    answer.write_text("I'm on holiday until Monday. Schöne Grüße\n")
    way = [[], ["-T", "reply"], ["-T", "feedback"], ["-T", "replyfeedback"]][int(letter.label[:3]) % 4]
    path.write_bytes(shop.run("mailbot", "-t", answer, "-c", "utf-8", "-s", "out of office", "-A", "From: bob@recipient.example",
                              "-N", *(["-M", "bob@recipient.example"] if not way else []), *way, "cat", stdin=question_of(letter)))


PROGRAMS = {
    "mutt": for_all("mutt", like_mutt("mutt"), ascii_only),
    "neomutt": for_all("neomutt", like_mutt("neomutt"), every(2, 0, lambda letter: ascii_only(letter) and letter.text)),
    "s-nail": for_all("s-nail", s_nail, lambda letter: ascii_only(letter) and in_utf8(letter)),
    "mailutils": for_all("mailutils", gnu_mail, without_html),
    "mpack": for_all("mpack", mpack, has_files),
    "makemime": for_all("makemime", makemime, ascii_only),
    "nmh": for_all("nmh", nmh, without_html),
    "swaks": for_all("swaks", swaks, every(3, 1, lambda letter: True)),
    "sendemail": by_smtp("sendemail", sendemail, every(3, 0, ascii_only)),
    "msmtp": by_smtp("msmtp", msmtp, every(2, 1, without_html)),
    "formail": for_all("formail", formail, lambda letter: without_html(letter) and not letter.attachments),
    "mailbot": for_all("mailbot", mailbot, lambda letter: without_html(letter) and not letter.attachments),
}
