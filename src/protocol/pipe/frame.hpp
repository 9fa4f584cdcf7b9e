// SPDX-License-Identifier: GPL-2.0-only
// What the small programs (rastel-deliver, rastel-filter, rastel-qmail-queue) and the pipe door say to each
// other over a unix socket, in frames: "RP", the protocol's version, the kind, the length of the body (32
// bits, the highest first), the body. docs/deliver.md, "The protocol". The standard library alone, so that
// the programs stay small; pure, any thread.
//
// A connection carries one request with the message's descriptor, one answer, and perhaps one result.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace rastel::pipe {

inline constexpr std::uint8_t protocol_version = 1;
inline constexpr std::size_t frame_head = 8;  // bytes

enum class FrameKind : char { request = 'Q', answer = 'A', result = 'R' };

// Bytes of a body; what is longer is refused before it is read.
[[nodiscard]] std::size_t longest_body(FrameKind kind);

enum class Fault : std::uint8_t {
  not_ours,       // something else is spoken
  other_version,  // a program and a daemon of two versions: after an upgrade, for a moment
  unexpected,     // a frame of another kind than is due, or bytes behind it
  too_long,
  malformed,  // of a body
};
[[nodiscard]] std::string_view to_string(Fault fault);

void append_frame(std::string& out, FrameKind kind, std::string_view body);

// One frame at a time, of the kind that is due.
class FrameReader {
 public:
  explicit FrameReader(FrameKind due) : due_(due) {}

  // `bytes` beyond the longest frame that may come are dropped: next() says so.
  void receive(std::string_view bytes);
  // The body; nothing: more is needed. After a fault there is nothing more.
  [[nodiscard]] std::expected<std::optional<std::string>, Fault> next();
  void expect(FrameKind due) { due_ = due; }
  [[nodiscard]] bool empty() const { return held_.empty(); }

 private:
  FrameKind due_;
  std::string held_;
};

}  // namespace rastel::pipe
