// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox/master_protocol.hpp"

#include <gtest/gtest.h>

namespace rastel::sandbox {
namespace {

TEST(HandedFiles, ArriveAsTheyWere) {
  const std::map<std::string, std::string> files{
      {"/a", std::string("\0\n\xff", 3)}, {"/b", ""}, {"/c", std::string(100'000, 'x')}};
  EXPECT_EQ(unpack_files(pack_files(files)).value(), files);
  EXPECT_TRUE(unpack_files("").value().empty());
}

TEST(HandedFiles, WhatIsCutIsNoFile) {
  const std::string packed = pack_files({{"/key", "secret"}});
  for (std::size_t length = 1; length < packed.size(); ++length)
    EXPECT_FALSE(unpack_files(packed.substr(0, length))) << length;
  EXPECT_FALSE(unpack_files(packed + "x"));
  EXPECT_FALSE(unpack_files(std::string(8, '\xff') + "x"));
}

}  // namespace
}  // namespace rastel::sandbox
