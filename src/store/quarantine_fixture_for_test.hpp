// SPDX-License-Identifier: GPL-2.0-only
// A quarantine in a folder of its own, for the tests of quarantine_*_test.cpp.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "store/quarantine.hpp"
#include "store/store_for_test.hpp"

namespace rastel::store {

class QuarantineTest : public testing::Test {
 protected:
  void SetUp() override { reopen(); }
  void reopen() {
    quarantine_.reset();
    auto opened = Quarantine::open(options_, real_files());
    ASSERT_TRUE(opened) << opened.error().what;
    quarantine_ = std::move(*opened);
  }
  std::string hold(const MessagePointer& message, const HoldRequest& request) {
    const auto held = quarantine_->hold(*message, request);
    EXPECT_TRUE(held) << held.error().what;
    return held.value_or("");
  }
  std::vector<std::filesystem::path> stored() { return files_below(folder_.path(), ".eml"); }

  FolderForTest folder_;
  StoreOptions options_ = folder_.options();
  std::unique_ptr<Quarantine> quarantine_;
};

}  // namespace rastel::store
