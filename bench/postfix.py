# SPDX-License-Identifier: GPL-2.0-only
"""A Postfix of the bench's own: configuration, queue and data in one folder, everything relayed to a sink.

As Debian ships it but for what stands here; no chroot, as that needs a script of the system. It logs to a file, as a real
one logs. Ways of wiring a scanner to it: None, "before" (smtpd_proxy_filter with speed_adjust), "after-smtp" and
"after-lmtp" (content_filter), "milter".
"""
import os
import pathlib
import shutil

FILTERS = 10  # connections to a filter behind the queue; Postfix's manual says 10
MAIN = """compatibility_level = 3.6
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
queue_directory = {folder}/queue
data_directory = {folder}/data
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = postfix.bench
mydestination =
mynetworks = 127.0.0.0/8
relayhost = [127.0.0.1]:{sink}
alias_maps =
alias_database =
smtpd_peername_lookup = no
smtp_dns_support_level = disabled
smtpd_tls_security_level = none
smtp_tls_security_level = none
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
message_size_limit = 104857600
mailbox_size_limit = 0
notify_classes =
"""
SCAN = """scan unix - - n - {filters} {protocol}
  -o syslog_name=scan -o {protocol}_send_xforward_command=yes -o disable_mime_output_conversion=yes
"""
REENTRY = """127.0.0.1:{reentry} inet n - n - - smtpd
  -o syslog_name=reentry -o content_filter= -o smtpd_proxy_filter= -o smtpd_milters=
  -o receive_override_options=no_unknown_recipient_checks,no_header_body_checks,no_milters
  -o smtpd_authorized_xforward_hosts=127.0.0.0/8
"""
ENTRY = {None: "", "before": " -o smtpd_proxy_filter=127.0.0.1:{scanner} -o smtpd_proxy_options=speed_adjust",
         "after-smtp": " -o content_filter=scan:[127.0.0.1]:{scanner}",
         "after-lmtp": " -o content_filter=scan:inet:[127.0.0.1]:{scanner}",
         "milter": " -o smtpd_milters={milter} -o milter_default_action=tempfail"}
QUEUES = ("maildrop", "incoming", "active", "deferred", "hold")


class Postfix:
    def __init__(self, folder, port, sink, way=None, scanner=0, reentry=0, milter=None):
        self.folder = pathlib.Path(folder)
        words = {"folder": self.folder, "port": port, "sink": sink, "scanner": scanner, "reentry": reentry, "milter": milter,
                 "filters": FILTERS, "protocol": "lmtp" if way == "after-lmtp" else "smtp"}
        self.folder.mkdir(mode=0o755)
        for name in ("queue", "data"):
            (self.folder / name).mkdir(mode=0o755)
        shutil.chown(self.folder / "data", "postfix")
        (self.folder / "main.cf").write_text(MAIN.format(**words))
        for name in ("postfix-files", "dynamicmaps.cf", "postfix-script", "post-install"):
            source = pathlib.Path("/etc/postfix") / name
            if source.exists():
                (self.folder / name).symlink_to(source)
        text = "\n".join(self.services()) + "\n"
        text += f"127.0.0.1:{port} inet n - n - - smtpd\n  -o syslog_name=entry{ENTRY[way].format(**words)}\n"
        if way and way.startswith("after"):
            text += SCAN.format(**words)
        if way and way != "milter":
            text += REENTRY.format(**words)
        (self.folder / "master.cf").write_text(text)

    @staticmethod
    def services():
        """Debian's master.cf without chroots and without what listens."""
        rows = (line.split() for line in pathlib.Path("/usr/share/postfix/master.cf.dist").read_text().splitlines()
                if line and line[0] not in "# \t")
        return [" ".join([*fields[:4], "n", *fields[5:]]) for fields in rows if fields[1] != "inet" and fields[7] != "pipe"]

    def command(self):
        return ["postfix", "-c", self.folder, "start-fg"]

    @staticmethod
    def environment():
        return {**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}

    def queue_is_empty(self):
        return not any(files for name in QUEUES for _, _, files in os.walk(self.folder / "queue" / name))
