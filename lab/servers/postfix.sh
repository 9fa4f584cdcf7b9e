#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs inside Postfix's root of the lab: configures it with its ways through Rastel, then becomes it.
#
#   2501   after the queue:  smtpd -> queue -> smtp client -> Rastel 127.0.0.1:10025 -> 127.0.0.1:10026
#   2511   the same, but the client speaks LMTP to Rastel 127.0.0.1:10125
#   2512   wrong: the first way with the door of the third
#   2502   before the queue: smtpd hands the session to Rastel 127.0.0.1:10225 -> 127.0.0.1:10026
#   2504   before the queue: smtpd shows Rastel 127.0.0.1:8891 what it gets, as to a milter
#   sendmail(1)   the same at /run/rastel/milter.sock
#   2516, 2517    to a program that ends as the address says
#   2506 to 2510  on the pipe to a delivery program, in the session of that name; mail goes into ~/Maildir then
#   10027, 10028, 10029   next hops that relay for 127.0.0.0/8 alone: told who the client is by XCLIENT, by PROXY, not at all
#   10030  submission: relays for who has logged in (Dovecot is asked), and takes XCLIENT
#   2503   no filter; for sessions about Dovecot and Cyrus, where local mail goes through Rastel 127.0.0.1:10725 by LMTP
#   10026  where passed mail enters again; no filter here, or mail would go round in a circle
#
# Otherwise local mail is delivered to Dovecot by LMTP.        usage: postfix.sh STORE_ADDRESS SESSION
set -eu
dovecot=$1
case $2 in
  dovecot | cyrus) store='[127.0.0.1]:10725' ;;
  *) store="[$dovecot]:24" ;;
esac
postconf -e 'compatibility_level = 3.6' 'maillog_file = /var/log/mail.log' 'inet_protocols = ipv4' \
  'myhostname = lab.test' 'mydestination = lab.test, localhost' 'mynetworks = 127.0.0.0/8, 10.99.0.0/24' \
  'alias_maps = ' 'alias_database = ' 'recipient_delimiter = +' "mailbox_transport = lmtp:inet:$store" 'biff = no' \
  'smtpd_peername_lookup = no' 'smtp_dns_support_level = disabled' 'message_size_limit = 104857600' \
  'mailbox_size_limit = 0' 'smtpd_tls_security_level = none' 'smtp_tls_security_level = none' \
  'queue_run_delay = 2s' 'minimal_backoff_time = 2s' 'maximal_backoff_time = 4s' 'transport_retry_time = 2s' \
  'smtpd_client_connection_count_limit = 0' 'smtpd_client_connection_rate_limit = 0'
case $2 in
  postfix) postconf -e 'non_smtpd_milters = unix:/run/rastel/milter.sock' 'milter_default_action = tempfail' ;;
  pipe) postconf -e 'mailbox_transport = ' 'home_mailbox = Maildir/' ;;
esac
# Debian runs most of it in a chroot that its init script fills; there is no init here.
postconf -F '*/*/chroot = n' 'pickup/unix/wakeup = 2'
cat >>/etc/postfix/master.cf <<MASTER
2501 inet n - n - - smtpd
  -o syslog_name=pf2501 -o content_filter=scan:[127.0.0.1]:10025
2511 inet n - n - - smtpd
  -o syslog_name=pf2511 -o content_filter=scanlmtp:inet:[127.0.0.1]:10125
scan unix - - n - 4 smtp
  -o syslog_name=pfscan -o smtp_send_xforward_command=yes -o disable_mime_output_conversion=yes -o smtp_generic_maps=
scanlmtp unix - - n - 4 lmtp
  -o syslog_name=pfscanlmtp -o lmtp_send_xforward_command=yes -o disable_mime_output_conversion=yes
2512 inet n - n - - smtpd
  -o syslog_name=pf2512 -o content_filter=scan:[127.0.0.1]:10225
2502 inet n - n - 20 smtpd
  -o syslog_name=pf2502 -o smtpd_proxy_filter=127.0.0.1:10225
2504 inet n - n - - smtpd
  -o syslog_name=pf2504 -o smtpd_milters=inet:127.0.0.1:8891 -o milter_default_action=tempfail
2503 inet n - n - - smtpd
  -o syslog_name=pf2503
127.0.0.1:10026 inet n - n - - smtpd
  -o syslog_name=pf10026 -o content_filter= -o smtpd_proxy_filter= -o smtpd_milters=
  -o receive_override_options=no_unknown_recipient_checks,no_header_body_checks,no_milters
  -o smtpd_authorized_xforward_hosts=127.0.0.0/8 -o mynetworks=127.0.0.0/8
  -o smtpd_recipient_restrictions=permit_mynetworks,reject
127.0.0.1:10027 inet n - n - - smtpd
  -o syslog_name=pf10027 -o mynetworks=127.0.0.0/8 -o smtpd_authorized_xclient_hosts=127.0.0.0/8
  -o smtpd_relay_restrictions=permit_mynetworks,reject_unauth_destination
127.0.0.1:10028 inet n - n - - smtpd
  -o syslog_name=pf10028 -o mynetworks=127.0.0.0/8 -o smtpd_upstream_proxy_protocol=haproxy
  -o smtpd_relay_restrictions=permit_mynetworks,reject_unauth_destination
127.0.0.1:10029 inet n - n - - smtpd
  -o syslog_name=pf10029 -o mynetworks=127.0.0.0/8
  -o smtpd_relay_restrictions=permit_mynetworks,reject_unauth_destination
127.0.0.1:10030 inet n - n - - smtpd
  -o syslog_name=pf10030 -o mynetworks=127.0.0.0/8 -o smtpd_authorized_xclient_hosts=127.0.0.0/8
  -o smtpd_sasl_auth_enable=yes -o smtpd_sasl_type=dovecot -o smtpd_sasl_path=inet:$dovecot:12345
  -o smtpd_sasl_security_options=noanonymous -o smtpd_delay_reject=yes
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject_unauth_destination
2506 inet n - n - - smtpd
  -o syslog_name=pf2506 -o content_filter=command:dummy
command unix - n n - - local
  -o { mailbox_command = /usr/lib/rastel/rastel-deliver -- /usr/bin/procmail -a "\$EXTENSION" }
2507 inet n - n - - smtpd
  -o syslog_name=pf2507 -o content_filter=maildrop:dummy
maildrop unix - n n - 10 pipe
  flags=DRXhu user=alice argv=/usr/lib/rastel/rastel-deliver --sender=\${sender} --recipient=\${recipient}
  --queue-id=\${queue_id} --client-address=\${client_address} --client-helo=\${client_helo} -- /usr/bin/maildrop
2508 inet n - n - - smtpd
  -o syslog_name=pf2508 -o content_filter=rastelpipe:dummy
rastelpipe unix - n n - 10 pipe
  flags=Rq user=nobody null_sender= argv=/usr/lib/rastel/rastel-deliver --sender=\${sender} --recipient=\${recipient}
  --queue-id=\${queue_id} --client-address=\${client_address} -- /usr/sbin/sendmail -G -i -f \${sender} -- \${recipient}
2509 inet n - n - - smtpd
  -o syslog_name=pf2509 -o content_filter=procmail:dummy
procmail unix - n n - - local
  -o { mailbox_command = /usr/bin/procmail /etc/procmail.filter }
2510 inet n - n - - smtpd
  -o syslog_name=pf2510 -o content_filter=xfilter:dummy
xfilter unix - n n - 10 pipe
  flags=DRXhu user=alice argv=/usr/bin/maildrop /home/alice/.maildrop.filter
2516 inet n - n - - smtpd
  -o syslog_name=pf2516 -o content_filter=ends:dummy
ends unix - n n - - local
  -o { mailbox_command = /usr/lib/rastel/rastel-deliver --timeout=16s -- /usr/local/bin/ends }
2517 inet n - n - - smtpd
  -o syslog_name=pf2517 -o content_filter=endspipe:dummy
endspipe unix - n n - 10 pipe
  flags=DRq user=alice argv=/usr/lib/rastel/rastel-deliver --sender=\${sender} --recipient=\${recipient}
  --timeout=16s -- /usr/local/bin/ends \${extension}
MASTER
postconf -e 'endspipe_destination_recipient_limit = 1' 'maildrop_destination_recipient_limit = 1' 'xfilter_destination_recipient_limit = 1'
# shellcheck source=lab/servers/programs.sh
. /root/programs.sh
exec postfix start-fg
