// SPDX-License-Identifier: GPL-2.0-only
#include "doors/smtp/client_limits.hpp"

#include <gtest/gtest.h>

namespace rastel::doors::smtp {
namespace {

using namespace std::chrono_literals;
const ClientLimits::Clock::time_point start{1h};

TEST(ClientLimits, SessionsAreCountedByAddress) {
  ClientLimits limits(2, 10);
  EXPECT_TRUE(limits.enter("192.0.2.1", start));
  EXPECT_TRUE(limits.enter("192.0.2.1", start));
  EXPECT_FALSE(limits.enter("192.0.2.1", start));
  EXPECT_TRUE(limits.enter("192.0.2.2", start));
  limits.leave("192.0.2.1", start);
  EXPECT_TRUE(limits.enter("192.0.2.1", start));
  EXPECT_FALSE(limits.enter("192.0.2.1", start));
}

TEST(ClientLimits, AnIpv6ClientIsItsNetwork) {
  ClientLimits limits(1, 10);
  EXPECT_TRUE(limits.enter("2001:db8::1", start));
  EXPECT_FALSE(limits.enter("2001:db8::ffff:1", start));
  EXPECT_TRUE(limits.enter("2001:db8:0:1::1", start));
}

TEST(ClientLimits, ErrorsFadeWithinAMinute) {
  ClientLimits limits(100, 60);
  limits.add_errors("192.0.2.1", 59, start);
  EXPECT_FALSE(limits.too_many_errors("192.0.2.1", start));
  limits.add_errors("192.0.2.1", 1, start);
  EXPECT_TRUE(limits.too_many_errors("192.0.2.1", start));
  EXPECT_FALSE(limits.too_many_errors("192.0.2.2", start));
  EXPECT_FALSE(limits.too_many_errors("192.0.2.1", start + 2s));
  limits.add_errors("192.0.2.1", 2, start + 2s);
  EXPECT_TRUE(limits.too_many_errors("192.0.2.1", start + 2s));
}

TEST(ClientLimits, WhoIsQuietIsForgottenAndWhoIsNotIsKept) {
  ClientLimits limits(100, 60);
  EXPECT_TRUE(limits.enter("192.0.2.1", start));
  limits.leave("192.0.2.1", start);
  EXPECT_EQ(limits.addresses(), 0U);
  limits.add_errors("192.0.2.1", 30, start);
  EXPECT_TRUE(limits.enter("192.0.2.1", start));
  limits.leave("192.0.2.1", start);
  EXPECT_EQ(limits.addresses(), 1U) << "its errors count still";
}

TEST(ClientLimits, MoreAddressesThanThatAreNotRemembered) {
  ClientLimits limits(1, 1);
  for (int i = 0; i < 300'000; ++i) {
    const std::string address = std::to_string(i);
    limits.add_errors(address, 1, start);
    ASSERT_LE(limits.addresses(), ClientLimits::most_addresses);
  }
  EXPECT_TRUE(limits.enter("newcomer", start)) << "when it is full nobody is shut out for that";
  limits.add_errors("later", 1, start + 1h);
  EXPECT_LT(limits.addresses(), 10U) << "all of them had faded";
}

}  // namespace
}  // namespace rastel::doors::smtp
