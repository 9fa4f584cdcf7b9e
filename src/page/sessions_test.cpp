// SPDX-License-Identifier: GPL-2.0-only
#include "page/sessions.hpp"

#include <gtest/gtest.h>

namespace rastel::page {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const Clock::time_point begin = Clock::time_point(std::chrono::hours(1000));
const User vera{"vera", Role::view, ""};

TEST(Sessions, AreFoundByTheirCookieAlone) {
  Sessions sessions(minutes(30), minutes(120));
  const std::string one = sessions.begin(vera, begin);
  const std::string other = sessions.begin({"anna", Role::admin, ""}, begin);
  EXPECT_NE(one, other);
  ASSERT_NE(sessions.find(one, begin), nullptr);
  EXPECT_EQ(sessions.find(one, begin)->name, "vera");
  EXPECT_EQ(sessions.find(other, begin)->role, Role::admin);
  EXPECT_NE(sessions.find(other, begin)->token, other);
  EXPECT_EQ(sessions.find("", begin), nullptr);
  EXPECT_EQ(sessions.find(one.substr(0, 63), begin), nullptr);
  sessions.end(one);
  EXPECT_EQ(sessions.find(one, begin), nullptr);
  EXPECT_NE(sessions.find(other, begin), nullptr);
}

TEST(Sessions, EndAfterIdlenessAndAfterTheirLongestTime) {
  Sessions sessions(minutes(30), minutes(120));
  const std::string idle = sessions.begin(vera, begin);
  const std::string used = sessions.begin(vera, begin);
  for (int minute = 29; minute <= 120; minute += 13)
    EXPECT_NE(sessions.find(used, begin + minutes(minute)), nullptr);
  EXPECT_EQ(sessions.find(idle, begin + minutes(31)), nullptr);
  EXPECT_EQ(sessions.find(used, begin + minutes(120) + seconds(1)), nullptr);
}

TEST(Sessions, AreBounded) {
  Sessions sessions(minutes(30), minutes(120));
  const std::string first = sessions.begin(vera, begin);
  for (std::size_t i = 0; i < Sessions::most_of_one; ++i) (void)sessions.begin(vera, begin + seconds(1));
  EXPECT_EQ(sessions.find(first, begin + seconds(2)), nullptr);
  EXPECT_EQ(sessions.size(), Sessions::most_of_one);
  for (int i = 0; i < 1000; ++i)
    (void)sessions.begin({"u" + std::to_string(i), Role::view, ""}, begin + seconds(3));
  EXPECT_EQ(sessions.size(), Sessions::most);
}

TEST(LoginLimits, CountTheAddressWhateverTheName) {
  LoginLimits limits;
  for (std::uint32_t i = 0; i < LoginLimits::most_of_address; ++i)
    EXPECT_TRUE(limits.charge("192.0.2.1", "u" + std::to_string(i), begin));
  EXPECT_FALSE(limits.charge("192.0.2.1", "vera", begin));
  EXPECT_TRUE(limits.charge("192.0.2.2", "vera", begin));
  EXPECT_TRUE(limits.charge("192.0.2.1", "vera", begin + LoginLimits::window + seconds(1)));
}

TEST(LoginLimits, CountTheNameWhateverTheAddress) {
  LoginLimits limits;
  for (std::uint32_t i = 0; i < LoginLimits::most_of_name; ++i)
    EXPECT_TRUE(limits.charge("192.0.2." + std::to_string(i), "vera", begin));
  EXPECT_FALSE(limits.charge("198.51.100.1", "vera", begin));
  EXPECT_TRUE(limits.charge("198.51.100.1", "anna", begin));
}

TEST(LoginLimits, ARightPasswordIsGivenBack) {
  LoginLimits limits;
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(limits.charge("192.0.2.1", "vera", begin));
    limits.give_back("192.0.2.1", "vera");
  }
}

TEST(LoginLimits, AreBoundedAndStillHoldWhenFull) {
  LoginLimits limits;
  std::size_t let = 0;
  for (int i = 0; i < 20000; ++i)
    if (limits.charge("a" + std::to_string(i), "n" + std::to_string(i), begin)) ++let;
  EXPECT_GE(let, LoginLimits::most_watched / 2);
  EXPECT_LE(let, LoginLimits::most_watched);
  EXPECT_TRUE(limits.charge("192.0.2.1", "vera", begin + LoginLimits::window * 2));
}

TEST(LoginLimits, AHouseholdOfIPv6IsOne) {
  EXPECT_EQ(network_of("2001:db8:1:2::1"), network_of("2001:db8:1:2:ffff::9"));
  EXPECT_NE(network_of("2001:db8:1:2::1"), network_of("2001:db8:1:3::1"));
  EXPECT_EQ(network_of("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(network_of("unix"), "unix");
}

}  // namespace
}  // namespace rastel::page
