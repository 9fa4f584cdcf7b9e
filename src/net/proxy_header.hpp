// SPDX-License-Identifier: GPL-2.0-only
// The PROXY header at the start of a connection, read before anything else is done with its socket. Not one
// byte behind it is taken, so that whatever follows (a command, a TLS handshake) is still in the socket.
#pragma once

#include <memory>

#include <boost/asio/awaitable.hpp>

#include "net/stream.hpp"
#include "protocol/proxy_protocol.hpp"

namespace rastel::net {

// On the socket's thread; the socket is shared with the timer of the deadline, which may run once more later.
[[nodiscard]] boost::asio::awaitable<Result<proxy::Header>> read_proxy_header(
    std::shared_ptr<Stream::Socket> socket, Deadline deadline);

}  // namespace rastel::net
