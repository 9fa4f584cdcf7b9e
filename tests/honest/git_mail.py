# SPDX-License-Identifier: GPL-2.0-only
"""Patches by git format-patch, and sent by git send-email."""
from honest import texts


def commits(shop):
    """A repository with a commit a letter."""
    place = shop.folder / "repository"
    place.mkdir()
    git = ["git", "-c", "user.name=Jürgen Groß", "-c", "user.email=juergen@sender.example", "-c", "commit.gpgsign=false"]
    shop.run(*git, "init", "-q", "-b", "main", cwd=place)
    script = []
    for number, letter in enumerate([letter for letter in shop.letters if letter.text.strip() and not letter.attachments]):
        text = letter.text.encode()
        message = f"{letter.subject}\n\n{letter.text}\nSigned-off-by: {letter.sender[0]} <{letter.sender[1]}>\n".encode()
        author = letter.sender[0].replace("<", "").replace(">", "") or "nobody"
        data = texts.ABOUT_MIME.encode() if number % 5 == 0 else text
        script.append(b"commit refs/heads/main\nauthor %s <%s> %d +0100\ncommitter %s <%s> %d +0100\ndata %d\n%s\nM 100644 inline file%d\ndata %d\n%s\n" % (
            author.encode(), letter.sender[1].encode(), 1790000000 + number, author.encode(), letter.sender[1].encode(), 1790000000 + number,
            len(message), message, number % 7, len(data), data))
    shop.run(*git, "fast-import", "--quiet", cwd=place, stdin=b"".join(script))
    return place


def format_patch(shop):
    place = commits(shop)
    for way, options in {"plain": [], "attach": ["--attach"], "inline": ["--inline"], "cover": ["--cover-letter", "--encode-email-headers", "--thread"],
                         "raw": ["--no-encode-email-headers", "--from=Anna Muster <anna@sender.example>"]}.items():
        folder = shop.folder / f"patches-{way}"
        shop.run("git", "format-patch", "-q", "--root", "-o", folder, *options, "main", cwd=place)
        for path in sorted(folder.glob("*.patch")):
            # What stands before the header is mbox's, and git's own readers take it away.
            _, _, mail = path.read_bytes().partition(b"\n")
            if mail:  # a commit without a change has an empty one
                shop.keep("git-format-patch", f"{way}-{path.name[:4]}", mail)


def send_email(shop):
    for way, encoding in {"plain": "auto", "attach": "8bit", "raw": "quoted-printable", "inline": "base64"}.items():
        patches = sorted((shop.folder / f"patches-{way}").glob("*.patch"))[1::5]
        if encoding != "auto":
            patches = [path for path in patches if b"multipart/" not in path.read_bytes()]
        for path in patches:
            kept = shop.out("git-send-email") / f"{way}-{path.name[:4]}.eml"
            shop.run("git", "-c", f"sendemail.smtpServer={shop.sendmail}", "send-email", "--quiet", "--confirm=never", "--suppress-cc=all",
                     "--from=Anna Muster <anna@sender.example>", "--to=bob@recipient.example", "--8bit-encoding=UTF-8", "--no-validate",
                     f"--transfer-encoding={encoding}", path, environment={"KEEP_AS": str(kept)})


def both(shop):
    format_patch(shop)
    send_email(shop)


PROGRAMS = {("git-format-patch", "git-send-email"): both}
