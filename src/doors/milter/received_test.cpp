// SPDX-License-Identifier: GPL-2.0-only
#include "doors/milter/received.hpp"

#include <gtest/gtest.h>

namespace rastel::doors::milter {
namespace {

const auto noon = std::chrono::system_clock::time_point(std::chrono::seconds(1'764'417'600));

TEST(Received, SaysWhoCame) {
  Envelope envelope;
  envelope.client.address = "2001:db8::1";
  envelope.client.name = "mail.example.org";
  envelope.client.helo = "mail.example.org";
  envelope.queue_id = "4XyZ";
  EXPECT_EQ(received_field(envelope, "mx.example.com", noon),
            "Received: from mail.example.org (mail.example.org [2001:db8::1])\r\n"
            "\tby mx.example.com with ESMTP id 4XyZ;\r\n"
            "\tSat, 29 Nov 2025 12:00:00 +0000\r\n");
}

TEST(Received, AHostileNameEndsNothing) {
  Envelope envelope;
  envelope.client.helo = "a\r\n\r\nX: (y);\"";
  envelope.client.name = std::string(10'000, 'n');
  const std::string field = received_field(envelope, "", noon);
  EXPECT_EQ(field.find("from a????X:??y??? ("), 10U);
  EXPECT_NE(field.find("by localhost with ESMTP id unknown;"), std::string::npos);
  EXPECT_LT(field.size(), 500U);
}

}  // namespace
}  // namespace rastel::doors::milter
