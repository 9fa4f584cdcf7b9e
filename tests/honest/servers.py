# SPDX-License-Identifier: GPL-2.0-only
"""What mail servers write themselves: bounces, delays and receipts of Postfix, Exim and Sendmail (RFC 3464, RFC 6533), and
what mlmmj makes of mail to a list: prefixed, with a footer, in digests. Each in a root of its own (lab/alone.py)."""
import dataclasses
import email.policy
import smtplib
import time

import alone
import peers
from honest import python_mail

POSTFIX = """#!/bin/sh
set -eu
postconf -e 'compatibility_level = 3.6' 'maillog_file = /share/mail.log' 'maillog_file_prefixes = /share' 'inet_protocols = ipv4' \\
  'inet_interfaces = 127.0.0.1' 'myhostname = lab.test' 'mydestination = lab.test' 'mynetworks = 127.0.0.0/8' 'alias_maps = ' \\
  'alias_database = ' 'biff = no' 'smtp_dns_support_level = disabled' 'local_recipient_maps = ' 'luser_relay = alice@lab.test' \\
  'mail_spool_directory = /share/spool/' 'queue_run_delay = 2s' 'minimal_backoff_time = 2s' 'delay_warning_time = 1s' \\
  'relay_domains = gone.example late.example sent.example' 'bounce_size_limit = 20000' 'smtputf8_enable = yes' 'mailbox_command = ' \\
  'transport_maps = inline:{ {gone.example=smtp:[127.0.0.1]:{SINK}} {late.example=smtp:[127.0.0.1]:{SINK}} {sent.example=smtp:[127.0.0.1]:{SINK}} }' \\
  'notify_classes = bounce, 2bounce, protocol, policy, delay, resource, software' 'smtpd_client_connection_count_limit = 0'
postconf -F '*/*/chroot = n'
postconf -M smtp/inet='127.0.0.1:{PORT} inet n - n - - smtpd'
mkdir -p /share/spool
chmod 777 /share/spool
exec postfix start-fg
"""

EXIM = """#!/bin/sh
set -eu
mkdir -p /share/spool/new
chmod 777 /share/spool /share/spool/new
cat >/etc/exim4/exim4.conf <<'CONFIGURATION'
primary_hostname = lab.test
domainlist local_domains = lab.test
daemon_smtp_ports = {PORT}
local_interfaces = 127.0.0.1
acl_smtp_rcpt = accept_all
acl_smtp_data = accept_all
log_file_path = /share/exim-%slog
delay_warning = 1s:1h
bounce_return_size_limit = 20K
dsn_advertise_hosts = *
smtputf8_advertise_hosts = *
smtp_accept_max = 0
smtp_accept_queue_per_connection = 0
never_users =
begin acl
accept_all:
  accept
begin routers
late:
  driver = redirect
  domains = late.example
  allow_defer
  data = :defer: not yet
gone:
  driver = redirect
  domains = gone.example
  allow_fail
  data = :fail: no such user here
sent:
  driver = accept
  domains = sent.example
  transport = away
here:
  driver = accept
  domains = +local_domains
  transport = keep
begin transports
keep:
  driver = appendfile
  maildir_format
  directory = /share/spool/alice
  create_directory
  user = mail
  group = mail
away:
  driver = appendfile
  file = /dev/null
  user = mail
begin retry
* * F,1h,2s
CONFIGURATION
exec exim4 -bdf -q2s
"""

SENDMAIL = """#!/bin/sh
set -eu
cat >/etc/mail/sendmail.mc <<'CONFIGURATION'
include(`/usr/share/sendmail/cf/m4/cf.m4')dnl
OSTYPE(`debian')dnl
DOMAIN(`debian-mta')dnl
FEATURE(`mailertable', `text /etc/mail/mailertable')dnl
FEATURE(`accept_unresolvable_domains')dnl
FEATURE(`nocanonify')dnl
FEATURE(`promiscuous_relay')dnl
undefine(`confHOST_STATUS_DIRECTORY')dnl
define(`confDOMAIN_NAME', `lab.test')dnl
define(`LUSER_RELAY', `local:alice')dnl
define(`LOCAL_MAILER_PATH', `/share/keep.sh')dnl
define(`LOCAL_MAILER_ARGS', `keep.sh $u')dnl
define(`LOCAL_MAILER_FLAGS', `lsDFMAw5:/|@qSPfhn9')dnl
define(`confTO_QUEUEWARN', `1s')dnl
define(`confDONT_BLAME_SENDMAIL', `GroupWritableDirPathSafe,AssumeSafeChown')dnl
DAEMON_OPTIONS(`Name=MTA-v4, Family=inet, Port={PORT}, Addr=127.0.0.1')dnl
MAILER(`local')dnl
MAILER(`smtp')dnl
CONFIGURATION
m4 /etc/mail/sendmail.mc >/etc/mail/sendmail.cf
printf 'gone.example\\terror:5.1.1:550 no such user here\\nsent.example\\tlocal:alice\\nlate.example\\terror:4.3.0:451 not yet\\n' >/etc/mail/mailertable
echo lab.test >/etc/mail/local-host-names
: >/etc/mail/access
mkdir -p /share/spool/new /var/spool/mqueue /var/run/sendmail/mta
chmod 777 /share/spool/new
printf '#!/bin/sh\\nexec cat >/share/spool/new/$$.eml\\n' >/share/keep.sh
chmod 755 /share/keep.sh
exec /usr/libexec/sendmail/sendmail -bD -q2s
"""

MLMMJ = """#!/bin/sh
set -eu
list=/var/spool/mlmmj/news
for folder in incoming queue queue/discarded archive text subconf unsubconf bounce control moderation subscribers.d \\
    digesters.d requeue nomailsubs.d; do mkdir -p $list/$folder; done
echo news@lists.example >$list/control/listaddress
echo owner@lists.example >$list/control/owner
echo 127.0.0.1 >$list/control/relayhost
echo {SINK} >$list/control/smtpport
echo '[news]' >$list/control/prefix
printf 'X-List: news\\nList-Id: <news.lists.example>\\n' >$list/control/customheaders
printf -- '_______________\\nnews mailing list\\n' >$list/control/footer
echo 25 >$list/control/digestmaxmails
echo 1 >$list/control/digestinterval
touch $list/index $list/control/tocc
cp -r /usr/share/mlmmj/text.skel/en/. $list/text/
echo bob@recipient.example >$list/subscribers.d/b
for mail in /share/in/*.eml; do /usr/bin/mlmmj-receive -F -L $list <"$mail" 2>&1; done
echo carol@recipient.example >$list/digesters.d/c
sleep 2
for round in 1 2 3; do /usr/bin/mlmmj-maintd -F -L $list 2>&1; sleep 1.1; done
touch /share/done
exec sleep 600
"""


LAYERS = ("lists", "exim", "sendmail")


def questions(shop):
    return [(letter, python_mail.new_message(letter, email.policy.SMTPUTF8 if not letter.ascii_addresses else email.policy.SMTP).as_bytes())
            for letter in shop.letters[::2]]


def begin(shop, name, script, **values):
    folder = shop.folder / f"server-{name}"
    folder.mkdir()
    for above in (folder, *folder.parents[:3]):
        above.chmod(above.stat().st_mode | 0o755)  # servers' users must get in
    folder.chmod(0o777)
    for key, value in values.items():
        script = script.replace("{" + key + "}", str(value))
    (folder / "start.sh").write_text(script)
    return folder


def send(port, sender, recipient, message, options, wanted):
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
        client.ehlo()
        known = [option for option in options if option.split("=")[0].lower() in client.esmtp_features or option.startswith(("RET", "ENVID"))]
        client.sendmail(sender, [recipient], message, known, wanted if client.has_extn("dsn") else [])


def answer(_, line):
    """Of the next host, to RCPT."""
    if "gone.example" in line:
        return "550-5.1.1 The email account that you tried to reach does not exist.\r\n550 5.1.1 --boundary--; Content-Type: none"
    return "451 4.3.0 not yet" if "late.example" in line else None


def bounced(program, layer, script, smtputf8=True, least=40):
    """Sends each letter to somebody who isn't there, whose host is away, or who is; gathers what comes back to the sender."""
    def make(shop):
        with peers.NextHop({"RCPT": answer}) as hop:
            port = peers.free_port()
            folder = begin(shop, program, script, PORT=port, SINK=hop.port)
            with alone.Server(layer, "start.sh", folder) as server:
                server.wait_for(port)
                for number, (letter, message) in enumerate(questions(shop)):
                    domain = ["gone.example", "late.example", "gone.example", "sent.example"][number % 4]
                    options = ["BODY=8BITMIME"] if not message.isascii() else []
                    options += [["RET=HDRS"], ["RET=FULL", "ENVID=q+3D1"], []][number % 3]
                    sender, to = "alice@lab.test", f"nobody@{domain}"
                    if not letter.ascii_addresses:
                        if not smtputf8:
                            continue
                        sender, to, options = "jürgen@lab.test", f"jürgen@{domain}", [*options, "SMTPUTF8"]
                    send(port, sender, to, message, options, ["NOTIFY=SUCCESS,FAILURE,DELAY", "ORCPT=rfc822;nobody@old.example"][:2 if letter.ascii_addresses else 1])
                end, seen, calm = time.monotonic() + 40, -1, 0
                while time.monotonic() < end and calm < 4:  # until nothing more comes
                    time.sleep(1)
                    now = len(kept(folder))
                    calm = calm + 1 if now == seen and now >= least else 0
                    seen = now
                for number, path in enumerate(kept(folder)):
                    shop.keep(program, f"{number:03}", path.read_bytes())
    return make


def kept(folder):
    return sorted(path for path in folder.glob("spool/**/new/*") if path.is_file())


def mlmmj(shop):
    with peers.NextHop() as hop:
        folder = begin(shop, "mlmmj", MLMMJ, SINK=hop.port)
        (folder / "in").mkdir()
        for letter in shop.letters:
            if letter.ascii_addresses:
                message = python_mail.new_message(dataclasses.replace(letter, recipient=("News", "news@lists.example")), email.policy.SMTP).as_bytes()
                (folder / "in" / f"{letter.label}.eml").write_bytes(
                    b"Return-Path: <anna@sender.example>\n" + message.replace(b"\r\n", b"\n"))
        with alone.Server("lists", "start.sh", folder):
            end = time.monotonic() + 90
            while not (folder / "done").exists():
                assert time.monotonic() < end, (folder / "start.log").read_text()[-2000:]
                time.sleep(0.2)
        for number, message in enumerate(hop.accepted()):
            shop.keep("mlmmj", f"{number:03}", message.content)


PROGRAMS = {
    "postfix": bounced("postfix", "lists", POSTFIX),
    "exim": bounced("exim", "exim", EXIM),
    "sendmail": bounced("sendmail", "sendmail", SENDMAIL, smtputf8=False),
    "mlmmj": mlmmj,
}
