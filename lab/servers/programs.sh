#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Read by the scripts of servers that start delivery programs: procmail and maildrop deliver into ~/Maildir, and each has a
# file with which it hands the message through Rastel.
set -eu
cat >/etc/procmailrc <<'PROCMAIL'
DEFAULT=$HOME/Maildir/
PROCMAIL
cat >/etc/maildroprc <<'MAILDROP'
DEFAULT="$HOME/Maildir/"
MAILDROP
cat >/etc/procmail.filter <<'PROCMAIL'
DEFAULT=$HOME/Maildir/
:0fwr
| /usr/lib/rastel/rastel-filter
:0e
{
  EXITCODE=75
  HOST
}
PROCMAIL
cat >/home/alice/.maildrop.filter <<'MAILDROP'
xfilter "/usr/lib/rastel/rastel-filter"
to "$HOME/Maildir/"
MAILDROP
chown alice /home/alice/.maildrop.filter # only what is the user's own is taken
chmod 600 /home/alice/.maildrop.filter
# A delivery program that ends as the extension of the address says (alice+75@…).
cat >/usr/local/bin/ends <<'PROGRAM'
#!/bin/sh
cat >/dev/null
extension=${1:-${EXTENSION:-${LOCAL_PART_SUFFIX#+}}}
[ "$extension" != signal ] || kill -9 $$
exit "$extension"
PROGRAM
chmod 755 /usr/local/bin/ends
if command -v maildirmake.maildrop >/dev/null; then su alice -c 'maildirmake.maildrop ~/Maildir'; fi
