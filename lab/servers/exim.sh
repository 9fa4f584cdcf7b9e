#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs inside Exim's root of the lab: configures it with its ways to ask Rastel or to hand mail to it, then becomes it.
#
#   2501   asks while the client waits, clamd's protocol over a unix socket: SCAN with the path of the message
#   2502   the same over TCP: zINSTREAM
#   2503   the same by a command
#   2504   after the queue: a router hands all mail to Rastel 127.0.0.1:10025 -> 127.0.0.1:10026
#   2505   on the pipe to maildrop
#   2506   a filter of the transport into the mailbox
#   2516   to a program that ends as the address says
#   2517   on the pipe to procmail
#   2518   on the pipe to dovecot-lda
#   2519   on the pipe to Cyrus deliver
#   10026  where passed mail enters again
#
# Local mail goes into ~/Maildir.
set -eu
cat >/etc/exim4/pipe <<'OPTIONS'
  return_fail_output
  message_prefix =
  message_suffix =
  temp_errors = 71 : 73 : 74 : 75 : 111
  freeze_signal
  freeze_exec_fail
  timeout_defer
OPTIONS
cat >/etc/exim4/exim4.conf <<'CONFIGURATION'
primary_hostname = lab.test
domainlist local_domains = lab.test
hostlist relay_from_hosts = 127.0.0.1
daemon_smtp_ports = 2501 : 2502 : 2503 : 2504 : 2505 : 2506 : 2516 : 2517 : 2518 : 2519 : 10026
local_interfaces = 0.0.0.0
log_file_path = /var/log/exim4/%slog
tls_advertise_hosts =
smtp_accept_max = 0
queue_run_max = 2
av_scanner = ${if eq{$received_port}{2503} \
  {cmdline:/usr/bin/rastel --control /run/rastel/control.sock scan --found-only %s:FOUND:(\\S+) FOUND} \
  {${if eq{$received_port}{2502} {clamd:127.0.0.1 3310} {clamd:/run/rastel/clamd.sock}}}}
acl_smtp_rcpt = check_recipient
acl_smtp_data = check_data
begin acl
check_recipient:
  accept domains = +local_domains
  accept hosts = +relay_from_hosts
  deny message = relay not permitted
check_data:
  accept condition = ${if >={$received_port}{2504}}
  deny malware = *
       message = Message refused: $malware_name
  accept
begin routers
to_rastel:
  driver = manualroute
  condition = ${if eq{$received_port}{2504}}
  transport = to_rastel
  route_list = * 127.0.0.1 byname
  self = send
  no_verify
ends:
  driver = accept
  condition = ${if eq{$received_port}{2516}}
  domains = +local_domains
  local_part_suffix = +*
  check_local_user
  transport = ends
local_user:
  driver = accept
  domains = +local_domains
  local_part_suffix = +*
  local_part_suffix_optional
  check_local_user
  transport = ${extract{at$received_port}{at2505=rastel_pipe at2506=filtered at2517=procmail at2518=lda at2519=cyrus}{$value}{maildir}}
begin transports
to_rastel:
  driver = smtp
  port = 10025
maildir:
  driver = appendfile
  directory = $home/Maildir
  maildir_format
  return_path_add
filtered:
  driver = appendfile
  directory = $home/Maildir
  maildir_format
  return_path_add
  transport_filter = /usr/lib/rastel/rastel-filter --recipient "$local_part_data@$domain_data"
rastel_pipe:
  driver = pipe
  command = /usr/lib/rastel/rastel-deliver -- /usr/bin/maildrop
  return_path_add
  .include /etc/exim4/pipe
procmail:
  driver = pipe
  command = /usr/lib/rastel/rastel-deliver -- /usr/bin/procmail
  .include /etc/exim4/pipe
lda:
  driver = pipe
  command = /usr/lib/rastel/rastel-deliver -- /usr/lib/dovecot/dovecot-lda -e
  .include /etc/exim4/pipe
cyrus:
  driver = pipe
  command = /usr/lib/rastel/rastel-deliver -- /usr/lib/cyrus/bin/deliver -e $local_part_data
  user = cyrus
  .include /etc/exim4/pipe
ends:
  driver = pipe
  command = /usr/lib/rastel/rastel-deliver --timeout=16s -- /usr/local/bin/ends
  .include /etc/exim4/pipe
begin retry
* * F,2h,2s
CONFIGURATION
# shellcheck source=lab/servers/programs.sh
. /root/programs.sh
exec exim4 -bdf -q5s
