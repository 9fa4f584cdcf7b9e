# SPDX-License-Identifier: GPL-2.0-only
"""What is written in Python: the standard library's email in its ways (EmailMessage with each policy; the older classes),
Django, GMime by its Python binding, and calendar invitations by icalendar."""
import datetime
import email.charset
import email.encoders
import email.header
import email.message
import email.mime.application
import email.mime.base
import email.mime.image
import email.mime.message
import email.mime.multipart
import email.mime.text
import email.policy
import email.utils


DATE = "Tue, 03 Nov 2026 10:12:00 +0100"


def header(message, letter):
    message["From"] = email.utils.formataddr(letter.sender) if letter.ascii_addresses else "%s <%s>" % letter.sender
    message["To"] = email.utils.formataddr(letter.recipient) if letter.ascii_addresses else "%s <%s>" % letter.recipient
    message["Subject"] = letter.subject
    message["Date"] = DATE
    message["Message-ID"] = f"<{letter.label}@sender.example>"


def attach(message, attached):
    """To an EmailMessage."""
    major, minor = attached.type.split("/")
    name = {"filename": attached.name} if attached.name else {}
    if attached.type == "message/rfc822":
        message.add_attachment(email.message_from_bytes(attached.data, policy=email.policy.default), **name)
    elif major == "text" and b"\r" not in attached.data and attached.data.isascii():
        message.add_attachment(attached.data.decode(), subtype=minor, **name)
    else:
        message.add_attachment(attached.data, major, minor, **name)


def new_message(letter, policy):
    message = email.message.EmailMessage(policy=policy)
    header(message, letter)
    charset = letter.charset if letter.charset.startswith(("us", "iso", "utf")) else "utf-8"
    message.set_content(letter.text, charset=charset)
    if letter.flowed:
        message.set_param("format", "flowed")
    if letter.html:
        message.add_alternative(letter.html, subtype="html")
        for picture in letter.pictures:
            message.get_payload()[1].add_related(picture.data, "image", "png", cid=f"<{picture.content_id}>", filename=picture.name)
    for attached in letter.enclosures:
        attach(message, attached)
    return message


def by_policy(program, policy, international=False):
    def make(shop):
        for letter in shop.letters:
            if letter.ascii_addresses or international:
                shop.keep(program, letter.label, new_message(letter, policy).as_bytes())
    return make


def old_attachment(attached):
    major, minor = attached.type.split("/")
    if attached.type == "message/rfc822":
        part = email.mime.message.MIMEMessage(email.message_from_bytes(attached.data))
    elif major == "image":
        part = email.mime.image.MIMEImage(attached.data, minor)
    elif attached.type == "application/pdf":
        part = email.mime.application.MIMEApplication(attached.data, "pdf", Name=attached.name)
    else:
        part = email.mime.base.MIMEBase(major, minor)
        part.set_payload(attached.data)
        email.encoders.encode_base64(part)
    if attached.content_id:
        part["Content-ID"] = f"<{attached.content_id}>"
    name = attached.name if attached.name.isascii() else ("utf-8", "", attached.name)
    part.add_header("Content-Disposition", "inline" if attached.content_id else "attachment", **({"filename": name} if name else {}))
    return part


def old_classes(shop):
    """As of before Python 3.6, and as most scripts that are about still do it."""
    for letter in shop.letters:
        if not letter.ascii_addresses:
            continue
        body = email.mime.text.MIMEText(letter.text, "plain", letter.charset)
        if letter.html:
            both = email.mime.multipart.MIMEMultipart("alternative")
            both.attach(body)
            shown = email.mime.text.MIMEText(letter.html, "html", "utf-8")
            if letter.pictures:
                related = email.mime.multipart.MIMEMultipart("related", type="text/html")
                for part in [shown, *map(old_attachment, letter.pictures)]:
                    related.attach(part)
                shown = related
            both.attach(shown)
            body = both
        message = body
        if letter.enclosures:
            message = email.mime.multipart.MIMEMultipart()
            message.preamble = "This is a multi-part message in MIME format."
            for part in [body, *map(old_attachment, letter.enclosures)]:
                message.attach(part)
        message["From"], message["To"] = email.utils.formataddr(letter.sender), email.utils.formataddr(letter.recipient)
        message["Subject"] = email.header.Header(letter.subject, "utf-8")
        message["Date"] = DATE
        shop.keep("python-mime", letter.label, message.as_bytes())


def django(shop):
    import django.conf
    import django.core.mail
    if not django.conf.settings.configured:
        django.conf.settings.configure(DEFAULT_CHARSET="utf-8", USE_TZ=False)
    for letter in shop.letters:
        if not letter.ascii_addresses:
            continue
        message = django.core.mail.EmailMultiAlternatives(letter.subject, letter.text, email.utils.formataddr(letter.sender),
                                                          [email.utils.formataddr(letter.recipient)])
        if letter.html:
            message.attach_alternative(letter.html, "text/html")
        for picture in letter.pictures:
            message.attach(old_attachment(picture))
        for attached in letter.enclosures:
            if attached.name:
                message.attach(attached.name, attached.data, attached.type)
            else:
                message.attach(old_attachment(attached))
        shop.keep("django", letter.label, message.message().as_bytes(linesep="\r\n"))


def gmime(shop):
    import gi
    gi.require_version("GMime", "3.0")
    from gi.repository import GMime
    GMime.init()

    def part_of(attached):
        if attached.type == "message/rfc822":
            inner = GMime.Parser.new_with_stream(GMime.StreamMem.new_with_buffer(attached.data)).construct_message(None)
            return GMime.MessagePart.new_with_message("rfc822", inner)
        part = GMime.Part.new_with_type(*attached.type.split("/"))
        part.set_content(GMime.DataWrapper.new_with_stream(GMime.StreamMem.new_with_buffer(attached.data),
                                                           GMime.ContentEncoding.DEFAULT))
        part.set_content_encoding(part.get_best_content_encoding(GMime.EncodingConstraint("7bit")
                                  if isinstance(GMime.EncodingConstraint, str) else getattr(GMime.EncodingConstraint, "7BIT")))
        if attached.content_id:
            part.set_content_id(attached.content_id)
        part.set_disposition("inline" if attached.content_id else "attachment")
        if attached.name:
            part.set_filename(attached.name)
        return part

    def text_of(kind, text, charset):
        part = GMime.TextPart.new_with_subtype(kind)
        part.set_charset(charset)
        part.set_text(text)
        part.set_content_encoding(part.get_best_content_encoding(getattr(GMime.EncodingConstraint, "7BIT")))
        return part

    def together(kind, parts):
        multipart = GMime.Multipart.new_with_subtype(kind)
        for part in parts:
            multipart.add(part)
        return multipart

    for letter in shop.letters:
        message = GMime.Message.new(True)
        message.add_mailbox(GMime.AddressType.FROM, *letter.sender)
        message.add_mailbox(GMime.AddressType.TO, *letter.recipient)
        message.set_subject(letter.subject, "utf-8")
        message.set_message_id(f"{letter.label}@sender.example")
        body = text_of("plain", letter.text, letter.charset)
        if letter.html:
            shown = text_of("html", letter.html, "utf-8")
            if letter.pictures:
                shown = together("related", [shown, *map(part_of, letter.pictures)])
            body = together("alternative", [body, shown])
        if letter.enclosures:
            body = together("mixed", [body, *map(part_of, letter.enclosures)])
        message.set_mime_part(body)
        shop.keep("gmime", letter.label, message.to_string(None).encode("utf-8", "surrogateescape"))


def invitations(shop):
    """As calendar programs send them: the event as an alternative (RFC 6047), mostly with the file beside it."""
    import icalendar
    start = datetime.datetime(2026, 11, 10, 9, tzinfo=datetime.timezone.utc)
    for number, letter in enumerate(letter for letter in shop.letters if letter.ascii_addresses and not letter.attachments):
        method = ["REQUEST", "REPLY", "CANCEL"][number % 3]
        calendar = icalendar.Calendar({"prodid": "-//example//honest//EN", "version": "2.0", "method": method})
        event = icalendar.Event()
        for name, value in (("uid", f"{number}@sender.example"), ("dtstamp", start), ("dtstart", start),
                            ("dtend", start + datetime.timedelta(hours=1)), ("summary", letter.subject), ("description", letter.text)):
            event.add(name, value)
        organizer = icalendar.vCalAddress(f"MAILTO:{letter.sender[1]}")
        organizer.params["cn"] = icalendar.vText(letter.sender[0].replace('"', "'"))
        event.add("organizer", organizer)
        event.add("attendee", icalendar.vCalAddress(f"MAILTO:{letter.recipient[1]}"))
        calendar.add_component(event)
        message = new_message(letter, email.policy.SMTP)
        message.add_alternative(calendar.to_ical().decode(), subtype="calendar", params={"method": method})
        if number % 2:
            message.add_attachment(calendar.to_ical(), "application", "ics", filename="invite.ics")
        shop.keep("icalendar", letter.label, message.as_bytes())


def lists_of_letters(shop):
    """Digests (RFC 2046 5.1.5) and forwarded mail in mail."""
    plain = [letter for letter in shop.letters if letter.ascii_addresses]
    for number in range(0, len(plain) - 4, 4):
        digest = email.mime.multipart.MIMEMultipart("digest")
        for letter in plain[number:number + 4]:
            digest.attach(email.mime.message.MIMEMessage(new_message(letter, email.policy.SMTP)))
        whole = email.mime.multipart.MIMEMultipart()
        whole["From"], whole["To"], whole["Subject"] = "list@lists.example", "list@lists.example", f"Digest, Vol 1, Issue {number}"
        whole.attach(email.mime.text.MIMEText("Today's topics:\n\n" + "".join(
            f"   {count}. {letter.label}\n" for count, letter in enumerate(plain[number:number + 4], 1)), "plain", "utf-8"))
        whole.attach(digest)
        whole.attach(email.mime.text.MIMEText("_______\nlist mailing list\n"))
        shop.keep("python-digest", f"{number:03}", whole.as_bytes())


PROGRAMS = {
    "python-smtp": by_policy("python-smtp", email.policy.SMTP),
    "python-smtputf8": by_policy("python-smtputf8", email.policy.SMTPUTF8, international=True),
    "python-default": by_policy("python-default", email.policy.default),
    "python-mime": old_classes,
    "python-digest": lists_of_letters,
    "django": django,
    "gmime": gmime,
    "icalendar": invitations,
}
