// SPDX-License-Identifier: GPL-2.0-only
#include "doors/clamd/content.hpp"

#include <cerrno>

#include <sys/stat.h>
#include <unistd.h>

#include "base/os/beneath.hpp"
#include "protocol/clamd/answer.hpp"

namespace rastel::doors::clamd {

namespace asio = boost::asio;
namespace reason = rastel::clamd::reason;

namespace {

constexpr std::size_t block = 64UL * 1024;  // bytes

Taken refused(std::string_view why) {
  Taken taken;
  taken.refused = why;
  return taken;
}

Result<MessagePointer> copy_of(const FileDescriptor& file, std::uint64_t announced, const Room& room) {
  MessageWriter writer(room.spool, room.most);
  std::string piece(block, '\0');
  for (;;) {
    const ssize_t got = pread(file.get(), piece.data(), piece.size(), static_cast<off_t>(writer.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(ErrorKind::peer, "can't be read");
    if (got == 0) break;
    RASTEL_CHECK(writer.write(std::string_view(piece).substr(0, static_cast<std::size_t>(got))));
  }
  // What was cut off meanwhile nobody has looked at.
  if (writer.size() < announced) return fail(ErrorKind::peer_closed, "was truncated");
  return writer.finish();
}

Taken take_file(const FileDescriptor& file, std::string_view not_regular, const Room& room) {
  struct stat status{};
  if (fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return refused(not_regular);
  const auto announced = static_cast<std::uint64_t>(status.st_size);
  if (announced > room.most) return refused("File size limit exceeded.");
  auto copy = copy_of(file, announced, room);
  if (copy) {
    Taken taken;
    taken.message = *std::move(copy);
    return taken;
  }
  switch (copy.error().kind) {
    case ErrorKind::hostile_message:
      return refused("File size limit exceeded.");
    case ErrorKind::peer:
      return refused("Can't read file");
    case ErrorKind::peer_closed:
      return refused("File was truncated meanwhile");
    case ErrorKind::invalid_input:
    case ErrorKind::ours:
    case ErrorKind::timed_out:
    case ErrorKind::no_space:
    case ErrorKind::busy:
    case ErrorKind::cancelled:
    case ErrorKind::not_found:
      break;
  }
  return refused(reason::not_stored);
}

Taken not_opened(int number) {
  switch (number) {
    case ENOENT:
    case ENOTDIR:
      return refused(reason::missing);
    case ELOOP:  // a link on the way
    case EXDEV:  // out of the folder
    case EACCES:
    case EPERM:
      return refused(reason::access_denied);
    default:
      return refused("Can't open file or directory");
  }
}

}  // namespace

asio::awaitable<Result<>> Incoming::feed(std::string_view bytes) {
  block_ += bytes;
  // In blocks: a client may send byte by byte.
  if (block_.size() < block) co_return Result<>{};
  co_return co_await spooling_.write(block_);
}

asio::awaitable<Result<MessagePointer>> Incoming::finish() {
  RASTEL_CO_CHECK(co_await spooling_.write(block_));
  std::string().swap(block_);
  co_return co_await spooling_.finish();
}

Taken take_descriptor(const FileDescriptor& file, const Room& room) {
  return take_file(file, reason::not_regular, room);
}

Taken take_path(const std::string& folder, const std::string& path, std::size_t most_names,
                const Room& room) {
  const auto root = os::open_folder(folder);
  if (!root) return not_opened(root.error());
  auto opened = os::open_beneath(*root, path);
  if (!opened) return not_opened(opened.error());
  switch (opened->kind) {
    case os::FileKind::regular:
      return take_file(opened->file, reason::no_file_type, room);
    case os::FileKind::link:
    case os::FileKind::other:
      return refused(reason::no_file_type);
    case os::FileKind::folder:
      break;
  }
  auto names = os::names_in(std::move(opened->file), most_names);
  if (!names && names.error() == E2BIG) return refused("Too many files.");
  if (!names) return not_opened(names.error());
  Taken taken;
  taken.folder = true;
  taken.names = *std::move(names);
  return taken;
}

std::optional<PlaceOfPath> place_of(std::string_view path, const std::vector<std::string>& folders) {
  for (std::string folder : folders) {
    while (folder.ends_with('/')) folder.pop_back();
    if (!path.starts_with(folder)) continue;
    const std::string_view rest = path.substr(folder.size());
    if (rest.empty() && !folder.empty()) return PlaceOfPath{folder, ""};
    if (rest.starts_with('/')) return PlaceOfPath{folder.empty() ? "/" : folder, std::string(rest.substr(1))};
  }
  return std::nullopt;
}

}  // namespace rastel::doors::clamd
