// SPDX-License-Identifier: GPL-2.0-only
#include "piping/opensmtpd/outgoing.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <unistd.h>

namespace rastel::piping::opensmtpd {
namespace {

constexpr std::uint64_t block = 32UL * 1024;  // bytes
constexpr std::uint64_t everything = std::uint64_t{1} << 62;

Outcome<std::string> read_at(int file, std::uint64_t offset, std::uint64_t most) {
  if (most == 0) return std::string();
  std::string bytes(static_cast<std::size_t>(std::min(block, most)), '\0');
  ssize_t got;
  do got = pread(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
  while (got < 0 && errno == EINTR);
  if (got < 0) return std::unexpected(Problem{Ending::cant_read, "can't read the spool file"});
  bytes.resize(static_cast<std::size_t>(got));
  return bytes;
}

}  // namespace

Outgoing::Outgoing(Version version, const std::string& session, const std::string& token)
    : version_(std::move(version)), head_("filter-dataline|" + session + "|" + token + "|") {}

Outcome<std::string> Outgoing::read() {
  switch (part_) {
    case Part::above:
      return read_at(version_.original.file.get(), offset_, version_.above - offset_);
    case Part::line:
      return std::exchange(version_.line, {});
    case Part::rest:
      if (version_.changed) return read_at(version_.changed.get(), offset_, everything);
      return read_at(version_.original.file.get(), offset_, version_.original.size - offset_);
    case Part::end:
      break;
  }
  return std::string();
}

Outgoing::Progress Outgoing::fill(std::string& out) {
  while (part_ != Part::end) {
    const auto bytes = read();
    const bool from_original = part_ == Part::above || (part_ == Part::rest && !version_.changed);
    const std::uint64_t whole = part_ == Part::above ? version_.above : version_.original.size;
    // Shorter than it was: half a message is none.
    if (!bytes || (bytes->empty() && from_original && offset_ < whole)) {
      part_ = Part::end;
      out += head_;
      out += ".\n";
      return Progress::broken;
    }
    offset_ += bytes->size();
    if (!bytes->empty()) {
      append(out, *bytes);
      return Progress::more;
    }
    part_ = static_cast<Part>(std::to_underlying(part_) + 1);
    offset_ = part_ == Part::rest && !version_.changed ? version_.above : 0;
  }
  end(out);
  return Progress::done;
}

void Outgoing::append(std::string& out, std::string_view bytes) {
  line_ends_.feed(bytes, line_);
  std::string_view rest = line_;
  for (std::size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
    append_line(out, rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  line_.erase(0, line_.size() - rest.size());
}

void Outgoing::append_line(std::string& out, std::string_view line) const {
  out += head_;
  if (line.starts_with('.')) out += '.';
  out += line;
  out += '\n';
}

void Outgoing::end(std::string& out) {
  line_ends_.finish(line_);
  if (!line_.empty()) append_line(out, line_);
  out += head_;
  out += ".\n";
}

}  // namespace rastel::piping::opensmtpd
