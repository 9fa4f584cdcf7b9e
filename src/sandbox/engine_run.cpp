// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox/engine_run.hpp"

#include <csignal>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <sys/wait.h>

#include "base/identifier.hpp"
#include "base/log.hpp"
#include "base/utf8.hpp"
#include "sandbox/worker.hpp"

namespace rastel::sandbox {

namespace asio = boost::asio;

// How long a killed worker may take to be gone. A big one under load needs a moment; nobody waits for it
// meanwhile.
constexpr auto patience_after_kill = std::chrono::seconds(5);
// The end of a worker's socket is seen before the zygote has reaped it.
constexpr auto patience_for_status = std::chrono::seconds(2);
// Keys that one worker may vouch for in its life; what it says beyond that is not remembered.
constexpr std::size_t most_vouched_by_worker = 65'536;

EngineRun::EngineRun(asio::any_io_executor executor, std::uint32_t number, FileDescriptor socket,
                     std::unique_ptr<VerdictTable> verdicts, std::size_t report_memory, Events events)
    : executor_(executor),
      number_(number),
      channel_(executor, std::move(socket)),
      verdicts_(std::move(verdicts)),
      reports_(report_memory),
      events_(std::move(events)),
      gone_signal_(executor) {}

void EngineRun::start() { asio::co_spawn(executor_, listen(), asio::detached); }

asio::awaitable<void> EngineRun::listen() {
  const auto self = shared_from_this();
  for (;;) {
    auto packet = co_await channel_.receive(largest_frame, 1, Deadline::never());
    if (!packet) break;
    if (state_ == State::dead) continue;  // it ends; what it says while doing so is of no interest
    if (const auto frame = decode_frame(packet->bytes))
      obey(*frame, packet->descriptors);
    else
      died("the engine process broke the protocol");
  }
  died("the engine process ended");
  gone_ = true;
  gone_signal_.raise();
}

asio::awaitable<void> EngineRun::until_gone(Deadline deadline) {
  while (!gone_ && !deadline.passed()) co_await gone_signal_.wait(deadline);
}

void EngineRun::obey(const Frame& frame, std::vector<FileDescriptor>& descriptors) {
  switch (frame.header.kind) {
    case FrameKind::engine_ready:
      if (state_ != State::loading) return;
      ready_ = decode_ready(frame.body);
      state_ = State::ready;
      share_verdicts();
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

// Before the first worker is forked. An engine that doesn't get it scans everything.
void EngineRun::share_verdicts() {
  if (!verdicts_) return;
  FrameHeader header;
  header.kind = FrameKind::share_verdicts;
  if (!channel_.send(encode_frame(header, {}), {verdicts_->descriptor()}))
    log::warning("the engine process doesn't take the table of what was clean: everything is scanned");
}

void EngineRun::fork_worker() {
  const std::uint32_t number = next_worker_++;
  FrameHeader header;
  header.kind = FrameKind::fork_worker;
  header.number = number;
  workers_.emplace(number, std::make_shared<Worker>(executor_, number));
  if (!channel_.send(encode_frame(header, {}))) died("the engine process takes no requests");
}

void EngineRun::kill_worker(const std::shared_ptr<Worker>& worker) {
  const bool again = worker->state == Worker::State::retired;
  worker->state = Worker::State::retired;
  if (again || worker->status || state_ == State::dead) return;
  FrameHeader header;
  header.kind = FrameKind::kill_worker;
  header.number = worker->number;
  if (!channel_.send(encode_frame(header, {}))) return died("the engine process takes no requests");
  asio::co_spawn(executor_, see_it_end(worker), asio::detached);
}

asio::awaitable<void> EngineRun::see_it_end(std::shared_ptr<Worker> worker) {
  const auto self = shared_from_this();
  const Deadline deadline = Deadline::in(patience_after_kill);
  while (!worker->status && state_ != State::dead && !deadline.passed())
    co_await worker->ended.wait(deadline);
  if (!worker->status && state_ != State::dead) died("the engine process didn't kill a scanner");
}

void EngineRun::close() {
  events_.changed = [] {};
  died("closed");
}

asio::awaitable<void> EngineRun::bring_up(std::shared_ptr<Worker> worker) {
  const auto self = shared_from_this();
  auto packet = co_await worker->channel->receive(largest_frame, 0, Deadline::in(std::chrono::seconds(60)));
  const auto frame = packet ? decode_frame(packet->bytes) : std::nullopt;
  if (!frame || frame->header.kind != FrameKind::worker_ready || worker->state != Worker::State::starting) {
    ++failed_starts_;
    kill_worker(worker);
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
  if (worker->state != Worker::State::retired) forget_what_it_said(*worker);
  if (worker->state == Worker::State::starting) {
    ++failed_starts_;
    log::warning("a scanner ended before it was ready ({} {})", WIFSIGNALED(status) ? "signal" : "status",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
  }
  worker->status = status;
  worker->ended.raise();
  events_.changed();
}

void EngineRun::died(std::string why) {
  if (state_ == State::dead) return;
  state_ = State::dead;
  failure_ = std::move(why);
  channel_.end_sending();
  for (const auto& [number, worker] : workers_) {
    if (worker->channel) worker->channel->close();
    worker->ended.raise();
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
  const Deadline deadline = Deadline::in(patience_for_status);
  while (!worker->status && state_ != State::dead && !deadline.passed())
    co_await worker->ended.wait(deadline);
  if (!worker->status) co_return UnscannedReason::crash;
  const int status = *worker->status;
  log::warning("a scanner ended in the middle of a message ({} {})",
               WIFSIGNALED(status) ? "signal" : "status",
               WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
  // A SIGKILL that isn't ours may be anybody's, the kernel's too when the machine has no memory left: a crash
  // is what it looks like, and a second one holds the message. Its own limit a worker meets with an exit
  // code.
  if (WIFEXITED(status) && WEXITSTATUS(status) == exit_out_of_memory) co_return UnscannedReason::memory;
  co_return UnscannedReason::crash;
}

// What a worker says about versions is not believed.
Report EngineRun::signed_report(Report report) const {
  report.engine_version = ready_.engine_version;
  report.signature_version = ready_.signature_version;
  return report;
}

namespace {

// Exact bytes; apart from the keys of layers, which have no such beginning.
Digest key_of(const ScanRequest& request) {
  const Message& message = *request.message;
  Sha256 hash;
  const std::uint64_t size = message.size();
  hash.update(request.may_be_file ? "file " : "message ");
  hash.update({reinterpret_cast<const char*>(&size), sizeof size});
  hash.update({reinterpret_cast<const char*>(message.digest().bytes.data()), message.digest().bytes.size()});
  return hash.finish();
}

}  // namespace

std::optional<Report> EngineRun::known_clean(const ScanRequest& request) const {
  if (!verdicts_ || state_ != State::ready) return std::nullopt;
  const Report* known = reports_.find(key_of(request), ReportMemory::Clock::now());
  if (known == nullptr || (request.places && !known->places)) return std::nullopt;
  Report report = *known;
  report.layers = report.layers_known = 1;
  for (Part& part : report.parts) part.looked = Part::Looked::remembered;
  return report;
}

void EngineRun::remember(Worker& worker, const ScanRequest& request, const Report& report,
                         std::vector<Digest> vouched) {
  if (!verdicts_) return;
  const Digest whole = key_of(request);
  vouched.push_back(whole);
  if (vouched.size() > most_vouched_by_worker - worker.vouched.size()) return;
  const auto now = VerdictTable::Clock::now();
  for (const Digest& key : vouched)
    if (key != whole) verdicts_->remember(key, now);
  reports_.remember(whole, report, now);
  worker.vouched.insert(worker.vouched.end(), vouched.begin(), vouched.end());
}

void EngineRun::forget_what_it_said(Worker& worker) {
  for (const Digest& key : worker.vouched) {
    verdicts_->forget(key);
    reports_.forget(key);
  }
  worker.vouched = {};
}

asio::awaitable<ReportAssembler::Progress> EngineRun::receive_report(Worker& worker,
                                                                     ReportAssembler& assembler,
                                                                     Deadline deadline, Error& trouble) {
  auto progress = ReportAssembler::Progress::more;
  while (progress == ReportAssembler::Progress::more) {
    auto packet = co_await worker.channel->receive(largest_frame, 0, deadline);
    if (!packet) {
      trouble = packet.error();
      break;
    }
    progress = assembler.add(packet->bytes);
  }
  // A second answer in the socket would be taken for the next message's.
  if (progress == ReportAssembler::Progress::complete && !worker.channel->quiet())
    progress = ReportAssembler::Progress::broken;
  co_return progress;
}

asio::awaitable<ScanOutcome> EngineRun::scan(std::shared_ptr<Worker> worker, ScanRequest request,
                                             Deadline deadline) {
  const auto self = shared_from_this();
  using Progress = ReportAssembler::Progress;
  const auto unscanned = [&](UnscannedReason reason) {
    Report report;
    report.set_unscanned(reason);
    return ScanOutcome{ScanOutcome::Kind::answered, signed_report(std::move(report))};
  };
  FrameHeader header;
  header.kind = FrameKind::scan;
  ++worker->scans;
  // Not to be guessed: a worker in an attacker's hands must not answer before it is asked.
  header.number = unguessable_number();
  header.size = request.message->size();
  header.value = (request.places ? scan_wants::places : 0) | (request.may_be_file ? scan_wants::file : 0);
  if (!worker->channel->quiet() ||
      !worker->channel->send(encode_frame(header, {}), {request.message->descriptor()})) {
    kill_worker(worker);
    co_return ScanOutcome{ScanOutcome::Kind::worker_unfit, {}};
  }
  ReportAssembler assembler(header.number);
  Error trouble{ErrorKind::ours, {}};
  const Progress progress = co_await receive_report(*worker, assembler, deadline, trouble);
  if (progress == Progress::complete) {
    Report report = signed_report(assembler.report());
    std::vector<Digest> vouched = std::exchange(report.vouched, {});
    if (report.complete() && report.findings.empty()) remember(*worker, request, report, std::move(vouched));
    co_return ScanOutcome{ScanOutcome::Kind::answered, std::move(report)};
  }
  if (worker->state == Worker::State::retired)  // by us, as nobody waits for this
    co_return unscanned(UnscannedReason::timeout);
  // It ends badly, one way or another.
  forget_what_it_said(*worker);
  if (progress == Progress::more && worker->channel->left_unread()) {  // died idle, unnoticed
    kill_worker(worker);
    co_return ScanOutcome{ScanOutcome::Kind::worker_unfit, {}};
  }
  if (progress == Progress::more && trouble.kind == ErrorKind::peer_closed) {
    const UnscannedReason reason = co_await why_it_ended(worker);
    if (state_ == State::dead && !worker->status)
      co_return ScanOutcome{ScanOutcome::Kind::engine_died, unscanned(reason).report};
    kill_worker(worker);  // it may have closed its socket and live on
    co_return unscanned(reason);
  }
  kill_worker(worker);
  if (progress == Progress::too_large) co_return unscanned(UnscannedReason::limit);
  if (progress == Progress::more && trouble.kind == ErrorKind::timed_out)
    co_return unscanned(UnscannedReason::timeout);
  log::warning("a scanner broke the rules of its socket");
  co_return unscanned(UnscannedReason::crash);
}

}  // namespace rastel::sandbox
