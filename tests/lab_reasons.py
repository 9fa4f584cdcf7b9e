# SPDX-License-Identifier: GPL-2.0-only
"""What is to become of a message that can't be scanned, by the reason, at one hook of each kind of door, with the policy that is
the default. Written before it is measured (test_lab_reasons.py), from docs/configuration.md, [policy.unscanned], and from what a
door can't do (docs/SURFACE.md). The words are those of lab_outcomes.py; "A, then B" is what becomes of it at first, and when
it has come again.

    limit       archives in archives, deeper than may be looked at
    format      a zip member packed in a way that nobody here unpacks
    memory      the scanner meets its limit of memory
    timeout     it isn't done at engine.deadline, each time
    crash       whoever scans it is killed, each time. Offered a third time it has what it had the second time, unseen
    crash once  the scanner is killed the first time alone
    engine      no engine is there, as signatures are broken; then they are mended

"truncated" isn't among them: no mail server and none of the programs hands on a part of a message as if it were all of it."""

REASONS = ["limit", "format", "memory", "timeout", "crash", "crash once", "engine"]

# At its second time what breaks the scanner is held, or it would come back for days.
TWICE = ("timeout", "crash")
LATER = ("crash once", "engine")  # and then delivered once


def outcomes(held, waits):
    return {reason: f"{waits}, then {held}" if reason in TWICE else waits if reason in LATER else held for reason in REASONS}


BEFORE_QUEUE = outcomes("held", "sender waits")
AFTER_QUEUE = outcomes("held", "queue waits")
# A verdict alone: what would be held is refused.
CLAMD = outcomes("refused", "sender waits")
# It can't take a message away.
FILTER = outcomes("notice", "queue waits")

# session of lab/sessions.py: {hook: outcomes}
EXPECTED = {
    "postfix": {
        "Postfix smtpd_proxy_filter": BEFORE_QUEUE,
        "Postfix content_filter": AFTER_QUEUE,
        "Postfix content_filter, LMTP": AFTER_QUEUE,
        "Postfix smtpd_milters": BEFORE_QUEUE,
        "Postfix non_smtpd_milters": AFTER_QUEUE,
    },
    "exim": {
        "Exim av_scanner clamd, SCAN": CLAMD,
        "Exim pipe, maildrop": AFTER_QUEUE,
        "Exim transport_filter": FILTER,
    },
    "qmail": {"qmail QMAILQUEUE, place before-queue": BEFORE_QUEUE},
}
