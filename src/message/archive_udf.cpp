// SPDX-License-Identifier: GPL-2.0-only
// UDF, which libarchive doesn't know and Windows prefers to the ISO 9660 tree beside it. Its folders lie
// where allocation tables of several kinds say; their entries are found without them, by their tag's own
// checksum.
#include "message/archive_name_list.hpp"
#include "message/byte_reader.hpp"

namespace rastel::message {
namespace {

constexpr std::size_t sector = 2048;

// A descriptor of the volume recognition sequence (ECMA-167 2/8.1), which begins at sector 16.
bool is_udf(std::string_view bytes) {
  constexpr std::size_t first = 16;
  constexpr std::size_t last = 48;
  for (std::size_t i = first; i < last && (i + 1) * sector <= bytes.size(); ++i) {
    if (bytes.substr(i * sector + 1, 4) == "NSR0") return true;
  }
  return false;
}

// ECMA-167 3/7.2: the fifth of a tag's 16 bytes is the sum of the others.
bool is_tag_of_file(std::string_view tag) {
  constexpr std::size_t checksum_at = 4;
  unsigned sum = 0;
  for (std::size_t i = 0; i < tag.size(); ++i)
    if (i != checksum_at) sum += static_cast<unsigned char>(tag[i]);
  return (sum & 0xff) == static_cast<unsigned char>(tag[checksum_at]);
}

}  // namespace

void list_udf(std::string_view bytes, ArchiveNameList& names) {
  constexpr std::string_view file_identifier("\x01\x01", 2);
  constexpr std::size_t tag_size = 16;
  constexpr std::size_t fixed_size = 38;
  if (!is_udf(bytes)) return;
  for (std::size_t at = 16 * sector; at + fixed_size <= bytes.size(); at += 4) {
    if (bytes.substr(at, 2) != file_identifier || !is_tag_of_file(bytes.substr(at, tag_size))) continue;
    ByteReader reader(bytes.substr(at + tag_size));
    (void)reader.block(3);  // version, characteristics
    const std::uint8_t size = reader.u8();
    (void)reader.block(16);  // where the file is
    (void)reader.block(reader.u16());
    const std::string_view name = reader.block(size);
    if (reader.failed() || name.empty()) continue;
    if (!names.spend_header()) return;
    // OSTA CS0: the width of a character, and the characters.
    if (name.front() == 8) names.add_in("ISO-8859-1", name.substr(1));
    if (name.front() == 16) names.add_in("UTF-16BE", name.substr(1));
  }
}

}  // namespace rastel::message
