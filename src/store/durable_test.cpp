// SPDX-License-Identifier: GPL-2.0-only
#include "store/durable.hpp"

#include <cerrno>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "store/database.hpp"
#include "store/faults_for_test.hpp"
#include "store/store_for_test.hpp"

namespace rastel::store {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

unsigned mode_of(const fs::path& path) {
  struct stat status{};
  EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777U;
}

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(DurableFiles& files, const fs::path& path, std::string_view bytes, bool sync) {
  const auto file = files.create(path);
  ASSERT_TRUE(file) << file.error().what;
  ASSERT_TRUE(files.write(file->get(), bytes));
  if (sync) {
    ASSERT_TRUE(files.sync(file->get()));
  }
}

TEST(RealFiles, CreatesExclusivelyAndPrivately) {
  const FolderForTest folder;
  write_file(real_files(), folder.path() / "a", std::string("x\0y", 3), true);
  EXPECT_EQ(contents(folder.path() / "a"), std::string("x\0y", 3));
  EXPECT_EQ(mode_of(folder.path() / "a"), 0600U);
  const auto second = real_files().create(folder.path() / "a");
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().what, HasSubstr((folder.path() / "a").native()));
  fs::create_symlink("/nonexistent/elsewhere", folder.path() / "link");
  EXPECT_FALSE(real_files().create(folder.path() / "link"));
}

TEST(RealFiles, RenamesRemovesAndMakesFolders) {
  const FolderForTest folder;
  write_file(real_files(), folder.path() / "a", "1", true);
  write_file(real_files(), folder.path() / "b", "2", true);
  ASSERT_TRUE(real_files().rename(folder.path() / "a", folder.path() / "b"));
  EXPECT_EQ(contents(folder.path() / "b"), "1");
  EXPECT_FALSE(real_files().rename(folder.path() / "a", folder.path() / "b"));
  ASSERT_TRUE(real_files().remove(folder.path() / "b"));
  EXPECT_TRUE(real_files().remove(folder.path() / "b")) << "none there is success";
  EXPECT_TRUE(real_files().create_folder(folder.path() / "f").value());
  EXPECT_FALSE(real_files().create_folder(folder.path() / "f").value());
  EXPECT_EQ(mode_of(folder.path() / "f"), 0700U);
  EXPECT_TRUE(real_files().sync_folder(folder.path() / "f"));
  EXPECT_FALSE(real_files().sync_folder(folder.path() / "none"));
}

TEST(RealFiles, EnsureFolderMakesParentsAndRefusesAFile) {
  const FolderForTest folder;
  ASSERT_TRUE(ensure_folder(real_files(), folder.path() / "x" / "y" / "z"));
  EXPECT_EQ(mode_of(folder.path() / "x" / "y" / "z"), 0700U);
  EXPECT_TRUE(ensure_folder(real_files(), folder.path() / "x" / "y" / "z"));
  write_file(real_files(), folder.path() / "file", "", true);
  for (const fs::path& path : {folder.path() / "file", folder.path() / "file" / "below"}) {
    const auto refused = ensure_folder(real_files(), path);
    ASSERT_FALSE(refused) << path;
    EXPECT_THAT(refused.error().what, AllOf(HasSubstr(path.native()), HasSubstr("move it away")));
  }
}

TEST(RealFiles, AFullDiskIsNoSpaceAndPermissionsNameTheRemedy) {
  EXPECT_EQ(fail_path(ENOSPC, "can't write", "/q").error().kind, ErrorKind::no_space);
  EXPECT_EQ(fail_path(EDQUOT, "can't write", "/q").error().kind, ErrorKind::no_space);
  const Error denied = fail_path(EACCES, "can't create", "/q/x").error();
  EXPECT_EQ(denied.kind, ErrorKind::ours);
  EXPECT_THAT(denied.what, AllOf(HasSubstr("can't create /q/x"), HasSubstr("chown -R")));
  EXPECT_EQ(denied.what.find('\n'), std::string::npos);
}

// The disk of the tests must itself lose what it should, or the tests of the quarantine prove nothing.
TEST(FaultyDisk, LosesWhatWasNotFsynced) {
  const FolderForTest folder;
  FaultyDisk disk(folder.path());
  const fs::path& root = folder.path();
  write_file(disk, root / "kept", "kept", true);
  ASSERT_TRUE(disk.sync_folder(root));
  write_file(disk, root / "no-name", "bytes", true);
  write_file(disk, root / "no-bytes.tmp", "bytes", false);
  ASSERT_TRUE(disk.rename(root / "no-bytes.tmp", root / "no-bytes"));
  ASSERT_TRUE(disk.rename(root / "kept", root / "renamed"));
  ASSERT_TRUE(disk.create_folder(root / "folder").value());
  write_file(disk, root / "folder" / "inside", "bytes", true);
  ASSERT_TRUE(disk.sync_folder(root / "folder"));

  disk.lose(FaultyDisk::Loss::unsynced);
  EXPECT_EQ(contents(root / "kept"), "kept");
  for (const char* lost : {"no-name", "no-bytes", "no-bytes.tmp", "renamed", "folder"})
    EXPECT_FALSE(fs::exists(root / lost)) << lost;
}

TEST(FaultyDisk, NamesWithoutContents) {
  const FolderForTest folder;
  FaultyDisk disk(folder.path());
  write_file(disk, folder.path() / "synced", "bytes", true);
  write_file(disk, folder.path() / "unsynced", "bytes", false);
  disk.lose(FaultyDisk::Loss::contents);
  EXPECT_EQ(contents(folder.path() / "synced"), "bytes");
  ASSERT_TRUE(fs::exists(folder.path() / "unsynced"));
  EXPECT_EQ(contents(folder.path() / "unsynced"), "");
}

TEST(FaultyDisk, FailsTheNthOnceOrFromThenOn) {
  const FolderForTest folder;
  FaultyDisk disk(folder.path());
  disk.fail_at(2, ENOSPC, FaultyDisk::Fault::once);
  EXPECT_TRUE(disk.create(folder.path() / "a"));
  EXPECT_FALSE(disk.failed());
  EXPECT_EQ(disk.create(folder.path() / "b").error().kind, ErrorKind::no_space);
  EXPECT_TRUE(disk.failed());
  EXPECT_TRUE(disk.create(folder.path() / "c"));
  EXPECT_EQ(disk.operations(), 3U);
  disk.fail_at(1, EIO, FaultyDisk::Fault::from_then_on);
  EXPECT_EQ(disk.create(folder.path() / "d").error().kind, ErrorKind::ours);
  EXPECT_FALSE(disk.remove(folder.path() / "a"));
}

// Of a committed row after a loss of power: whether it is there.
bool survives(const char* synchronous) {
  constexpr std::array<const char*, 1> schema{"CREATE TABLE t (x INTEGER)"};
  const FolderForTest folder;
  FaultyDisk disk(folder.path());
  {
    const auto database = Database::open(folder.path() / "d", disk, schema).value();
    EXPECT_TRUE(disk.sync_folder(folder.path()));
    EXPECT_TRUE(database->checkpoint());
    EXPECT_TRUE(database->execute(synchronous));
    EXPECT_TRUE(database->execute("INSERT INTO t VALUES (1)"));
    disk.fail_at(1, EIO, FaultyDisk::Fault::from_then_on);
  }
  disk.lose(FaultyDisk::Loss::unsynced);
  const auto database = Database::open(folder.path() / "d", disk, schema).value();
  auto count = database->prepare("SELECT count(*) FROM t").value();
  EXPECT_TRUE(count.step().value());
  return count.number_at(0) == 1;
}

TEST(FaultyDisk, SqliteStandsUnderTheSameLoss) {
  EXPECT_TRUE(survives("PRAGMA synchronous = FULL"));
  EXPECT_FALSE(survives("PRAGMA synchronous = NORMAL"));
  EXPECT_FALSE(survives("PRAGMA synchronous = OFF"));
}

TEST(FaultyDisk, SqliteSeesAFullDisk) {
  constexpr std::array<const char*, 1> schema{"CREATE TABLE t (x INTEGER)"};
  const FolderForTest folder;
  FaultyDisk disk(folder.path());
  const auto database = Database::open(folder.path() / "d", disk, schema).value();
  disk.fail_at(1, ENOSPC, FaultyDisk::Fault::once);
  const auto full = database->execute("INSERT INTO t VALUES (1)");
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().kind, ErrorKind::no_space) << full.error().what;
  EXPECT_THAT(full.error().what, HasSubstr((folder.path() / "d").native()));
  EXPECT_TRUE(database->execute("INSERT INTO t VALUES (2)"));
}

}  // namespace
}  // namespace rastel::store
