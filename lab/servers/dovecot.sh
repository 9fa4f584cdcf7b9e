#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs inside Dovecot's root of the lab: LMTP on port 24 into ~/Maildir, IMAP on 143 (password "secret"), and on 12345
# who asks whether a login is right (Postfix).
set -eu
cat >/etc/dovecot/dovecot.conf <<'CONFIGURATION'
protocols = lmtp imap
listen = 0.0.0.0
base_dir = /run/dovecot
log_path = /var/log/dovecot.log
mail_location = maildir:~/Maildir
disable_plaintext_auth = no
ssl = no
first_valid_uid = 1000
passdb {
  driver = static
  args = password=secret
}
userdb {
  driver = passwd
}
auth_mechanisms = plain login cram-md5 scram-sha-256
service auth {
  inet_listener {
    port = 12345
  }
}
service lmtp {
  inet_listener lmtp {
    port = 24
  }
}
protocol lmtp {
  auth_username_format = %Ln
  postmaster_address = postmaster@lab.test
}
CONFIGURATION
exec dovecot -F
