// SPDX-License-Identifier: GPL-2.0-only
// ARJ's headers (technote.txt of ARJ), which libarchive doesn't know: each tells its own size and that of
// what follows it.
#include "message/archive_name_list.hpp"
#include "message/byte_reader.hpp"
#include "message/true_type_checks.hpp"

namespace rastel::message {
namespace {

constexpr std::uint16_t magic = 0xea60;

// A header's fields, checksum and extensions. False: there is none, or it is the last.
bool next_header(ByteReader& reader, std::string_view& fields) {
  if (reader.u16() != magic) return false;
  const std::uint16_t size = reader.u16();
  fields = reader.block(size);
  if (reader.failed() || size == 0) return false;
  (void)reader.u32();
  while (const std::uint16_t extension = reader.u16()) (void)reader.block(extension + std::size_t{4});
  return !reader.failed();
}

}  // namespace

void list_arj(std::string_view bytes, ArchiveNameList& names) {
  constexpr unsigned flag_encrypted = 1;
  std::string_view fields;
  ByteReader reader(bytes);
  if (!bytes.starts_with("\x60\xea") || !is_arj(bytes) || !next_header(reader, fields)) return;
  while (names.spend_header()) {
    const std::size_t left = reader.left();
    if (!next_header(reader, fields)) {
      // The end is a header of no fields.
      if (left < 4 || bytes.substr(bytes.size() - left, 4) != std::string_view("\x60\xea\0\0", 4))
        names.broken();
      return;
    }
    ByteReader field(fields);
    const std::uint8_t fixed = field.u8();
    (void)field.block(3);  // versions, system
    if ((field.u8() & flag_encrypted) != 0) names.encrypted();
    (void)field.block(7);  // method, kind, time
    const std::uint32_t packed = field.u32();
    const std::string_view name = fields.substr(std::min<std::size_t>(fixed, fields.size()));
    names.add(name.substr(0, name.find('\0')));
    (void)reader.block(packed);
    if (field.failed() || reader.failed()) return names.broken();
  }
}

}  // namespace rastel::message
