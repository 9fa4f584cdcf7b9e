// SPDX-License-Identifier: GPL-2.0-only
// Whatever begins a connection: the same is read of it however it is cut, nothing behind the header is taken,
// and what was read can be written in both versions and read again.
#include <cstdlib>
#include <optional>

#include "protocol/pieces_for_test.hpp"
#include "protocol/proxy_protocol.hpp"

namespace {

using rastel::proxy::Header;
using rastel::proxy::Reader;
using namespace std::string_view_literals;

constexpr std::array<std::string_view, 18> tokens{"PROXY ",
                                                  "TCP4 ",
                                                  "TCP6 ",
                                                  "UNKNOWN",
                                                  "\r\n",
                                                  "192.0.2.1 ",
                                                  "2001:db8::1 ",
                                                  "65535 ",
                                                  "\r\n\r\n\0\r\nQUIT\n"sv,
                                                  "\x21\x11",
                                                  "\x21\x21",
                                                  "\x20\x00"sv,
                                                  "\x00\x0c"sv,
                                                  "\x00\x24"sv,
                                                  "\x00\x0b"sv,
                                                  "::ffff:192.0.2.1 ",
                                                  "\r\n\r\n\0\r\nQUIT\n\x21\x11\x00"sv,
                                                  "\r\n\r\n\0\r\nQUIT\n\x21\x21\x00"sv};

struct Read {
  enum class How { incomplete, broken, complete } how = How::incomplete;
  std::size_t taken = 0;
  Header header;
  bool operator==(const Read&) const = default;
};

Read read(const rastel::for_test::Pieces& pieces) {
  Reader reader;
  Read read;
  for (std::string_view piece : pieces) {
    while (!piece.empty() && reader.wanted() > 0) {
      const std::string_view part = piece.substr(0, reader.wanted());
      piece.remove_prefix(part.size());
      const auto fed = reader.feed(part);
      if (!fed) return {Read::How::broken, 0, {}};  // how far it came depends on the pieces
      read.taken += part.size();
      if (*fed != (reader.wanted() == 0)) std::abort();
    }
  }
  if (reader.wanted() == 0) read.how = Read::How::complete;
  read.header = reader.header();
  return read;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes =
      rastel::for_test::with_tokens({reinterpret_cast<const char*>(data), size}, tokens);
  const Read whole = read({bytes});
  for (const std::uint32_t seed : {1U, 2U})
    if (!(read(rastel::for_test::random_pieces(bytes, seed)) == whole)) std::abort();
  if (!(read(rastel::for_test::single_bytes(bytes)) == whole)) std::abort();
  if (whole.how != Read::How::complete || !whole.header) return 0;
  for (const std::string& text : {format_v1(whole.header), format_v2(whole.header)}) {
    const Read again = read({text});
    if (again.how != Read::How::complete || again.taken != text.size() || again.header != whole.header)
      std::abort();
  }
  return 0;
}
