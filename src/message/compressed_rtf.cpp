// SPDX-License-Identifier: GPL-2.0-only
#include "message/compressed_rtf.hpp"

#include <algorithm>
#include <array>

#include "message/byte_reader.hpp"

namespace rastel::message {
namespace {

constexpr std::size_t window_size = 4096;

// MS-OXRTFCP 2.1.2.1.
constexpr std::string_view common =
    "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript "
    "\\fdecor MS Sans "
    "SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    "\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
static_assert(common.size() == 207);

}  // namespace

UnpackedRtf unpack_rtf(std::string_view packed, std::size_t room) {
  constexpr std::uint32_t is_packed = 0x75465a4c, is_plain = 0x414c454d;
  UnpackedRtf result;
  ByteReader reader(packed);
  (void)reader.u32();  // the length of what follows: the end tells as much
  const std::uint32_t length = reader.u32();
  const std::uint32_t kind = reader.u32();
  (void)reader.u32();  // a checksum
  if (reader.failed() || (kind != is_packed && kind != is_plain)) {
    result.broken = true;
    return result;
  }
  if (kind == is_plain) {
    const std::string_view plain = reader.block(std::min<std::size_t>(length, reader.left()));
    result.text = plain.substr(0, room);
    result.broken = plain.size() < length;
    result.cut = plain.size() > room;
    return result;
  }
  std::array<char, window_size> window{};
  std::ranges::copy(common, window.begin());
  std::size_t at = common.size();
  const auto put = [&](char byte) {
    if (result.text.size() == room)
      result.cut = true;
    else
      result.text += byte;
    window[at] = byte;
    at = (at + 1) % window_size;
  };
  while (!result.cut && reader.left() > 0) {
    const unsigned control = reader.u8();
    for (unsigned bit = 0; bit < 8 && !result.cut; ++bit) {
      if ((control >> bit & 1) == 0) {
        if (reader.left() == 0) break;
        put(static_cast<char>(reader.u8()));
        continue;
      }
      const unsigned high = reader.u8();
      const unsigned reference = high << 8 | reader.u8();
      if (reader.failed()) break;
      const std::size_t from = reference >> 4;
      if (from == at) {  // the end
        result.broken = result.text.size() < length;
        return result;
      }
      const std::size_t count = (reference & 0xf) + 2;
      for (std::size_t i = 0; i < count && !result.cut; ++i) put(window[(from + i) % window_size]);
    }
  }
  result.broken = true;
  return result;
}

}  // namespace rastel::message
