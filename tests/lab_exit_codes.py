# SPDX-License-Identifier: GPL-2.0-only
"""What a mail server is to do with a message when the delivery program behind rastel-deliver ends in each way: PROTOCOLS F.1,
as docs/deliver.md has it. Written before it is measured (test_lab_exit_codes.py). "signal" and "missing" aren't codes: of a program
that was killed, or isn't there, rastel-deliver says 75, where the mail server itself would bounce."""

ENDS = ["0", "1", "64", "65", "67", "69", "70", "71", "73", "74", "75", "77", "78", "111", "signal", "missing"]


def bounces_but(delivered, deferred):
    return {end: "delivered" if end in delivered else "deferred" if end in deferred else "bounced" for end in ENDS}


POSTFIX = bounces_but({"0"}, {"71", "75", "signal", "missing"})
# By temp_errors, as recommended.
EXIM = bounces_but({"0"}, {"71", "73", "74", "75", "111", "signal", "missing"})

# hook: (session of lab/sessions.py, port, what is expected)
CALLERS = {
    "Postfix mailbox_command": ("pipe", 2516, POSTFIX),
    "Postfix pipe": ("pipe", 2517, POSTFIX),
    "Exim pipe": ("exim", 2516, EXIM),
}
