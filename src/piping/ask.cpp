// SPDX-License-Identifier: GPL-2.0-only
#include "piping/ask.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/os/peer_user.hpp"

namespace rastel::piping {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int most_attempts = 3;
constexpr milliseconds between_attempts{1000};

enum class Failure : std::uint8_t {
  away,     // nobody listens, or the connection ended without an answer
  crowded,  // so many wait to be heard that the socket takes no more
  late,
  wrong,  // who listens isn't the daemon, or speaks something else
};
struct Failed {
  Failure failure = Failure::away;
  std::string what;
};

std::unexpected<Failed> failed(Failure failure, std::string what, int number = 0) {
  if (number != 0) what += ": " + std::generic_category().message(number);
  return std::unexpected(Failed{failure, std::move(what)});
}

int until(Clock::time_point by) {
  const auto left = std::chrono::duration_cast<milliseconds>(by - Clock::now()) + milliseconds(1);
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3600'000));
}

// False: the time is up.
bool wait_for(int socket, short what, Clock::time_point by) {
  for (;;) {
    pollfd one{socket, what, 0};
    const int ready = poll(&one, 1, until(by));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
    if (Clock::now() >= by) return false;
  }
}

std::expected<FileDescriptor, Failed> connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return failed(Failure::wrong, "the socket's path is too long");
  std::memcpy(address.sun_path, path.data(), path.size());
  FileDescriptor connection(socket(AF_UNIX, SOCK_STREAM, 0));
  if (!connection) return failed(Failure::away, "no socket", errno);
  (void)fcntl(connection.get(), F_SETFD, FD_CLOEXEC);
  (void)fcntl(connection.get(), F_SETFL, O_NONBLOCK);
  if (connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return failed(errno == EAGAIN ? Failure::crowded : Failure::away, "can't connect to " + path, errno);
  // Whoever could put his own socket there would say of every message that it is taken care of. The master
  // listens: root's, or of whoever runs Rastel for himself.
  const auto owner = os::peer_user(connection.get());
  if (!owner || (*owner != 0 && *owner != geteuid()))
    return failed(Failure::wrong, "who listens at " + path + " is neither root nor this user");
  return connection;
}

std::expected<void, Failed> send_request(int socket, std::string_view bytes, int descriptor,
                                         Clock::time_point by) {
  bool with_descriptor = true;
  while (!bytes.empty()) {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof descriptor)> control{};
    iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    if (with_descriptor) {
      message.msg_control = control.data();
      message.msg_controllen = control.size();
      cmsghdr* header = CMSG_FIRSTHDR(&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN(sizeof descriptor);
      std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    }
    const ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      if (!wait_for(socket, POLLOUT, by)) return failed(Failure::late, "the scanner doesn't listen");
      continue;
    }
    if (sent < 0) return failed(Failure::away, "can't send the request", errno);
    with_descriptor = false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

// One recvmsg; a descriptor that comes along goes into `file`, others are closed.
ssize_t receive(int socket, char* into, std::size_t size, FileDescriptor& file) {
  constexpr std::size_t most = 4;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(most * sizeof(int))> control{};
  iovec piece{into, size};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  if (got < 0) return got;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    for (std::size_t i = 0; i < (header->cmsg_len - CMSG_LEN(0)) / sizeof(int); ++i) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(header) + i * sizeof number, sizeof number);
      file = FileDescriptor(number);
    }
  }
  return got;
}

std::expected<pipe::Answer, Failed> read_answer(int socket, FileDescriptor& changed, Clock::time_point by) {
  pipe::FrameReader reader(pipe::FrameKind::answer);
  std::array<char, 4096> bytes{};
  for (;;) {
    if (!wait_for(socket, POLLIN, by)) return failed(Failure::late, "the scanner doesn't answer");
    const ssize_t got = receive(socket, bytes.data(), bytes.size(), changed);
    if (got < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)) continue;
    if (got < 0) return failed(Failure::away, "no answer of the scanner", errno);
    if (got == 0) return failed(Failure::away, "the scanner has gone without an answer");
    reader.receive({bytes.data(), static_cast<std::size_t>(got)});
    const auto body = reader.next();
    if (!body)
      return failed(Failure::wrong, "the scanner's answer is " + std::string(to_string(body.error())));
    if (!*body) continue;
    auto answer = pipe::decode_answer(**body);
    if (!answer) return failed(Failure::wrong, "the scanner's answer is malformed");
    if (answer->doing == pipe::Doing::changed && !changed)
      return failed(Failure::away, "the changed message is missing");  // no descriptor was left to take it
    return *std::move(answer);
  }
}

std::expected<Answered, Failed> ask_once(const std::string& path, std::string_view request, int message,
                                         Clock::time_point by) {
  auto connection = connect_to(path);
  if (!connection) return std::unexpected(connection.error());
  if (const auto sent = send_request(connection->get(), request, message, by); !sent)
    // One that refuses the request may have said why before it closed.
    if (sent.error().failure != Failure::away) return std::unexpected(sent.error());
  Answered answered;
  auto answer = read_answer(connection->get(), answered.changed, by);
  if (!answer) return std::unexpected(answer.error());
  answered.answer = *std::move(answer);
  answered.connection = *std::move(connection);
  return answered;
}

// Between 50 and 250 ms: those who were told so at once don't come again at once.
milliseconds a_moment() {
  return milliseconds(50 + (Clock::now().time_since_epoch().count() / 1000 + getpid()) % 200);
}

}  // namespace

Outcome<Answered> ask(const std::string& socket_path, const pipe::Request& request, const Spooled& message,
                      milliseconds within) {
  const auto by = Clock::now() + within;
  std::string frame;
  append_frame(frame, pipe::FrameKind::request, encode(request));
  int attempts = 0;
  for (;;) {
    auto answered = ask_once(socket_path, frame, message.file.get(), by);
    milliseconds pause = a_moment();
    std::string what = "the scanner is busy";
    if (answered && answered->answer.doing != pipe::Doing::busy) return *std::move(answered);
    if (!answered) {
      const Failure failure = answered.error().failure;
      what = answered.error().what;
      if (failure == Failure::late) return std::unexpected(Problem{Ending::timed_out, what});
      if (failure != Failure::crowded) {
        if (++attempts == most_attempts) return std::unexpected(Problem{Ending::deferred, what});
        pause = between_attempts;
      }
    }
    if (Clock::now() + pause >= by) return std::unexpected(Problem{Ending::timed_out, what});
    std::this_thread::sleep_for(pause);
  }
}

void tell_passed(const std::string& socket_path, pipe::Request request) {
  const auto connection = connect_to(socket_path);
  if (!connection) return;
  request.kind = pipe::RequestKind::passed;
  constexpr std::size_t told = 100;  // they go into the socket's buffer at once
  if (request.recipients.size() > told) request.recipients.resize(told);
  std::string frame;
  append_frame(frame, pipe::FrameKind::request, encode(request));
  (void)send(connection->get(), frame.data(), frame.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

void report(const FileDescriptor& connection, const pipe::Result& result) {
  if (!connection) return;
  std::string frame;
  append_frame(frame, pipe::FrameKind::result, encode(result));
  (void)send(connection.get(), frame.data(), frame.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

}  // namespace rastel::piping
