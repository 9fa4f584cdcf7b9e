// SPDX-License-Identifier: GPL-2.0-only
#include "message/carve.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "base/ascii.hpp"
#include "base/planted_bug.hpp"
#include "message/inflate.hpp"
#include "message/magic_heads.hpp"

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

constexpr auto magics = [] {
  std::array<std::string_view, rows.size()> list;
  for (std::size_t row = 0; row < rows.size(); ++row) list[row] = rows[row].magic;
  return list;
}();
constexpr MagicHeads heads{magics};

class Carver {
 public:
  explicit Carver(std::string_view leaf) : leaf_(leaf) {}

  std::vector<Carved> carve() {
    for (std::size_t at = heads.next(leaf_, 1); at < leaf_.size() && found_.size() < most_carved;
         at = heads.next(leaf_, at + 1))
      for (std::size_t row = 0; row < rows.size(); ++row) take(row, at);
    return std::move(found_);
  }

 private:
  void take(std::size_t row, std::size_t at) {
    if (counts_[row] == most_of_a_kind || !leaf_.substr(at).starts_with(rows[row].magic)) return;
    if (!rows[row].check(leaf_.substr(at), checks_)) return;
    ++counts_[row];
    found_.push_back({at, rows[row].type});
  }

  const std::string_view leaf_;
  std::vector<Carved> found_;
  std::array<std::size_t, rows.size()> counts_{};
  std::size_t checks_ = 64;  // of inflating; behind them what looks like a gzip is one
};

}  // namespace

bool begins_like_file(std::string_view bytes) {
  if (!heads.begins(bytes)) return false;
  std::size_t checks = 1;
  return std::ranges::any_of(
      rows, [&](const Row& row) { return bytes.starts_with(row.magic) && row.check(bytes, checks); });
}

std::vector<Carved> carve(std::string_view leaf) {
  if (begins_like_file(leaf)) return {};
  return Carver(leaf).carve();
}

}  // namespace rastel::message
