// SPDX-License-Identifier: GPL-2.0-only
#include "app/control_server.hpp"

#include <cerrno>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/control_request.hpp"
#include "base/utf8.hpp"
#include "net/acceptor.hpp"
#include "net/stream.hpp"

namespace rastel::control {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

constexpr std::size_t piece = 64 * 1024;  // bytes written at a time

std::string line_of(const json::object& object) { return json::serialize(object) + '\n'; }

// Built outside of coroutines: in an expression that suspends g++ 12 refuses an initialiser list, or destroys
// an aggregate twice.
json::object done_row(std::string_view sentence) { return {{"done", printable(sentence)}}; }
json::object number_row(std::string_view name, std::uint64_t number) { return {{name, number}}; }

json::object text_row(std::string_view text) { return {{"text", text}}; }

std::string end_line() { return line_of({{"end", true}}); }

std::string error_line(const Error& error) {
  return line_of({{"error", printable(error.what)}, {"kind", kind_name(error.kind)}});
}

// One connection: requests in, lines out.
class Conversation {
 public:
  Conversation(net::Stream stream, ControlHandlers& handlers, inspect::BlockingPool& blocking,
               ServerLimits limits)
      : stream_(std::move(stream)), handlers_(handlers), blocking_(blocking), limits_(limits) {}

  asio::awaitable<void> hold() {
    while (!closing_) {
      const auto line = co_await read_line();
      if (!line) co_return;
      if (const auto answered = co_await answer(*line); !answered) co_return;
    }
  }

  asio::awaitable<void> turn_away() {
    const std::string line =
        error_line({ErrorKind::busy, "too many control connections: try again in a moment"});
    (void)co_await write(line);
  }

 private:
  asio::awaitable<Result<std::string>> read_line() {
    const Deadline deadline = Deadline::in(limits_.patience);
    for (;;) {
      if (const std::size_t newline = input_.find('\n'); newline != std::string::npos) {
        std::string line = input_.substr(0, newline);
        input_.erase(0, newline + 1);
        co_return line;
      }
      if (input_.size() > longest_request) {
        // The tail of an overlong line must not be taken for a request.
        const std::string line = error_line({ErrorKind::invalid_input, "the request is longer than 64 KiB"});
        (void)co_await write(line);
        co_return fail(ErrorKind::peer, "request too long");
      }
      RASTEL_CO_TRY(const std::string_view bytes, co_await stream_.read(deadline));
      input_ += bytes;
    }
  }

  asio::awaitable<Result<>> write(std::string_view bytes) {
    co_return co_await stream_.write(bytes, Deadline::in(limits_.patience));
  }

  asio::awaitable<Result<>> answer(const std::string& line) {
    auto request = parse_request(line);
    if (!request) {
      const std::string refusal = error_line(request.error());
      co_return co_await write(refusal);
    }
    if (limits_.audience == Audience::page && !page_may(*request)) {
      const std::string refusal = error_line({ErrorKind::invalid_input, "the page must not ask for this"});
      co_return co_await write(refusal);
    }
    auto done = co_await carry_out(*std::move(request));
    if (closing_) co_return done;
    const std::string last = done ? end_line() : error_line(done.error());
    co_return co_await write(last);
  }

  asio::awaitable<Result<>> say(json::object row) { co_return co_await write(line_of(row)); }

  template <class Row>
  asio::awaitable<Result<>> say_all(std::vector<Row> rows) {
    std::string lines;
    for (const Row& row : rows) {
      lines += line_of(to_json(row));
      if (lines.size() < piece) continue;
      RASTEL_CO_CHECK(co_await write(lines));
      lines.clear();
    }
    co_return co_await write(lines);
  }

  asio::awaitable<Result<>> carry_out(Request request) {
    switch (request.verb) {
      case Verb::status: {
        RASTEL_CO_TRY(auto status, co_await handlers_.status());
        co_return co_await say(std::move(status));
      }
      case Verb::history: {
        RASTEL_CO_TRY(auto rows, co_await handlers_.history(std::move(request.history)));
        co_return co_await say_all(std::move(rows));
      }
      case Verb::reload: {
        RASTEL_CO_TRY(auto sentence, co_await handlers_.reload());
        co_return co_await say(done_row(sentence));
      }
      case Verb::signatures_status: {
        RASTEL_CO_TRY(auto status, co_await handlers_.signatures_status());
        co_return co_await say(std::move(status));
      }
      case Verb::signatures_reload: {
        RASTEL_CO_TRY(auto sentence, co_await handlers_.signatures_reload());
        co_return co_await say(done_row(sentence));
      }
      case Verb::drain: {
        RASTEL_CO_TRY(auto sentence, co_await handlers_.drain());
        co_return co_await say(done_row(sentence));
      }
      case Verb::health: {
        RASTEL_CO_TRY(auto health, co_await handlers_.health());
        co_return co_await say(std::move(health));
      }
      case Verb::metrics: {
        RASTEL_CO_TRY(auto text, co_await handlers_.metrics());
        co_return co_await say(text_row(text));
      }
      case Verb::scan:
        co_return co_await scan(request.bytes);
      case Verb::quarantine_list:
      case Verb::quarantine_show:
      case Verb::quarantine_raw:
      case Verb::quarantine_release:
      case Verb::quarantine_delete:
      case Verb::quarantine_purge:
        break;
    }
    co_return co_await carry_out_quarantine(std::move(request));
  }

  asio::awaitable<Result<>> carry_out_quarantine(Request request) {
    switch (request.verb) {
      case Verb::quarantine_list: {
        RASTEL_CO_TRY(auto rows, co_await handlers_.quarantine_list(std::move(request.list)));
        co_return co_await say_all(std::move(rows));
      }
      case Verb::quarantine_show: {
        RASTEL_CO_TRY(auto message, co_await handlers_.quarantine_show(std::move(request.id)));
        co_return co_await say(to_json(message));
      }
      case Verb::quarantine_raw: {
        RASTEL_CO_TRY(auto file, co_await handlers_.quarantine_raw(std::move(request.id)));
        co_return co_await send_file(std::move(file));
      }
      case Verb::quarantine_release: {
        RASTEL_CO_TRY(auto outcome, co_await handlers_.quarantine_release(
                                        std::move(request.id), std::move(request.to), std::move(request.by)));
        co_return co_await say(to_json(outcome));
      }
      case Verb::quarantine_delete:
        co_return co_await handlers_.quarantine_delete(std::move(request.id), std::move(request.by));
      case Verb::quarantine_purge: {
        RASTEL_CO_TRY(const std::size_t removed, co_await handlers_.quarantine_purge());
        co_return co_await say(number_row("removed", removed));
      }
      case Verb::status:
      case Verb::history:
      case Verb::scan:
      case Verb::reload:
      case Verb::signatures_status:
      case Verb::signatures_reload:
      case Verb::drain:
      case Verb::health:
      case Verb::metrics:
        break;
    }
    co_return fail(ErrorKind::ours, "not a verb of the quarantine");
  }

  // Nothing of a message is ever taken for a request: it is sent only when it is awaited, and where it can't
  // be read to its end the connection is closed.
  asio::awaitable<Result<>> scan(std::uint64_t size) {
    const SpoolRoom room = handlers_.spool_room();
    if (size > room.most_bytes)
      co_return fail(
          ErrorKind::hostile_message,
          fmt::format("the message is over the size limit (engine.max_message, {} bytes)", room.most_bytes));
    MessageWriter writer(room.folder, room.most_bytes);
    RASTEL_CO_CHECK(co_await say(number_row("send", size)));
    closing_ = true;
    for (std::uint64_t left = size; left > 0;) {
      if (input_.empty()) {
        RASTEL_CO_TRY(const std::string_view bytes, co_await stream_.read(Deadline::in(limits_.patience)));
        input_ = bytes;
      }
      std::string taken = std::exchange(input_, {});
      if (taken.size() > left) input_ = taken.substr(static_cast<std::size_t>(left));
      taken.resize(static_cast<std::size_t>(std::min<std::uint64_t>(left, taken.size())));
      left -= taken.size();
      RASTEL_CO_CHECK(co_await spool(writer, taken));
    }
    closing_ = false;
    RASTEL_CO_TRY(MessagePointer message, co_await finish(writer));
    const auto watch = std::make_shared<Watch>(stream_.executor());
    asio::co_spawn(stream_.executor(), withdraw_when_gone(watch, stream_), asio::detached);
    auto row = co_await handlers_.scan(std::move(message), watch->withdrawal);
    watch->done = true;
    watch->timer.cancel();
    if (!row) co_return std::unexpected(row.error());
    co_return co_await say(*std::move(row));
  }

  struct Watch {
    explicit Watch(const asio::any_io_executor& executor) : timer(executor) {}
    std::shared_ptr<sandbox::Withdrawal> withdrawal = std::make_shared<sandbox::Withdrawal>();
    asio::steady_timer timer;
    bool done = false;
  };

  // Nobody is served by a scan whose asker was interrupted. `stream` is there until it is done.
  static asio::awaitable<void> withdraw_when_gone(std::shared_ptr<Watch> watch, net::Stream& stream) {
    while (!watch->done) {
      watch->timer.expires_after(std::chrono::milliseconds(250));
      (void)co_await watch->timer.async_wait(asio::as_tuple(asio::use_awaitable));
      if (watch->done || !stream.peer_is_gone()) continue;
      watch->withdrawal->withdraw();
      co_return;
    }
  }

  // Small ones stay in memory; what goes to a disk may have to wait for it.
  asio::awaitable<Result<>> spool(MessageWriter& writer, const std::string& bytes) {
    if (writer.size() + bytes.size() <= Message::memory_limit) co_return writer.write(bytes);
    co_return co_await blocking_.run([&] { return writer.write(bytes); });
  }
  asio::awaitable<Result<MessagePointer>> finish(MessageWriter& writer) {
    if (writer.size() <= Message::memory_limit) co_return writer.finish();
    co_return co_await blocking_.run([&] { return writer.finish(); });
  }

  asio::awaitable<Result<>> send_file(FileDescriptor file) {
    struct stat facts{};
    if (fstat(file.get(), &facts) != 0) co_return fail_errno(errno, "can't read the stored message");
    const auto size = static_cast<std::uint64_t>(facts.st_size);
    RASTEL_CO_CHECK(co_await say(number_row("bytes", size)));
    // From here on an error can't be told in the middle of the bytes: the connection is closed short of them.
    closing_ = true;
    for (std::uint64_t offset = 0; offset < size;) {
      auto read = [number = file.get(), offset, size] { return read_piece(number, offset, size - offset); };
      RASTEL_CO_TRY(const std::string bytes, co_await blocking_.run(std::move(read)));
      RASTEL_CO_CHECK(co_await write(bytes));
      offset += bytes.size();
    }
    closing_ = false;
    co_return Result<>{};
  }

  static Result<std::string> read_piece(int descriptor, std::uint64_t offset, std::uint64_t left) {
    std::string bytes(static_cast<std::size_t>(std::min<std::uint64_t>(left, piece)), '\0');
    const ssize_t got = pread(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (got <= 0) return fail_errno(got < 0 ? errno : EIO, "can't read the stored message");
    bytes.resize(static_cast<std::size_t>(got));
    return bytes;
  }

  net::Stream stream_;
  ControlHandlers& handlers_;
  inspect::BlockingPool& blocking_;
  const ServerLimits limits_;
  std::string input_;
  bool closing_ = false;
};

// Shared: each connection's coroutine keeps it until it has counted itself out.
class Listening final : public ControlServer, public std::enable_shared_from_this<Listening> {
 public:
  Listening(net::Acceptor acceptor, ControlHandlers& handlers, inspect::BlockingPool& blocking,
            ServerLimits limits)
      : acceptor_(std::move(acceptor)), handlers_(handlers), blocking_(blocking), limits_(limits) {}

  void start() { asio::co_spawn(acceptor_.executor(), accept(shared_from_this()), asio::detached); }
  void close() override { acceptor_.close(); }

 private:
  static asio::awaitable<void> accept(std::shared_ptr<Listening> self) {
    for (;;) {
      auto socket = co_await self->acceptor_.accept();
      if (!socket) co_return;
      // A few more than the limit are told why; beyond these a connection is closed without a word.
      if (self->connections_ >= 2 * self->limits_.most_connections) continue;
      const bool taken = self->connections_++ < self->limits_.most_connections;
      asio::co_spawn(self->acceptor_.executor(), serve(self, net::Stream(*std::move(socket)), taken),
                     asio::detached);
    }
  }

  static asio::awaitable<void> serve(std::shared_ptr<Listening> self, net::Stream stream, bool taken) {
    {
      Conversation conversation(std::move(stream), self->handlers_, self->blocking_, self->limits_);
      if (taken) {
        co_await conversation.hold();
      } else {
        co_await conversation.turn_away();
      }
    }
    --self->connections_;
  }

  net::Acceptor acceptor_;
  ControlHandlers& handlers_;
  inspect::BlockingPool& blocking_;
  const ServerLimits limits_;
  std::size_t connections_ = 0;
};

}  // namespace

Result<std::shared_ptr<ControlServer>> ControlServer::open(asio::any_io_executor executor,
                                                           FileDescriptor listener, ControlHandlers& handlers,
                                                           inspect::BlockingPool& blocking,
                                                           ServerLimits limits) {
  RASTEL_TRY(auto acceptor, net::Acceptor::create(std::move(executor), std::move(listener)));
  auto server = std::make_shared<Listening>(std::move(acceptor), handlers, blocking, limits);
  server->start();
  return server;
}

}  // namespace rastel::control
