// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/proxy_protocol.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/fragmentation_for_test.hpp"

namespace rastel::proxy {
namespace {

using namespace std::string_view_literals;
using testing::HasSubstr;
using testing::StartsWith;

// What a reader makes of `pieces`, and how many bytes it left.
std::string read(const for_test::Pieces& pieces) {
  Reader reader;
  std::size_t left = 0;
  for (std::string_view piece : pieces) {
    while (!piece.empty() && reader.wanted() > 0) {
      const std::string_view part = piece.substr(0, reader.wanted());
      piece.remove_prefix(part.size());
      const auto fed = reader.feed(part);
      if (!fed) return fed.error().what;
      EXPECT_EQ(*fed, reader.wanted() == 0);
    }
    left += piece.size();
  }
  if (reader.wanted() > 0) return "more is needed";
  std::string said = "nobody";
  if (reader.header())
    said = reader.header()->source.host + ' ' + std::to_string(reader.header()->source.port) + " to " +
           reader.header()->destination.host + ' ' + std::to_string(reader.header()->destination.port);
  return said + ", left " + std::to_string(left);
}

std::string read(std::string_view bytes) {
  return for_test::in_all_pieces(bytes, [](const for_test::Pieces& pieces) { return read(pieces); });
}

std::string v2(std::string_view command_and_family, std::string_view block, int length = -1) {
  std::string text("\r\n\r\n\0\r\nQUIT\n"sv);
  text += command_and_family;
  const std::size_t said = length < 0 ? block.size() : static_cast<std::size_t>(length);
  text += static_cast<char>(said >> 8U);
  text += static_cast<char>(said & 0xffU);
  return text + std::string(block);
}

const std::string inet_block("\xc0\x00\x02\x01\xc6\x33\x64\x02\x12\x34\x00\x19"sv);

TEST(ProxyProtocol, ReadsVersion1AndNotOneByteMore) {
  EXPECT_EQ(read("PROXY TCP4 192.0.2.1 198.51.100.2 4660 25\r\nEHLO x\r\n"),
            "192.0.2.1 4660 to 198.51.100.2 25, left 8");
  EXPECT_EQ(read("PROXY TCP6 2001:db8::1 2001:db8::2 65535 0\r\n\x16\x03\x01"),
            "2001:db8::1 65535 to 2001:db8::2 0, left 3");
  EXPECT_EQ(read("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:192.0.2.2 1 2\r\n"),
            "192.0.2.1 1 to 192.0.2.2 2, left 0");
  EXPECT_EQ(read("PROXY UNKNOWN\r\nE"), "nobody, left 1");
  EXPECT_EQ(read("PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\nE"), "nobody, left 1");
  // The longest that there is.
  const std::string longest =
      "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
      "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n";
  ASSERT_EQ(longest.size(), Reader::longest_v1);
  EXPECT_EQ(read(longest), "nobody, left 0");
}

TEST(ProxyProtocol, RefusesWhatIsNoVersion1) {
  for (const std::string_view bytes : {"EHLO client.example\r\n"sv,
                                       "PROXX TCP4 192.0.2.1 192.0.2.2 1 2\r\n"sv,
                                       "proxy TCP4 1.2.3.4 1.2.3.4 1 2\r\n"sv,
                                       "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n"sv,
                                       "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\rX"sv,
                                       "PROXY TCP4 192.0.2.1\r 192.0.2.2 1 2\r\n"sv,
                                       "PROXY UNKNOWN \n\r\n"sv,
                                       "PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n"sv,
                                       "PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n"sv,
                                       "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n"sv,
                                       "PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n"sv,
                                       "PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n"sv,
                                       "PROXY TCP4 192.0.2.1 192.0.2.2 -1 2\r\n"sv,
                                       "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n"sv,
                                       "PROXY TCP4 192.0.2.300 192.0.2.2 1 2\r\n"sv,
                                       "PROXY TCP4 ::1 ::2 1 2\r\n"sv,
                                       "PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n"sv,
                                       "PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n"sv,
                                       "PROXY \r\n             "sv,
                                       "PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n"sv,
                                       "PROXY TCP4 192.0.2.1\0 192.0.2.2 1 2\r\n"sv,
                                       "\x16\x03\x01\x02\x00\x01"sv,
                                       "\r\n\r\n\0\r\nQUIX\n"sv})
    EXPECT_THAT(read(bytes), StartsWith("no PROXY header: ")) << bytes;
  EXPECT_THAT(read("PROXY UNKNOWN " + std::string(91, 'x') + "\r\n"), "nobody, left 0");
  EXPECT_THAT(read("PROXY UNKNOWN " + std::string(92, 'x') + "\r\n"), HasSubstr("longer than 107"));
  EXPECT_THAT(read("PROXY UNKNOWN " + std::string(9000, 'x')), HasSubstr("longer than 107"));
  EXPECT_EQ(read("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r"), "more is needed");
}

TEST(ProxyProtocol, ReadsVersion2AndNotOneByteMore) {
  EXPECT_EQ(read(v2("\x21\x11", inet_block) + "EHLO"), "192.0.2.1 4660 to 198.51.100.2 25, left 4");
  // TLVs behind the addresses, as send-proxy-v2-ssl has them.
  EXPECT_EQ(read(v2("\x21\x11", inet_block + std::string("\x20\x00\x05\x01\x00\x00\x00\x00"sv)) + "\x16"),
            "192.0.2.1 4660 to 198.51.100.2 25, left 1");
  EXPECT_EQ(read(v2("\x21\x11", inet_block + std::string(65535 - 12, 't')) + "ab"),
            "192.0.2.1 4660 to 198.51.100.2 25, left 2");
  std::string inet6(32, '\0');
  inet6[0] = '\x20', inet6[1] = '\x01', inet6[15] = '\x01', inet6[16] = '\x20', inet6[17] = '\x01',
  inet6[31] = '\x02';
  inet6 += std::string("\x00\x01\x00\x02"sv);
  EXPECT_EQ(read(v2("\x21\x21", inet6)), "2001::1 1 to 2001::2 2, left 0");
  EXPECT_EQ(read(v2("\x20\x00"sv, "") + "x"), "nobody, left 1");          // LOCAL
  EXPECT_EQ(read(v2("\x20\x11"sv, inet_block) + "x"), "nobody, left 1");  // LOCAL with addresses: ignored
  EXPECT_EQ(read(v2("\x20\x11"sv, "abc")), "nobody, left 0");
  EXPECT_EQ(read(v2("\x21\x00"sv, "abcdef")), "nobody, left 0");  // AF_UNSPEC
  EXPECT_EQ(read(v2("\x21\x10"sv, inet_block)), "nobody, left 0");
  EXPECT_EQ(read(v2("\x21\x31"sv, std::string(216, 'u'))), "nobody, left 0");  // AF_UNIX
}

TEST(ProxyProtocol, RefusesWhatIsNoVersion2) {
  EXPECT_THAT(read(v2("\x11\x11", inet_block)), HasSubstr("version"));
  EXPECT_THAT(read(v2("\x31\x11", inet_block)), HasSubstr("version"));
  EXPECT_THAT(read(v2("\x22\x11", inet_block)), HasSubstr("command"));
  EXPECT_THAT(read(v2("\x21\x41", inet_block)), HasSubstr("family"));
  EXPECT_THAT(read(v2("\x21\x13", inet_block)), HasSubstr("family"));
  EXPECT_THAT(read(v2("\x21\x12", inet_block)), HasSubstr("datagrams"));
  EXPECT_THAT(read(v2("\x21\x11", inet_block.substr(0, 11))), HasSubstr("too short"));
  EXPECT_THAT(read(v2("\x21\x21", inet_block)), HasSubstr("too short"));
  EXPECT_THAT(read(v2("\x21\x31", std::string(215, 'u'))), HasSubstr("too short"));
  EXPECT_THAT(read(v2("\x21\x11", "")), HasSubstr("too short"));
  EXPECT_EQ(read(v2("\x21\x11", inet_block, 13)), "more is needed");
  EXPECT_EQ(read("\r\n\r\n\0\r\nQUIT\n\x21\x11"sv), "more is needed");
}

TEST(ProxyProtocol, WritesWhatItReads) {
  const Header four = Addresses{{"192.0.2.1", 4660}, {"198.51.100.2", 25}};
  EXPECT_EQ(format_v1(four), "PROXY TCP4 192.0.2.1 198.51.100.2 4660 25\r\n");
  EXPECT_EQ(format_v2(four), v2("\x21\x11", inet_block));
  const Header mixed = Addresses{{"2001:db8::1", 1}, {"192.0.2.1", 25}};
  EXPECT_EQ(format_v1(mixed), "PROXY TCP6 2001:db8::1 ::ffff:192.0.2.1 1 25\r\n");
  EXPECT_EQ(read(format_v2(mixed)), "2001:db8::1 1 to 192.0.2.1 25, left 0");
  for (const Header& nobody : {Header(), Header(Addresses{{"unix", 0}, {"192.0.2.1", 25}}),
                               Header(Addresses{{"192.0.2.1\r\nMAIL", 0}, {"192.0.2.1", 25}})}) {
    EXPECT_EQ(format_v1(nobody), "PROXY UNKNOWN\r\n");
    EXPECT_EQ(format_v2(nobody), v2("\x20\x00"sv, ""));
    EXPECT_EQ(read(format_v2(nobody)), "nobody, left 0");
  }
}

}  // namespace
}  // namespace rastel::proxy
