// SPDX-License-Identifier: GPL-2.0-only
#include "net/descriptors.hpp"

#include <cerrno>
#include <cstring>

#include <sys/socket.h>

namespace rastel::net {

ReceivedBytes receive_with_descriptors(int socket, char* into, std::size_t size,
                                       std::vector<FileDescriptor>& descriptors) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * most_descriptors)];
  iovec piece{into, size};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t got;
  do got = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  if (got < 0) return {.error = errno == EWOULDBLOCK ? EAGAIN : errno};
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int number;
      std::memcpy(&number, CMSG_DATA(header) + i * sizeof(int), sizeof number);
      descriptors.emplace_back(number);
    }
  }
  return {.length = static_cast<std::size_t>(got)};
}

SentBytes send_with_descriptor(int socket, const char* bytes, std::size_t size, int descriptor) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof descriptor)]{};
  iovec piece{const_cast<char*>(bytes), size};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof descriptor);
  std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  ssize_t sent;
  do sent = sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  if (sent < 0) return {.error = errno == EWOULDBLOCK ? EAGAIN : errno};
  return {.length = static_cast<std::size_t>(sent)};
}

}  // namespace rastel::net
