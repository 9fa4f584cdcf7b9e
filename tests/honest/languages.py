# SPDX-License-Identifier: GPL-2.0-only
"""Libraries of PHP, JavaScript, Perl and Ruby: one process a language makes the messages of all its libraries (make.*)."""
import shutil

from honest.workshop import HERE


def php(shop):
    shop.made.mkdir(exist_ok=True)
    shop.run("php", "-d", f"sendmail_path={shop.sendmail}", "-d", "error_reporting=E_ALL & ~E_DEPRECATED", HERE / "make.php", shop.json, shop.made)


def node(shop):
    """Packages exactly as package-lock.json names them; none may run a script of its own."""
    place = shop.folder / "node"
    place.mkdir()
    for name in ("package.json", "package-lock.json", "make.mjs"):
        shutil.copy(HERE / name, place)
    shop.run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=place,
             environment={"npm_config_update_notifier": "false", "npm_config_cache": str(place / "cache")})
    shop.run("node", "make.mjs", shop.json, shop.made, cwd=place)


def perl(shop):
    shop.made.mkdir(exist_ok=True)
    shop.run("perl", HERE / "make.pl", shop.json, shop.made)


def ruby(shop):
    shop.run("ruby", HERE / "make.rb", shop.json, shop.made)


PROGRAMS = {
    ("phpmailer", "php-mail-mime", "swiftmailer", "symfony-mime", "php-mail"): php,
    ("nodemailer", "emailjs", "mimetext"): node,
    ("mime-lite", "email-stuffer", "mime-entity", "mail-message"): perl,
    ("ruby-mail",): ruby,
}
