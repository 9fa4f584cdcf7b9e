# SPDX-License-Identifier: GPL-2.0-only
"""Certificates for tests, made by `openssl`: an authority, one nobody knows, an intermediate one, and what they sign, good and
bad. Each is NAME.pem with NAME.key in a folder; `chain` has its intermediate behind it."""
import pathlib
import subprocess

CONFIGURATION = """
[ca]
default_ca = own
[own]
database = {folder}/{name}.index
new_certs_dir = {folder}
serial = {folder}/{name}.serial
default_md = sha256
policy = any
unique_subject = no
copy_extensions = none
[any]
commonName = supplied
"""
AUTHORITY = "basicConstraints = critical,CA:TRUE\nkeyUsage = critical,keyCertSign,cRLSign\n"
SERVER = "extendedKeyUsage = serverAuth\n"


class Certificates:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.authority("root")
        self.authority("stranger")
        self.authority("between", signer="root")
        self.issue("good", "DNS:hop.test,DNS:door.test")
        self.issue("second", "DNS:second.test,DNS:*.many.test")
        self.issue("renewed", "DNS:door.test,DNS:renewed.test")
        self.issue("wildcard", "DNS:*.hop.test")
        self.issue("address", "IP:127.0.0.1")
        self.issue("wrong-name", "DNS:other.test")
        self.issue("expired", "DNS:hop.test", start="20200101000000Z", end="20210101000000Z")
        self.issue("not-yet", "DNS:hop.test", start="20400101000000Z", end="20410101000000Z")
        self.issue("wrong-usage", "DNS:hop.test", usage="extendedKeyUsage = clientAuth\n")
        self.issue("unknown-authority", "DNS:hop.test", signer="stranger")
        self.issue("no-intermediate", "DNS:hop.test", signer="between")
        (self.folder / "chain.pem").write_text((self.folder / "no-intermediate.pem").read_text() +
                                               (self.folder / "between.pem").read_text())
        (self.folder / "chain.key").write_text((self.folder / "no-intermediate.key").read_text())
        self.key("self-signed")
        self.openssl("req", "-x509", "-new", "-key", self.file("self-signed.key"), "-subj", "/CN=hop.test", "-days", "30",
                     "-addext", "subjectAltName=DNS:hop.test", "-out", self.file("self-signed.pem"))
        for path in self.folder.glob("*.key"):
            path.chmod(0o600)

    def file(self, name):
        return str(self.folder / name)

    def openssl(self, *words):
        answer = subprocess.run(["openssl", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert answer.returncode == 0, f"openssl {words}: {answer.stderr}"

    def key(self, name):
        self.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", self.file(f"{name}.key"))

    def sign(self, name, signer, extensions, start, end, self_signed=False):
        (self.folder / f"{name}.extensions").write_text(extensions)
        self.openssl("req", "-new", "-key", self.file(f"{name}.key"), "-subj", f"/CN={name}", "-out", self.file(f"{name}.csr"))
        self.openssl("ca", "-batch", "-notext", "-config", self.file(f"{signer}.cnf"), "-in", self.file(f"{name}.csr"), "-out",
                     self.file(f"{name}.pem"), "-keyfile", self.file(f"{signer}.key"), "-startdate", start, "-enddate", end,
                     "-extfile", self.file(f"{name}.extensions"),
                     *(["-selfsign"] if self_signed else ["-cert", self.file(f"{signer}.pem")]))

    def authority(self, name, signer=None):
        (self.folder / f"{name}.cnf").write_text(CONFIGURATION.format(folder=self.folder, name=name))
        (self.folder / f"{name}.index").touch()
        (self.folder / f"{name}.serial").write_text("1000\n")
        self.key(name)
        self.sign(name, signer or name, AUTHORITY, "20240101000000Z", "20490101000000Z", self_signed=signer is None)

    def issue(self, name, names, signer="root", start="20240101000000Z", end="20490101000000Z", usage=SERVER):
        self.key(name)
        self.sign(name, signer, f"subjectAltName = {names}\n{usage}", start, end)

    def pair(self, name):
        return {"certificate": self.file(f"{name}.pem"), "key": self.file(f"{name}.key")}
