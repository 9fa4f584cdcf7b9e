#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Read by the scripts of servers that have Cyrus: configures it; cyrmaster is theirs to start.
set -eu
cyrus_imapd() { # LINE: the service of cyrus.conf; standard input: what else imapd.conf has to say
  cat >/etc/imapd.conf
  cat >>/etc/imapd.conf <<'CONFIGURATION'
configdirectory: /var/lib/cyrus
defaultpartition: default
partition-default: /var/spool/cyrus/mail
proc_path: /run/cyrus/proc
mboxname_lockpath: /run/cyrus/lock
altnamespace: no
unixhierarchysep: yes
mailbox_legacy_dirs: yes
admins: cyrus
virtdomains: off
lmtpsocket: /run/cyrus/socket/lmtp
idlesocket: /run/cyrus/socket/idle
notifysocket: /run/cyrus/socket/notify
servername: lab.test
autocreate_post: yes
CONFIGURATION
  cat >/etc/cyrus.conf <<CONFIGURATION
START {
  recover cmd="/usr/sbin/cyrus ctl_cyrusdb -r"
}
SERVICES {
  $1
}
EVENTS {
  checkpoint cmd="/usr/sbin/cyrus ctl_cyrusdb -c" period=30
}
CONFIGURATION
  mkdir -p /run/cyrus/proc /run/cyrus/lock /run/cyrus/socket
  chown -R cyrus:mail /run/cyrus
}
