// SPDX-License-Identifier: GPL-2.0-only
#include "message/zip_headers.hpp"

#include <algorithm>
#include <array>

#include "base/planted_bug.hpp"
#include "message/byte_reader.hpp"
#include "message/magic_heads.hpp"

namespace rastel::message {
namespace {

constexpr std::string_view local_magic("PK\x03\x04", 4);
constexpr std::string_view central_magic("PK\x01\x02", 4);
constexpr std::string_view end_magic("PK\x05\x06", 4);
constexpr std::array magics{local_magic, central_magic};
constexpr MagicHeads heads{magics};
constexpr std::size_t magic_size = 4;
constexpr std::size_t end_record_size = 22;
constexpr std::uint16_t flag_encrypted = 1;
constexpr std::uint16_t unicode_path = 0x7075;
constexpr std::uint16_t last_method = 99;  // AES; APPNOTE 4.4.5 goes to 98

std::string_view unicode_name_in(std::string_view extra) {
  ByteReader reader(extra);
  while (reader.left() >= 4) {
    const std::uint16_t id = reader.u16();
    const std::string_view field = reader.block(reader.u16());
    // One byte of version and the checksum of the other name, which nobody is held to.
    if (id == unicode_path && field.size() > 5) return field.substr(5);
  }
  return {};
}

// A name as long as the header says, or as far as the bytes go.
std::string_view name_at(std::string_view bytes, std::size_t at, std::size_t size, bool& cut) {
  const std::size_t left = bytes.size() - at;
  if constexpr (RASTEL_PLANTED(archive_names)) {
    if (size == left + 1) (void)planted_read(bytes, at + size - 1);
  }
  cut = size > left;
  return bytes.substr(at, size);
}

}  // namespace

std::optional<ZipHeader> zip_header_at(std::string_view bytes, std::size_t at) {
  const std::string_view magic = bytes.substr(std::min(at, bytes.size()), magic_size);
  ZipHeader header;
  header.central = magic == central_magic;
  if (!header.central && magic != local_magic) return std::nullopt;
  ByteReader reader(bytes.substr(at + magic_size));
  if (header.central) (void)reader.u16();  // version made by
  (void)reader.u16();                      // version needed
  header.encrypted = (reader.u16() & flag_encrypted) != 0;
  header.method = reader.u16();
  (void)reader.block(8);  // time, date, checksum
  header.packed_size = reader.u32();
  (void)reader.u32();  // size
  const std::uint16_t name_size = reader.u16();
  const std::uint16_t extra_size = reader.u16();
  const std::uint16_t comment_size = header.central ? reader.u16() : 0;
  if (header.central) (void)reader.block(12);  // disk, attributes, place
  // A method that nobody has is chance, or the half of a header that lies in packed bytes.
  if (reader.failed() || header.method > last_method) return std::nullopt;
  const std::size_t name_begin = bytes.size() - reader.left();
  header.name = name_at(bytes, name_begin, name_size, header.cut);
  const std::size_t extra_begin = name_begin + header.name.size();
  const std::string_view extra = bytes.substr(extra_begin, extra_size);
  header.unicode_name = unicode_name_in(extra);
  header.next = extra_begin + extra.size();
  header.next += bytes.substr(header.next, comment_size).size();
  return header;
}

std::optional<ZipHeader> next_zip_header(std::string_view bytes, std::size_t at) {
  for (at = heads.next(bytes, at); at < bytes.size(); at = heads.next(bytes, at + 1))
    if (auto header = zip_header_at(bytes, at)) return header;
  return std::nullopt;
}

std::optional<ZipDirectory> next_zip_directory(std::string_view bytes, std::size_t at) {
  for (; (at = bytes.find(end_magic, at)) != std::string_view::npos; ++at) {
    if (bytes.size() - at < end_record_size) return std::nullopt;
    ByteReader reader(bytes.substr(at + magic_size + 8));  // disks and counts
    const std::uint32_t size = reader.u32();
    const std::uint32_t offset = reader.u32();
    if (size <= at && bytes.substr(at - size, magic_size) == central_magic)
      return ZipDirectory{.begin = at - size, .end_record = at};
    // Behind the directory of a large archive further records stand.
    if (offset < at && bytes.substr(offset, magic_size) == central_magic)
      return ZipDirectory{.begin = offset, .end_record = at};
  }
  return std::nullopt;
}

}  // namespace rastel::message
