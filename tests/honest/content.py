# SPDX-License-Identifier: GPL-2.0-only
"""The letters that every program is asked to send: texts in many scripts and charsets, texts that talk about MIME or hold
mail themselves, attachments of many kinds and names. Nothing in them is an attack; some look like one to who reads
carelessly."""
import dataclasses

from honest import files, texts


@dataclasses.dataclass(frozen=True)
class Letter:
    label: str
    subject: str
    text: str
    charset: str = "utf-8"  # that its writer would choose
    html: str = ""
    attachments: tuple = ()  # files.Attachment
    sender: tuple = ("Anna Muster", "anna@sender.example")
    recipient: tuple = ("Bob Builder", "bob@recipient.example")
    flowed: bool = False  # RFC 3676

    @property
    def ascii_addresses(self):
        return (self.sender[1] + self.recipient[1]).isascii()

    @property
    def pictures(self):
        return [attached for attached in self.attachments if attached.content_id]

    @property
    def enclosures(self):
        return [attached for attached in self.attachments if not attached.content_id]


SUBJECTS = [
    "Protokoll", "Re: [list] Fwd: the minutes of yesterday's meeting", "Grüße aus Köln – schöne Überraschung für Jürgen",
    "Отчёт о проделанной работе за третий квартал и планы на следующий год, которые нужно обсудить с коллегами",
    "会議の議事録について(至急ご確認ください)", "Re: AW: Antwort: Überweisung über 1.000 € – bitte um Bestätigung bis morgen",
    "Διαβάστε το παρακαλώ", "שלום עולם", "مرحبا بالعالم", "🎉 Party 🎂 on Friday 🍕", "=?this is not an encoded word",
    "a very long subject in plain English that goes on and on until every program that folds has to fold it at least once or twice",
    "", "word" + " " * 200 + "far behind", "  white about   ", "tab\tinside", "https://example.org/" + "a-very-long-path/" * 60,
    "ä" * 300, "Bug: the reader takes the field Content-Transfer-Encoding: base64 and then Content-Type: text/html; boundary=x for one",
    "Re: your question why a mail with the field that says Content-Type: multipart/mixed; boundary=\"frontier\" has no parts",
    "Content-Type: text/plain", "Fwd: MIME-Version: 1.0 and more of the same in a subject that must be folded Content-Type: text/html",
    "semicolon; \"quotes\" (comment) <angle> = equals: colon, comma",
]
PEOPLE = [
    ("Anna Muster", "anna@sender.example"), ("Jürgen Groß", "juergen@sender.example"), ("Müller, Hans (Einkauf)", "h.mueller@sender.example"),
    ("Иван Петров", "ivan.petrov@sender.example"), ("山田太郎", "taro@sender.example"), ("", "noreply@sender.example"),
    ("O'Brien \"Bob\" Jr.", "bob+tag@sender.example"),
]
INTERNATIONAL = [  # RFC 6531: for the programs that can
    (("Jürgen", "jürgen@sender.example"), ("Δοκιμή", "δοκιμή@παράδειγμα.example")),
    (("用户", "用户@例子.example"), ("Bob", "bob@recipient.example")),
]
HTML = ("<html><head><meta charset=\"utf-8\"><title>{subject}</title></head><body><h1>Hello</h1>\n"
        "<p style=\"color:#333; font-family: 'Helvetica Neue', Arial\">{text}</p>\n{images}<p>a=b &amp; c=3D; "
        "<a href=\"https://example.org/?id=20&amp;boundary=x\">a link</a></p></body></html>\n")


def hypertext(subject, text, images=()):
    return HTML.format(subject=subject, text=text.replace("&", "&amp;").replace("<", "&lt;"),
                       images="".join(f"<img src=\"cid:{image.content_id}\" alt=\"{image.name}\">\n" for image in images))


def letters():
    made = []

    def add(label, text, **more):
        number = len(made)
        more.setdefault("subject", SUBJECTS[number % len(SUBJECTS)])
        more.setdefault("sender", PEOPLE[number % len(PEOPLE)])
        made.append(Letter(label=f"{number:03}-{label}", text=text, **more))

    plain = list(texts.TEXTS.items())
    for label, (charset, text) in plain:
        add(label, text, charset=charset, flowed=label.startswith("flowed"))
    for number, attached in enumerate(files.ATTACHMENTS):
        label, (charset, text) = plain[number % len(plain)]
        add(f"with-{attached.label}", text, charset=charset, attachments=(attached,))
    for number, label in enumerate(["umlauts", "russian", "japanese", "emoji", "long-lines", "quoted-mail"]):
        charset, text = texts.TEXTS[label]
        subject = SUBJECTS[number * 2 % len(SUBJECTS)]
        add(f"html-{label}", text, charset=charset, subject=subject, html=hypertext(subject, text))
        add(f"html-picture-{label}", text, charset=charset, subject=subject,
            html=hypertext(subject, text, files.PICTURES[:1 + number % 2]), attachments=tuple(files.PICTURES[:1 + number % 2]))
        add(f"html-all-{label}", text, charset=charset, subject=subject,
            html=hypertext(subject, text, files.PICTURES[:1]),
            attachments=(files.PICTURES[0], files.ATTACHMENTS[number], files.ATTACHMENTS[-1 - number]))
    add("many-files", "All of it.\n", attachments=tuple(files.ATTACHMENTS[::3]))
    for sender, recipient in INTERNATIONAL:
        add("smtputf8", "Grüße an alle: αβγ, где, 世界\n", sender=sender, recipient=recipient)
    return made
