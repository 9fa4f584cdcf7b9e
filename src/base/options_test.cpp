// SPDX-License-Identifier: GPL-2.0-only
#include "base/options.hpp"

#include <gtest/gtest.h>

namespace rastel {
namespace {

TEST(Nearest, FindsTheKeyThatWasMeant) {
  const std::vector<std::string> keys{"infected", "suspicious", "encrypted", "unscanned", "mode"};
  EXPECT_EQ(nearest("infcted", keys), "infected");
  EXPECT_EQ(nearest("Infected", keys), "infected");
  EXPECT_EQ(nearest("supsicious", keys), "suspicious");
  EXPECT_EQ(nearest("un_scanned", keys), "unscanned");
  EXPECT_EQ(nearest("mod", keys), "mode");
}

TEST(Nearest, SaysNothingRatherThanNonsense) {
  const std::vector<std::string> keys{"infected", "mode"};
  EXPECT_EQ(nearest("deadline", keys), std::nullopt);
  EXPECT_EQ(nearest("", keys), std::nullopt);
  EXPECT_EQ(nearest("x", {}), std::nullopt);
  EXPECT_EQ(nearest("a", keys), std::nullopt);
}

TEST(Nearest, ALongWordCostsNoTime) {
  EXPECT_EQ(nearest(std::string(1'000'000, 'x'), {"mode"}), std::nullopt);
}

}  // namespace
}  // namespace rastel
