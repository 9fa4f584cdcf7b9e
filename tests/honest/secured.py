# SPDX-License-Identifier: GPL-2.0-only
"""Signed and encrypted mail: OpenPGP by gpg (RFC 3156), S/MIME by openssl's smime and cms (RFC 8551)."""
import email.encoders
import email.header
import email.message
import email.mime.application
import email.mime.multipart
import email.policy
import email.utils

from honest import python_mail

# Signed content is 7 bits wide and ends its lines by CRLF (RFC 3156 3 and 5).
SIGNED = email.policy.SMTP.clone(cte_type="7bit")

OLD = email.policy.compat32.clone(linesep="\r\n")


def some(shop, step, first):
    return [letter for letter in shop.letters[first::step] if letter.ascii_addresses]


def content(letter):
    """What is to be signed: the letter without what belongs to the message."""
    message = python_mail.new_message(letter, SIGNED)
    for name in ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version"):
        del message[name]
    return message.as_bytes()


def finish(shop, program, letter, message):
    message["From"], message["To"] = email.utils.formataddr(letter.sender), email.utils.formataddr(letter.recipient)
    new = isinstance(message, email.message.EmailMessage)
    message["Subject"] = letter.subject if new else email.header.Header(letter.subject, "utf-8")
    shop.keep(program, letter.label, message.as_bytes(policy=email.policy.SMTP if new else OLD))


class Signed(email.mime.multipart.MIMEMultipart):
    """With a first part that is written as it was signed: Python would fold it again."""

    def __init__(self, first, second, **parameters):
        super().__init__("signed", boundary="=-=-signed-=-=", **parameters)
        self.first, self.second = first, second

    def as_bytes(self, policy):
        head = b"".join(policy.fold_binary(name, value) for name, value in self.items()) + b"\r\n"
        delimiter = b"--=-=-signed-=-="
        return (head + delimiter + b"\r\n" + self.first + b"\r\n" + delimiter + b"\r\n" +
                self.second.as_bytes(policy=policy) + b"\r\n" + delimiter + b"--\r\n")


def gpg(shop):
    home = shop.folder / "g"  # its sockets' paths must be short
    home.mkdir(mode=0o700)
    (home / "gpg-agent.conf").write_text("allow-loopback-pinentry\n")

    def call(*words, stdin=b""):
        return shop.run("gpg", "--homedir", home, "--batch", "--no-tty", "--passphrase", "", "--pinentry-mode", "loopback",
                        "--trust-model", "always", "-q", *words, stdin=stdin)

    try:
        for who in ("anna@sender.example", "bob@recipient.example"):
            call("--quick-generate-key", who, "future-default", "default", "never")
        for number, letter in enumerate(some(shop, 2, 0)):
            inner = content(letter)
            if number % 3 == 0:
                part = email.mime.application.MIMEApplication(b"", "pgp-signature", email.encoders.encode_noop, name="signature.asc")
                part.set_payload(call("-a", "--detach-sign", stdin=inner).decode())
                message = Signed(inner, part, micalg="pgp-sha512", protocol="application/pgp-signature")
            elif number % 3 == 1:
                message = email.mime.multipart.MIMEMultipart("encrypted", protocol="application/pgp-encrypted")
                for kind, text in (("pgp-encrypted", "Version: 1\n"),
                                   ("octet-stream", call("-a", "-e", "-s", "-r", "bob@recipient.example", stdin=inner).decode())):
                    part = email.mime.application.MIMEApplication(b"", kind, email.encoders.encode_noop)
                    part.set_payload(text)
                    message.attach(part)
            else:  # within the text, as browsers' extensions do it
                message = email.message.EmailMessage()
                words = ("-a", "-e", "-r", "bob@recipient.example") if number % 2 else ("--clearsign",)
                message.set_content(call(*words, stdin=letter.text.encode()).decode(), cte="8bit" if number % 2 == 0 else None)
            finish(shop, "gpg", letter, message)
    finally:
        shop.run("gpgconf", "--homedir", home, "--kill", "all", check=False)


def openssl(shop):
    place = shop.folder / "smime"
    place.mkdir()
    key, certificate, inner = place / "key.pem", place / "certificate.pem", place / "inner"
    shop.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "30",
             "-subj", "/CN=Anna/emailAddress=anna@sender.example")
    for number, letter in enumerate(some(shop, 2, 1)):
        inner.write_bytes(content(letter))
        program = ["smime", "cms"][number % 2]
        sign = ["-sign", "-signer", certificate, "-inkey", key]
        ways = [sign, [*sign, "-nodetach"], ["-encrypt", "-aes256", certificate], [*sign, "-binary"]]
        if program == "cms":
            ways += [["-data_create"], ["-encrypt", "-aes-256-gcm", "-recip", certificate]]
        way = ways[number // 2 % len(ways)]
        # Options first, for a certificate may stand at the end.
        fields = ["-from", "anna@sender.example", "-to", "bob@recipient.example", "-subject", email.header.Header(letter.subject, "utf-8").encode(maxlinelen=0)]
        made = shop.run("openssl", program, *way[:1], "-in", inner, *fields, *way[1:])
        if number % 5 == 4:  # signed, then encrypted
            inner.write_bytes(made)
            made = shop.run("openssl", "smime", "-encrypt", "-in", inner, *fields, "-aes128", certificate)
        shop.keep("openssl", letter.label, made)


PROGRAMS = {"gpg": gpg, "openssl": openssl}
