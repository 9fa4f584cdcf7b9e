#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs inside Cyrus's root of the lab: LMTP on port 24; a mailbox is made when its first message comes.
set -eu
cat >/etc/imapd.conf <<'CONFIGURATION'
configdirectory: /var/lib/cyrus
defaultpartition: default
partition-default: /var/spool/cyrus/mail
proc_path: /run/cyrus/proc
mboxname_lockpath: /run/cyrus/lock
altnamespace: no
unixhierarchysep: yes
mailbox_legacy_dirs: yes
admins: cyrus
allowplaintext: yes
virtdomains: off
lmtpsocket: /run/cyrus/socket/lmtp
idlesocket: /run/cyrus/socket/idle
notifysocket: /run/cyrus/socket/notify
servername: lab.test
autocreate_quota: 0
autocreate_post: yes
lmtp_downcase_rcpt: yes
CONFIGURATION
cat >/etc/cyrus.conf <<'CONFIGURATION'
START {
  recover cmd="/usr/sbin/cyrus ctl_cyrusdb -r"
}
SERVICES {
  lmtp cmd="lmtpd -a" listen="0.0.0.0:24" prefork=0 maxchild=20
}
EVENTS {
  checkpoint cmd="/usr/sbin/cyrus ctl_cyrusdb -c" period=30
}
CONFIGURATION
mkdir -p /run/cyrus/proc /run/cyrus/lock /run/cyrus/socket
chown -R cyrus:mail /run/cyrus
exec /usr/sbin/cyrmaster -D
