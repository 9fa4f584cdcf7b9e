#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs inside the root of the lab that has a Postfix and the delivery programs which others have none of: configures each with its
# way through Rastel, then becomes Postfix.
#
#   2506   local(8), mailbox_command: procmail         2507   procmail -t
#   2508   the same: maildrop                          2509   the same: dovecot-lda
#   2510   the same: dovecot-lda as recommended        2511   pipe(8): maildrop
#   2512   pipe(8): dovecot-lda                        2513   pipe(8): Cyrus deliver
#   10026  where passed mail enters again; no filter here
#
# carol's mailboxes are on small disks.
set -eu
postconf -e 'compatibility_level = 3.6' 'maillog_file = /var/log/mail.log' 'inet_protocols = ipv4' \
  'myhostname = lab.test' 'mydestination = lab.test, localhost' 'mynetworks = 127.0.0.0/8, 10.99.0.0/24' \
  'alias_maps = ' 'alias_database = ' 'recipient_delimiter = +' 'mailbox_transport = ' 'mailbox_command = ' 'home_mailbox = Maildir/' 'biff = no' \
  'smtpd_peername_lookup = no' 'smtp_dns_support_level = disabled' 'mailbox_size_limit = 0' \
  'smtpd_tls_security_level = none' 'smtp_tls_security_level = none' \
  'queue_run_delay = 2s' 'minimal_backoff_time = 2s' 'maximal_backoff_time = 4s' 'transport_retry_time = 2s'
postconf -F '*/*/chroot = n' 'pickup/unix/wakeup = 2'
deliver=/usr/lib/rastel/rastel-deliver
# by_command PORT NAME COMMAND…, by_pipe PORT NAME FLAGS USER COMMAND…: smtpd at the port hands all mail to the command.
by_command() {
  port=$1 name=$2
  shift 2
  cat >>/etc/postfix/master.cf <<MASTER
$port inet n - n - - smtpd
  -o syslog_name=pf$port -o content_filter=$name:dummy
$name unix - n n - - local
  -o { mailbox_command = $deliver -- $* }
MASTER
}
by_pipe() {
  port=$1 name=$2 flags=$3 user=$4
  shift 4
  cat >>/etc/postfix/master.cf <<MASTER
$port inet n - n - - smtpd
  -o syslog_name=pf$port -o content_filter=$name:dummy
$name unix - n n - 10 pipe
  flags=$flags user=$user argv=$deliver --sender=\${sender} --recipient=\${recipient} -- $*
MASTER
  postconf -e "${name}_destination_recipient_limit = 1"
}
by_command 2506 procmail /usr/bin/procmail
by_command 2507 procmail-t /usr/bin/procmail -t
by_command 2508 maildrop /usr/bin/maildrop
# shellcheck disable=SC2016  # Postfix puts them in
by_command 2509 lda /usr/lib/dovecot/dovecot-lda -e -f '"$SENDER"' -a '"$RECIPIENT"'
# shellcheck disable=SC2016
by_command 2510 lda-tempfail /usr/lib/dovecot/dovecot-lda -e -f '"$SENDER"' -a '"$RECIPIENT"' -o quota_full_tempfail=yes
# shellcheck disable=SC2016
by_pipe 2511 maildrop-pipe DRhu carol /usr/bin/maildrop
# shellcheck disable=SC2016
by_pipe 2512 lda-pipe DRhu carol /usr/lib/dovecot/dovecot-lda -e -f '${sender}' -a '${recipient}'
# shellcheck disable=SC2016
by_pipe 2513 cyrus Rhu cyrus /usr/lib/cyrus/bin/deliver -r '${sender}' -e '${user}'
cat >>/etc/postfix/master.cf <<'MASTER'
127.0.0.1:10026 inet n - n - - smtpd
  -o syslog_name=pf10026 -o mynetworks=127.0.0.0/8
MASTER
# shellcheck source=lab/servers/programs.sh
. /root/programs.sh
exec postfix start-fg
