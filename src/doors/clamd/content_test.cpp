// SPDX-License-Identifier: GPL-2.0-only
#include "doors/clamd/content.hpp"

#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

namespace rastel::doors::clamd {
namespace {

using testing::ElementsAre;

class Content : public testing::Test {
 public:
  ~Content() override { std::filesystem::remove_all(root_); }

 protected:
  Content() {
    std::string name = "/tmp/rastel-content-XXXXXX";
    root_ = mkdtemp(name.data());
    std::filesystem::create_directories(root_ / "in/deep");
    std::ofstream(root_ / "secret") << "secret";
    std::ofstream(root_ / "in/file") << "content";
    std::filesystem::create_symlink("file", root_ / "in/link");
    mkfifo((root_ / "in/deep/fifo").c_str(), 0600);
    room_ = {root_, 100};
  }

  [[nodiscard]] Taken path(const std::string& rest, std::size_t most_names = 10) const {
    return take_path(root_ / "in", rest, most_names, room_);
  }
  [[nodiscard]] Taken descriptor(const std::filesystem::path& file, int flags) const {
    return take_descriptor(FileDescriptor(open(file.c_str(), flags | O_CLOEXEC)), room_);
  }
  static std::string bytes(const Taken& taken) {
    return taken.message ? taken.message->read_at(0, 1000).value_or("?") : taken.refused;
  }

  std::filesystem::path root_;
  Room room_;
};

TEST_F(Content, OfAFileIsCopied) {
  const Taken taken = path("file");
  std::filesystem::resize_file(root_ / "in/file", 0);
  EXPECT_EQ(bytes(taken), "content");
  EXPECT_EQ(bytes(path("file")), "");  // an empty one is a message, too
}

TEST_F(Content, OfPathsIsTakenFromFilesAlone) {
  EXPECT_EQ(path("nothing").refused, "File path check failure: No such file or directory.");
  EXPECT_EQ(path("../secret").refused, "Access denied.");
  EXPECT_EQ(path("link").refused, "Not supported file type");
  EXPECT_EQ(path("deep/fifo").refused, "Not supported file type");
}

TEST_F(Content, OfAFolderIsItsNames) {
  EXPECT_TRUE(path("").folder);
  EXPECT_THAT(path("").names, ElementsAre("deep", "file", "link"));
  EXPECT_EQ(path("", 2).refused, "Too many files.");
}

TEST_F(Content, OfADescriptorIsTakenFromItsBegin) {
  const FileDescriptor file(open((root_ / "in/file").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(lseek(file.get(), 3, SEEK_SET), 3);
  EXPECT_EQ(bytes(take_descriptor(file, room_)), "content");
  EXPECT_EQ(lseek(file.get(), 0, SEEK_CUR), 3);  // the position is the client's, too
}

TEST_F(Content, OfADescriptorMustBeReadable) {
  EXPECT_EQ(descriptor("/dev/null", O_RDONLY).refused, "Not a regular file");
  EXPECT_EQ(descriptor(root_, O_RDONLY).refused, "Not a regular file");
  EXPECT_EQ(descriptor(root_ / "in/deep/fifo", O_RDWR).refused, "Not a regular file");
  EXPECT_EQ(descriptor(root_ / "in/file", O_WRONLY).refused, "Can't read file");
}

TEST_F(Content, IsBounded) {
  std::ofstream(root_ / "in/file") << std::string(100, 'x');
  EXPECT_EQ(bytes(path("file")).size(), 100U);
  std::ofstream(root_ / "in/file") << std::string(101, 'x');
  EXPECT_EQ(path("file").refused, "File size limit exceeded.");
  EXPECT_EQ(descriptor(root_ / "in/file", O_RDONLY).refused, "File size limit exceeded.");
}

// A file that has less than it said: what is missing nobody has looked at.
TEST_F(Content, ThatIsShorterThanAnnouncedIsRefused) {
  const std::filesystem::path shorter = "/sys/kernel/mm/transparent_hugepage/enabled";
  std::error_code code;
  if (!std::filesystem::exists(shorter, code)) GTEST_SKIP() << "no " << shorter;
  room_.most = 1 << 20;
  EXPECT_EQ(descriptor(shorter, O_RDONLY).refused, "File was truncated meanwhile");
}

TEST(PlaceOfPath, IsInAFolderOfTheList) {
  const std::vector<std::string> folders{"/var/spool/a", "/srv/b/"};
  EXPECT_EQ(place_of("/var/spool/a", folders), (PlaceOfPath{"/var/spool/a", ""}));
  EXPECT_EQ(place_of("/var/spool/a/x/y", folders), (PlaceOfPath{"/var/spool/a", "x/y"}));
  EXPECT_EQ(place_of("/srv/b/z", folders), (PlaceOfPath{"/srv/b", "z"}));
  EXPECT_EQ(place_of("/srv/b", folders), (PlaceOfPath{"/srv/b", ""}));
  for (const std::string_view outside :
       {"", "a", "x/y", "/", "/var/spool", "/var/spool/ab", "/var/spool/a\n", "/etc/passwd"})
    EXPECT_EQ(place_of(outside, folders), std::nullopt) << outside;
  EXPECT_EQ(place_of("/etc/passwd", {"/"}), (PlaceOfPath{"/", "etc/passwd"}));
  EXPECT_EQ(place_of("etc/passwd", {"/"}), std::nullopt);
  EXPECT_EQ(place_of("/etc/passwd", {}), std::nullopt);
}

}  // namespace
}  // namespace rastel::doors::clamd
