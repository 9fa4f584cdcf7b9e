#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs inside Cyrus's root of the lab: LMTP on port 24; a mailbox is made when its first message comes.
set -eu
# shellcheck source=lab/servers/cyrus-imapd.sh
. /root/cyrus-imapd.sh
cyrus_imapd 'lmtp cmd="lmtpd -a" listen="0.0.0.0:24" prefork=0 maxchild=20' <<'CONFIGURATION'
allowplaintext: yes
autocreate_quota: 0
lmtp_downcase_rcpt: yes
CONFIGURATION
exec /usr/sbin/cyrmaster -D
