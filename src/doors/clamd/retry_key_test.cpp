// SPDX-License-Identifier: GPL-2.0-only
#include "doors/clamd/retry_key.hpp"

#include <gtest/gtest.h>

namespace rastel::doors::clamd {
namespace {

Digest key_of(const std::string& bytes) {
  const auto message = message_from_bytes(bytes, "/tmp");
  if (!message) throw std::runtime_error(message.error().what);
  const auto key = retry_key(**message);
  if (!key) throw std::runtime_error(key.error().what);
  return *key;
}

const std::string rest = "Message-ID: <1@x>\nSubject: s\n\nbody\n";

std::string exims(const std::string& id,
                  const std::string& envelope = "X-Envelope-From: <a@x>\nX-Envelope-To: b@y\n") {
  return "From a@x Tue Mar 03 10:00:00 2026\n" + envelope +
         "Received: from z (helo=z)\n\tby y with esmtp\n\tid " + id + "\n";
}

TEST(ClamdRetryKey, IsOfWhatIsTheSameAtEachAttempt) {
  EXPECT_EQ(key_of(exims("1") + rest), key_of(exims("2") + rest));
  EXPECT_EQ(key_of(exims("1") + rest), key_of("Received: from z by y id 3\n" + rest));
  EXPECT_NE(key_of(exims("1") + rest), key_of(exims("1") + rest + "x"));
  EXPECT_NE(key_of(exims("1") + rest), key_of(exims("1") + "X: y\n" + rest));
}

TEST(ClamdRetryKey, OfALargeOneIsOfAllOfIt) {
  const std::string large = rest + std::string(300'000, 'x');
  EXPECT_EQ(key_of(exims("1") + large), key_of(exims("2") + large));
  EXPECT_NE(key_of(exims("1") + large), key_of(exims("1") + large + "x"));
  std::string other = large;
  other[200'000] = 'y';
  EXPECT_NE(key_of(exims("1") + large), key_of(exims("1") + other));
}

TEST(ClamdRetryKey, OfAFileIsOfAllItsBytes) {
  EXPECT_NE(key_of("PK\3\4 one"), key_of("PK\3\4 two"));
  EXPECT_NE(key_of(""), key_of("\n"));
  EXPECT_EQ(key_of("PK\3\4 one"), key_of("PK\3\4 one"));
}

// What is strange on top isn't a mail server's.
TEST(ClamdRetryKey, LeavesOutNothingThatIsStrange) {
  for (const std::string line : {"X-Envelope-From: <a@x>\n folded\n", "X-Envelope\n", "X-Other: 1\n"})
    EXPECT_NE(key_of(exims("1", line) + rest), key_of(exims("1", "") + rest)) << line;
  EXPECT_NE(key_of("X-Envelope-From: " + std::string(2000, 'a') + "\n" + rest), key_of(rest));
  EXPECT_EQ(key_of(std::string(100, '\n')), key_of(std::string(100, '\n')));
}

}  // namespace
}  // namespace rastel::doors::clamd
