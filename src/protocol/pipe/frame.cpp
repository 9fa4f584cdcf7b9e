// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/pipe/frame.hpp"

#include <algorithm>

#include "protocol/pipe/numbers.hpp"

namespace rastel::pipe {
namespace {

constexpr std::string_view magic = "RP";

}  // namespace

std::size_t longest_body(FrameKind kind) {
  switch (kind) {
    case FrameKind::request:
      return 1 << 20;
    case FrameKind::answer:
      return 16 << 10;
    case FrameKind::result:
      break;
  }
  return 64;
}

std::string_view to_string(Fault fault) {
  switch (fault) {
    case Fault::not_ours:
      return "another protocol";
    case Fault::other_version:
      return "another version of the protocol";
    case Fault::unexpected:
      return "something that isn't due";
    case Fault::too_long:
      return "a frame that is too long";
    case Fault::malformed:
      break;
  }
  return "a malformed frame";
}

void append_frame(std::string& out, FrameKind kind, std::string_view body) {
  out += magic;
  out += static_cast<char>(protocol_version);
  out += static_cast<char>(kind);
  append_number(out, static_cast<std::uint32_t>(body.size()));
  out += body;
}

void FrameReader::receive(std::string_view bytes) {
  // One byte more than there may be tells that there is too much.
  const std::size_t most = frame_head + longest_body(due_) + 1;
  held_ += bytes.substr(0, most - std::min(held_.size(), most));
}

std::expected<std::optional<std::string>, Fault> FrameReader::next() {
  const std::string_view held = held_;
  if (held.substr(0, magic.size()) != magic.substr(0, held.size())) return std::unexpected(Fault::not_ours);
  if (held.size() > 2 && static_cast<std::uint8_t>(held[2]) != protocol_version)
    return std::unexpected(Fault::other_version);
  if (held.size() > 3 && held[3] != static_cast<char>(due_)) return std::unexpected(Fault::unexpected);
  if (held.size() < frame_head) return std::nullopt;
  const std::size_t length = number_at(held, 4);
  if (length > longest_body(due_)) return std::unexpected(Fault::too_long);
  if (held.size() < frame_head + length) return std::nullopt;
  // Nobody says two things at once.
  if (held.size() > frame_head + length) return std::unexpected(Fault::unexpected);
  std::string body = held_.substr(frame_head);
  held_.clear();
  return body;
}

}  // namespace rastel::pipe
