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
# A delivery program that ends as the extension of the address says, up to a dot (alice+75@…); what ends with 0 is kept, and
# what ends with 99 where that is a success, to qmail and Courier.
mkdir -m 1777 /var/ends
cat >/usr/local/bin/ends <<'PROGRAM'
#!/bin/sh
extension=${1:-${EXTENSION:-${EXT:-$LOCAL_PART_SUFFIX}}}
extension=${extension#+}
extension=${extension%%[.:]*} # qmail has a colon in the place of a dot
[ -n "$extension" ] || exec /usr/bin/procmail -Y -d "$2" # a bounce, from Sendmail
if [ "$extension" = 0 ] || { [ "$extension" = 99 ] && [ -e /var/qmail -o -e /etc/courier ]; }; then
  cat >"/var/ends/new.$$" && mv "/var/ends/new.$$" "$(mktemp /var/ends/whole.XXXXXX)"
  exit "$extension"
fi
cat >/dev/null
[ "$extension" != signal ] || kill -9 $$
exit "$extension"
PROGRAM
chmod 755 /usr/local/bin/ends
if command -v maildirmake.maildrop >/dev/null; then
  for user in alice carol; do su "$user" -c 'maildirmake.maildrop ~/Maildir'; done
  su carol -c 'maildirmake.maildrop -q 100000S ~/Maildir' # a small quota: of maildrop alone
fi
