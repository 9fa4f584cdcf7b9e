// SPDX-License-Identifier: GPL-2.0-only
#include "piping/spool.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <unistd.h>

#include "base/os/file.hpp"

namespace rastel::piping {
namespace {

constexpr std::size_t block = 64UL * 1024;  // bytes

Problem cant_write(const Error& error) { return {Ending::cant_write, error.what}; }

Result<FileDescriptor> file_on_disk() {
  auto file = os::unnamed_file("/var/tmp");
  if (!file) file = os::unnamed_file("/tmp");
  return file;
}

Problem cant_read(int number, std::string_view what) {
  return {Ending::cant_read, std::string(what) + ": " + std::generic_category().message(number)};
}

// From `offset` on, at most `most` bytes, to `take`. How many there were.
template <class Take>
Outcome<std::uint64_t> read_from(int file, std::uint64_t offset, std::uint64_t most, const Take& take) {
  std::string piece(block, '\0');
  std::uint64_t done = 0;
  while (done < most) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(most - done, piece.size()));
    const ssize_t got = pread(file, piece.data(), wanted, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::unexpected(cant_read(errno, "can't read the message"));
    if (got == 0) break;
    if (const auto taken = take(std::string_view(piece).substr(0, static_cast<std::size_t>(got))); !taken)
      return std::unexpected(taken.error());
    done += static_cast<std::uint64_t>(got);
  }
  return done;
}

constexpr std::uint64_t everything = std::uint64_t{1} << 62;

}  // namespace

Outcome<void> SpoolWriter::write(std::string_view bytes) {
  size_ += bytes.size();
  if (!file_ && buffer_.size() + bytes.size() > in_memory_) {
    auto file = file_on_disk();
    if (!file) return std::unexpected(cant_write(file.error()));
    file_ = *std::move(file);
    if (const auto written = flush(); !written) return written;
  }
  buffer_ += bytes;
  if (file_ && buffer_.size() >= std::min(block, in_memory_)) return flush();
  return {};
}

Outcome<Spooled> SpoolWriter::finish() {
  Spooled spooled;
  spooled.size = size_;
  if (file_) {
    if (const auto written = flush(); !written) return std::unexpected(written.error());
    spooled.file = std::move(file_);
  } else {
    auto file = os::sealed_memory_file(buffer_, "/var/tmp");
    if (!file) return std::unexpected(cant_write(file.error()));
    spooled.file = *std::move(file);
  }
  if (lseek(spooled.file.get(), 0, SEEK_SET) != 0)
    return std::unexpected(Problem{Ending::bug, "can't go to the begin of the spool file"});
  return spooled;
}

Outcome<void> SpoolWriter::flush() {
  const auto written = os::write_all(file_.get(), buffer_);
  buffer_.clear();
  if (!written) return std::unexpected(cant_write(written.error()));
  return {};
}

Outcome<Spooled> spool_all(int from) {
  SpoolWriter writer;
  std::string piece(block, '\0');
  for (;;) {
    const ssize_t got = read(from, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::unexpected(cant_read(errno, "can't read standard input"));
    if (got == 0) return writer.finish();
    const auto written = writer.write(std::string_view(piece).substr(0, static_cast<std::size_t>(got)));
    if (!written) return std::unexpected(written.error());
  }
}

std::optional<std::string> text_of(const Spooled& file, std::uint64_t most) {
  if (file.size > most) return std::nullopt;
  std::string text(static_cast<std::size_t>(file.size), '\0');
  if (pread(file.file.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
    return std::nullopt;
  return text;
}

Outcome<Spooled> spool_text(const std::string& text) {
  SpoolWriter writer;
  if (const auto written = writer.write(text); !written) return std::unexpected(written.error());
  return writer.finish();
}

Outcome<Spooled> spool_with_line(const Spooled& original, std::uint64_t above, const std::string& line,
                                 int changed) {
  if (above > original.size)
    return std::unexpected(Problem{Ending::bug, "the scanner's answer is of another message"});
  SpoolWriter writer;
  const auto write = [&](std::string_view bytes) { return writer.write(bytes); };
  const auto copied = read_from(original.file.get(), 0, above, write);
  if (!copied) return std::unexpected(copied.error());
  if (const auto written = writer.write(line); !written) return std::unexpected(written.error());
  const auto rest = changed >= 0 ? read_from(changed, 0, everything, write)
                                 : read_from(original.file.get(), above, everything, write);
  if (!rest) return std::unexpected(rest.error());
  if (changed < 0 && above + *rest != original.size)
    return std::unexpected(Problem{Ending::bug, "the spool file is shorter than it was"});
  return writer.finish();
}

Outcome<void> write_out(const Spooled& message, int to) {
  const auto written =
      read_from(message.file.get(), 0, everything, [to](std::string_view bytes) -> Outcome<void> {
        const auto done = os::write_all(to, bytes);
        if (!done) return std::unexpected(cant_write(done.error()));
        return {};
      });
  if (!written) return std::unexpected(written.error());
  if (*written != message.size)
    return std::unexpected(Problem{Ending::bug, "the spool file is shorter than it was"});
  return {};
}

}  // namespace rastel::piping
