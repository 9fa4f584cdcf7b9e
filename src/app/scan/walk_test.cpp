// SPDX-License-Identifier: GPL-2.0-only
#include "app/scan/walk.hpp"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/control_for_test.hpp"

namespace rastel::scan {
namespace {

using ::testing::ElementsAre;

void put(const std::filesystem::path& file) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file) << "x";
}

std::vector<std::string> walked(const std::filesystem::path& folder, std::size_t most = 1000) {
  std::vector<std::string> files;
  walk(folder, {[&](const std::filesystem::path& file) {
                  files.push_back(file.lexically_relative(folder).string());
                  return files.size() < most;
                },
                [&](const std::string& what) { files.push_back("! " + what.substr(what.rfind(':') + 2)); }});
  return files;
}

TEST(Walk, EveryFileInOrder) {
  const control::TemporaryFolder folder;
  for (const char* file : {"b", "a", "below/2", "below/1", "below/deeper/x", ".hidden"})
    put(folder.path() / file);
  std::filesystem::create_symlink(folder.path(), folder.path() / "below/loop");
  std::filesystem::create_symlink(folder.path() / "a", folder.path() / "link");
  EXPECT_THAT(walked(folder.path()),
              ElementsAre(".hidden", "a", "b", "below/1", "below/2", "below/deeper/x"));
  EXPECT_THAT(walked(folder.path(), 2), ElementsAre(".hidden", "a"));
}

TEST(Walk, OfAMaildirOnlyWhatIsDelivered) {
  const control::TemporaryFolder folder;
  for (const char* file : {"dovecot.index", "cur/1", "new/2", "tmp/3", ".Sent/cur/4", ".Sent/new/5",
                           ".Sent/tmp/6", ".Sent/maildirfolder", "other/tmp/7"})
    put(folder.path() / file);
  EXPECT_THAT(walked(folder.path()),
              ElementsAre(".Sent/cur/4", ".Sent/new/5", "cur/1", "new/2", "other/tmp/7"));
}

TEST(Walk, AFolderThatIsNotThere) {
  EXPECT_THAT(walked("/nonexistent/folder"), ElementsAre("! No such file or directory"));
}

}  // namespace
}  // namespace rastel::scan
