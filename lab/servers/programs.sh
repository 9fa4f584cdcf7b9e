#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Read by the scripts of servers that start delivery programs: procmail and maildrop deliver into ~/Maildir, and each has a
# file with which it hands the message through Rastel; dovecot-lda delivers into ~/Maildir-dovecot. Where a program knows a limit of
# a mailbox, it is 100 kB.
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
  for user in alice carol; do su "$user" -c '[ -d ~/Maildir ] || maildirmake.maildrop ~/Maildir'; done
  su carol -c 'maildirmake.maildrop -q 100000S ~/Maildir' # a small quota: of maildrop alone
fi
if [ -d /etc/dovecot ]; then
  cat >/etc/dovecot/dovecot.conf <<'CONFIGURATION'
log_path = /var/log/dovecot.log
ssl = no
mail_location = maildir:~/Maildir-dovecot
first_valid_uid = 1000
postmaster_address = postmaster@lab.test
lda_mailbox_autocreate = yes
mail_plugins = quota
plugin {
  quota = maildir:User quota
  quota_rule = *:storage=100k
}
CONFIGURATION
  install -m 666 /dev/null /var/log/dovecot.log # who delivers writes it
fi
if [ -x /usr/sbin/cyrmaster ]; then
  # shellcheck source=lab/servers/cyrus-imapd.sh
  . /root/cyrus-imapd.sh
  cyrus_imapd 'lmtpunix cmd="lmtpd -a" listen="/run/cyrus/socket/lmtp" prefork=0 maxchild=20' <<'CONFIGURATION'
autocreate_quota: 100
lmtp_strict_quota: yes
CONFIGURATION
  /usr/sbin/cyrmaster -D &
fi
