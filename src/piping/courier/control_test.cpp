// SPDX-License-Identifier: GPL-2.0-only
#include "piping/courier/control.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rastel::piping::courier {
namespace {

using State = PathsReader::State;
using testing::ElementsAre;
using namespace std::string_literals;

// As Courier 1.0 wrote it.
constexpr std::string_view control =
    "salice@elsewhere.example\n"
    "fdns; there.example (client.example [::ffff:192.0.2.8])\n"
    "e\n"
    "t\n"
    "M0000000000000078.000000006B0CA20F.000000B2\n"
    "ralice@lab.test\n"
    "R\n"
    "N\n"
    "rbob@lab.test\n"
    "Rrfc822;x y@lab.test\n"
    "NN\n"
    "ORELAYCLIENT=\n"
    "OTCPREMOTEIP=::ffff:192.0.2.8\n"
    "ialice\n"
    "uauthsmtp\n"
    "E1796594831\n";

pipe::Request read(std::string_view text) {
  pipe::Request request;
  read_control(text, request);
  return request;
}

TEST(CourierControl, SaysTheEnvelope) {
  const pipe::Request request = read(control);
  EXPECT_EQ(request.sender, "alice@elsewhere.example");
  EXPECT_THAT(request.recipients, ElementsAre("alice@lab.test", "bob@lab.test"));
  EXPECT_EQ(request.client_address, "192.0.2.8");
  EXPECT_EQ(request.client_name, "client.example");
  EXPECT_EQ(request.client_helo, "there.example");
  EXPECT_EQ(request.user, "alice");
  EXPECT_EQ(request.queue_id, "0000000000000078.000000006B0CA20F.000000B2");
}

TEST(CourierControl, OfAClientWithoutANameHasItsAddress) {
  const pipe::Request request = read("s\nfdns; (there) ([2001:db8::1])\nrbob@lab.test\n");
  EXPECT_EQ(request.sender, "");
  EXPECT_EQ(request.client_address, "2001:db8::1");
  EXPECT_EQ(request.client_name, "");
  EXPECT_EQ(request.client_helo, "(there)");
}

TEST(CourierControl, AddsRecipientsOfAllItsFiles) {
  pipe::Request request = read("sa@x\nrb@y\n");
  read_control("sother@x\nrc@y\n", request);
  EXPECT_EQ(request.sender, "a@x");
  EXPECT_THAT(request.recipients, ElementsAre("b@y", "c@y"));
}

TEST(CourierControl, ThatIsOddIsNoTrouble) {
  for (const std::string& text :
       {""s, "\n\n\n"s, "s"s, "r\n"s, "f\n"s, "fdns; \n"s, "fdns; x (\n"s, "fdns; x ()\n"s, "fdns; x (])\n"s,
        "fdns; x ([)\n"s, "OTCPREMOTEIP\n"s, "\0\0\n"s}) {
    const pipe::Request request = read(text);
    EXPECT_EQ(request.client_address, "") << text;
    EXPECT_TRUE(request.recipients.empty()) << text;
  }
  EXPECT_TRUE(read("rcut off").recipients.empty());
}

TEST(CourierControl, IsBounded) {
  std::string many;
  for (int i = 0; i < 30'000; ++i) many += "ra@x\n";
  EXPECT_EQ(read(many).recipients.size(), pipe::most_recipients + 1);
  EXPECT_EQ(read("s" + std::string(5000, 'a') + "\n").sender.size(), pipe::longest_text);
}

TEST(CourierPaths, AreReadByteByByte) {
  const std::string request = "/var/lib/courier/tmp/1/D2\ntmp/1/c\n/tmp/1/d\n\nrest";
  PathsReader whole;
  EXPECT_EQ(whole.receive(request), State::done);
  EXPECT_EQ(whole.paths(), (Paths{"/var/lib/courier/tmp/1/D2", {"/usr/tmp/1/c", "/tmp/1/d"}}));
  PathsReader pieces;
  for (const char octet : request.substr(0, request.size() - 5))
    EXPECT_EQ(pieces.receive({&octet, 1}), State::reading);
  EXPECT_EQ(pieces.receive("\n"), State::done);
  EXPECT_EQ(pieces.paths(), whole.paths());
}

TEST(CourierPaths, ThatAreNoneAreMalformed) {
  for (const std::string& bytes :
       {"\n"s, "/d\n\n"s, "/d\n/c\0\n\n"s, std::string(PathsReader::most + 1, 'a')}) {
    PathsReader reader;
    EXPECT_EQ(reader.receive(bytes), State::malformed) << bytes.substr(0, 20);
  }
}

}  // namespace
}  // namespace rastel::piping::courier
