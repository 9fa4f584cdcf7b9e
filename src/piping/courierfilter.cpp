// SPDX-License-Identifier: GPL-2.0-only
// rastel-courierfilter: a mail filter of Courier's (courierfilter(8)), which starts it and ends it by closing
// its standard input. Courier takes no mail while a filter that is installed doesn't run, so nothing else
// ends it; what can be wrong is wrong with a message, which is deferred. Its socket stays when it ends: as
// long as it lies there Courier passes no mail by it, and courierfilter removes it when the filter is taken
// away.
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <new>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "piping/common.hpp"
#include "piping/courier/decide.hpp"
#include "piping/programs.hpp"
#include "piping/serving.hpp"

namespace rastel::piping {
namespace {

using Clock = std::chrono::steady_clock;
using courier::Paths;
using courier::PathsReader;
using courier::Reply;

constexpr const char* usual_folder = "/var/lib/courier/allfilters/";
constexpr int ready_descriptor = 3;  // courierfilter waits until it is closed
constexpr std::size_t most_calls = 200;
constexpr auto for_a_request = std::chrono::seconds(10);

// By the name of the link in filters/active: it is what courierfilter removes.
std::string socket_path(const Invocation& invocation, const Options& options) {
  if (!options.listen.empty()) return options.listen;
  const std::string& called = invocation.words.front();
  const std::string name = called.substr(called.rfind('/') + 1);
  return usual_folder + (name == "rastel-courierfilter" || name.empty() ? "rastel" : name);
}

// Courier asks the sockets of both folders; of this one there is to be one.
void remove_elsewhere(const std::string& path) {
  const std::size_t name = path.rfind('/');
  const std::string folder = path.substr(0, name);
  const std::string above = folder.substr(0, folder.rfind('/') + 1);
  if (folder == above + "allfilters") (void)unlink((above + "filters" + path.substr(name)).c_str());
  if (folder == above + "filters") (void)unlink((above + "allfilters" + path.substr(name)).c_str());
}

// Under another name until it is heard, as courierfilter(8) asks for.
std::expected<FileDescriptor, std::string> listen_at(const std::string& path) {
  const auto trouble = [&](const char* what) {
    return std::unexpected(std::string(what) + " " + path + ": " + std::generic_category().message(errno));
  };
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t name = path.rfind('/') + 1;
  const std::string before = path.substr(0, name) + "." + path.substr(name);
  if (before.size() >= sizeof address.sun_path)
    return std::unexpected("the socket's path is too long: " + path);
  std::memcpy(address.sun_path, before.data(), before.size());
  FileDescriptor listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener) return trouble("no socket for");
  (void)unlink(before.c_str());
  if (bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return trouble("can't bind");
  if (chmod(before.c_str(), 0660) != 0 || listen(listener.get(), SOMAXCONN) != 0)
    return trouble("can't listen at");
  remove_elsewhere(path);
  if (rename(before.c_str(), path.c_str()) != 0) return trouble("can't rename to");
  return listener;
}

bool write_all(int to, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t done = send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
  return true;
}

Outcome<Paths> read_paths(int from) {
  PathsReader reader;
  std::array<char, 4096> bytes{};
  const auto by = Clock::now() + for_a_request;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(by - Clock::now()).count();
    pollfd one{from, POLLIN, 0};
    if (left <= 0 || poll(&one, 1, static_cast<int>(left)) == 0)
      return std::unexpected(Problem{Ending::timed_out, "Courier doesn't say which message"});
    const ssize_t got = recv(from, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    // Who says nothing only looked whether somebody listens.
    if (got <= 0 && reader.empty()) return std::unexpected(Problem{Ending::done, {}});
    if (got <= 0)
      return std::unexpected(Problem{Ending::cant_read, "Courier has gone before it named a message"});
    switch (reader.receive({bytes.data(), static_cast<std::size_t>(got)})) {
      case PathsReader::State::done:
        return reader.paths();
      case PathsReader::State::malformed:
        return std::unexpected(Problem{Ending::cant_read, "what came isn't Courier's"});
      case PathsReader::State::reading:
        break;
    }
  }
}

// All that lives as long as the process.
struct Shared {
  Options options;
  std::atomic<std::size_t> calls = 0;
};

struct Call {
  FileDescriptor connection;
  Shared& shared;
};

void serve(Call& call) {
  const auto paths = read_paths(call.connection.get());
  if (!paths && paths.error().ending == Ending::done) return;
  const Reply reply =
      paths ? courier::decide(call.shared.options, *paths) : courier::deferral(paths.error().what);
  if (write_all(call.connection.get(), reply.line + "\n") && reply.line.starts_with("200"))
    report(reply.connection, {pipe::Result::How::exited, 0});
}

void* serve_and_free(void* given) {
  const std::unique_ptr<Call> call(static_cast<Call*>(given));
  Shared& shared = call->shared;
  try {
    serve(*call);
  } catch (const std::bad_alloc&) {
    (void)write_all(call->connection.get(), "432 4.3.0 Out of memory\n");
  }
  call->connection = FileDescriptor();
  --shared.calls;
  return nullptr;
}

// What no thread can be had for is deferred at once.
void begin(FileDescriptor connection, Shared& shared) {
  auto call = std::make_unique<Call>(std::move(connection), shared);
  ++shared.calls;
  if (start_thread(serve_and_free, call.get())) {
    (void)call.release();
  } else {
    --shared.calls;
    (void)write_all(call->connection.get(), "432 4.3.0 Too much is under way\n");
  }
}

// Until standard input ends.
void accept_all(const FileDescriptor& listener, Shared& shared) {
  std::array<char, 512> ignored{};
  for (;;) {
    const bool room = shared.calls < most_calls;
    std::array<pollfd, 2> ready{pollfd{STDIN_FILENO, POLLIN, 0},
                                pollfd{room ? listener.get() : -1, POLLIN, 0}};
    if (poll(ready.data(), ready.size(), room ? -1 : 50) < 0) continue;
    if (ready[0].revents != 0) {
      const ssize_t got = read(STDIN_FILENO, ignored.data(), ignored.size());
      if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) return;
    }
    if (ready[1].revents == 0) continue;
    FileDescriptor connection(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (connection)
      begin(std::move(connection), shared);
    else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
      (void)poll(nullptr, 0, 50);  // no descriptor, no memory: in a moment
  }
}

}  // namespace

int courierfilter(const Invocation& invocation) {
  const bool is_awaited = fcntl(ready_descriptor, F_GETFD) >= 0;
  for (const int number : {SIGHUP, SIGPIPE, SIGXFSZ}) (void)std::signal(number, SIG_IGN);
  auto options = serving_options(invocation, "rastel-courierfilter");
  if (!options) return 64;
  allow_many_descriptors();
  auto listener = listen_at(socket_path(invocation, *options));
  if (!listener) {
    say(listener.error());
    return 71;
  }
  if (is_awaited) (void)close(ready_descriptor);
  // Never freed: its threads end with the process.
  auto* const shared = new Shared{*std::move(options)};
  for (;;) {
    try {
      accept_all(*listener, *shared);
      break;
    } catch (const std::bad_alloc&) {
      (void)poll(nullptr, 0, 50);
    }
  }
  listener->close();
  while (shared->calls > 0) (void)poll(nullptr, 0, 50);
  return 0;
}

}  // namespace rastel::piping
