// SPDX-License-Identifier: GPL-2.0-only
#include "page/users.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rastel::page {
namespace {

using testing::HasSubstr;

std::string line(const std::string& name, const std::string& role = "view") {
  static const std::string hash = *hash_password("a good password");
  return name + " " + role + " " + hash + "\n";
}

TEST(Users, APasswordMatchesItsOwnHashAlone) {
  const std::string hash = *hash_password("a good password");
  EXPECT_TRUE(password_matches(hash, "a good password"));
  EXPECT_FALSE(password_matches(hash, "a good passwore"));
  EXPECT_FALSE(password_matches(hash, ""));
  EXPECT_FALSE(password_matches(hash, std::string("a good password\0", 16)));
  EXPECT_NE(hash, *hash_password("a good password"));  // salted
}

// Made by Python: base64(hashlib.scrypt(b"pleaseletmein", salt=b"0123456789abcdef", n=2**15, r=8, p=1,
// maxmem=2**26, dklen=32)).
TEST(Users, AHashOfAnotherImplementationMatches) {
  EXPECT_TRUE(password_matches(
      "$scrypt$ln=15,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$wgz8Rjl3FIdXqMbpup1grVeMbCJ1jxgUklvEb2NRR/Q",
      "pleaseletmein"));
}

TEST(Users, WhatIsNoHashMatchesNothingAndCostsNothing) {
  for (const std::string_view wrong :
       {"", "$scrypt$", "$scrypt$ln=31,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAA", "x", "$6$salt$hash",
        "$scrypt$ln=15,r=8,p=1$====$====", "$scrypt$ln=15,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$"})
    EXPECT_FALSE(password_matches(wrong, "a good password")) << wrong;
}

TEST(Users, AreReadWithComments) {
  const auto users = parse_users(
      "# people\n\n" + line("vera") + "  " + line("rolf", "release") + line("anna@x.example", "admin"), "f");
  ASSERT_TRUE(users) << users.error().what;
  ASSERT_EQ(users->size(), 3U);
  EXPECT_EQ((*users)[1].name, "rolf");
  EXPECT_EQ((*users)[1].role, Role::release);
  EXPECT_EQ((*users)[2].role, Role::admin);
}

TEST(Users, AnErrorNamesFileAndLine) {
  const auto error = [](const std::string& text) { return parse_users(text, "/etc/users").error().what; };
  EXPECT_THAT(error(line("vera") + line("rolf", "root")), HasSubstr("/etc/users:2: \"root\" is no role"));
  EXPECT_THAT(error(line("ve:ra")), HasSubstr("/etc/users:1: \"ve:ra\" is no name"));
  EXPECT_THAT(error(line("vera") + line("vera")), HasSubstr("/etc/users:2: vera stands there twice"));
  EXPECT_THAT(error("vera view secret\n"), HasSubstr("no scrypt hash"));
  EXPECT_THAT(error("vera\n"), HasSubstr("\"\" is no role"));
  EXPECT_THAT(error("vera view " + *hash_password("p") + " more\n"), HasSubstr("\"more\" is too much"));
}

TEST(Users, AreAddedReplacedAndRemovedAndCommentsStay) {
  std::string text = "# people\n" + line("vera");
  text = with_user(text, {"rolf", Role::release, *hash_password("another one")});
  text = with_user(text, {"vera", Role::admin, *hash_password("yet another")});
  auto users = parse_users(text, "f");
  ASSERT_TRUE(users) << users.error().what;
  ASSERT_EQ(users->size(), 2U);
  EXPECT_EQ((*users)[0].role, Role::admin);
  EXPECT_TRUE(password_matches((*users)[0].password, "yet another"));
  EXPECT_TRUE(text.starts_with("# people\n"));
  users = parse_users(without_user(text, "vera"), "f");
  ASSERT_EQ(users->size(), 1U);
  EXPECT_EQ((*users)[0].name, "rolf");
}

}  // namespace
}  // namespace rastel::page
