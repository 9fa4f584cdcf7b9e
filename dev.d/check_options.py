# SPDX-License-Identifier: GPL-2.0-only
"""Every member of an options struct has a row, and every row a member and a sentence.

Parser, sample, reference and `rastel config show` come from the rows: a member without one is an option that nobody
can set. A test of configuration/ goes through all rows at run time; this finds what has no row at all.
"""
import re

import source

STRUCT = re.compile(r"^struct (\w+) \{(.*?)^\};", re.S | re.M)
ROWS = re.compile(r"^struct Rows<(\w+)> \{(.*?)^\};", re.S | re.M)
ROW = re.compile(r'Option\{"([^"]+)",\s*&(\w+)::(\w+),\s*((?:[^{}]|\{[^{}]*\})*)\}', re.S)
MACRO = re.compile(r"#define (RASTEL_\w+_ROWS)\((\w+)\)\s*(.*?)\n(?!.*\\\n)(?=\S)", re.S)
MEMBER = re.compile(r"(\w+)\s*(?:=[^,;]*|\{[^;]*\})?\s*(?:,|;)")


def plain(text):
    """Without comments, and with macros of rows put where they are used."""
    for name, parameter, body in MACRO.findall(text):
        body = body.replace("\\\n", "\n")
        text = re.sub(r"(?<!define )" + name + r"\((\w+)\)", lambda use, b=body, p=parameter: re.sub(rf"\b{p}\b", use[1], b), text)
    text = re.sub(r"^#define(?:.*\\\n)*.*\n", "", text, flags=re.M)
    return re.sub(r"//[^\n]*", "", text)


def members(body):
    found = []
    for statement in body.split(";"):
        statement = " ".join(statement.split())
        if not statement or "operator" in statement or statement.startswith(("static", "using", "enum", "struct", "}")):
            continue
        if "(" in re.sub(r"\{.*\}|=.*", "", statement):
            continue  # a function
        declaration = re.sub(r"<[^<>]*(?:<[^<>]*>[^<>]*)*>", "", statement)  # template arguments
        declaration = re.sub(r"\{.*?\}+(?=\s*(?:,|$))|=[^,]*", "", declaration)
        names = re.sub(r"^(?:const )?[\w:]+\s+", "", declaration)
        found += [name.strip() for name in names.split(",") if name.strip()]
    return found


def rows_of(text):
    return {struct: [(name, owner, member, rest) for name, owner, member, rest in ROW.findall(body)]
            for struct, body in ROWS.findall(text)}


def check(root):
    complaints = []
    for path in source.files(root, ".hpp", under=("src",)):
        original = source.text(root, path)
        if "struct Rows<" not in original or path.as_posix() == "src/base/options.hpp":
            continue
        text = plain(original)
        structs = {name: members(body) for name, body in STRUCT.findall(text)}
        rows = rows_of(text)

        def complain(struct, what, where=path, whole=original):
            at = whole.find(f"struct {struct} ")
            complaints.append(source.complaint(where, whole.count("\n", 0, max(at, 0)) + 1, what))

        for struct, names in structs.items():
            if struct not in rows:
                complain(struct, f"{struct} has no Rows<{struct}>")
                continue
            have = [member for _, _, member, _ in rows[struct]]
            for name in names:
                if name not in have:
                    complain(struct, f"{struct}::{name} has no row")
            for name, owner, member, rest in rows[struct]:
                if owner != struct or member not in names:
                    complain(struct, f'row "{name}" of {struct} points to {owner}::{member}')
                if not re.search(r'"[^"]*[.;:!][^"]*"\s*$|"[^"]{8,}"\s*$', rest):
                    complain(struct, f'row "{name}" of {struct} has no sentence')
    return complaints
