// SPDX-License-Identifier: GPL-2.0-only
#include "base/os/given_file.hpp"

#include <array>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/os/file.hpp"
#include "base/os/peer_user.hpp"

namespace rastel::os {
namespace {

TEST(GivenFile, IsReadableWhenItIsPlain) {
  const auto memory = sealed_memory_file("abc", "/tmp");
  ASSERT_TRUE(memory);
  EXPECT_EQ(look_at_given(memory->get()).kind, GivenFile::Kind::readable);
  EXPECT_EQ(look_at_given(memory->get()).size, 3U);
  const auto file = unnamed_file("/tmp");
  ASSERT_TRUE(file);
  EXPECT_EQ(look_at_given(file->get()).kind, GivenFile::Kind::readable);
}

TEST(GivenFile, IsNotPlainWhenReadingItActs) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  const FileDescriptor one(ends[0]), other(ends[1]);
  EXPECT_EQ(look_at_given(one.get()).kind, GivenFile::Kind::not_plain);
  for (const char* path : {"/dev/null", "/tmp"}) {
    const FileDescriptor file(open(path, O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(look_at_given(file.get()).kind, GivenFile::Kind::not_plain) << path;
  }
  EXPECT_EQ(look_at_given(-1).kind, GivenFile::Kind::not_plain);
}

TEST(PeerUser, IsWhoseSocketItIs) {
  std::array<int, 2> ends{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
  const FileDescriptor one(ends[0]), other(ends[1]);
  EXPECT_EQ(peer_user(one.get()), getuid());
  const FileDescriptor inet(socket(AF_INET, SOCK_STREAM, 0));
  EXPECT_EQ(peer_user(inet.get()), std::nullopt);
  EXPECT_EQ(peer_user(-1), std::nullopt);
}

}  // namespace
}  // namespace rastel::os
