// SPDX-License-Identifier: GPL-2.0-only
#include "piping/queue_envelope.hpp"

#include <gtest/gtest.h>

namespace rastel::piping {
namespace {

using namespace std::string_literals;

TEST(QueueEnvelope, IsReadAsQmailQueueReadsIt) {
  EXPECT_EQ(parse_queue_envelope("Fa@x\0Tb@y\0Tc d@z\0\0"s), (QueueEnvelope{"a@x", {"b@y", "c d@z"}}));
  EXPECT_EQ(parse_queue_envelope("F\0Tb@y\0\0"s), (QueueEnvelope{"", {"b@y"}}));
  EXPECT_EQ(parse_queue_envelope("F#@[]\0Tb\0\0"s), (QueueEnvelope{"#@[]", {"b"}}));  // a double bounce
}

TEST(QueueEnvelope, ThatIsNoneIsNone) {
  for (const std::string& bytes : {""s, "F"s, "F\0"s, "F\0\0"s, "Fa\0Tb"s, "Fa\0Tb\0"s, "Ta\0Tb\0\0"s,
                                   "Fa\0Fb\0Tc\0\0"s, "Fa\0Tb\0x\0\0"s, "Fa\0Tb\0\0x"s, "Fa\0Tb\0\0\0"s,
                                   "\0"s, "fa\0Tb\0\0"s, "F" + std::string(1002, 'a') + "\0Tb\0\0"s})
    EXPECT_FALSE(parse_queue_envelope(bytes)) << testing::PrintToString(bytes);
  EXPECT_TRUE(parse_queue_envelope("F" + std::string(1001, 'a') + "\0Tb\0\0"s));
}

}  // namespace
}  // namespace rastel::piping
