# SPDX-License-Identifier: GPL-2.0-only
"""Python's own email package:  python_email.py compat32|default PAYLOAD-FILE <names
Says of each mail named on standard input, a line each, whether the payload came out of it: 1 or 0.
"""
import email
import email.policy
import sys
import warnings


def leaves(message):
    for part in message.walk():
        if not part.is_multipart():
            yield part.get_payload(decode=True) or b""


def main(policy_name, payload_file):
    with open(payload_file, "rb") as file:
        payload = file.read()
    policy = getattr(email.policy, policy_name)
    warnings.simplefilter("ignore")
    for name in sys.stdin.read().splitlines():
        try:
            with open(name, "rb") as file:
                message = email.message_from_binary_file(file, policy=policy)
            found = any(payload in leaf for leaf in leaves(message))
        except Exception:  # whatever a mail makes the parser do: it gave nothing
            found = False
        print(int(found), flush=True)


main(*sys.argv[1:])
