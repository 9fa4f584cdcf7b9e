#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs inside OpenSMTPD's root of the lab: configures it with its way through Rastel, then becomes it.
#
#   2501   after the queue: all mail is relayed to Rastel 127.0.0.1:10025 -> 127.0.0.1:10026
#   2502   on the pipe to procmail
#   2503   before the queue: a filter
#   2516   on the pipe to a program that ends as the address says
#   2517   on the pipe to maildrop
#   10026  where passed mail enters again
#
# Local mail goes into ~/Maildir.
set -eu
echo 'postmaster: root' >/etc/aliases
echo lab.test >/etc/mailname
cat >/etc/smtpd.conf <<'CONFIGURATION'
table aliases file:/etc/aliases
smtp max-message-size 100M
listen on 0.0.0.0 port 2501 tag UNSEEN
listen on 0.0.0.0 port 2502 tag PIPED
filter "rastel" proc-exec "/usr/lib/rastel/rastel-opensmtpd-filter --socket /run/rastel/before-queue.sock" user opensmtpd
listen on 0.0.0.0 port 2503 tag SEEN filter "rastel"
listen on 0.0.0.0 port 2516 tag ENDS
listen on 0.0.0.0 port 2517 tag MAILDROP
listen on 127.0.0.1 port 10026 tag SEEN
action "rastel" relay host smtp://127.0.0.1:10025
action "local" maildir "%{user.directory}/Maildir" alias <aliases>
action "piped" mda "/usr/lib/rastel/rastel-deliver -- /usr/bin/procmail" alias <aliases>
action "ends" mda "/usr/lib/rastel/rastel-deliver --timeout=16s -- /usr/local/bin/ends" alias <aliases>
action "maildrop" mda "/usr/lib/rastel/rastel-deliver -- /usr/bin/maildrop" alias <aliases>
match tag ENDS from any for domain "lab.test" action "ends"
match tag MAILDROP from any for domain "lab.test" action "maildrop"
match tag PIPED from any for domain "lab.test" action "piped"
match tag UNSEEN from any for domain "lab.test" action "rastel"
match tag SEEN from any for domain "lab.test" action "local"
match from local for domain "lab.test" action "local"
CONFIGURATION
# shellcheck source=lab/servers/programs.sh
. /root/programs.sh
exec smtpd -dv
