// SPDX-License-Identifier: GPL-2.0-only
#include "base/os/beneath.hpp"

#include <cerrno>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

namespace rastel::os {
namespace {

class Beneath : public testing::Test {
 public:
  ~Beneath() override { std::filesystem::remove_all(root_); }

 protected:
  Beneath() {
    std::string name = "/tmp/rastel-beneath-XXXXXX";
    root_ = mkdtemp(name.data());
    std::filesystem::create_directories(root_ / "in/deep");
    std::ofstream(root_ / "secret") << "secret";
    std::ofstream(root_ / "in/file") << "file";
    std::ofstream(root_ / "in/deep/file") << "deep";
    std::filesystem::create_symlink("file", root_ / "in/link");
    std::filesystem::create_directory_symlink("deep", root_ / "in/way");
    std::filesystem::create_directory_symlink(root_, root_ / "in/out");
    mkfifo((root_ / "in/fifo").c_str(), 0600);
    auto folder = open_folder(root_ / "in");
    EXPECT_TRUE(folder.has_value());
    if (folder) folder_ = *std::move(folder);
  }

  std::string read(std::string_view path) {
    const auto opened = open_beneath(folder_, path);
    if (!opened) return "error " + std::to_string(opened.error());
    if (opened->kind == FileKind::folder) return "folder";
    if (opened->kind == FileKind::link) return opened->file ? "an open link" : "link";
    if (opened->kind == FileKind::other) return opened->file ? "open" : "other";
    std::string bytes(16, '\0');
    const ssize_t got = ::read(opened->file.get(), bytes.data(), bytes.size());
    bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return bytes;
  }

  std::filesystem::path root_;
  FileDescriptor folder_;
};

std::string error(int number) { return "error " + std::to_string(number); }

TEST_F(Beneath, OpensFilesAndFolders) {
  EXPECT_EQ(read("file"), "file");
  EXPECT_EQ(read("deep/file"), "deep");
  EXPECT_EQ(read("./deep//./file"), "deep");
  EXPECT_EQ(read("deep"), "folder");
  EXPECT_EQ(read("deep/"), "folder");
  EXPECT_EQ(read(""), "folder");
  EXPECT_EQ(read("nothing"), error(ENOENT));
  EXPECT_EQ(read("file/file"), error(ENOTDIR));
}

TEST_F(Beneath, NeverLeadsOut) {
  EXPECT_EQ(read("../secret"), error(EXDEV));
  EXPECT_EQ(read("deep/../../secret"), error(EXDEV));
  EXPECT_EQ(read("deep/../file"), error(EXDEV));
  EXPECT_TRUE(read("out/secret").starts_with("error"));
  EXPECT_TRUE(read("out/in/file").starts_with("error"));
}

TEST_F(Beneath, FollowsNoLinkAndOpensNothingButFilesAndFolders) {
  EXPECT_EQ(read("link"), "link");
  EXPECT_EQ(read("way"), "link");
  EXPECT_TRUE(read("way/file").starts_with("error"));
  EXPECT_EQ(read("fifo"), "other");  // and doesn't wait for its other end
}

TEST_F(Beneath, ListsNamesUpToABound) {
  auto names = [this](std::string_view path, std::size_t most) {
    auto opened = open_beneath(folder_, path);
    return names_in(std::move(opened->file), most);
  };
  EXPECT_EQ(names("", 6), (std::vector<std::string>{"deep", "fifo", "file", "link", "out", "way"}));
  EXPECT_EQ(names("", 5).error(), E2BIG);
  EXPECT_EQ(names("deep", 1), (std::vector<std::string>{"file"}));
}

}  // namespace
}  // namespace rastel::os
