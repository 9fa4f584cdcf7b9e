// SPDX-License-Identifier: GPL-2.0-only
#include "net/socket_names.hpp"

#include <cstring>

#include <boost/asio/ip/address.hpp>
#include <netinet/in.h>
#include <sys/socket.h>

namespace rastel::net {
namespace {

namespace asio = boost::asio;

template <class Ask>
SocketName name_by(Ask ask, const Stream::Socket& socket) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  const int descriptor = const_cast<Stream::Socket&>(socket).native_handle();  // only reads
  if (ask(descriptor, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return {};
  if (storage.ss_family == AF_INET) {
    sockaddr_in inet{};
    std::memcpy(&inet, &storage, sizeof inet);
    return {asio::ip::make_address_v4(ntohl(inet.sin_addr.s_addr)).to_string(), ntohs(inet.sin_port)};
  }
  if (storage.ss_family == AF_INET6) {
    sockaddr_in6 inet{};
    std::memcpy(&inet, &storage, sizeof inet);
    asio::ip::address_v6::bytes_type bytes;
    std::memcpy(bytes.data(), &inet.sin6_addr, bytes.size());
    const asio::ip::address_v6 address(bytes);
    return {address.is_v4_mapped() ? asio::ip::make_address_v4(asio::ip::v4_mapped, address).to_string()
                                   : address.to_string(),
            ntohs(inet.sin6_port)};
  }
  return {"unix", 0};
}

}  // namespace

SocketName peer_name(const Stream::Socket& socket) { return name_by(getpeername, socket); }
SocketName own_name(const Stream::Socket& socket) { return name_by(getsockname, socket); }

}  // namespace rastel::net
