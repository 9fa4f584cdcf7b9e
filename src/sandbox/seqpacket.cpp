// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox/seqpacket.hpp"

#include <cerrno>
#include <cstring>

#include <sys/socket.h>

namespace rastel::sandbox {

constexpr std::size_t most_ever = 253;  // SCM_MAX_FD

Result<Packet> receive_packet(int socket, std::size_t largest, std::size_t most_descriptors, int flags) {
  // Kept from packet to packet: most are short, and to make room for the largest costs more than to receive
  // it.
  static thread_local std::string room;
  if (room.size() < largest) room.resize(largest);
  Packet packet;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * most_ever)];
  iovec piece{room.data(), largest};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = CMSG_SPACE(sizeof(int) * std::min(most_descriptors, most_ever));
  ssize_t got;
  do got = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  if (got < 0) {
    packet.would_block = errno == EAGAIN || errno == EWOULDBLOCK;
    packet.end = packet.unread = errno == ECONNRESET;
    if (packet.would_block || packet.end) return packet;
    return fail_errno(errno, "can't receive from another of our processes");
  }
  packet.bytes.assign(room, 0, static_cast<std::size_t>(got));
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int number;
      std::memcpy(&number, CMSG_DATA(header) + i * sizeof(int), sizeof number);
      packet.descriptors.emplace_back(number);
    }
  }
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
    return fail(ErrorKind::peer, "a message between our processes was cut");
  packet.end = got == 0 && packet.descriptors.empty();
  return packet;
}

Result<> send_packet(int socket, std::string_view bytes, const std::vector<int>& descriptors, int flags) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * most_ever)];
  if (descriptors.size() > most_ever) return fail(ErrorKind::ours, "too many descriptors for one message");
  iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    std::memset(control, 0, sizeof control);
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * descriptors.size());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * descriptors.size());
    std::memcpy(CMSG_DATA(header), descriptors.data(), sizeof(int) * descriptors.size());
  }
  ssize_t sent;
  do sent = sendmsg(socket, &message, flags | MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  if (sent >= 0) return {};
  if (errno == EAGAIN || errno == EWOULDBLOCK) return fail(ErrorKind::busy, "the socket is full");
  if (errno == EPIPE || errno == ECONNRESET) return fail(ErrorKind::peer_closed, "the other process is gone");
  return fail_errno(errno, "can't send to another of our processes");
}

Result<std::pair<FileDescriptor, FileDescriptor>> packet_socket_pair() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return fail_errno(errno, "can't make a socket pair");
  return std::pair(FileDescriptor(ends[0]), FileDescriptor(ends[1]));
}

}  // namespace rastel::sandbox
