// SPDX-License-Identifier: GPL-2.0-only
// The message in a file of ours without a name: small in memory, else beneath /var/tmp or /tmp, whatever the
// environment says (PROTOCOLS F-20). A delivery program gets it as its standard input from the begin, so that
// it can neither be cut short nor block (F-05). A limit on file sizes holds for it, too (F-23).
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/file_descriptor.hpp"
#include "piping/trouble.hpp"

namespace rastel::piping {

struct Problem {
  Ending ending = Ending::deferred;
  std::string what;
};
template <class Value>
using Outcome = std::expected<Value, Problem>;

struct Spooled {
  FileDescriptor file;  // at its begin
  std::uint64_t size = 0;
};

// Of what comes in pieces.
class SpoolWriter {
 public:
  // Bytes that are held in memory; what is more, and what came before it, goes to disk.
  explicit SpoolWriter(std::size_t in_memory = 256UL * 1024) : in_memory_(in_memory) {}

  [[nodiscard]] Outcome<void> write(std::string_view bytes);
  [[nodiscard]] Outcome<Spooled> finish();

 private:
  Outcome<void> flush();

  std::size_t in_memory_;
  std::string buffer_;  // all of it until it is too large for memory, then at most a block and a piece
  FileDescriptor file_;
  std::uint64_t size_ = 0;
};

// All that comes from `from` until its end.
[[nodiscard]] Outcome<Spooled> spool_all(int from);
[[nodiscard]] Outcome<Spooled> spool_text(const std::string& text);

// Nothing: it is larger than `most` bytes, or can't be read.
[[nodiscard]] std::optional<std::string> text_of(const Spooled& file, std::uint64_t most);

// `above` bytes of `original`, `line`, and what is left of it, or all of `changed` (< 0: none).
[[nodiscard]] Outcome<Spooled> spool_with_line(const Spooled& original, std::uint64_t above,
                                               const std::string& line, int changed);

// All of it to `to`.
[[nodiscard]] Outcome<void> write_out(const Spooled& message, int to);

}  // namespace rastel::piping
