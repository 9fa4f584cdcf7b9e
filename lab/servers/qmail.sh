#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs inside the root of the lab's qmail, which is a stand-in (lab/qmail.py): configures it with its ways to hand mail through
# Rastel. Read by qmail.py afterwards, which becomes it.
#
#   2501   qmail-smtpd hands each message to Rastel in place of qmail-queue
#   2502   the same, asking a door that may refuse
#   2503   no filter; mail to erin is handed to maildrop through Rastel by her .qmail, that to alice-CODE to a program that ends so
#   10026  where released mail enters again
#
# Local mail goes into ~/Maildir.
set -eu
mkdir -p /var/qmail/bin /var/qmail/queue/todo /var/qmail/queue/new
cat >/etc/tcp.smtp.2501 <<'RULES'
:allow,QMAILQUEUE="/usr/lib/rastel/rastel-qmail-queue"
RULES
cat >/usr/local/bin/rastel-before-queue <<'PROGRAM'
#!/bin/sh
exec /usr/lib/rastel/rastel-qmail-queue --socket /run/rastel/before-queue.sock
PROGRAM
chmod 755 /usr/local/bin/rastel-before-queue
cat >/etc/tcp.smtp.2502 <<'RULES'
:allow,QMAILQUEUE="/usr/local/bin/rastel-before-queue"
RULES
echo ':allow' >/etc/tcp.smtp.2503
echo '127.:allow' >/etc/tcp.smtp.10026
# qmail-queue(8): the message from descriptor 0 to its end, then the envelope from 1. 0 is only said of what is on disk.
cat >/var/qmail/bin/qmail-queue <<'PROGRAM'
#!/bin/sh
umask 077
cd /var/qmail/queue || exit 61
{ echo "Received: (qmail $$ invoked by uid $(id -u)); $(date -u '+%e %b %Y %T -0000')" && cat; } >new/$$.message || exit 53
cat <&1 >new/$$.envelope || exit 54
# F, the sender, then T and a recipient each, NUL behind each and once more.
tr '\0' '\n' <new/$$.envelope | awk '
  NR == 1 { bad = !/^F/ } NR > 1 && /^$/ { ended = NR; next } NR > 1 && (ended || !/^T/) { bad = 1 } length > 1003 { long = 1 }
  END { if (long) exit 11; if (bad || ended < 3) exit 91 }' || exit
sync new/$$.message new/$$.envelope || exit 53
name=$(date +%s%N).$$
mv new/$$.message todo/$name.message && mv new/$$.envelope todo/$name.envelope || exit 53
kill -ALRM "$(cat /run/qmail-send.pid)" 2>/dev/null
exit 0
PROGRAM
# A line for each message that waits: to whom.
cat >/var/qmail/bin/qmail-qread <<'PROGRAM'
#!/bin/sh
for envelope in /var/qmail/queue/todo/*.envelope; do [ ! -e "$envelope" ] || { tr '\0' ' ' <"$envelope"; echo; }; done
PROGRAM
chmod 755 /var/qmail/bin/qmail-queue /var/qmail/bin/qmail-qread
useradd -m -s /bin/sh erin
# shellcheck source=lab/servers/programs.sh
. /root/programs.sh
cat >/home/erin/.qmail <<'LINES'
|/usr/lib/rastel/rastel-deliver --exit-codes=qmail -- /usr/bin/maildrop
LINES
su erin -c 'maildirmake.maildrop ~/Maildir'
cat >/home/alice/.qmail-default <<'LINES'
|/usr/lib/rastel/rastel-deliver --exit-codes=qmail --timeout=16s -- /usr/local/bin/ends "$DEFAULT"
./Behind/
LINES
