// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox/engine_run.hpp"

#include <csignal>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <sys/wait.h>

#include "base/log.hpp"
#include "base/utf8.hpp"
#include "sandbox/worker.hpp"

namespace rastel::sandbox {

namespace asio = boost::asio;
constexpr auto as_awaitable = asio::as_tuple(asio::use_awaitable);

EngineRun::EngineRun(asio::any_io_executor executor, std::uint32_t number, FileDescriptor socket,
                     Events events)
    : executor_(executor),
      number_(number),
      channel_(executor, std::move(socket)),
      events_(std::move(events)) {}

void EngineRun::start() { asio::co_spawn(executor_, listen(), asio::detached); }

asio::awaitable<void> EngineRun::listen() {
  const auto self = shared_from_this();
  for (;;) {
    auto packet = co_await channel_.receive(largest_frame, 1, Deadline::never());
    if (!packet) break;
    const auto frame = decode_frame(packet->bytes);
    if (!frame) break;
    obey(*frame, packet->descriptors);
    if (state_ == State::dead) co_return;
  }
  died("the engine process ended");
}

void EngineRun::obey(const Frame& frame, std::vector<FileDescriptor>& descriptors) {
  switch (frame.header.kind) {
    case FrameKind::engine_ready:
      if (state_ != State::loading) return;
      ready_ = decode_ready(frame.body);
      state_ = State::ready;
      events_.changed();
      return;
    case FrameKind::engine_failed:
      return died(printable(frame.body.substr(0, 4096)));
    case FrameKind::worker_started: {
      const auto found = workers_.find(frame.header.number);
      if (found == workers_.end() || descriptors.size() != 1 || found->second->channel) return;
      found->second->channel.emplace(executor_, std::move(descriptors[0]));
      asio::co_spawn(executor_, bring_up(found->second), asio::detached);
      return;
    }
    case FrameKind::worker_ended:
      return worker_ended(frame.header.number, frame.header.value);
    default:
      return died("the engine process broke the protocol");
  }
}

void EngineRun::fork_worker() {
  const std::uint32_t number = next_worker_++;
  FrameHeader header;
  header.kind = FrameKind::fork_worker;
  header.number = number;
  workers_.emplace(number, std::make_shared<Worker>(executor_, number));
  if (!channel_.send(encode_frame(header, {}))) died("the engine process takes no requests");
}

void EngineRun::kill_worker(Worker& worker) {
  worker.state = Worker::State::retired;
  FrameHeader header;
  header.kind = FrameKind::kill_worker;
  header.number = worker.number;
  (void)channel_.send(encode_frame(header, {}));
}

void EngineRun::close() { channel_.close(); }

asio::awaitable<void> EngineRun::bring_up(std::shared_ptr<Worker> worker) {
  const auto self = shared_from_this();
  auto packet = co_await worker->channel->receive(largest_frame, 0, Deadline::in(std::chrono::seconds(60)));
  const auto frame = packet ? decode_frame(packet->bytes) : std::nullopt;
  if (!frame || frame->header.kind != FrameKind::worker_ready || worker->state != Worker::State::starting) {
    ++failed_starts_;
    kill_worker(*worker);
    co_return;
  }
  failed_starts_ = 0;
  worker->state = Worker::State::idle;
  events_.changed();
}

void EngineRun::worker_ended(std::uint32_t number, int status) {
  const auto found = workers_.find(number);
  if (found == workers_.end()) return;
  const auto worker = found->second;
  workers_.erase(found);
  if (worker->state == Worker::State::starting) {
    ++failed_starts_;
    log::warning("a scanner ended before it was ready ({} {})", WIFSIGNALED(status) ? "signal" : "status",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
  }
  worker->status = status;
  worker->ended.cancel();
  events_.changed();
}

void EngineRun::died(std::string why) {
  if (state_ == State::dead) return;
  state_ = State::dead;
  failure_ = std::move(why);
  channel_.close();
  for (const auto& [number, worker] : workers_) {
    if (worker->channel) worker->channel->close();
    worker->ended.cancel();
  }
  workers_.clear();
  events_.changed();
}

std::shared_ptr<Worker> EngineRun::idle_worker() const {
  for (const auto& [number, worker] : workers_)
    if (worker->state == Worker::State::idle) return worker;
  return nullptr;
}

std::uint32_t EngineRun::count(Worker::State state) const {
  std::uint32_t sum = 0;
  for (const auto& [number, worker] : workers_) sum += worker->state == state ? 1 : 0;
  return sum;
}

std::uint32_t EngineRun::living() const {
  return count(Worker::State::starting) + count(Worker::State::idle) + count(Worker::State::busy);
}

asio::awaitable<UnscannedReason> EngineRun::why_it_ended(std::shared_ptr<Worker> worker) {
  if (!worker->status && state_ != State::dead) {
    // The socket's end is seen before the zygote has reaped.
    worker->ended.expires_after(std::chrono::seconds(2));
    (void)co_await worker->ended.async_wait(as_awaitable);
  }
  if (!worker->status) co_return UnscannedReason::crash;
  const int status = *worker->status;
  // A SIGKILL that isn't ours may be anybody's, the kernel's too when the machine has no memory left: a crash
  // is what it looks like, and a second one holds the message. Its own limit a worker meets with an exit
  // code.
  if (WIFEXITED(status) && WEXITSTATUS(status) == exit_out_of_memory) co_return UnscannedReason::memory;
  co_return UnscannedReason::crash;
}

asio::awaitable<Report> EngineRun::scan(std::shared_ptr<Worker> worker, MessagePointer message,
                                        Deadline deadline, bool& engine_died) {
  const auto self = shared_from_this();
  worker->state = Worker::State::busy;
  ++worker->scans;
  const auto unscanned = [&](UnscannedReason reason) {
    Report report;
    report.engine_version = ready_.engine_version;
    report.signature_version = ready_.signature_version;
    report.set_unscanned(reason);
    return report;
  };
  FrameHeader header;
  header.kind = FrameKind::scan;
  header.size = message->size();
  engine_died = false;
  ReportAssembler assembler;
  auto progress = ReportAssembler::Progress::more;
  Result<> sent = worker->channel->send(encode_frame(header, {}), {message->descriptor()});
  while (sent && progress == ReportAssembler::Progress::more) {
    auto packet = co_await worker->channel->receive(largest_frame, 0, deadline);
    if (!packet) {
      sent = std::unexpected(packet.error());
      break;
    }
    progress = assembler.add(packet->bytes);
  }
  if (progress == ReportAssembler::Progress::complete) {
    // What it says about itself is not believed.
    Report report = assembler.report();
    report.engine_version = ready_.engine_version;
    report.signature_version = ready_.signature_version;
    co_return report;
  }
  if (state_ == State::dead) {
    engine_died = true;
    co_return unscanned(UnscannedReason::crash);
  }
  if (sent) {
    kill_worker(*worker);
    co_return unscanned(progress == ReportAssembler::Progress::too_large ? UnscannedReason::limit
                                                                         : UnscannedReason::crash);
  }
  if (sent.error().kind == ErrorKind::timed_out) {
    kill_worker(*worker);
    co_return unscanned(UnscannedReason::timeout);
  }
  if (sent.error().kind == ErrorKind::peer) {
    kill_worker(*worker);
    co_return unscanned(UnscannedReason::crash);
  }
  const UnscannedReason reason = co_await why_it_ended(worker);
  if (state_ == State::dead)
    engine_died = true;
  else if (!worker->status)
    kill_worker(*worker);
  co_return unscanned(reason);
}

}  // namespace rastel::sandbox
