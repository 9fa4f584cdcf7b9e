// SPDX-License-Identifier: GPL-2.0-only
#include "base/os/folder_watch.hpp"

#include <fstream>

#include <gtest/gtest.h>
#include <poll.h>

#include "base/identifier.hpp"

namespace rastel::os {
namespace {

bool told(FolderWatch& watch) {
  pollfd poll_for{watch.descriptor(), POLLIN, 0};
  const bool hint = poll(&poll_for, 1, 5000) == 1;
  watch.drain();
  return hint;
}

TEST(FolderWatch, TellsWhatChangesAlsoInAFolderThatWasReplaced) {
  const auto folder = std::filesystem::temp_directory_path() / ("rastel-test-" + new_message_id());
  FolderWatch watch;
  watch.watch({folder});
  EXPECT_FALSE(watch.complete()) << "it isn't there";
  std::filesystem::create_directory(folder);
  watch.watch({folder});
  if (watch.descriptor() < 0) {
    std::filesystem::remove_all(folder);
    GTEST_SKIP() << "no inotify here";
  }
  EXPECT_TRUE(watch.complete());
  std::ofstream(folder / "a") << "x";
  EXPECT_TRUE(told(watch));
  std::filesystem::rename(folder / "a", folder / "b");
  EXPECT_TRUE(told(watch));
  std::filesystem::remove_all(folder);
  EXPECT_TRUE(told(watch));
  std::filesystem::create_directory(folder);
  watch.watch({folder});
  EXPECT_TRUE(watch.complete());
  std::ofstream(folder / "c") << "x";
  EXPECT_TRUE(told(watch));
  pollfd poll_for{watch.descriptor(), POLLIN, 0};
  EXPECT_EQ(poll(&poll_for, 1, 0), 0) << "drained";
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace rastel::os
