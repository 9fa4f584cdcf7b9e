// SPDX-License-Identifier: GPL-2.0-only
#include "net/descriptors.hpp"

#include <cerrno>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

namespace rastel::net {
namespace {

class Descriptors : public testing::Test {
 protected:
  Descriptors() {
    int pair[2] = {-1, -1};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    here_ = FileDescriptor(pair[0]);
    there_ = FileDescriptor(pair[1]);
  }

  void send(std::string_view bytes, std::size_t descriptors) const {
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * 16)] = {};
    iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    if (descriptors > 0) {
      message.msg_control = control;
      message.msg_controllen = CMSG_SPACE(sizeof(int) * descriptors);
      cmsghdr* header = CMSG_FIRSTHDR(&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN(sizeof(int) * descriptors);
      const int number = there_.get();
      for (std::size_t i = 0; i < descriptors; ++i)
        std::memcpy(CMSG_DATA(header) + i * sizeof number, &number, sizeof number);
    }
    EXPECT_EQ(sendmsg(there_.get(), &message, 0), static_cast<ssize_t>(bytes.size()));
  }

  ReceivedBytes receive() {
    came_.clear();
    return receive_with_descriptors(here_.get(), buffer_, sizeof buffer_, came_);
  }

  FileDescriptor here_, there_;
  char buffer_[64] = {};
  std::vector<FileDescriptor> came_;
};

TEST_F(Descriptors, ComeWithTheirBytesAlone) {
  send("first ", 0);
  send("second", 1);
  send(" third", 2);
  EXPECT_EQ(receive().length, 12U);  // up to and with those that bring one
  ASSERT_EQ(came_.size(), 1U);
  EXPECT_NE(fcntl(came_.front().get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_EQ(receive().length, 6U);
  EXPECT_EQ(came_.size(), 2U);
}

TEST_F(Descriptors, BeyondTheMostAreClosedByTheKernel) {
  send("x", 16);
  EXPECT_EQ(receive().length, 1U);
  EXPECT_EQ(came_.size(), most_descriptors);
}

TEST_F(Descriptors, NothingAndTheEndAreToldApart) {
  EXPECT_EQ(receive().error, EAGAIN);
  there_.close();
  const ReceivedBytes end = receive();
  EXPECT_EQ(end.error, 0);
  EXPECT_EQ(end.length, 0U);
}

}  // namespace
}  // namespace rastel::net
