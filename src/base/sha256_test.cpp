// SPDX-License-Identifier: GPL-2.0-only
#include "base/sha256.hpp"

#include <gtest/gtest.h>

namespace rastel {
namespace {

// FIPS 180-4, and its examples.
constexpr std::string_view of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr std::string_view of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Sha256, KnowsTheExamples) {
  EXPECT_EQ(sha256("").hex(), of_nothing);
  EXPECT_EQ(sha256("abc").hex(), of_abc);
  EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq").hex(),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(Digest::from_hex(of_abc), sha256("abc"));
}

TEST(Sha256, BeginsAnewAfterEachDigest) {
  Sha256 hash;
  EXPECT_EQ(hash.finish().hex(), of_nothing);
  hash.update("a");
  hash.update("");
  hash.update("bc");
  EXPECT_EQ(hash.finish().hex(), of_abc);
  EXPECT_EQ(hash.finish().hex(), of_nothing);
  hash.update("abc");
  Sha256 moved = std::move(hash);
  EXPECT_EQ(moved.finish().hex(), of_abc);
}

}  // namespace
}  // namespace rastel
