// SPDX-License-Identifier: GPL-2.0-only
#include "message/archive_names.hpp"

#include "message/archive_name_list.hpp"
#include "message/ascii.hpp"
#include "message/byte_reader.hpp"
#include "message/charset.hpp"
#include "message/file_names.hpp"
#include "message/zip_headers.hpp"

namespace rastel::message {
namespace {

void list_zip(std::string_view bytes, ArchiveNameList& names) {
  std::size_t at = 0;
  bool local = false;
  bool central = false;
  while (const auto header = next_zip_header(bytes, at)) {
    if (!names.spend_header()) return;
    (header->central ? central : local) = true;
    names.add(header->name);
    if (!header->unicode_name.empty()) names.add(header->unicode_name);
    if (header->encrypted) names.encrypted();
    if (header->cut && bytes.starts_with("PK")) names.broken();
    // Not behind the content: its size may be a lie. Behind the name, because a name may look like a header.
    at = header->next;
  }
  if (local && !central && bytes.starts_with("PK")) names.broken();
}

// RFC 1952 2.3.1: a name may stand behind the header and a field of extras.
void list_gzip(std::string_view bytes, ArchiveNameList& names) {
  constexpr std::string_view magic("\x1f\x8b\x08");
  constexpr unsigned flag_extra = 4;
  constexpr unsigned flag_name = 8;
  if (!bytes.starts_with(magic)) return;
  ByteReader reader(bytes.substr(magic.size()));
  const unsigned flags = reader.u8();
  (void)reader.block(6);  // time, level, system
  if ((flags & flag_extra) != 0) (void)reader.block(reader.u16());
  if ((flags & flag_name) == 0 || reader.failed()) return;
  const std::string_view rest = reader.block(reader.left());
  const std::size_t end = rest.find('\0');
  if (end == std::string_view::npos) return names.broken();
  names.add(rest.substr(0, end));
}

std::string escaped(std::string_view text) {
  constexpr char digits[] = "0123456789abcdef";
  std::string result;
  while (!text.empty()) {
    std::size_t length = 1;
    while (length < 4 && length < text.size() && (static_cast<unsigned char>(text[length]) & 0xc0) == 0x80)
      ++length;
    // The longest of the pieces that are one character: a stray octet behind it isn't its own.
    while (length > 1 && !is_valid_utf8(text.substr(0, length))) --length;
    if (is_valid_utf8(text.substr(0, length))) {
      result += text.substr(0, length);
    } else {
      const auto byte = static_cast<unsigned char>(text[0]);
      result += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    }
    text.remove_prefix(length);
  }
  return result;
}

// The end of it, if it is longer than a name may be.
std::string text_of(std::string_view raw, bool shortened) {
  std::string name = is_valid_utf8(raw) ? std::string(raw) : escaped(raw);
  if (name.size() > ArchiveNames::longest_name) {  // by escapes
    name.erase(0, name.size() - ArchiveNames::longest_name);
    shortened = true;
  }
  // A character that the cut went through goes whole.
  while (shortened && !name.empty() && (static_cast<unsigned char>(name.front()) & 0xc0) == 0x80)
    name.erase(0, 1);
  return name;
}

constexpr std::string_view separators = "/\\";

// What patterns of file names look at, in lower case, with its dot; empty: there is none.
std::string extension_of(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || name.find_first_of(separators, dot) != std::string_view::npos)
    return {};
  return lower(name.substr(dot));
}

}  // namespace

void ArchiveNameList::add(std::string_view raw) {
  add_as_it_stands(raw);
  if (const std::string_view taken = as_a_system_takes_it(raw); taken.size() < raw.size())
    add_as_it_stands(taken);
}

void ArchiveNameList::add_as_it_stands(std::string_view raw) {
  constexpr std::size_t longest = ArchiveNames::longest_name;
  if (raw.empty() || full_) return;
  const bool shortened = raw.size() > longest;
  if (shortened) raw.remove_prefix(raw.size() - longest);
  std::string extension = extension_of(raw);
  // Its extension may begin before what is left of it.
  if (shortened && extension.empty() && raw.find_first_of(separators) == std::string_view::npos) cut();
  // Before the work of making a text of it: there may be a hundred thousand.
  if (limit_met_ && extensions_.contains(extension)) return;
  std::string name = text_of(raw, shortened);
  if (!extension.empty() && name.find('.') == std::string::npos) cut();  // by escapes
  if (seen_.contains(name)) return;
  limit_met_ = limit_met_ || result_.names.size() == ArchiveNames::most_names ||
               bytes_ + name.size() > ArchiveNames::most_bytes;
  const bool is_new = extensions_.insert(std::move(extension)).second;
  if (limit_met_ && (!is_new || !spend_name_behind_limit())) return;
  bytes_ += name.size();
  seen_.insert(name);
  result_.names.push_back(std::move(name));
}

bool ArchiveNameList::spend_name_behind_limit() {
  if (++behind_limit_ <= ArchiveNames::most_behind) return true;
  full_ = true;
  cut();
  return false;
}

void ArchiveNameList::add_in(std::string_view charset, std::string_view name) {
  constexpr std::size_t longest = 4 * ArchiveNames::longest_name;  // its cut is add()'s to say
  if (name.size() > longest) name.remove_prefix((name.size() - longest + 1) / 2 * 2);
  if (const auto text = to_utf8(name, charset)) add(*text);
}

bool ArchiveNameList::spend_header() {
  if (full_) return false;
  if (++headers_ <= most_headers) return true;
  full_ = true;
  cut();
  return false;
}

ArchiveNames archive_names(std::string_view bytes, std::size_t room) {
  ArchiveNameList names;
  list_zip(bytes, names);
  list_rar(bytes, names);
  list_gzip(bytes, names);
  list_arj(bytes, names);
  list_udf(bytes, names);
  list_by_libarchive(bytes, room, names);
  return names.take();
}

}  // namespace rastel::message
