// SPDX-License-Identifier: GPL-2.0-only
#include "piping/queue_envelope.hpp"

#include "base/planted_bug.hpp"

namespace rastel::piping {
namespace {

constexpr std::size_t longest_address = 1003;  // qmail-queue's ADDR

// A letter, an address and its NUL, taken off `rest`.
std::optional<std::string> take(std::string_view& rest, char letter) {
  const std::size_t end = rest.size() + (RASTEL_PLANTED(queue_envelope) ? 1 : 0);
  if (end == 0 || planted_read(rest, 0) != letter) return std::nullopt;
  const std::size_t nul = rest.find('\0');
  if (nul == std::string_view::npos || nul + 1 > longest_address) return std::nullopt;
  std::string address(rest.substr(1, nul - 1));
  rest.remove_prefix(nul + 1);
  return address;
}

}  // namespace

std::optional<QueueEnvelope> parse_queue_envelope(std::string_view bytes) {
  QueueEnvelope envelope;
  auto sender = take(bytes, 'F');
  if (!sender) return std::nullopt;
  envelope.sender = *std::move(sender);
  while (auto recipient = take(bytes, 'T')) envelope.recipients.push_back(*std::move(recipient));
  const bool ended = bytes.size() == 1 && bytes.front() == '\0';
  if (!ended || envelope.recipients.empty()) return std::nullopt;
  return envelope;
}

}  // namespace rastel::piping
