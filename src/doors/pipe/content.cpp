// SPDX-License-Identifier: GPL-2.0-only
#include "doors/pipe/content.hpp"

#include <algorithm>
#include <cerrno>

#include <unistd.h>

#include "base/os/given_file.hpp"
#include "inspect/own_field.hpp"
#include "protocol/header_scanner.hpp"
#include "protocol/pipe/line_ends.hpp"
#include "protocol/pipe/lines_above.hpp"

namespace rastel::doors::pipe {
namespace {

constexpr std::size_t block = 64UL * 1024;  // bytes
static_assert(block >= rastel::pipe::longest_above);

// The position is its owner's, too: not moved. Empty: the end.
Result<std::string_view> read_at(int descriptor, std::uint64_t offset, std::string& into) {
  std::size_t length = 0;
  while (length < into.size()) {
    const ssize_t got =
        pread(descriptor, into.data() + length, into.size() - length, static_cast<off_t>(offset + length));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(ErrorKind::peer, "the message can't be read");
    if (got == 0) break;
    length += static_cast<std::size_t>(got);
  }
  return std::string_view(into).substr(0, length);
}

// What is read becomes what is kept.
class Copying {
 public:
  Copying(const std::filesystem::path& spool, std::uint64_t most) : writer_(spool, most) {}

  void begin(std::string_view first) {
    taken_.crlf = rastel::pipe::ends_lines_with_crlf(first);
    taken_.above = static_cast<std::uint32_t>(rastel::pipe::lines_above(first));
  }
  Result<> feed(std::string_view bytes) {
    if (!taken_.crlf) {
      lines_.clear();
      to_crlf_.feed(bytes, lines_);
      bytes = lines_;
    }
    if (header_.in_body()) {
      header_.pass(bytes);
      return writer_.write(bytes);
    }
    kept_.clear();
    header_.feed(bytes, kept_);
    return writer_.write(kept_);
  }
  Result<Taken> finish() {
    kept_.clear();
    header_.finish(kept_);
    RASTEL_CHECK(writer_.write(kept_));
    RASTEL_TRY(taken_.message, writer_.finish());
    taken_.retry_key = header_.retry_key();
    taken_.message_id = header_.message_id();
    taken_.subject = header_.subject();
    taken_.forged = header_.forged_fields() > 0;
    return std::move(taken_);
  }
  [[nodiscard]] std::uint32_t above() const { return taken_.above; }

 private:
  MessageWriter writer_;
  HeaderScanner header_{inspect::own_field};
  rastel::pipe::ToCrlf to_crlf_;
  std::string lines_, kept_;
  Taken taken_;
};

Error too_large() { return {ErrorKind::hostile_message, "the message is over engine.max_message"}; }

}  // namespace

Result<Taken> take(const FileDescriptor& file, std::uint64_t most, const std::filesystem::path& spool) {
  const os::GivenFile given = os::look_at_given(file.get());
  if (given.kind == os::GivenFile::Kind::not_plain) return fail(ErrorKind::peer, "the message is no file");
  if (given.kind == os::GivenFile::Kind::may_wait)
    return fail(ErrorKind::peer, "the message is on a file system of its owner's");
  if (given.size > most) return std::unexpected(too_large());
  Copying copying(spool, most);
  std::string piece(
      static_cast<std::size_t>(std::min<std::uint64_t>(std::max<std::uint64_t>(given.size, 1), block)), '\0');
  std::uint64_t offset = 0;
  for (;;) {
    RASTEL_TRY(std::string_view bytes, read_at(file.get(), offset, piece));
    if (bytes.empty()) break;
    if (offset + bytes.size() > most) return std::unexpected(too_large());
    const bool first = offset == 0;
    offset += bytes.size();
    if (first) copying.begin(bytes);
    if (first) bytes.remove_prefix(copying.above());
    RASTEL_CHECK(copying.feed(bytes));
  }
  // What was cut off meanwhile nobody has looked at.
  if (offset < given.size) return fail(ErrorKind::peer_closed, "the message was truncated");
  return copying.finish();
}

Result<MessagePointer> with_lf(const Message& message, const std::filesystem::path& spool) {
  MessageWriter writer(spool, message.size());
  rastel::pipe::ToLf lines;
  std::string out;
  for (std::uint64_t offset = 0; offset < message.size(); offset += block) {
    RASTEL_TRY(const std::string bytes, message.read_at(offset, block));
    out.clear();
    lines.feed(bytes, out);
    RASTEL_CHECK(writer.write(out));
  }
  out.clear();
  lines.finish(out);
  RASTEL_CHECK(writer.write(out));
  return writer.finish();
}

}  // namespace rastel::doors::pipe
