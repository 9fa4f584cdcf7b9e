// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/milter/client_address.hpp"

#include <gtest/gtest.h>

#include "protocol/milter/filter_talk_for_test.hpp"

namespace rastel::milter {
namespace {

using namespace std::string_literals;
using for_test::texts;

Client client(std::string name, Family family, std::string address, std::uint16_t port) {
  Client client;
  client.name = std::move(name);
  client.family = family;
  client.address = std::move(address);
  client.port = port;
  return client;
}

std::optional<Client> read(std::string_view name, const std::string& rest) {
  return read_client(texts({name}) + rest);
}

TEST(MilterConnect, B35PlainAddresses) {
  EXPECT_EQ(read("mx.example", "4\x30\x39" + texts({"192.0.2.4"})),
            client("mx.example", Family::ipv4, "192.0.2.4", 12345));
  EXPECT_EQ(read("mx.example", "6\xff\xff" + texts({"2001:DB8:0:0::1"})),
            client("mx.example", Family::ipv6, "2001:db8::1", 65535));
  EXPECT_EQ(read("localhost", "L\0\0"s + texts({"/run/socket"})),
            client("localhost", Family::local, "/run/socket", 0));
  EXPECT_EQ(read("mx.example", "U"), client("mx.example", Family::unknown, "", 0));
}

TEST(MilterConnect, B35SendmailsPrefixAndOtherSpellings) {
  for (const std::string text :
       {"IPv6:2001:db8::1", "ipv6:2001:db8::1", "2001:db8::1%eth0", "2001:0db8:0000::0001"})
    EXPECT_EQ(read("x", "6\0\x19"s + texts({text})), client("x", Family::ipv6, "2001:db8::1", 25)) << text;
  EXPECT_EQ(read("x", "6\0\x19"s + texts({"IPv6:::ffff:192.0.2.4"})),
            client("x", Family::ipv4, "192.0.2.4", 25));
}

TEST(MilterConnect, B35PortMayBeZero) { EXPECT_EQ(read("x", "4\0\0"s + texts({"192.0.2.4"}))->port, 0); }

TEST(MilterConnect, B35ANameThatNobodyKnowsIsNone) {
  for (const std::string name : {"[192.0.2.4]", "unknown", "UNKNOWN", "[IPv6:2001:db8::1]", ""})
    EXPECT_EQ(read(name, "4\0\0"s + texts({"192.0.2.4"})), client("", Family::ipv4, "192.0.2.4", 0)) << name;
}

// Compared with trusted networks it must be nobody.
TEST(MilterConnect, B35AnAddressThatCantBeReadIsNobodys) {
  for (const std::string address : {"", "localhost", "192.0.2", "192.0.2.4 ", "0192.0.2.4", "2001:db8::1",
                                    "IPv6:192.0.2.4", "127.0.0.1\n"})
    EXPECT_EQ(read("x", "4\0\x19"s + texts({address})), client("x", Family::unknown, "", 25)) << address;
  for (const std::string address : {"", "192.0.2.4", "IPv6:", "IPv6:IPv6:::1", "[::1]", ":::1"})
    EXPECT_EQ(read("x", "6\0\x19"s + texts({address})), client("x", Family::unknown, "", 25)) << address;
}

TEST(MilterConnect, B36EveryLengthIsChecked) {
  const std::string whole = texts({"x"}) + "4\0\x19"s + texts({"192.0.2.4"});
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_FALSE(read_client(std::string_view(whole).substr(0, length))) << length;
  EXPECT_TRUE(read_client(whole));
  EXPECT_FALSE(read_client(whole + "x"));
  EXPECT_FALSE(read("x", "9\0\x19"s + texts({"192.0.2.4"})));  // an unknown family
}

}  // namespace
}  // namespace rastel::milter
