#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs inside Sendmail's root of the lab: configures it with its ways through Rastel, then becomes it.
#
#   2502   before the queue: it shows Rastel /run/rastel/milter.sock what it gets
#   2501   Rastel's: clients -> Rastel -> Sendmail 127.0.0.1:25
#   2503   on the pipe to procmail
#   2516   on the pipe to a program that ends as the address says
#   2517   on the pipe to mail.local
#   2518   on the pipe to maildrop
#   25     no filter; clients reach it from elsewhere, too
#
# Local mail goes into ~/Maildir by procmail.
set -eu
chown -R root:root /etc/mail /var/spool/mqueue
chmod 755 /etc/mail
chmod 700 /var/spool/mqueue
cat >/etc/mail/lab.mc <<'CONFIGURATION'
divert(0)dnl
include(`/usr/share/sendmail/cf/m4/cf.m4')dnl
VERSIONID(`lab')dnl
OSTYPE(`debian')dnl
DOMAIN(`generic')dnl
FEATURE(`nouucp', `reject')dnl
FEATURE(`accept_unresolvable_domains')dnl
FEATURE(`accept_unqualified_senders')dnl
FEATURE(`nocanonify')dnl
FEATURE(`no_default_msa')dnl
FEATURE(`local_procmail')dnl
define(`confSERVICE_SWITCH_FILE', `/etc/mail/service.switch')dnl
define(`confHOST_STATUS_DIRECTORY', `')dnl
define(`confQUEUE_LA', `100')dnl
define(`confREFUSE_LA', `200')dnl
define(`confTO_IDENT', `0')dnl
define(`confDOMAIN_NAME', `lab.test')dnl
define(`confPID_FILE', `/run/sendmail.pid')dnl
undefine(`confDONT_BLAME_SENDMAIL')dnl
INPUT_MAIL_FILTER(`rastel', `S=unix:/run/rastel/milter.sock, F=T, T=C:1m;S:30s;R:2m;E:5m')dnl
DAEMON_OPTIONS(`Name=plain, Family=inet, Addr=0.0.0.0, Port=25, InputMailFilters=')dnl
DAEMON_OPTIONS(`Name=milter, Family=inet, Addr=0.0.0.0, Port=2502, InputMailFilters=rastel')dnl
MAILER_DEFINITIONS
MAILER(`local')dnl
MAILER(`smtp')dnl
LOCAL_CONFIG
Cwlab.test
CONFIGURATION
printf 'hosts files\naliases files\n' >/etc/mail/service.switch
echo 'postmaster: root' >/etc/mail/aliases
[ -e /etc/aliases ] || echo 'postmaster: root' >/etc/aliases
: >/etc/mail/relay-domains
touch /etc/mail/local-host-names /etc/mail/trusted-users
chmod 644 /etc/mail/*
# shellcheck source=lab/servers/programs.sh
. /root/programs.sh
m4 /etc/mail/lab.mc >/etc/mail/sendmail.cf
# The other Sendmails are the same but for their ports, their queues and their local mailers.
cat >/root/local.m4 <<'CONFIGURATION'
define(`LOCAL_MAILER_PATH', `/usr/lib/rastel/rastel-deliver')dnl
define(`LOCAL_MAILER_ARGS', `rastel-deliver --sender $g --recipient $u -- /usr/bin/procmail -Y -a $h -d $u')dnl
define(`LOCAL_MAILER_FLAGS', `SPhn9')dnl
define(`QUEUE_DIR', `/var/spool/mqueue-local')dnl
define(`confPID_FILE', `/run/sendmail-local.pid')dnl
DAEMON_OPTIONS(`Name=local, Family=inet, Addr=0.0.0.0, Port=2503, InputMailFilters=')dnl
MAILER_DEFINITIONS
CONFIGURATION
sed "s#-- /usr/bin/procmail.*#--timeout 16s -- /usr/local/bin/ends +\$h \$u')dnl#
  s/-local/-ends/; s/2503/2516/" /root/local.m4 >/root/ends.m4
sed "s#/usr/bin/procmail.*#/usr/libexec/sendmail/mail.local -d \$u')dnl#
  s/-local/-mbox/; s/2503/2517/" /root/local.m4 >/root/mbox.m4
sed "s#/usr/bin/procmail.*#/usr/bin/maildrop -d \$u')dnl#
  s/-local/-drop/; s/2503/2518/" /root/local.m4 >/root/drop.m4
sendmail -bi
for name in local ends mbox drop; do
  sed -e "/local_procmail/d; /DAEMON_OPTIONS/d; /confPID_FILE/d; /^MAILER_DEFINITIONS/{r /root/$name.m4
    d}" /etc/mail/lab.mc | m4 >/etc/mail/$name.cf
  mkdir -m 700 /var/spool/mqueue-$name
  sendmail -bD -q5s -C /etc/mail/$name.cf &
done
exec sendmail -bD -q5s -X /root/traffic.log
