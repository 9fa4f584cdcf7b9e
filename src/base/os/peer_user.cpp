// SPDX-License-Identifier: GPL-2.0-only
#include "base/os/peer_user.hpp"

#include <sys/socket.h>
#include <unistd.h>

namespace rastel::os {

#ifdef __linux__
std::optional<uid_t> peer_user(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || size != sizeof peer)
    return std::nullopt;
  if (peer.uid == static_cast<uid_t>(-1)) return std::nullopt;  // no unix socket
  return peer.uid;
}
#else
std::optional<uid_t> peer_user(int socket) {
  uid_t user = 0;
  gid_t group = 0;
  if (getpeereid(socket, &user, &group) != 0) return std::nullopt;
  return user;
}
#endif

}  // namespace rastel::os
