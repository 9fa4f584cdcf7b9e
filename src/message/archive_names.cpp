// SPDX-License-Identifier: GPL-2.0-only
#include "message/archive_names.hpp"

#include "message/archive_name_list.hpp"
#include "message/byte_reader.hpp"
#include "message/charset.hpp"
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
  names.add(rest.substr(0, std::min(rest.find('\0'), ArchiveNames::longest_name + 1)));
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

}  // namespace

void ArchiveNameList::add(std::string_view raw) {
  constexpr std::size_t longest = ArchiveNames::longest_name;
  if (raw.empty() || full_) return;
  bool shortened = raw.size() > longest;
  if (shortened) raw.remove_prefix(raw.size() - longest);
  std::string name = is_valid_utf8(raw) ? std::string(raw) : escaped(raw);
  if (name.size() > longest) {  // by escapes
    name.erase(0, name.size() - longest);
    shortened = true;
  }
  // A character that the cut went through goes whole.
  while (shortened && !name.empty() && (static_cast<unsigned char>(name.front()) & 0xc0) == 0x80)
    name.erase(0, 1);
  if (shortened) cut();
  if (!seen_.insert(name).second) return;
  if (result_.names.size() == ArchiveNames::most_names || bytes_ + name.size() > ArchiveNames::most_bytes) {
    full_ = true;
    cut();
    return;
  }
  bytes_ += name.size();
  result_.names.push_back(std::move(name));
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
