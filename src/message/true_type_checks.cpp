// SPDX-License-Identifier: GPL-2.0-only
#include "message/true_type_checks.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>

#include "base/ascii.hpp"
#include "base/planted_bug.hpp"
#include "message/zip_headers.hpp"

namespace rastel::message {
namespace {

// A byte, or 0 where there is none: no kind of file is told by a NUL alone.
unsigned byte_at(std::string_view bytes, std::size_t at) {
  if constexpr (RASTEL_PLANTED(true_type)) {
    if (at == bytes.size()) return static_cast<unsigned char>(planted_read(bytes, at));
  }
  return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0;
}

std::uint32_t little(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < size; ++i) number |= byte_at(bytes, at + i) << (8 * i);
  return number;
}

std::uint32_t big(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < size; ++i) number = (number << 8) | byte_at(bytes, at + i);
  return number;
}

std::string_view piece(std::string_view bytes, std::size_t at, std::size_t size) {
  return bytes.substr(std::min(at, bytes.size()), size);
}

bool ends_in(std::string_view bytes, std::size_t from_end, std::string_view magic) {
  return bytes.size() >= from_end && bytes.substr(bytes.size() - from_end).starts_with(magic);
}

}  // namespace

bool is_dos_program(std::string_view bytes) {
  constexpr std::size_t header_size = 28;
  constexpr std::size_t newer_header_at = 0x3c;
  const std::size_t newer = little(bytes, newer_header_at, 4);
  const std::string_view mark = piece(bytes, newer, 2);
  if (newer != 0 && (mark == "PE" || mark == "NE" || mark == "LE" || mark == "LX")) return true;
  // DOS's own: pages of 512 bytes, of which the last isn't full, and a header of paragraphs within them. A
  // text that begins with these letters has neither.
  const std::uint32_t in_last_page = little(bytes, 2, 2);
  const std::uint32_t pages = little(bytes, 4, 2);
  const std::uint32_t paragraphs = little(bytes, 8, 2);
  return bytes.size() >= header_size && in_last_page <= 512 && pages > 0 && paragraphs >= 2 &&
         paragraphs * 16 <= pages * 512;
}

// Both begin alike: what is the version of a class (45 and up) is a number of programs there.
bool is_java_class(std::string_view bytes) { return big(bytes, 6, 2) >= 45 && bytes.size() > 8; }
bool is_mach_of_several(std::string_view bytes) { return big(bytes, 4, 4) > 0 && big(bytes, 4, 4) < 45; }

bool is_flash(std::string_view bytes) {
  const unsigned version = byte_at(bytes, 3);
  return version > 0 && version < 64 && bytes.size() > 8;
}

// A sequence that begins with an object identifier of PKCS #7 (RFC 5652), signed, enveloped or compressed.
bool is_pkcs7(std::string_view bytes) {
  const unsigned length = byte_at(bytes, 1);
  const std::size_t begin = 2 + (length > 0x80 ? length & 7 : 0);
  constexpr std::string_view pkcs7("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07");
  constexpr std::string_view compressed("\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x09");
  const std::string_view rest = piece(bytes, begin, compressed.size());
  return rest.starts_with(pkcs7) || rest.starts_with(compressed);
}

bool is_gzip(std::string_view bytes) { return byte_at(bytes, 2) == 8 && bytes.size() >= 10; }  // deflate

bool is_bzip2(std::string_view bytes) {
  const unsigned level = byte_at(bytes, 3);
  const std::string_view block = piece(bytes, 4, 6);  // of content, or the end of an empty one
  return level >= '1' && level <= '9' &&
         (block == "\x31\x41\x59\x26\x53\x59" || block == "\x17\x72\x45\x38\x50\x90");
}

// No mark at all: the usual properties, a dictionary of a size that programs choose, and a size of the
// content that is unknown or less than 256 GiB.
bool is_lzma(std::string_view bytes) {
  if (bytes.size() < 14 || byte_at(bytes, 13) != 0) return false;  // the first byte of a range coder's is 0
  const std::uint32_t dictionary = little(bytes, 1, 4);
  const bool usual = std::has_single_bit(dictionary) || std::has_single_bit(dictionary / 3);
  const std::uint32_t low = little(bytes, 5, 4);
  const std::uint32_t high = little(bytes, 9, 4);
  return usual && ((low == 0xffffffff && high == 0xffffffff) || high < 64);
}

bool is_tar(std::string_view bytes) {
  constexpr std::size_t header_size = 512;
  constexpr std::size_t checksum_at = 148;
  constexpr std::size_t checksum_size = 8;
  if (bytes.size() < header_size || bytes.front() == 0) return false;
  std::uint32_t said = 0;
  int digits = 0;
  for (const char byte : bytes.substr(checksum_at, checksum_size)) {
    if (byte >= '0' && byte <= '7') {
      said = said * 8 + static_cast<std::uint32_t>(byte - '0');
      ++digits;
    } else if (byte != ' ' && byte != '\0') {
      return false;
    }
  }
  if (digits < 2) return false;
  std::uint32_t sum = checksum_size * ' ';
  for (std::size_t i = 0; i < header_size; ++i)
    if (i < checksum_at || i >= checksum_at + checksum_size) sum += static_cast<unsigned char>(bytes[i]);
  return sum == said;
}

bool is_arj(std::string_view bytes) {
  const std::uint32_t size = little(bytes, 2, 2);
  const unsigned fixed = byte_at(bytes, 4);
  constexpr unsigned main_header = 2;
  return size <= 2600 && fixed >= 30 && fixed <= size && byte_at(bytes, 10) == main_header;
}

bool is_lha(std::string_view bytes) {  // -lh5-, -lzs-, -lhd-, -pm0- isn't LHA's
  const unsigned family = byte_at(bytes, 4);
  const unsigned method = byte_at(bytes, 5);
  return (family == 'h' || family == 'z') && byte_at(bytes, 6) == '-' &&
         (is_digit(static_cast<char>(method)) || method == 'd' || method == 's' || method == 'x') &&
         byte_at(bytes, 20) <= 3;
}

// The mark is two bytes, in either order: the time and the size of a name tell more.
bool is_binary_cpio(std::string_view bytes) {
  constexpr std::size_t header_size = 26;
  const bool little_endian = byte_at(bytes, 0) == 0xc7;
  const std::uint32_t name = little_endian ? little(bytes, 20, 2) : big(bytes, 20, 2);
  return name > 1 && name <= 1024 && byte_at(bytes, header_size + name - 1) == 0 &&
         bytes.size() >= header_size + name && bytes[header_size] != 0;
}

bool is_udf_image(std::string_view bytes) {
  constexpr std::size_t sector = 2048;
  for (std::size_t i = 16; i < 32; ++i)
    if (piece(bytes, i * sector + 1, 4) == "NSR0") return true;
  return false;
}

bool ends_as_vhd(std::string_view bytes) {
  return ends_in(bytes, 512, "conectix") || ends_in(bytes, 511, "conectix");
}
bool ends_as_dmg(std::string_view bytes) { return ends_in(bytes, 512, "koly"); }

bool is_bitmap(std::string_view bytes) {
  const std::uint32_t header = little(bytes, 14, 4);
  return bytes.size() > 26 && little(bytes, 6, 4) == 0 && header >= 12 && header <= 124;
}

bool is_riff(std::string_view bytes) { return bytes.starts_with("RIFF") || bytes.starts_with("RIFX"); }

bool is_icon(std::string_view bytes) {
  const std::uint32_t count = little(bytes, 4, 2);
  return count > 0 && count < 256 && byte_at(bytes, 9) == 0 && little(bytes, 18, 4) >= 6 + count * 16;
}

bool has_pdf_header(std::string_view bytes) {
  return bytes.substr(0, 1024).find("%PDF-") != std::string_view::npos;
}

bool ends_as_zip(std::string_view bytes) {
  if (bytes.starts_with("PK")) return false;
  return next_zip_directory(bytes, bytes.size() > longest_zip_end ? bytes.size() - longest_zip_end : 0)
      .has_value();
}

}  // namespace rastel::message
