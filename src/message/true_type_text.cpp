// SPDX-License-Identifier: GPL-2.0-only
// Kinds of file that are told by words: where a text begins with them, or holds them in its first part. In
// ASCII, UTF-8 and UTF-16 of either order, with or without a mark, and in whichever case.
#include <algorithm>
#include <array>
#include <span>
#include <string>

#include "base/ascii.hpp"
#include "message/true_type_checks.hpp"

namespace rastel::message {
namespace {

constexpr std::size_t text_look = 4096;  // characters

struct WordRow {
  std::string_view words;  // in lower case
  std::string_view type;
};

// At the beginning, behind white space.
constexpr auto first_words = std::to_array<WordRow>({
    {"{\\rt", "text/rtf"},  // what Word takes
    {"<?php", "text/x-php"},
    {"regedit4", "text/x-ms-regedit"},
    {"windows registry editor version", "text/x-ms-regedit"},
    {"begin:vcalendar", "text/calendar"},
    {"begin:vcard", "text/vcard"},
    {"@echo", "text/x-msdos-batch"},
    {"#@~^", "application/x-ms-encoded-script"},
    {"web\r\n1\r\n", "text/x-ms-iqy"},
    {"web\n1\n", "text/x-ms-iqy"},
    {"-----begin pgp message", "application/pgp-encrypted"},
    {"-----begin pgp signature", "application/pgp-signature"},
    {"-----begin pgp public key", "application/pgp-keys"},
});

// At the beginning of any line.
constexpr auto line_words = std::to_array<WordRow>({
    {"[internetshortcut]", "application/x-mswinurl"},
    {"[desktop entry]", "application/x-desktop"},
    {"[shell]\ncommand=", "text/x-ms-scf"},
    {"[shell]\r\ncommand=", "text/x-ms-scf"},
    {"full address:s:", "application/x-rdp"},
    {"(this file must be converted with binhex", "application/mac-binhex40"},
});

// The root of an XML text.
constexpr auto roots = std::to_array<WordRow>({
    {"pcsettings", "application/x-ms-settingcontent"},
    {"searchconnectordescription", "application/windows-search-connector+xml"},
    {"librarydescription", "application/windows-library+xml"},
    {"mmc_consolefile", "application/x-ms-msc"},
    {"jnlp", "application/x-java-jnlp-file"},
    {"scriptlet", "text/scriptlet"},
    {"job", "application/x-ms-wsf"},
    {"svg", "image/svg+xml"},
    {"svg:svg", "image/svg+xml"},
    {"xsl:stylesheet", "application/xslt+xml"},
});

// With what an HTML page may begin (WHATWG MIME Sniffing 7.1, and what browsers show besides).
constexpr auto html_roots = std::to_array<std::string_view>(
    {"html",  "head", "body", "script", "iframe", "h1",     "div", "font", "table", "a",    "style",
     "title", "b",    "br",   "p",      "meta",   "center", "img", "form", "base",  "link", "span"});
// What tells of a page wherever it stands.
constexpr auto hta_anywhere = std::to_array<std::string_view>({"hta:application"});
constexpr auto job_anywhere = std::to_array<std::string_view>({"job"});
constexpr auto html_anywhere = std::to_array<std::string_view>({"!doctype html", "html", "head", "body"});

constexpr auto interpreters = std::to_array<WordRow>({
    {"python", "text/x-script.python"},
    {"perl", "text/x-perl"},
    {"ruby", "text/x-ruby"},
    {"php", "text/x-php"},
    {"node", "application/javascript"},
    {"lua", "text/x-lua"},
    {"tclsh", "text/x-tcl"},
    {"wish", "text/x-tcl"},
    {"awk", "text/x-awk"},
    {"gawk", "text/x-gawk"},
    {"make", "text/x-makefile"},
});

// The first part of a text, in lower case; empty: it is none. Of a character of two bytes the one that is
// ASCII stays.
std::string beginning(std::string_view bytes) {
  std::size_t step = 1;
  std::size_t first = 0;
  if (bytes.starts_with("\xef\xbb\xbf")) {
    first = 3;
  } else if (bytes.starts_with("\xff\xfe")) {
    first = step = 2;
  } else if (bytes.starts_with("\xfe\xff")) {
    first = 3;
    step = 2;
  } else if (bytes.size() >= 4 && bytes[0] != 0 && bytes[1] == 0 && bytes[2] != 0 && bytes[3] == 0) {
    step = 2;
  } else if (bytes.size() >= 4 && bytes[0] == 0 && bytes[1] != 0 && bytes[2] == 0 && bytes[3] != 0) {
    first = 1;
    step = 2;
  }
  while (first < bytes.size() && is_space(bytes[first])) first += step;
  // The first character tells whether it is a text.
  if (first >= bytes.size() || bytes[first] < ' ' || bytes[first] == 0x7f) return {};
  std::string text(std::min((bytes.size() - first + step - 1) / step, text_look), '\0');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = to_lower(bytes[first + i * step]);
  return text;
}

// What `<name` opens. `at` is behind the `<`.
bool has_tag(std::string_view text, std::size_t at, std::string_view name) {
  const std::size_t end = at + name.size();
  return text.substr(at).starts_with(name) &&
         (end >= text.size() || is_space(text[end]) || text[end] == '>' || text[end] == '/');
}

// One pass, whatever the text is full of.
bool has_tag_anywhere(std::string_view text, std::span<const std::string_view> names) {
  for (std::size_t at = 0; (at = text.find('<', at) + 1) != 0 && at < text.size();)
    for (const std::string_view name : names)
      if (text[at] == name.front() && has_tag(text, at, name)) return true;
  return false;
}

// Behind the `<` of the first element: declarations, comments and instructions before it are passed over.
// npos: the text doesn't begin with a tag.
std::size_t root_of(std::string_view text) {
  std::size_t at = 0;
  for (;;) {
    while (at < text.size() && is_space(text[at])) ++at;
    if (at + 1 >= text.size() || text[at] != '<') return std::string_view::npos;
    const std::string_view rest = text.substr(at);
    if (rest[1] != '!' && rest[1] != '?') return at + 1;
    const std::string_view closing = rest.starts_with("<!--") ? "-->" : rest[1] == '?' ? "?>" : ">";
    const std::size_t end = rest.find(closing);
    if (end == std::string_view::npos) return std::string_view::npos;
    at += end + closing.size();
  }
}

void add_tag_types(std::string_view text, TrueTypes& types) {
  if (has_tag_anywhere(text, hta_anywhere)) types.add("application/hta");
  const std::size_t root = root_of(text);
  const bool xml = text.starts_with("<?xml");
  // Of what is something else already, a tag somewhere makes no page.
  bool html = types.empty() && has_tag_anywhere(text, html_anywhere);
  if (root != std::string_view::npos) {
    for (const WordRow& row : roots)
      if (has_tag(text, root, row.words)) types.add(row.type);
    if (has_tag(text, root, "package") && has_tag_anywhere(text, job_anywhere))
      types.add("application/x-ms-wsf");
    html =
        html || (!xml && std::ranges::any_of(html_roots, [&](auto tag) { return has_tag(text, root, tag); }));
  }
  if (html) types.add("text/html");
  if (xml) types.add("text/xml");
}

void add_line_types(std::string_view text, TrueTypes& types) {
  while (!text.empty()) {
    for (const WordRow& row : line_words)
      if (text.front() == row.words.front() && text.starts_with(row.words)) types.add(row.type);
    const std::size_t end = text.find('\n');
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

void add_script_type(std::string_view text, TrueTypes& types) {
  std::string_view line = text.substr(2, text.find('\n') - 2);
  const auto word = [&] {
    const auto begin = std::ranges::find_if_not(line, is_space);
    const auto end = std::find_if(begin, line.end(), is_space);
    const std::string_view found(begin, end);
    line = {end, line.end()};
    return found.substr(found.rfind('/') + 1);
  };
  std::string_view program = word();
  if (program == "env") do
      program = word();
    while (program.starts_with('-') || program.find('=') != std::string_view::npos);
  for (const WordRow& row : interpreters)
    if (program.starts_with(row.words)) return types.add(row.type);
  types.add(program.ends_with("sh") ? "text/x-shellscript" : "text/x-script");
}

// RFC 5322 2.2, and the fields with which a message begins.
void add_mail_types(std::string_view text, TrueTypes& types) {
  constexpr auto fields = std::to_array<std::string_view>(
      {"received", "return-path", "from", "to", "subject", "date", "message-id", "mime-version",
       "content-type", "delivered-to", "reply-to", "sender", "cc", "dkim-signature", "x-mailer",
       "content-transfer-encoding"});
  constexpr int enough = 3;
  if (text.starts_with("from ") && text.substr(0, text.find('\n')).find(':') != std::string_view::npos) {
    types.add("application/mbox");
    return;
  }
  int known = 0;
  bool related = false;
  bool saved = false;  // as programs save a page
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line == "\r") break;
    if (line.find("multipart/related") != std::string_view::npos) related = true;
    if (line.starts_with("snapshot-content-location:") || line.starts_with("from: <saved by ") ||
        line.starts_with("from: \"saved by "))
      saved = true;
    if (is_space(line.front())) continue;
    const std::string_view name = line.substr(0, line.find(':'));
    if (name.size() == line.size() && end != std::string_view::npos) return;
    if (std::ranges::any_of(name, [](char byte) { return byte <= ' ' || byte >= 0x7f; })) return;
    if (std::ranges::find(fields, name) != fields.end()) ++known;
  }
  if (related && (saved || known < enough)) types.add("application/x-mimearchive");
  if (known >= enough) types.add("message/rfc822");
}

}  // namespace

void add_text_types(std::string_view bytes, TrueTypes& types) {
  const std::string text = beginning(bytes);
  if (text.empty()) return;
  for (const WordRow& row : first_words)
    if (text.starts_with(row.words)) types.add(row.type);
  if (text.starts_with("#!")) add_script_type(text, types);
  add_line_types(text, types);
  add_tag_types(text, types);
  add_mail_types(text, types);
}

}  // namespace rastel::message
