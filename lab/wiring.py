# SPDX-License-Identifier: GPL-2.0-only
"""Rastel's configuration for each session of the lab: the doors that its servers (servers/NAME.sh) hand mail to."""
import sessions


def smtp(name, port, next_hop, place, protocol="smtp", more=""):
    return f"""
[[door.smtp]]
name     = "{name}"
protocol = "{protocol}"
listen   = "{port if isinstance(port, str) else f"127.0.0.1:{port}"}"
next_hop = "{next_hop}"
place    = "{place}"
trusted  = ["127.0.0.1"]
{more}"""


def postfix():
    """The doors that Postfix is wired to, and four to which strangers connect, with a Postfix behind each."""
    doors = (smtp("after-smtp", 10025, "127.0.0.1:10026", "after-queue") +
             smtp("after-lmtp", 10125, "127.0.0.1:10026", "after-queue", "lmtp") +
             smtp("before", 10225, "127.0.0.1:10026", "before-queue"))
    for name, port, next_hop, more in (("by-xclient", 10325, 10027, 'forward_client = "xclient"'),
                                       ("by-proxy", 10425, 10028, 'next_hop_proxy = "v2"'),
                                       ("by-nothing", 10525, 10029, ""),
                                       ("submission", 10625, 10030, 'place = "outbound"\nforward_client = "xclient"\n'
                                                                    'auth_without_tls = true')):
        doors += f"""
[[door.smtp]]
name     = "{name}"
listen   = "0.0.0.0:{port}"
next_hop = "127.0.0.1:{next_hop}"
{more}
"""
    return doors + """
[[door.milter]]
name   = "milter"
listen = "127.0.0.1:8891"

[[door.milter]]
name        = "local"
listen      = "unix:{share}/milter.sock"
socket_mode = "0666"
place       = "after-queue"
"""


def pipe(name="pipe", socket="pipe", more=""):
    return f"""
[[door.pipe]]
name   = "{name}"
listen = "unix:{{share}}/{socket}.sock"
{more}"""


def exim():
    return pipe() + """
[[door.clamd]]
name         = "exim"
listen       = "unix:{share}/clamd.sock"
socket_mode  = "0666"
scan_folders = ["/var/spool/exim4/scan"]
findings     = "policy"

[[door.clamd]]
name     = "exim-tcp"
listen   = "127.0.0.1:3310"
findings = "policy"
""" + smtp("router", 10025, "127.0.0.1:10026", "after-queue")


def lmtp(name):
    return smtp("lmtp", 10725, f"lmtp:{sessions.SERVERS[name].address}:24", "after-queue", "lmtp")


def in_front():
    return smtp("in-front", "0.0.0.0:2501", "127.0.0.1:25", "before-queue")


def sendmail():
    return pipe() + """
[[door.milter]]
name   = "milter"
listen = "unix:{share}/milter.sock"
""" + in_front()


def opensmtpd():
    return pipe() + pipe("filter", "before-queue", 'place = "before-queue"\nreply_deadline = "180s"\n') + smtp("relay", 10025, "127.0.0.1:10026", "after-queue")


def qmail():
    return pipe() + pipe("smtpd", "before-queue", 'place = "before-queue"\n')


# session: its doors, where released mail goes in again, and what a configuration of its own says in [site].
WIRING = {
    "postfix": (postfix, "127.0.0.1:10026", ""),
    "dovecot": (lambda: lmtp("dovecot"), "127.0.0.1:10026", ""),
    "cyrus": (lambda: lmtp("cyrus"), "127.0.0.1:10026", ""),
    "pipe": (pipe, "127.0.0.1:10026", ""),
    "delivery": (pipe, "127.0.0.1:10026", ""),
    "exim": (exim, "127.0.0.1:10026", 'admin_group = "Debian-exim"'),  # for who asks by `rastel scan`
    "opensmtpd": (opensmtpd, "127.0.0.1:10026", ""),
    "sendmail": (sendmail, "127.0.0.1:25", ""),
    "courier": (lambda: pipe() + in_front(), "127.0.0.1:25", ""),
    "courierfilter": (pipe, "127.0.0.1:25", ""),
    "qmail": (qmail, "127.0.0.1:10026", ""),
}


def configuration(lab):
    """A function from (the folder for all that Rastel keeps, its user) to the configuration for this session."""
    doors, release, site = WIRING[lab.name]

    def written(state, user):
        return f"""# SPDX-License-Identifier: GPL-2.0-only
[site]
hostname      = "rastel.lab.test"
domains       = ["lab.test"]
user          = "{user}"
run_directory = "{lab.share}"
{site}

[signatures]
directory = "{state}/signatures"

[[policy.rule]]
recipients = ["carol@lab.test"]
infected   = "quarantine"

[[policy.rule]]
recipients = ["dave@lab.test"]
infected   = "tag"

[http]
listen = "127.0.0.1:8025"

[store]
directory = "{state}/store"
release   = "{release}"
{doors().replace("{share}", str(lab.share))}"""

    return written
