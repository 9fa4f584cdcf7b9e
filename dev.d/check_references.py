# SPDX-License-Identifier: GPL-2.0-only
"""What a text names must exist: files, sections, numbered rules, verbs, flags, options, keys of sample configurations.

Looked at: every *.md and the comments of the source. A line that says "planned" may name what doesn't exist yet.
"""
import pathlib
import re
import tomllib

import check_floors
import check_options
import source

TOP = ("src", "docs", "demo", "lab", "tests", "dev.d", "packaging", "cmake", ".ci", "bench", "ui")
FLOOR = "|".join(check_floors.FLOORS)
CODE_PATH = re.compile(rf"(?<![\w./-])((?:src/)?(?:{FLOOR})/[\w/.-]+\.(?:hpp|cpp))\b")
TOP_PATH = re.compile(rf"(?<![\w./-])((?:{'|'.join(map(re.escape, TOP))})/[\w/.*-]*[\w/*])")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
SECTION = re.compile(r'docs/([A-Za-z]+)\.md,? "([^"]+)"')
DOCUMENT = re.compile(r"(?<![\w./_])(SURFACE|ENGINE|STYLE|PROTOCOLS|ARCHITECTURE|THREATS|PEERS|MIME-EVASION)\b(?!\.md|_)(?: (\d+)\b)?")
RULE = re.compile(r"(?<![\w-])([A-FX]-\d\d)\b(?!-)")
RULE_HERE = re.compile(r"^\*\*([A-FX]-\d\d)\b|^\| \*\*([A-FX]-\d\d)\b", re.M)
DEV_VERB = re.compile(r"\./dev ([a-z][\w-]*)")
DEV_CASE = re.compile(r"^  ([a-z][a-z |-]*)\) ", re.M)
RASTEL_VERB = re.compile(r"`(?:[^`\n]* )?rastel ((?:[a-z][a-z-]*)(?:[ |][a-z][a-z|-]*)*)")
FLAG = re.compile(r"`(?:rasteld?\b)[^`\n]*?(--[a-z][\w-]+)")
# A verb is a name that is followed by its description: add_subcommand("list", "What is held …"), or a helper of that kind.
VERB = re.compile(r'"([a-z][a-z-]+)",\s*"[A-Z]')
PLACEHOLDER = re.compile(r"\b_?(NAME|FLOOR|KIND|SERVER|FILE)(?=_|\b)")
TOML_BLOCK = re.compile(r"^```toml\n(.*?)^```", re.S | re.M)
OPTION = re.compile(r"`\[?\[?([a-z]+(?:\.[a-z]+)?)\]?\]?[ .]([a-z_]+)(?: = [^`]*)?`")


class Options:
    """The tree of options, read from the rows as check_options does."""

    def __init__(self, root):
        self.rows, self.types = {}, {}
        for path in source.files(root, ".hpp", under=("src",)):
            original = source.text(root, path)
            if "struct Rows<" not in original or path.as_posix() == "src/base/options.hpp":
                continue
            text = check_options.plain(original)
            self.rows |= {struct: {name: member for name, _, member, _ in rows}
                          for struct, rows in check_options.rows_of(text).items()}
            for struct, body in check_options.STRUCT.findall(text):
                self.types[struct] = body

    def type_of(self, struct, name):
        """The struct below `name`, "" if it is a plain value, None if there is no such option."""
        member = self.rows.get(struct, {}).get(name)
        if member is None:
            return None
        for other in self.rows:
            if re.search(rf"\b{other}>? {member}\b", self.types.get(struct, "")):
                return other
        return ""

    def wrong(self, table, struct="Configuration", path=""):
        for key, value in table.items():
            below = self.type_of(struct, key)
            if below is None:
                yield f"{path}{key}"
            elif below:
                for inner in value if isinstance(value, list) else [value]:
                    if isinstance(inner, dict):
                        yield from self.wrong(inner, below, f"{path}{key}.")

    def has(self, dotted):
        struct = "Configuration"
        for name in dotted.split("."):
            below = self.type_of(struct, name) if struct else None
            if below is None:
                return False
            struct = below
        return True


class Checker:
    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.options = Options(root)
        script = self.root / "dev"
        self.dev_verbs = set()
        if script.exists():
            for names in DEV_CASE.findall(script.read_text(encoding="utf-8")):
                self.dev_verbs |= {name.strip() for name in names.split("|")}
        app = "".join(source.text(root, path) for path in source.files(root, ".cpp", ".hpp", under=("src/app",)))
        self.app = app
        self.verbs = set(VERB.findall(app))
        rules = self.root / "docs/PROTOCOLS.md"
        self.rules = {a or b for a, b in RULE_HERE.findall(rules.read_text(encoding="utf-8"))} if rules.exists() else set()
        self.complaints = []

    def missing(self, name):
        if name.startswith("build/") or PLACEHOLDER.search(name):
            return False
        if "*" in name:
            return not list(self.root.glob(name))
        return not (self.root / name).exists()

    def line(self, path, number, line, prose):
        def complain(what):
            self.complaints.append(source.complaint(path, number, what))

        for name in CODE_PATH.findall(line):
            name = name if name.startswith("src/") else "src/" + name
            if pathlib.PurePath(name).stem not in {"x", "x_test", "x_fuzz"} and self.missing(name):
                complain(f"there is no {name}")
        for name in TOP_PATH.findall(line):
            if not CODE_PATH.search(name) and self.missing(name.rstrip(".")):
                complain(f"there is no {name}")
        for document, section in SECTION.findall(line):
            where = self.root / f"docs/{document}.md"
            if where.exists() and section not in where.read_text(encoding="utf-8"):
                complain(f'docs/{document}.md has no "{section}"')
        for document, number_in in DOCUMENT.findall(line):
            where = self.root / f"docs/{document}.md"
            where = where if where.exists() else self.root / f"docs/{document.lower()}.md"
            if not where.exists():
                complain(f"{document}: there is no docs/{document}.md")
            elif number_in and not re.search(rf"^#+ {number_in}\b", where.read_text(encoding="utf-8"), re.M):
                complain(f"docs/{document}.md has no section {number_in}")
        for rule in RULE.findall(line):
            if rule not in self.rules:
                complain(f"docs/PROTOCOLS.md has no {rule}")
        for verb in DEV_VERB.findall(line):
            if self.dev_verbs and verb not in self.dev_verbs:
                complain(f"./dev has no verb {verb}")
        if prose:
            self.prose(line, path, complain)

    def prose(self, line, path, complain):
        for target in LINK.findall(line):
            if "://" not in target and not target.startswith("mailto:") and not (self.root / path.parent / target).exists():
                complain(f"the link leads nowhere: {target}")
        for words in RASTEL_VERB.findall(line):
            for verb in re.split(r"[ |]", words):
                if self.verbs and verb and verb not in self.verbs:
                    complain(f"rastel has no verb {verb}")
        for flag in FLAG.findall(line):
            if self.verbs and f"{flag}" not in self.app:
                complain(f"no program has {flag}")
        for table, key in OPTION.findall(line):
            top = table.split(".")[0]
            known = self.options.rows.get("Configuration", {})
            if top in known and key not in {"hpp", "cpp", "md", "sock"} and not self.options.has(f"{table}.{key}"):
                complain(f"there is no option {table}.{key}")

    def toml(self, path, text, first_line):
        try:
            table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            self.complaints.append(source.complaint(path, first_line, f"not TOML: {error}"))
            return
        if not self.options.rows.get("Configuration"):
            return
        for key in self.options.wrong(table):
            self.complaints.append(source.complaint(path, first_line, f"there is no option {key}"))


def check(root):
    checker = Checker(root)
    for path in source.files(root, ".md"):
        text = source.text(root, path)
        for number, line in enumerate(text.splitlines(), 1):
            if "planned" not in line.lower():
                checker.line(path, number, line, prose=True)
        for match in TOML_BLOCK.finditer(text):
            checker.toml(path, match[1], text.count("\n", 0, match.start()) + 2)
    for path in source.files(root, ".cpp", ".hpp", ".py", ".sh", ".cmake", under=("src", "tests", "lab", "demo", "cmake")):
        for number, line in enumerate(source.text(root, path).splitlines(), 1):
            comment = re.search(r"(?://|#(?!include)|\"\"\").*", line)
            if comment and "planned" not in comment[0].lower():
                checker.line(path, number, comment[0], prose=False)
    for path in source.files(root, ".toml", under=("demo", "packaging")):
        checker.toml(path, source.text(root, path), 1)
    return checker.complaints
