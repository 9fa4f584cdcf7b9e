# SPDX-License-Identifier: GPL-2.0-only
"""What the lab has: the servers, what a session starts, and where in it mail comes in, waits and lies. A session is named
after the server that it is about; the hooks of each are where its script (servers/NAME.sh) hands mail to Rastel."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Server:
    address: str
    ports: list  # on which it answers once it is up
    small_disks: tuple = ()  # folders of its root that are a disk of 1 MB each, to be filled
    quota: str = ""  # a user whose home and mailbox are on a disk that gives him 100 kB
    program: str = ""  # of the lab, where the server isn't in Debian: runs the script, then serves


CAROL = ("home/carol", "var/mail")  # where delivery programs put her mail
CYRUS = "var/spool/cyrus/mail"

SERVERS = {
    "postfix": Server("10.99.0.2", [2501, 2511, 2502]),
    "dovecot": Server("10.99.0.3", [24, 143, 12345]),
    "exim": Server("10.99.0.4", [2501, 10026], (*CAROL, CYRUS), quota="dave"),
    "opensmtpd": Server("10.99.0.5", [2501], CAROL, quota="dave"),
    "sendmail": Server("10.99.0.6", [25, 2503, 2516, 2517, 2518], CAROL, quota="dave"),
    "cyrus": Server("10.99.0.7", [24]),
    "courier": Server("10.99.0.8", [25], CAROL, quota="dave"),
    "qmail": Server("10.99.0.9", [2501, 2502, 2503], program="qmail.py"),
    "delivery": Server("10.99.0.10", [2513], (*CAROL, CYRUS), quota="dave"),
}


# What a program of the MTA's machine does, with the recipients behind it and the message on standard input.
SUBMIT = ("sendmail", "-i", "-f")


@dataclasses.dataclass(frozen=True)
class To:
    """A hook that only this user's mail comes by."""
    port: int
    user: str


@dataclasses.dataclass(frozen=True)
class Session:
    servers: list   # in the order in which they are started
    mta: str        # whose queue it is, and beside whom Rastel runs
    mailboxes: str  # in whose root they are
    hooks: dict     # what it is called: the port at the MTA's address where a client comes in, SUBMIT, or To
    lent: str = ""       # Rastel's programs are in the MTA's root, too: "small" those that need nothing, "all"
    spool: tuple = ()    # (folder of the MTA, group that may read it): Rastel sees it in the same place

    @property
    def address(self):
        return SERVERS[self.mta].address


SESSIONS = {
    "postfix": Session(["dovecot", "postfix"], "postfix", "dovecot", {
        "Postfix content_filter": 2501, "Postfix content_filter, LMTP": 2511, "Postfix smtpd_proxy_filter": 2502,
        "Postfix smtpd_milters": 2504, "Postfix non_smtpd_milters": SUBMIT,
        "wrong: content_filter, place before-queue": 2512}),
    "dovecot": Session(["dovecot", "postfix"], "postfix", "dovecot", {"Dovecot LMTP behind Postfix": 2503}),
    "cyrus": Session(["cyrus", "postfix"], "postfix", "cyrus", {"Cyrus LMTP behind Postfix": 2503}),
    "pipe": Session(["postfix"], "postfix", "postfix", {
        "Postfix mailbox_command, procmail": 2506, "Postfix pipe, maildrop": 2507, "Postfix pipe, sendmail": 2508,
        "procmail filter": 2509, "maildrop xfilter": 2510}, lent="small"),
    "delivery": Session(["delivery"], "delivery", "delivery", {
        "Postfix mailbox_command, procmail": 2506, "Postfix mailbox_command, procmail -t": 2507,
        "Postfix mailbox_command, maildrop": 2508, "Postfix mailbox_command, dovecot-lda": 2509,
        "Postfix mailbox_command, dovecot-lda, quota_full_tempfail": 2510, "Postfix pipe, maildrop": 2511,
        "Postfix pipe, dovecot-lda": 2512, "Postfix pipe, Cyrus deliver": 2513}, lent="small"),
    "exim": Session(["exim"], "exim", "exim", {
        "Exim av_scanner clamd, SCAN": 2501, "Exim av_scanner clamd, zINSTREAM": 2502, "Exim av_scanner cmdline": 2503,
        "Exim manualroute": 2504, "Exim pipe, maildrop": 2505, "Exim transport_filter": 2506}, lent="all", spool=("/var/spool/exim4", "Debian-exim")),
    "opensmtpd": Session(["opensmtpd"], "opensmtpd", "opensmtpd", {
        "OpenSMTPD relay": 2501, "OpenSMTPD mda, procmail": 2502, "OpenSMTPD filter": 2503}, lent="small"),
    "sendmail": Session(["sendmail"], "sendmail", "sendmail", {
        "Sendmail milter": 2502, "Sendmail as next hop": 2501, "Sendmail local mailer, procmail": 2503}, lent="small"),
    "courier": Session(["courier"], "courier", "courier", {
        "Courier as next hop": 2501, "Courier .courier, procmail": To(25, "erin")}, lent="small"),
    "courierfilter": Session(["courier"], "courier", "courier", {"Courier courierfilter": 25}, lent="small"),
    "qmail": Session(["qmail"], "qmail", "qmail", {
        "qmail QMAILQUEUE": 2501, "qmail QMAILQUEUE, place before-queue": 2502, "qmail .qmail, maildrop": To(2503, "erin")}, lent="small"),
}

# Where the messages of a user are, in the root of who keeps them: files of one message each.
MAILDIR = "home/{user}/Maildir/*/*"
MAILBOXES = {"dovecot": MAILDIR, "exim": MAILDIR, "opensmtpd": MAILDIR, "courier": MAILDIR, "sendmail": MAILDIR,
             "postfix": MAILDIR, "delivery": MAILDIR, "qmail": MAILDIR,
             "cyrus": "var/spool/cyrus/mail/user/{user}/*."}

# What prints a line for each message that waits, and what makes the server try them all now.
QUEUES = {
    "postfix": (["postqueue", "-j"], ["postqueue", "-f"]),
    "delivery": (["postqueue", "-j"], ["postqueue", "-f"]),
    "exim": (["exim4", "-bpru"], ["exim4", "-qff"]),
    "opensmtpd": (["smtpctl", "show", "queue"], [
        "sh", "-c", "smtpctl show routes | sed 's/[.].*//' | while read -r id; do smtpctl resume route $id; done; smtpctl schedule all"]),
    "sendmail": (["find", "/var/spool", "-path", "*/mqueue*/qf*"],
                 ["sh", "-c", "sendmail -q; for name in local ends mbox drop; do sendmail -C /etc/mail/$name.cf -q; done"]),
    "courier": (["find", "/var/lib/courier/msgs", "-type", "f"], ["courier", "flush"]),
    "qmail": (["/var/qmail/bin/qmail-qread"], ["sh", "-c", "kill -ALRM $(cat /run/qmail-send.pid)"]),
}

LOGS = {"postfix": "var/log/mail.log", "delivery": "var/log/mail.log", "exim": "var/log/exim4/mainlog", "opensmtpd": "root/start.log",
        "sendmail": "root/traffic.log", "courier": "root/start.log", "qmail": "root/start.log"}
