// SPDX-License-Identifier: GPL-2.0-only
// rar's headers (RARLAB's "RAR 5.0 archive format" and the technote of versions 1.5 to 4): blocks that tell
// their own size, so nothing is unpacked. Checksums aren't looked at: some program won't either.
#include <array>

#include "message/archive_name_list.hpp"
#include "message/byte_reader.hpp"
#include "message/magic_heads.hpp"

namespace rastel::message {
namespace {

constexpr std::string_view signature("Rar!\x1a\x07");
constexpr std::array signatures{signature};
constexpr MagicHeads heads{signatures};
constexpr std::string_view signature_4("\0", 1);
constexpr std::string_view signature_5("\x01\0", 2);

// A file's name in version 4: plain octets, a NUL, and how the Unicode name differs from them.
// At most `most_units` bytes and one run: a run of two octets makes 129 characters.
constexpr std::size_t most_units = 8192;

std::string unicode_units(std::string_view plain, std::string_view packed) {
  std::string units;
  const auto add = [&](unsigned unit) {
    units += static_cast<char>(unit);
    units += static_cast<char>(unit >> 8);
  };
  const auto plain_at = [&](std::size_t at) {
    return at < plain.size() ? static_cast<unsigned char>(plain[at]) : 0U;
  };
  ByteReader reader(packed);
  const unsigned high = reader.u8();
  while (reader.left() > 0 && units.size() < most_units) {
    const unsigned flags = reader.u8();
    for (int shift = 6; shift >= 0 && reader.left() > 0; shift -= 2) {
      const unsigned form = (flags >> shift) & 3;
      const unsigned value = form == 2 ? reader.u16() : reader.u8();
      if (form != 3) {
        add(form == 1 ? value | (high << 8) : value);
        continue;
      }
      // A run of the plain name, moved by a byte or as it is.
      const bool moved = (value & 0x80) != 0;
      const unsigned by = moved ? reader.u8() : 0;
      for (unsigned left = (value & 0x7f) + 2; left > 0; --left) {
        const unsigned letter = plain_at(units.size() / 2);
        add(moved ? ((letter + by) & 0xff) | (high << 8) : letter);
      }
    }
  }
  return units;
}

void add_name_4(std::string_view name, bool unicode, ArchiveNameList& names) {
  const std::size_t zero = unicode ? name.find('\0') : std::string_view::npos;
  names.add(name.substr(0, zero));  // UTF-8, if it is Unicode without a NUL
  if (zero == std::string_view::npos || zero + 1 >= name.size()) return;
  const std::string units = unicode_units(name.substr(0, zero), name.substr(zero + 1));
  if (units.size() >= most_units) names.cut();
  names.add_in("UTF-16LE", units);
}

// The blocks behind a signature of version 1.5 to 4. False: they end before their end.
bool list_4(std::string_view bytes, ArchiveNameList& names) {
  enum : std::uint8_t { main_header = 0x73, file_header = 0x74, end_header = 0x7b };
  enum : std::uint16_t {
    headers_encrypted = 0x80,
    file_encrypted = 4,
    file_large = 0x100,
    file_unicode = 0x200,
    has_data = 0x8000
  };
  constexpr std::size_t least_size = 7;
  while (!bytes.empty()) {
    if (!names.spend_header()) return true;
    ByteReader reader(bytes);
    (void)reader.u16();  // checksum
    const std::uint8_t type = reader.u8();
    const std::uint16_t flags = reader.u16();
    const std::uint16_t size = reader.u16();
    if (reader.failed() || size < least_size) return false;
    if (type == end_header) return true;
    if (type == main_header && (flags & headers_encrypted) != 0) {
      names.encrypted();
      return true;
    }
    std::uint64_t data = (flags & has_data) != 0 || type == file_header ? reader.u32() : 0;
    if (type == file_header) {
      (void)reader.block(4 + 1 + 4 + 4 + 1 + 1);  // size, system, checksum, time, version, method
      const std::uint16_t name_size = reader.u16();
      (void)reader.u32();  // attributes
      if ((flags & file_large) != 0) {
        data |= std::uint64_t{reader.u32()} << 32;
        (void)reader.u32();
      }
      add_name_4(reader.block(name_size), (flags & file_unicode) != 0, names);
      if ((flags & file_encrypted) != 0) names.encrypted();
    }
    if (reader.failed() || bytes.size() < size || bytes.size() - size < data) return false;
    bytes.remove_prefix(size + data);
  }
  return true;
}

// Seven bits a byte, the low ones first.
std::uint64_t variable_number(ByteReader& reader) {
  std::uint64_t number = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const std::uint8_t byte = reader.u8();
    number |= std::uint64_t{byte & 0x7fU} << shift;
    if ((byte & 0x80) == 0) break;
  }
  return number;
}

bool has_encryption(std::string_view extra) {
  constexpr std::uint64_t encryption_record = 1;
  constexpr int most_records = 64;  // there are seven kinds
  ByteReader reader(extra);
  for (int i = 0; i < most_records && reader.left() > 0; ++i) {
    const std::uint64_t size = variable_number(reader);
    ByteReader record(reader.block(size));
    if (variable_number(record) == encryption_record && !record.failed()) return true;
  }
  return false;
}

void add_file_5(ByteReader& reader, ArchiveNameList& names) {
  constexpr std::uint64_t has_time = 2;
  constexpr std::uint64_t has_checksum = 4;
  const std::uint64_t flags = variable_number(reader);
  (void)variable_number(reader);  // size
  (void)variable_number(reader);  // attributes
  if ((flags & has_time) != 0) (void)reader.u32();
  if ((flags & has_checksum) != 0) (void)reader.u32();
  (void)variable_number(reader);  // compression
  (void)variable_number(reader);  // system
  names.add(reader.block(variable_number(reader)));
}

bool list_5(std::string_view bytes, ArchiveNameList& names) {
  enum : std::uint64_t { file_header = 2, encryption_header = 4, end_header = 5 };
  constexpr std::uint64_t has_extra = 1;
  constexpr std::uint64_t has_data = 2;
  while (!bytes.empty()) {
    if (!names.spend_header()) return true;
    ByteReader reader(bytes);
    (void)reader.u32();  // checksum
    const std::uint64_t size = variable_number(reader);
    const std::size_t begin = bytes.size() - reader.left();
    const std::string_view header = reader.block(size);
    if (reader.failed() || header.empty()) return false;
    ByteReader fields(header);
    const std::uint64_t type = variable_number(fields);
    const std::uint64_t flags = variable_number(fields);
    const std::uint64_t extra = (flags & has_extra) != 0 ? variable_number(fields) : 0;
    const std::uint64_t data = (flags & has_data) != 0 ? variable_number(fields) : 0;
    if (type == end_header) return true;
    if (type == encryption_header) {
      names.encrypted();
      return true;
    }
    if (type == file_header) {
      add_file_5(fields, names);
      if (extra <= header.size() && has_encryption(header.substr(header.size() - extra))) names.encrypted();
    }
    if (fields.failed() || bytes.size() - begin - header.size() < data) return false;
    bytes.remove_prefix(begin + header.size() + data);
  }
  return true;
}

}  // namespace

void list_rar(std::string_view bytes, ArchiveNameList& names) {
  for (std::size_t at = heads.next(bytes, 0); at < bytes.size(); at = heads.next(bytes, at + 1)) {
    if (!bytes.substr(at).starts_with(signature)) continue;
    if (!names.spend_header()) return;
    const std::string_view behind = bytes.substr(at + signature.size());
    const std::size_t before = names.count();
    bool whole = true;
    if (behind.starts_with(signature_4)) whole = list_4(behind.substr(signature_4.size()), names);
    if (behind.starts_with(signature_5)) whole = list_5(behind.substr(signature_5.size()), names);
    // A program that unpacks rar holds the signature too, without anything behind it.
    if (!whole && (at == 0 || names.count() > before)) names.broken();
  }
}

}  // namespace rastel::message
