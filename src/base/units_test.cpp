// SPDX-License-Identifier: GPL-2.0-only
#include "base/units.hpp"

#include <array>
#include <limits>

#include <gtest/gtest.h>

namespace rastel {
namespace {

using namespace std::string_view_literals;

TEST(Units, DurationsNeedAUnit) {
  EXPECT_EQ(parse_duration("500ms"), Duration(500));
  EXPECT_EQ(parse_duration("60s"), Duration(60'000));
  EXPECT_EQ(parse_duration("10m"), Duration(600'000));
  EXPECT_EQ(parse_duration("12h"), Duration(43'200'000));
  EXPECT_EQ(parse_duration("30d"), Duration(2'592'000'000));
  EXPECT_EQ(parse_duration("0s"), Duration(0));
  for (const auto wrong : {""sv, "60"sv, "s"sv, "-1s"sv, "+1s"sv, " 1s"sv, "1s "sv, "1 s"sv, "1.5s"sv, "1S"sv,
                           "1min"sv, "99999999999999999999s"sv, "9223372036854775807d"sv, "1s\0"sv})
    EXPECT_FALSE(parse_duration(wrong)) << wrong;
}

TEST(Units, SizesAreBinary) {
  EXPECT_EQ(parse_byte_count("512"), ByteCount{512});
  EXPECT_EQ(parse_byte_count("64KiB"), ByteCount{65536});
  EXPECT_EQ(parse_byte_count("50MiB"), ByteCount{50ULL << 20});
  EXPECT_EQ(parse_byte_count("10GiB"), ByteCount{10ULL << 30});
  // "MB" could mean either million: it is refused rather than guessed.
  for (const auto wrong :
       {""sv, "MiB"sv, "1MB"sv, "1M"sv, "1mib"sv, "0x10"sv, "-1"sv, "1 MiB"sv, "9999999999GiB"sv})
    EXPECT_FALSE(parse_byte_count(wrong)) << wrong;
}

TEST(Units, EndpointsAreNumericNamedOrUnix) {
  const auto v4 = parse_endpoint("127.0.0.1:10025");
  ASSERT_TRUE(v4);
  EXPECT_EQ(v4->host, "127.0.0.1");
  EXPECT_EQ(v4->port, 10025);
  const auto v6 = parse_endpoint("[::1]:25");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->host, "::1");
  const auto local = parse_endpoint("unix:/run/rastel/x.sock");
  ASSERT_TRUE(local);
  EXPECT_EQ(local->kind, Endpoint::Kind::unix_socket);
  EXPECT_EQ(local->path, "/run/rastel/x.sock");
  EXPECT_TRUE(parse_endpoint("unix:/" + std::string(106, 'a')));
  const std::string too_long = "unix:/" + std::string(107, 'a');
  for (const auto wrong : {""sv, "25"sv, ":25"sv, "host"sv, "host:"sv, "host:0"sv, "host:65536"sv,
                           "host:25x"sv, "::1:25"sv, "[::1]25"sv, "[::1:25"sv, "::1]:25"sv, "[]:25"sv,
                           "unix:"sv, "unix:relative"sv, "unix:/a\0b"sv, std::string_view(too_long)})
    EXPECT_FALSE(parse_endpoint(wrong)) << wrong;
}

TEST(Units, NextHopsSayTheirProtocol) {
  EXPECT_EQ(parse_next_hop("127.0.0.1:24")->protocol, NextHop::Protocol::smtp);
  EXPECT_EQ(parse_next_hop("smtp:127.0.0.1:24")->protocol, NextHop::Protocol::smtp);
  EXPECT_EQ(parse_next_hop("lmtp:127.0.0.1:24")->protocol, NextHop::Protocol::lmtp);
  EXPECT_EQ(parse_next_hop("lmtp:unix:/x")->endpoint.path, "/x");
  EXPECT_FALSE(parse_next_hop("lmtp:lmtp:127.0.0.1:24"));
  EXPECT_FALSE(parse_next_hop("lmtp:"));
}

TEST(Units, ANetworkHoldsWhatItsPrefixSays) {
  EXPECT_TRUE(Network{"192.0.2.0/24"}.matches("192.0.2.255"));
  EXPECT_FALSE(Network{"192.0.2.0/24"}.matches("192.0.3.0"));
  EXPECT_TRUE(Network{"192.0.2.128/25"}.matches("192.0.2.129"));
  EXPECT_FALSE(Network{"192.0.2.128/25"}.matches("192.0.2.127"));
  EXPECT_TRUE(Network{"0.0.0.0/0"}.matches("203.0.113.9"));
  EXPECT_FALSE(Network{"0.0.0.0/0"}.matches("::1"));
  EXPECT_TRUE(Network{"2001:db8::/33"}.matches("2001:db8:7fff::1"));
  EXPECT_FALSE(Network{"2001:db8::/33"}.matches("2001:db8:8000::1"));
  EXPECT_TRUE(Network{"unix"}.matches("unix"));
  EXPECT_FALSE(Network{"unix"}.matches("127.0.0.1"));
  EXPECT_FALSE(Network{"0.0.0.0/0"}.matches("unix"));
  for (const auto address : {""sv, "x"sv, "127.0.0.1 "sv, "127.1"sv, "127.0.0.1/8"sv})
    EXPECT_FALSE(Network{"127.0.0.0/8"}.matches(address)) << address;
  for (const auto text :
       {""sv, "x"sv, "1.2.3.4/33"sv, "1.2.3.4/"sv, "::/129"sv, "1.2.3.4/-1"sv, "1.2.3.4/8x"sv}) {
    EXPECT_FALSE(parse_network(text)) << text;
    EXPECT_FALSE(Network{std::string(text)}.matches("1.2.3.4")) << text;
  }
}

TEST(Units, WhatIsShownParsesToTheSame) {
  for (const std::int64_t value :
       std::initializer_list<std::int64_t>{0, 1, 999, 1000, 1001, 59'999, 60'000, 3600'000, 86'400'000,
                                           90'000'000, std::numeric_limits<std::int64_t>::max()})
    EXPECT_EQ(parse_duration(to_string(Duration(value))), Duration(value)) << to_string(Duration(value));
  for (const std::uint64_t value : std::initializer_list<std::uint64_t>{0, 1, 1023, 1024, 1025, 1ULL << 20,
                                                                        (1ULL << 30) + 1, 10ULL << 30})
    EXPECT_EQ(parse_byte_count(to_string(ByteCount{value})), ByteCount{value}) << to_string(ByteCount{value});
  for (const auto text : {"127.0.0.1:1"sv, "[::1]:65535"sv, "mail.example.com:25"sv, "unix:/x"sv,
                          "lmtp:unix:/x"sv, "lmtp:[::1]:24"sv})
    EXPECT_EQ(to_string(*parse_next_hop(text)), text);
  EXPECT_EQ(to_string(Duration(80'000)), "80s");
  EXPECT_EQ(to_string(Duration(600'000)), "10m");
  EXPECT_EQ(to_string(ByteCount{50ULL << 20}), "50MiB");
}

}  // namespace
}  // namespace rastel
