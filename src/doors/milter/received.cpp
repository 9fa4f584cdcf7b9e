// SPDX-License-Identifier: GPL-2.0-only
#include "doors/milter/received.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/ascii.hpp"

namespace rastel::doors::milter {
namespace {

// A name or an address; nothing of it can end the field or a comment.
std::string plain(std::string_view text, std::string_view otherwise) {
  constexpr std::size_t longest = 255;
  std::string result(text.substr(0, longest));
  for (char& character : result)
    if (!is_alpha(character) && !is_digit(character) &&
        std::string_view("._:-").find(character) == std::string_view::npos)
      character = '?';
  return result.empty() ? std::string(otherwise) : result;
}

}  // namespace

std::string received_field(const Envelope& envelope, std::string_view host,
                           std::chrono::system_clock::time_point now) {
  const Client& client = envelope.client;
  return fmt::format(
      "Received: from {} ({} [{}])\r\n\tby {} with ESMTP id {};\r\n\t{:%a, %d %b %Y %H:%M:%S} +0000\r\n",
      plain(client.helo, "unknown"), plain(client.name, "unknown"), plain(client.address, "unknown"),
      plain(host, "localhost"), plain(envelope.queue_id, "unknown"), fmt::gmtime(now));
}

}  // namespace rastel::doors::milter
