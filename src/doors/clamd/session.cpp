// SPDX-License-Identifier: GPL-2.0-only
#include "doors/clamd/session.hpp"

#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.hpp"
#include "doors/clamd/engine_text.hpp"
#include "protocol/clamd/answer.hpp"

namespace rastel::doors::clamd {

namespace asio = boost::asio;
namespace event = rastel::clamd::event;

namespace {

// As long as clamd's clients may need to send the rest of a command that has no end mark.
constexpr auto rest = std::chrono::seconds(1);
constexpr auto linger_time = std::chrono::seconds(5);
constexpr auto linger_quiet = std::chrono::milliseconds(500);

rastel::clamd::ServerOptions machine_options(const DoorState& door) {
  const bool local = door.options.listen.kind == Endpoint::Kind::unix_socket;
  rastel::clamd::ServerOptions options;
  options.most_stream = door.services.max_message;
  options.may_scan_paths = local && !door.options.scan_folders.empty();
  options.may_reload = local && door.options.reload;
  return options;
}

}  // namespace

Session::Session(net::Stream stream, std::string client, std::shared_ptr<DoorState> door)
    : door_(std::move(door)),
      stream_(std::move(stream)),
      client_(std::move(client)),
      machine_(machine_options(*door_)),
      patience_(Deadline::in(door_->options.idle_timeout)) {}

void Session::interrupt() {
  if (machine_.at_rest()) stream_.interrupt_read();
}

asio::awaitable<bool> Session::flush() {
  if (!machine_.has_output()) co_return true;
  const std::string output = machine_.take_output();
  const Result<> written = co_await stream_.write(output, Deadline::in(door_->options.idle_timeout));
  co_return written.has_value();
}

asio::awaitable<void> Session::run() {
  bool told = true;
  while (told && !machine_.closing()) {
    if (auto next = machine_.next()) {
      const bool chunk = std::holds_alternative<event::StreamChunk>(*next);
      co_await handle(std::move(*next));
      // A chunk says nothing of how much is still to come.
      if (!chunk) patience_ = Deadline::in(door_->options.idle_timeout);
      told = co_await flush();
      continue;
    }
    if (machine_.closing()) break;
    if (door_->draining && machine_.at_rest()) machine_.stop();
    if (!machine_.closing()) co_await receive();
  }
  if (told) told = co_await flush();
  if (told && lingers_) co_await linger();
  stream_.close();
}

asio::awaitable<void> Session::receive() {
  const bool in_command = !machine_.at_rest() && !machine_.receiving_stream();
  const bool may_rest = in_command && !rested_;
  const Deadline by = may_rest ? patience_.earlier(Deadline::in(rest)) : patience_;
  std::vector<FileDescriptor> came;
  const auto bytes = co_await stream_.read(by, came);
  if (bytes) {
    rested_ = false;
    const auto descriptors =
        came.size() == 1 ? rastel::clamd::Descriptors::one : rastel::clamd::Descriptors::none;
    take(std::move(came));
    earn(bytes->size());
    co_return machine_.receive(*bytes, descriptors);
  }
  switch (bytes.error().kind) {
    case ErrorKind::timed_out:
      if (patience_.passed()) co_return machine_.time_out();
      rested_ = true;
      co_return machine_.input_rests();
    case ErrorKind::peer_closed:
      co_return machine_.end_of_input();
    case ErrorKind::invalid_input:
    case ErrorKind::hostile_message:
    case ErrorKind::ours:
    case ErrorKind::peer:
    case ErrorKind::no_space:
    case ErrorKind::busy:
    case ErrorKind::cancelled:
    case ErrorKind::not_found:
      break;
  }
  machine_.stop();
}

// Several at once are none, as for the machine; it knows of two at most.
void Session::take(std::vector<FileDescriptor> came) {
  constexpr std::size_t most = 2;
  if (came.size() == 1 && descriptors_.size() < most) descriptors_.push_back(std::move(came.front()));
}

// 2 ms a byte of a stream, up to the whole patience.
void Session::earn(std::size_t bytes) {
  if (!machine_.receiving_stream()) return;
  const Deadline later = Deadline::at(patience_.when() + std::chrono::milliseconds(2 * bytes));
  patience_ = later.earlier(Deadline::in(door_->options.idle_timeout));
}

// Who closes while the other sends has the answer thrown away with the connection.
asio::awaitable<void> Session::linger() {
  stream_.end_output();
  const Deadline latest = Deadline::in(linger_time);
  while (!latest.passed()) {
    std::vector<FileDescriptor> dropped;
    const auto bytes = co_await stream_.read(latest.earlier(Deadline::in(linger_quiet)), dropped);
    if (!bytes) break;
  }
}

asio::awaitable<void> Session::handle(rastel::clamd::Event event) {
  co_await std::visit([this]<class Kind>(Kind& kind) { return on(std::move(kind)); }, event);
}

asio::awaitable<void> Session::on(event::Ping ping) {
  machine_.answer(ping.ticket, "PONG");
  co_return;
}

asio::awaitable<EngineState> Session::ask(std::shared_ptr<DoorState> door) {
  co_return door->sources.engine();
}

asio::awaitable<EngineState> Session::engine() {
  const auto here = co_await asio::this_coro::executor;
  auto asking = ask(door_);
  if (here != door_->sources.executor)
    asking = asio::co_spawn(door_->sources.executor, std::move(asking), asio::use_awaitable);
  co_return co_await std::move(asking);
}

asio::awaitable<void> Session::on(event::Version version) {
  const EngineState state = co_await engine();
  machine_.answer(version.ticket, version_text(state));
}

asio::awaitable<void> Session::on(event::VersionCommands version) {
  const EngineState state = co_await engine();
  machine_.answer_commands(version.ticket, version_text(state));
}

asio::awaitable<void> Session::on(event::Stats stats) {
  const EngineState state = co_await engine();
  machine_.answer_stats(stats.ticket, stats_text(state));
}

asio::awaitable<void> Session::on(event::Reload reload) {
  log::info("door {}: {} asks for the signatures to be loaded", door_->options.name, client_);
  asio::post(door_->sources.executor, [door = door_] { door->sources.reload(); });
  machine_.answer(reload.ticket, "RELOADING");
  co_return;
}

asio::awaitable<void> Session::on(event::SessionBegins) { co_return; }

asio::awaitable<void> Session::on(event::SessionEnds) { co_return; }

asio::awaitable<void> Session::on(event::Refused refused) {
  using enum rastel::clamd::Refusal;
  incoming_.reset();
  lingers_ = true;
  const auto what = [&]() -> std::string_view {
    switch (refused.what) {
      case unknown_command:
        return "unknown command";
      case not_permitted:
        return "not permitted";
      case not_in_session:
        return "not in a session";
      case plain_in_session:
        return "a command without prefix in a session";
      case command_too_long:
        return "command too long";
      case no_descriptor:
        return "no descriptor";
      case stray_descriptor:
        return "a descriptor without FILDES";
      case stream_too_long:
        return "stream over engine.max_message";
      case stream_refused:
        return "stream not taken";
    }
    return "refused";
  }();
  log::info("door {}: {} is refused: {} ({})", door_->options.name, client_, what, refused.command);
  co_return;
}

}  // namespace rastel::doors::clamd
