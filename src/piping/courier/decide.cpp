// SPDX-License-Identifier: GPL-2.0-only
#include "piping/courier/decide.hpp"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "piping/common.hpp"

namespace rastel::piping::courier {
namespace {

constexpr std::uint64_t largest_control = 16UL << 20;  // bytes of all control files

Outcome<Spooled> open_file(const std::string& path) {
  Spooled file;
  file.file = FileDescriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat status{};
  if (!file.file || fstat(file.file.get(), &status) != 0)
    return std::unexpected(
        Problem{Ending::cant_read, "can't read " + path + ": " + std::generic_category().message(errno)});
  if (!S_ISREG(status.st_mode)) return std::unexpected(Problem{Ending::cant_read, path + " is no file"});
  file.size = static_cast<std::uint64_t>(status.st_size);
  return file;
}

Outcome<std::string> read_all(const std::string& path, std::uint64_t most) {
  auto file = open_file(path);
  if (!file) return std::unexpected(file.error());
  auto text = text_of(*file, most);
  if (!text) return std::unexpected(Problem{Ending::cant_read, "too large, or can't be read: " + path});
  return *std::move(text);
}

Outcome<pipe::Request> request_of(const Paths& paths) {
  pipe::Request request;
  std::uint64_t left = largest_control;
  for (const std::string& path : paths.controls) {
    auto text = read_all(path, left);
    if (!text) return std::unexpected(text.error());
    left -= text->size();
    read_control(*text, request);
  }
  request.kind = pipe::RequestKind::verdict;
  request.next = "Courier";
  return request;
}

std::string line_of(const pipe::Answer& answer) {
  switch (answer.doing) {
    case pipe::Doing::pass:
      return "200 Ok";
    case pipe::Doing::refused:
      return "550 " + answer.text;
    case pipe::Doing::deferred:
    case pipe::Doing::busy:
      return "432 " + answer.text;
    case pipe::Doing::changed:
    case pipe::Doing::held:
    case pipe::Doing::discarded:
      break;  // never of a request for a verdict
  }
  return "432 4.3.0 The scanner's answer is of another kind";
}

}  // namespace

Reply deferral(const std::string& why) {
  say("a message is deferred: " + why);
  return {"432 4.3.0 The message can't be scanned now, try again later", {}};
}

Reply decide(const Options& options, const Paths& paths) {
  const auto request = request_of(paths);
  if (!request) return deferral(request.error().what);
  const auto message = open_file(paths.message);
  if (!message) return deferral(message.error().what);
  auto answered = ask(options.socket_path, *request, *message, options.timeout);
  if (answered) return {line_of(answered->answer), std::move(answered->connection)};
  if (options.when_away == WhenAway::defer) return deferral(answered.error().what);
  say_unscanned({.socket_path = options.socket_path,
                 .request = *request,
                 .program = "rastel-courierfilter",
                 .why = answered.error().what});
  return {"200 Ok", {}};
}

}  // namespace rastel::piping::courier
