// SPDX-License-Identifier: GPL-2.0-only
#include "doors/clamd/retry_key.hpp"

#include <algorithm>
#include <string>

#include "base/ascii.hpp"
#include "inspect/own_field.hpp"
#include "protocol/header_scanner.hpp"
#include "protocol/pipe/line_ends.hpp"
#include "protocol/pipe/lines_above.hpp"

namespace rastel::doors::clamd {
namespace {

constexpr std::size_t block = 64UL * 1024;  // bytes
static_assert(block >= rastel::pipe::longest_above);

// Its X-Envelope-From and X-Envelope-To, a line each.
std::size_t length_of_envelope_field(std::string_view begin) {
  constexpr std::string_view name = "X-Envelope-";
  const std::size_t end = begin.find('\n');
  if (end > HeaderScanner::longest_looked_at) return 0;  // or there is none
  if (!equal_ignoring_case(begin.substr(0, name.size()), name)) return 0;
  const bool folded = begin.size() <= end + 1 || begin[end + 1] == ' ' || begin[end + 1] == '\t';
  return folded ? 0 : end + 1;
}

std::size_t length_of_top(std::string_view begin) {
  std::size_t top = rastel::pipe::lines_above(begin);
  while (const std::size_t field = length_of_envelope_field(begin.substr(top, rastel::pipe::longest_above)))
    top += field;
  return top;
}

// Of a message's bytes as they are handed in, with the line ends of the wire.
class BelowTrace {
 public:
  explicit BelowTrace(std::string_view begin) : crlf_(rastel::pipe::ends_lines_with_crlf(begin)) {}

  void feed(std::string_view bytes) {
    lines_.clear();
    if (!crlf_) to_crlf_.feed(bytes, lines_);
    out_.clear();
    header_.feed(crlf_ ? bytes : lines_, out_);
  }
  [[nodiscard]] bool has_trace() const { return header_.below_trace() > 0; }
  [[nodiscard]] Digest finish() {
    header_.finish(out_);
    return header_.retry_key();
  }

 private:
  bool crlf_;
  rastel::pipe::ToCrlf to_crlf_;
  HeaderScanner header_{inspect::own_field};
  std::string lines_, out_;
};

Digest key_of(const Digest& digest) {
  Sha256 hash;
  hash.update("file ");
  hash.update({reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()});
  return hash.finish();
}

}  // namespace

Result<Digest> retry_key(const Message& message) {
  RASTEL_TRY(std::string bytes, message.read_at(0, block));
  const std::size_t top = length_of_top(bytes);
  BelowTrace rest(bytes);
  rest.feed(std::string_view(bytes).substr(top));
  if (top == 0 && !rest.has_trace()) return key_of(message.digest());
  for (std::uint64_t offset = bytes.size(); offset < message.size(); offset += bytes.size()) {
    RASTEL_TRY(bytes, message.read_at(offset, block));
    if (bytes.empty()) return fail(ErrorKind::ours, "the message ends before its end");
    rest.feed(bytes);
  }
  return key_of(rest.finish());
}

}  // namespace rastel::doors::clamd
