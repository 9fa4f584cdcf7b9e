// SPDX-License-Identifier: GPL-2.0-only
#include "message/inflate.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

namespace rastel::message {
namespace {

using namespace std::string_literals;

// `printf PAYLOAD | gzip -n`
const std::string gzip =
    "\x1f\x8b\x08\0\0\0\0\0\0\3\x0b\x70\x8c\xf4\xf1\x77\x74\x01\0\x0f\x94\x69\x7d\7\0\0\0"s;

std::string deflated(const std::string& text) {
  std::string packed(compressBound(text.size()), '\0');
  uLongf size = packed.size();
  compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(text.data()),
           text.size());
  packed.resize(size);
  return packed;
}

TEST(Inflate, BothFormatsAndSeveralMembers) {
  EXPECT_EQ(inflate_bounded(gzip, 100).bytes, "PAYLOAD");
  EXPECT_EQ(inflate_bounded(gzip + gzip, 100).bytes, "PAYLOADPAYLOAD");
  EXPECT_EQ(inflate_bounded(deflated("PAYLOAD"), 100).bytes, "PAYLOAD");
}

TEST(Inflate, WhatIsCutShortOrBrokenIsTakenAsFarAsItGoes) {
  const std::string packed = deflated(std::string(20'000, 'a') + "PAYLOAD");
  EXPECT_GT(inflate_bounded(packed.substr(0, packed.size() - 8), 1 << 20).bytes.size(), 1000U);
  EXPECT_EQ(inflate_bounded(gzip + "junk", 100).bytes, "PAYLOAD");
  EXPECT_EQ(inflate_bounded("no such thing", 100).bytes, "");
  EXPECT_EQ(inflate_bounded("", 100).bytes, "");
}

TEST(Inflate, BombIsCut) {
  const std::string bomb = deflated(std::string(10 << 20, 'a'));
  const Inflated cut = inflate_bounded(bomb, 5000);
  EXPECT_EQ(cut.bytes, std::string(5000, 'a'));
  EXPECT_TRUE(cut.cut);
  EXPECT_FALSE(inflate_bounded(bomb, 10 << 20).cut);
  EXPECT_TRUE(inflate_bounded(gzip, 0).cut);
}

}  // namespace
}  // namespace rastel::message
