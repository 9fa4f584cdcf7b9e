// SPDX-License-Identifier: GPL-2.0-only
#include "message/apple_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rastel::message {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::IsEmpty;

std::string number(std::size_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
          static_cast<char>(value)};
}

// RFC 1740 A: entries of an id and content each, one behind the other.
std::string file_of(const std::vector<std::pair<std::size_t, std::string>>& entries) {
  std::string head = "\0\5\x16\0\0\2\0\0"s + std::string(16, '\0') + number(entries.size()).substr(2);
  std::string content;
  for (const auto& [id, bytes] : entries) {
    head += number(id) + number(26 + 12 * entries.size() + content.size()) + number(bytes.size());
    content += bytes;
  }
  return head + content;
}

TEST(AppleFile, ForksAndName) {
  const std::string bytes = file_of({{3, "invoice.exe"}, {9, "finder"}, {1, "PAYLOAD"}, {2, "RESOURCE"}});
  ASSERT_TRUE(is_apple_file(bytes));
  const AppleFile file = read_apple_file(bytes);
  EXPECT_EQ(file.name, "invoice.exe");
  EXPECT_THAT(file.forks, ElementsAre("PAYLOAD", "RESOURCE"));
}

TEST(AppleFile, WhatIsCutShortIsTakenAsFarAsItGoes) {
  const std::string bytes = file_of({{1, "PAYLOAD"}});
  EXPECT_THAT(read_apple_file(bytes.substr(0, bytes.size() - 3)).forks, ElementsAre("PAYL"));
  EXPECT_THAT(read_apple_file(bytes.substr(0, 30)).forks, IsEmpty());
  std::string far = bytes;
  far.replace(30, 4, "\xff\xff\xff\xff");
  EXPECT_THAT(read_apple_file(far).forks, IsEmpty());
  EXPECT_FALSE(is_apple_file("\0\5\x16\0"s));
}

TEST(AppleFile, OneForkOfAKind) {
  EXPECT_THAT(read_apple_file(file_of({{1, "one"}, {1, "two"}, {1, "three"}})).forks, ElementsAre("one"));
  EXPECT_TRUE(read_apple_file(file_of(std::vector(100, std::pair<std::size_t, std::string>{9, "x"}))).cut);
}

}  // namespace
}  // namespace rastel::message
