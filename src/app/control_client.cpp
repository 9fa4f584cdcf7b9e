// SPDX-License-Identifier: GPL-2.0-only
#include "app/control_client.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include <boost/json.hpp>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/utf8.hpp"

namespace rastel::control {

namespace json = boost::json;

Result<ControlClient> ControlClient::connect(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return fail(ErrorKind::invalid_input, path + " is too long for a unix socket (at most 107 bytes)");
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return fail_errno(errno, "can't create a socket");
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int number = errno;
    if (number == EACCES || number == EPERM)
      return fail(ErrorKind::invalid_input,
                  "no permission for " + path + ": be root or in the group rastel-admin");
    return fail(ErrorKind::peer_closed,
                "rasteld does not answer at " + path + " (" + std::strerror(number) +
                    "): is it running, and is this its socket (-c FILE, --control PATH)?");
  }
  return ControlClient(std::move(socket));
}

Result<> ControlClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0)
      return fail(ErrorKind::peer_closed,
                  std::string("rasteld closed the connection: ") + std::strerror(errno));
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<> ControlClient::receive(Deadline deadline) {
  using std::chrono::milliseconds;
  pollfd waiting{socket_.get(), POLLIN, 0};
  for (;;) {
    // Rounded up, or the last part of a millisecond would be spent polling without a pause.
    const auto left = deadline.is_never() ? milliseconds(-1)
                                          : std::min(std::chrono::ceil<milliseconds>(deadline.left()),
                                                     milliseconds(std::numeric_limits<int>::max()));
    const int ready = poll(&waiting, 1, static_cast<int>(left.count()));
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return fail_errno(errno, "can't wait for rasteld");
    if (ready == 0) return fail(ErrorKind::timed_out, "rasteld did not answer in time");
    break;
  }
  input_.erase(0, used_);
  used_ = 0;
  const std::size_t before = input_.size();
  constexpr std::size_t piece = 64 * 1024;
  input_.resize(before + piece);
  ssize_t got = -1;
  do got = recv(socket_.get(), input_.data() + before, piece, 0);
  while (got < 0 && errno == EINTR);
  input_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (got <= 0)
    return fail(ErrorKind::peer_closed, "rasteld closed the connection before its answer was complete");
  return {};
}

Result<json::object> ControlClient::read_row(Deadline deadline) {
  std::size_t searched = used_;
  std::size_t newline = std::string::npos;
  while ((newline = input_.find('\n', searched)) == std::string::npos) {
    if (input_.size() - used_ > longest_row)
      return fail(ErrorKind::peer, "rasteld answers a line without end");
    const std::size_t seen = input_.size() - used_;
    RASTEL_CHECK(receive(deadline));
    searched = used_ + seen;
  }
  const std::string_view line = std::string_view(input_).substr(used_, newline - used_);
  boost::system::error_code code;
  json::value value = json::parse(line, code);
  used_ = newline + 1;
  if (code || !value.is_object()) return fail(ErrorKind::peer, "rasteld answers what is no JSON object");
  return std::move(value.get_object());
}

Result<> ControlClient::read_bytes(std::uint64_t count, Deadline deadline, const OnBytes& on_bytes) {
  while (count > 0) {
    if (used_ == input_.size()) RASTEL_CHECK(receive(deadline));
    const std::size_t length =
        static_cast<std::size_t>(std::min<std::uint64_t>(count, input_.size() - used_));
    if (on_bytes) on_bytes(std::string_view(input_).substr(used_, length));
    used_ += length;
    count -= length;
  }
  return {};
}

namespace {

// What stands in place of the end where something went wrong.
Result<> no_error_in(const json::object& row) {
  const json::value* error = row.if_contains("error");
  if (error == nullptr || !error->is_string()) return {};
  const json::value* kind = row.if_contains("kind");
  return fail(kind != nullptr && kind->is_string() ? kind_named(kind->get_string()) : ErrorKind::ours,
              printable(error->get_string()));
}

}  // namespace

Result<json::object> ControlClient::scan(const Message& message, Deadline deadline) {
  const auto sent = send(json::serialize(json::object{{"verb", "scan"}, {"bytes", message.size()}}) + '\n');
  auto go_ahead = read_row(deadline);
  if (!go_ahead) return std::unexpected(sent ? go_ahead.error() : sent.error());
  RASTEL_CHECK(no_error_in(*go_ahead));
  if (!go_ahead->contains("send")) return fail(ErrorKind::peer, "rasteld doesn't answer as it should");
  constexpr std::size_t piece = 256 * 1024;
  for (std::uint64_t offset = 0; offset < message.size();) {
    RASTEL_TRY(const std::string bytes, message.read_at(offset, piece));
    RASTEL_CHECK(send(bytes));
    offset += bytes.size();
  }
  RASTEL_TRY(json::object row, read_row(deadline));
  RASTEL_CHECK(no_error_in(row));
  RASTEL_TRY(const json::object end, read_row(deadline));
  RASTEL_CHECK(no_error_in(end));
  return row;
}

Result<> ControlClient::ask(const json::object& request, Deadline deadline, const OnRow& on_row,
                            const OnBytes& on_bytes) {
  // A server that has no room says so and closes before it reads: its words are worth more than our EPIPE.
  const auto sent = send(json::serialize(request) + '\n');
  for (;;) {
    auto row = read_row(deadline);
    if (!row) return sent ? std::unexpected(row.error()) : sent;
    RASTEL_CHECK(no_error_in(*row));
    if (row->contains("end")) return {};
    if (const json::value* bytes = row->if_contains("bytes"); bytes != nullptr && on_bytes) {
      boost::system::error_code code;
      const auto count = bytes->to_number<std::uint64_t>(code);
      if (code) return fail(ErrorKind::peer, "rasteld answers a wrong number of bytes");
      RASTEL_CHECK(read_bytes(count, deadline, on_bytes));
      continue;
    }
    if (on_row) on_row(*row);
  }
}

}  // namespace rastel::control
