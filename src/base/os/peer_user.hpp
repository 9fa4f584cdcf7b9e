// SPDX-License-Identifier: GPL-2.0-only
// Who is at the other end of a unix socket, as the kernel says. Of a socket that was connected to, that is
// who listened.
#pragma once

#include <optional>

#include <sys/types.h>

namespace rastel::os {

[[nodiscard]] std::optional<uid_t> peer_user(int socket);

}  // namespace rastel::os
