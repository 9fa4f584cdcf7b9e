// SPDX-License-Identifier: GPL-2.0-only
#include "message/carve.hpp"

#include <algorithm>
#include <array>
#include <bitset>
#include <cstdint>
#include <cstring>

#include "base/ascii.hpp"
#include "base/planted_bug.hpp"
#include "message/blocks.hpp"
#include "message/inflate.hpp"

namespace rastel::message {
namespace {

using namespace std::string_view_literals;

unsigned char byte_at(std::string_view bytes, std::size_t at) {
  if constexpr (RASTEL_PLANTED(carve)) return static_cast<unsigned char>(planted_read(bytes, at));
  return static_cast<unsigned char>(bytes[at]);
}

// Each tells whether what begins with the magic is the format; `checks` is what may still be spent.
using Check = bool (*)(std::string_view bytes, std::size_t& checks);

bool always(std::string_view, std::size_t&) { return true; }

// "MZ" points to "PE": programs of DOS and of Windows before 1993 aren't looked for.
bool is_portable_executable(std::string_view bytes, std::size_t&) {
  constexpr std::size_t pointer = 0x3c;
  constexpr std::size_t enough = RASTEL_PLANTED(carve) ? pointer + 3 : pointer + 4;
  if (bytes.size() < enough) return false;
  std::size_t place = 0;
  for (std::size_t i = 4; i-- > 0;) place = place << 8 | byte_at(bytes, pointer + i);
  return place < bytes.size() && bytes.substr(place, 4) == "PE\0\0"sv;
}

// Reserved flags are zero (RFC 1952 2.3.1.2), and what follows can be inflated: all other bytes of a header
// are anybody's choice.
bool is_gzip(std::string_view bytes, std::size_t& checks) {
  constexpr std::size_t looked_at = 4096, wanted = 64;
  if (bytes.size() < 18 || (byte_at(bytes, 3) & 0xe0) != 0) return false;
  if (checks == 0) return true;
  --checks;
  return !inflate_bounded(bytes.substr(0, looked_at), wanted).bytes.empty();
}

bool is_elf(std::string_view bytes, std::size_t&) {
  return bytes.size() > 5 && (bytes[4] == 1 || bytes[4] == 2) && (bytes[5] == 1 || bytes[5] == 2);
}

bool is_pdf(std::string_view bytes, std::size_t&) { return bytes.size() > 5 && is_digit(bytes[5]); }

// Word needs no more than "{\rt", but goes on to no other word.
bool is_rtf(std::string_view bytes, std::size_t&) {
  return bytes.size() > 4 && (bytes[4] == 'f' || !is_alpha(bytes[4]));
}

bool is_bzip2(std::string_view bytes, std::size_t&) {
  return bytes.size() > 10 && is_digit(bytes[3]) && bytes.substr(4, 6) == "1AY&SY"sv;
}

// Its first block is the archive's own, or that of its encryption: in version 4 behind a checksum of two
// bytes, in version 5 behind one of four and a size. Nobody else opens it.
bool is_rar(std::string_view bytes, std::size_t&) {
  constexpr std::size_t version = 6;
  if (bytes.size() < version + 11) return false;
  if (bytes[version] == 0)  // its flags, and its size, which is 13 where nothing is added to it
    return byte_at(bytes, version + 3) == 0x73 && byte_at(bytes, version + 6) >= 7 && bytes[version + 7] == 0;
  if (bytes.substr(version, 2) != "\1\0"sv) return false;
  std::size_t at = version + 6;
  while (at < version + 9 && (byte_at(bytes, at) & 0x80) != 0) ++at;
  return bytes[at + 1] == 1 || bytes[at + 1] == 4;
}

struct Row {
  std::string_view magic;  // at least three bytes, or two and a check
  std::string_view type;
  Check check = always;
};

constexpr std::array rows{
    Row{"PK\3\4"sv, "application/zip"},
    Row{"MZ"sv, "application/x-msdownload", is_portable_executable},
    Row{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"sv, "application/x-ole-storage"},
    Row{"7z\xbc\xaf\x27\x1c"sv, "application/x-7z-compressed"},
    Row{"Rar!\x1a\7"sv, "application/vnd.rar", is_rar},
    Row{"\x78\x9f\x3e\x22"sv, "application/ms-tnef"},
    Row{"\x1f\x8b\x08"sv, "application/gzip", is_gzip},
    Row{"MSCF\0\0\0\0"sv, "application/vnd.ms-cab-compressed"},
    Row{"\x7f"
        "ELF"sv,
        "application/x-executable", is_elf},
    Row{"BZh"sv, "application/x-bzip2", is_bzip2},
    Row{"\xfd"
        "7zXZ\0"sv,
        "application/x-xz"},
    Row{"ITSF\3\0\0\0"sv, "application/vnd.ms-htmlhelp"},
    Row{"L\0\0\0\1\x14\2\0"sv, "application/x-ms-shortcut"},
    Row{"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d"sv, "application/onenote"},
    Row{"%PDF-"sv, "application/pdf", is_pdf},
    Row{"{\\rt"sv, "application/rtf", is_rtf},
};

constexpr std::size_t pdf = rows.size() - 2, rtf = rows.size() - 1;
constexpr std::size_t binary_rows = pdf;

constexpr std::size_t pair(unsigned char first, unsigned char second) {
  return static_cast<std::size_t>(first) << 8 | second;
}

// Two bytes at an even place: the first two of a magic, or its second and third.
const std::bitset<65536>& pairs() {
  static const std::bitset<65536> table = [] {
    std::bitset<65536> set;
    for (const Row& row : rows) {
      const auto* magic = reinterpret_cast<const unsigned char*>(row.magic.data());
      set.set(pair(magic[0], magic[1]));
      for (std::size_t third = 0; third < 256; ++third)
        if (row.magic.size() == 2 || magic[2] == third)
          set.set(pair(magic[1], static_cast<unsigned char>(third)));
    }
    return set;
  }();
  return table;
}

constexpr std::array<bool, 256> first_bytes = [] {
  std::array<bool, 256> table{};
  for (const Row& row : rows) table[static_cast<unsigned char>(row.magic[0])] = true;
  return table;
}();

// What each binary magic has in its first 64 bytes (an MZ in the pointer), and texts don't: one of the first
// control characters.
constexpr auto is_suspicious = [](unsigned char byte, unsigned char) { return byte < '\b'; };

class Carver {
 public:
  explicit Carver(std::string_view leaf) : leaf_(leaf) {}

  std::vector<Carved> carve() {
    std::size_t looked = 0;  // up to here
    for (std::size_t at = 0; at < leaf_.size() && found_.size() < most_carved; at += block_size) {
      at = next_block(leaf_, at, is_suspicious);
      // The magic may begin a block before.
      const std::size_t end = std::min(at + block_size, leaf_.size());
      look_between(std::max(looked, at < block_size ? 0 : at - block_size), end);
      looked = end;
    }
    find_text(pdf, 0);
    find_text(rtf, 1);
    std::ranges::sort(found_, {}, &Carved::at);
    if (found_.size() > most_carved) found_.resize(most_carved);
    return std::move(found_);
  }

 private:
  void look_between(std::size_t begin, std::size_t end) {
    const std::bitset<65536>& table = pairs();
    const auto* bytes = reinterpret_cast<const unsigned char*>(leaf_.data());
    for (std::size_t at = begin & ~std::size_t{1}; at < end && at + 1 < leaf_.size(); at += 2) {
      if (!table.test(pair(bytes[at], bytes[at + 1]))) continue;
      if (at > 0) look_at(at - 1);
      look_at(at);
    }
  }

  void look_at(std::size_t at) {
    if (at == 0 || at < next_ || !first_bytes[byte_at(leaf_, at)]) return;
    next_ = at + 1;
    for (std::size_t row = 0; row < binary_rows; ++row) take(row, at);
  }

  void take(std::size_t row, std::size_t at) {
    if (counts_[row] == most_of_a_kind || !leaf_.substr(at).starts_with(rows[row].magic)) return;
    if (!rows[row].check(leaf_.substr(at), checks_)) return;
    ++counts_[row];
    found_.push_back({at, rows[row].type});
  }

  // By that of the magic's characters which is rare in texts.
  void find_text(std::size_t row, std::size_t rare) {
    const char wanted = rows[row].magic[rare];
    for (std::size_t at = leaf_.find(wanted, rare + 1);
         at != std::string_view::npos && counts_[row] < most_of_a_kind; at = leaf_.find(wanted, at + 1))
      take(row, at - rare);
  }

  const std::string_view leaf_;
  std::vector<Carved> found_;
  std::array<std::size_t, rows.size()> counts_{};
  std::size_t next_ = 0;
  std::size_t checks_ = 64;  // of inflating; behind them what looks like a gzip is one
};

}  // namespace

bool begins_like_file(std::string_view bytes) {
  if (bytes.empty() || !first_bytes[byte_at(bytes, 0)]) return false;
  std::size_t checks = 1;
  return std::ranges::any_of(
      rows, [&](const Row& row) { return bytes.starts_with(row.magic) && row.check(bytes, checks); });
}

std::vector<Carved> carve(std::string_view leaf) {
  if (begins_like_file(leaf)) return {};
  return Carver(leaf).carve();
}

}  // namespace rastel::message
