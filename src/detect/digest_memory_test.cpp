// SPDX-License-Identifier: GPL-2.0-only
#include "detect/digest_memory.hpp"

#include <string>

#include <gtest/gtest.h>

namespace rastel::detect {
namespace {

TEST(DigestMemory, TheSameBytesAreHashedOnce) {
  DigestMemory memory;
  memory.set_room(1 << 20);
  const std::string bytes(50000, 'a');
  EXPECT_EQ(memory.digest_and_keep(bytes), sha256(bytes));
  EXPECT_EQ(memory.spared(), 0U);
  EXPECT_EQ(memory.digest_of(std::string(bytes)), sha256(bytes));
  EXPECT_EQ(memory.digest_and_keep(std::string(bytes)), sha256(bytes));
  EXPECT_EQ(memory.spared(), 2U);
}

TEST(DigestMemory, AnyOtherByteMakesItAnother) {
  DigestMemory memory;
  memory.set_room(1 << 20);
  const std::string bytes(50000, 'a');
  (void)memory.digest_and_keep(bytes);
  for (const std::size_t place : {0, 1, 24999, 49998, 49999}) {
    std::string other = bytes;
    other[place] = 'b';
    EXPECT_EQ(memory.digest_of(other), sha256(other)) << place;
  }
  EXPECT_EQ(memory.digest_of(bytes + 'a'), sha256(bytes + 'a'));
  EXPECT_EQ(memory.digest_of(bytes.substr(1)), sha256(bytes.substr(1)));
  EXPECT_EQ(memory.spared(), 0U);
}

// What libclamav shows is gone, or something else, when the reader asks.
TEST(DigestMemory, KeepsACopy) {
  DigestMemory memory;
  memory.set_room(1 << 20);
  std::string bytes(50000, 'a');
  const Digest before = memory.digest_and_keep(bytes);
  bytes.assign(50000, 'b');
  EXPECT_NE(memory.digest_of(bytes), before);
  EXPECT_EQ(memory.spared(), 0U);
}

TEST(DigestMemory, IsBounded) {
  DigestMemory none;
  (void)none.digest_and_keep(std::string(50000, 'a'));
  EXPECT_EQ(none.digest_of(std::string(50000, 'a')), sha256(std::string(50000, 'a')));
  EXPECT_EQ(none.spared(), 0U) << "without room";
  DigestMemory memory;
  memory.set_room(2 * 50000);
  for (const std::size_t size : {50000, 50001, 50000}) (void)memory.digest_and_keep(std::string(size, 'a'));
  EXPECT_EQ(memory.spared(), 1U) << "what is kept takes room once";
  (void)memory.digest_and_keep(std::string(50001, 'a'));
  EXPECT_EQ(memory.spared(), 1U) << "there was no room for it";
  DigestMemory lengths;
  lengths.set_room(1 << 20);
  for (char byte = 'a'; byte <= 'z'; ++byte) (void)lengths.digest_and_keep(std::string(50000, byte));
  for (char byte = 'a'; byte <= 'z'; ++byte)
    EXPECT_EQ(lengths.digest_of(std::string(50000, byte)), sha256(std::string(50000, byte)));
  EXPECT_EQ(lengths.spared(), DigestMemory::most_of_a_length);
  lengths.clear();
  (void)lengths.digest_of(std::string(50000, 'a'));
  EXPECT_EQ(lengths.spared(), DigestMemory::most_of_a_length);
}

}  // namespace
}  // namespace rastel::detect
