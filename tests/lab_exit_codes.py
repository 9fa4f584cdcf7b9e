# SPDX-License-Identifier: GPL-2.0-only
"""What a mail server is to do with a message that it hands to rastel-deliver: PROTOCOLS F.1, as docs/deliver.md has it. Written
before it is measured (test_lab_exit_codes.py).

First, by how the delivery program behind rastel-deliver ends. "signal" and "missing" aren't codes: of a program that was
killed, or isn't there, rastel-deliver says 75, where the mail server itself would bounce.
Then with a program that delivers, by what is wrong with Rastel: that is 75 in each case, and what is infected is held (0).
At last with real delivery programs: what each says in trouble of its own is its manual's."""

ENDS = ["0", "1", "64", "65", "67", "69", "70", "71", "73", "74", "75", "77", "78", "99", "100", "111", "signal", "missing"]
STATES = ["infected", "spool full", "daemon hangs", "daemon down"]
TROUBLE = {"infected": "held", "spool full": "deferred", "daemon hangs": "deferred", "daemon down": "deferred"}


def bounces_but(delivered, deferred):
    return {end: "delivered" if end in delivered else "deferred" if end in deferred else "bounced" for end in ENDS} | TROUBLE


POSTFIX = bounces_but({"0"}, {"71", "75", "signal", "missing"})
# By temp_errors, as recommended.
EXIM = bounces_but({"0"}, {"71", "73", "74", "75", "111", "signal", "missing"})
SENDMAIL = bounces_but({"0"}, {"71", "74", "75", "signal", "missing"})
COURIER = bounces_but({"0", "99"}, {"1", "71", "73", "74", "75", "111", "signal", "missing"})  # dot-courier(5)
OPENSMTPD = bounces_but({"0"}, {"71", "75", "signal", "missing"})
# qmail-command(8): 0 and 99 succeed, 100 and what it names are for good, everything else comes again.
QMAIL = {end: "delivered" if end in {"0", "99"} else "bounced" if end in {"64", "65", "70", "77", "78", "100"} else "deferred"
         for end in ENDS} | TROUBLE

# caller: (session of lab/sessions.py, port, a user of its own among the callers of a session, what is expected)
CALLERS = {
    "Postfix mailbox_command": ("pipe", 2516, "alice", POSTFIX),
    "Postfix pipe": ("pipe", 2517, "dave", POSTFIX),
    "Exim pipe": ("exim", 2516, "alice", EXIM),
    "Sendmail Mlocal": ("sendmail", 2516, "alice", SENDMAIL),
    "Courier .courier": ("courier", 25, "alice", COURIER),
    "OpenSMTPD mda": ("opensmtpd", 2516, "alice", OPENSMTPD),
    "qmail .qmail": ("qmail", 2503, "alice", QMAIL),
}

PROGRAM_STATES = ["clean", "infected", "over quota", "disk full", "daemon down"]
# The code of each delivery program in trouble of its own.
PROGRAMS = {
    "procmail": {"over quota": "73", "disk full": "73"},     # procmail(1): "on general failure"; without -t the mail bounces
    "procmail -t": {"over quota": "75", "disk full": "75"},
    "maildrop": {"over quota": "75", "disk full": "75"},
    "dovecot-lda -e": {"over quota": "77", "disk full": "75"},  # dovecot-lda(1): 75 for almost all failures
    "dovecot-lda, quota_full_tempfail": {"over quota": "75", "disk full": "75"},
    "Cyrus deliver": {"over quota": "75", "disk full": "75"},   # imapd.conf(5): lmtp_over_quota_perm_failure is off
    "mail.local": {"over quota": "75", "disk full": "75"},      # mail.local(8): a permanent error with -b alone
}
# These know no quota but the disk's. There is one with another user's home and mailbox (sessions.py).
DISKS_QUOTA = {"procmail", "procmail -t", "mail.local"}

# (caller, program): (session, port, user)
PAIRS = {
    ("Postfix mailbox_command", "procmail"): ("delivery", 2506, "carol"),
    ("Postfix mailbox_command", "procmail -t"): ("delivery", 2507, "carol"),
    ("Postfix mailbox_command", "maildrop"): ("delivery", 2508, "carol"),
    ("Postfix mailbox_command", "dovecot-lda -e"): ("delivery", 2509, "carol"),
    ("Postfix mailbox_command", "dovecot-lda, quota_full_tempfail"): ("delivery", 2510, "carol"),
    ("Postfix pipe", "maildrop"): ("delivery", 2511, "carol"),
    ("Postfix pipe", "dovecot-lda -e"): ("delivery", 2512, "carol"),
    ("Postfix pipe", "Cyrus deliver"): ("delivery", 2513, "carol"),
    ("Exim pipe", "maildrop"): ("exim", 2505, "carol"),
    ("Exim pipe", "procmail"): ("exim", 2517, "carol"),
    ("Exim pipe", "dovecot-lda -e"): ("exim", 2518, "carol"),
    ("Exim pipe", "Cyrus deliver"): ("exim", 2519, "carol"),
    ("Sendmail Mlocal", "procmail"): ("sendmail", 2503, "carol"),
    ("Sendmail Mlocal", "mail.local"): ("sendmail", 2517, "carol"),
    ("Sendmail Mlocal", "maildrop"): ("sendmail", 2518, "carol"),
    ("Courier .courier", "procmail"): ("courier", 25, "carol"),
    ("Courier .courier", "maildrop"): ("courier", 25, "carol-maildrop"),
    ("Courier .courier", "dovecot-lda -e"): ("courier", 25, "carol-lda"),
    ("OpenSMTPD mda", "procmail"): ("opensmtpd", 2502, "carol"),
    ("OpenSMTPD mda", "maildrop"): ("opensmtpd", 2517, "carol"),
}


def of_program(caller, program):
    """What is expected of a pair, by the state."""
    codes = {state: CALLERS[caller][3][code] for state, code in PROGRAMS[program].items()}
    return {"clean": "delivered", "infected": "held", "daemon down": "deferred"} | codes
