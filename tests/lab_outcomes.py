# SPDX-License-Identifier: GPL-2.0-only
"""What is to become of a message of each class at each hook of the real mail servers, with the policy that is the default.
Written before the tests that compare it (test_lab_matrix.py), from what SURFACE.md says that a door can't do.

    passed         delivered once, byte for byte as it was sent below one X-Rastel line that says its class
    passed bare    the same without such a line: the server asks for a verdict and keeps its own copy
    refused        5xx to the client; delivered to nobody, held nowhere
    held           taken, in the quarantine once, delivered to nobody
    notice         the same, and the recipient gets a notice in its place
    sender waits   4xx to the client; when it comes again, delivered once
    queue waits    taken, and in the server's queue until it can be scanned; then delivered once
    bounced        taken; the sender, who may be forged, gets it back. In no other case anybody gets a bounce

Class "stopped": a clean message while rasteld is away, and after it is back. Class
"unscanned": by a limit; a client that is told to wait is told so each time then, as the limit stays."""

CLASSES = ["clean", "infected", "banned", "encrypted", "ambiguous", "unscanned", "stopped"]


def outcomes(*words):
    return dict(zip(CLASSES, words, strict=True))


# Refusing is still possible, and so is holding.
BEFORE_QUEUE = outcomes("passed", "refused", "refused", "passed", "held", "held", "sender waits")
# The server has accepted it: a refusal would bounce to a forged sender.
AFTER_QUEUE = outcomes("passed", "held", "held", "passed", "held", "held", "queue waits")
# A verdict is all that is asked for: what would be held is refused.
CLAMD = outcomes("passed bare", "refused", "refused", "passed bare", "refused", "refused", "sender waits")
# As clamd, but exit 2 tells that it couldn't be scanned, and Exim takes that for a scanner in trouble.
COMMAND = {**CLAMD, "unscanned": "sender waits"}

# On the pipe to a delivery program: as after the queue.
DELIVER = AFTER_QUEUE
# What stands there can only hand on a message: that of one which is held tells of it.
FILTER = {kind: "notice" if outcome == "held" else outcome for kind, outcome in AFTER_QUEUE.items()}

# What one must not do, and the proof that a bounce would be seen: a door that refuses behind a queue.
WRONG = "wrong: content_filter, place before-queue"

# session of lab/sessions.py: {hook: outcomes}
EXPECTED = {
    "postfix": {
        "Postfix content_filter": AFTER_QUEUE,
        "Postfix content_filter, LMTP": AFTER_QUEUE,
        "Postfix smtpd_proxy_filter": BEFORE_QUEUE,
        "Postfix smtpd_milters": BEFORE_QUEUE,
        "Postfix non_smtpd_milters": AFTER_QUEUE,  # sendmail(1) has returned: what would be refused would bounce
        WRONG: {**AFTER_QUEUE, "infected": "bounced", "banned": "bounced"},
    },
    "dovecot": {"Dovecot LMTP behind Postfix": AFTER_QUEUE},
    "cyrus": {"Cyrus LMTP behind Postfix": AFTER_QUEUE},
    "pipe": {
        "Postfix mailbox_command, procmail": DELIVER,
        "Postfix pipe, maildrop": DELIVER,
        "Postfix pipe, sendmail": DELIVER,
        "procmail filter": FILTER,
        "maildrop xfilter": FILTER,
    },
    "exim": {
        "Exim av_scanner clamd, SCAN": CLAMD,
        "Exim av_scanner clamd, zINSTREAM": CLAMD,
        "Exim av_scanner cmdline": COMMAND,
        "Exim manualroute": AFTER_QUEUE,
        "Exim pipe, maildrop": DELIVER,
        "Exim transport_filter": FILTER,
    },
    "opensmtpd": {
        "OpenSMTPD relay": AFTER_QUEUE,
        "OpenSMTPD mda, procmail": DELIVER,
        "OpenSMTPD filter": {**BEFORE_QUEUE, "ambiguous": "notice", "unscanned": "notice"},  # it can't take a message away
    },
    "sendmail": {
        "Sendmail milter": BEFORE_QUEUE,
        "Sendmail as next hop": BEFORE_QUEUE,
        "Sendmail local mailer, procmail": DELIVER,
    },
    "courier": {"Courier as next hop": BEFORE_QUEUE, "Courier .courier, procmail": DELIVER},
    "courierfilter": {"Courier courierfilter": CLAMD},
    # A stand-in: qmail isn't in Debian.
    "qmail": {
        "qmail QMAILQUEUE": {**AFTER_QUEUE, "stopped": "sender waits"},  # qmail-smtpd asks while its client waits
        "qmail QMAILQUEUE, place before-queue": BEFORE_QUEUE,
        "qmail .qmail, maildrop": DELIVER,
    },
}
