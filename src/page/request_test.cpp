// SPDX-License-Identifier: GPL-2.0-only
#include "page/request.hpp"

#include <gtest/gtest.h>

namespace rastel::page {
namespace {

TEST(Target, PathAndQueryAreDecoded) {
  const auto target = parse_target("/api/history?text=a%40b+c&limit=10&&empty=&bare");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/api/history");
  EXPECT_EQ(target->value("text"), "a@b c");
  EXPECT_EQ(target->value("limit"), "10");
  EXPECT_EQ(target->value("empty"), "");
  EXPECT_EQ(target->value("bare"), "");
  EXPECT_FALSE(target->value("nothing"));
  EXPECT_EQ(parse_target("/a+b")->path, "/a+b");  // a plus is a space in queries alone
}

TEST(Target, WhatIsWrongIsRefused) {
  for (const std::string& wrong : {std::string(),
                                   std::string("x"),
                                   std::string("http://evil.example/"),
                                   std::string("*"),
                                   std::string("/%"),
                                   std::string("/%4"),
                                   std::string("/%zz"),
                                   std::string("/%00"),
                                   std::string("/a%0ab"),
                                   std::string("/../x"),
                                   std::string("/%2e%2e/x"),
                                   std::string("//x"),
                                   std::string("/%2fx"),
                                   std::string("/?a=%"),
                                   std::string("/?a=%4"),
                                   std::string("/?a=%00"),
                                   std::string("/?a=1&a=2"),
                                   std::string("/?a=1&%61=2"),
                                   std::string("/a\0b", 4),
                                   "/" + std::string(longest_target, 'a')})
    EXPECT_FALSE(parse_target(wrong)) << wrong;
  std::string many = "/?";
  for (std::size_t i = 0; i <= most_query_members; ++i) many += "a" + std::to_string(i) + "=1&";
  EXPECT_FALSE(parse_target(many));
}

TEST(Target, EveryCutOfAGoodOneIsReadOrRefused) {
  const std::string good = "/api/held?recipient=%41%42%43&sender=x+y";
  for (std::size_t length = 0; length < good.size(); ++length) {
    const std::string cut = good.substr(0, length);
    const bool in_escape = cut.ends_with('%') || (cut.size() > 1 && cut[cut.size() - 2] == '%');
    EXPECT_EQ(parse_target(cut).has_value(), length > 0 && !in_escape) << cut;
  }
}

TEST(Cookie, IsFoundByItsNameAlone) {
  EXPECT_EQ(cookie_named("a=1; rastel_session=abc; b=2", "rastel_session"), "abc");
  EXPECT_EQ(cookie_named("rastel_session=abc", "rastel_session"), "abc");
  EXPECT_EQ(cookie_named("xrastel_session=abc", "rastel_session"), "");
  EXPECT_EQ(cookie_named("rastel_sessionx=abc", "rastel_session"), "");
  EXPECT_EQ(cookie_named("rastel_session", "rastel_session"), "");
  EXPECT_EQ(cookie_named("", "rastel_session"), "");
  EXPECT_EQ(cookie_named(";;;=;", "rastel_session"), "");
  EXPECT_EQ(cookie_named("rastel_session=a; rastel_session=b", "rastel_session"), "");
  EXPECT_EQ(cookie_named("rastel_session=; rastel_session=b", "rastel_session"), "");
}

TEST(HostHeader, NameAndPort) {
  EXPECT_EQ(parse_host("Mail.Example.COM:8025")->name, "mail.example.com");
  EXPECT_EQ(parse_host("Mail.Example.COM:8025")->port, "8025");
  EXPECT_EQ(parse_host("127.0.0.1")->port, "");
  EXPECT_EQ(parse_host("[::1]:80")->name, "[::1]");
  for (const char* wrong :
       {"", ":80", "a b", "a/b", "a@b", "a:b", "a:123456", "[::1", "[::1]x", "a\tb", "\xc3\xa9"})
    EXPECT_FALSE(parse_host(wrong)) << wrong;
}

TEST(Body, IsAnObjectOfTheRightType) {
  EXPECT_TRUE(parse_body("application/json", R"({"a":1})"));
  EXPECT_TRUE(parse_body("Application/JSON; charset=utf-8", R"({"a":1})"));
  EXPECT_FALSE(parse_body("text/plain", R"({"a":1})"));
  EXPECT_FALSE(parse_body("", R"({"a":1})"));
  EXPECT_FALSE(parse_body("text/plain; application/json", R"({"a":1})"));
  for (const std::string& wrong :
       {std::string(), std::string("[]"), std::string("1"), std::string("{"), std::string("{}x"),
        std::string("\xff"), std::string(R"({"a":{"b":{"c":{"d":{"e":1}}}}})"),
        "{\"a\":\"" + std::string(largest_body, 'x') + "\"}"})
    EXPECT_FALSE(parse_body("application/json", wrong)) << wrong.substr(0, 40);
}

TEST(Forwarded, OnlyTheLastAddressCounts) {
  EXPECT_EQ(last_forwarded("203.0.113.9, 192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(last_forwarded(" 2001:db8::1 "), "2001:db8::1");
  for (const char* wrong : {"", "192.0.2.7,", "unknown", "a\nb", "192.0.2.7 x"})
    EXPECT_EQ(last_forwarded(wrong), "") << wrong;
}

}  // namespace
}  // namespace rastel::page
