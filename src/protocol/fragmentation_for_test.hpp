// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <gtest/gtest.h>

#include "protocol/pieces_for_test.hpp"

namespace rastel::for_test {

// run(Pieces) for all ways of cutting `bytes`, which must agree; what it says of them given whole.
template <class Run>
auto in_all_pieces(std::string_view bytes, Run run) {
  return run_in_pieces(bytes, run, [&](const std::string& how, const auto& whole, const auto& other) {
    EXPECT_EQ(whole, other) << "cut " << how << ": "
                            << testing::PrintToString(std::string(bytes.substr(0, 400)));
  });
}

}  // namespace rastel::for_test
