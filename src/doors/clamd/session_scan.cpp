// SPDX-License-Identifier: GPL-2.0-only
// Session: what is scanned, from a stream, a descriptor or a path.
#include <algorithm>

#include <fmt/format.h>

#include "base/identifier.hpp"
#include "base/log.hpp"
#include "base/os/freed_memory.hpp"
#include "doors/clamd/retry_key.hpp"
#include "doors/clamd/session.hpp"
#include "inspect/message_log.hpp"
#include "inspect/room.hpp"
#include "protocol/clamd/answer.hpp"

namespace rastel::doors::clamd {

namespace asio = boost::asio;
namespace event = rastel::clamd::event;
namespace reason = rastel::clamd::reason;

namespace {

constexpr std::string_view too_busy = "Too busy now, try again later.";

// Of one command on a path. clamd's MaxDirectoryRecursion is 15.
constexpr std::size_t most_depth = 15;
constexpr std::size_t most_files = 10'000;  // and folders

std::chrono::microseconds since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - start);
}

Saying refusal(std::string why) {
  return {.kind = Saying::Kind::error, .names = {}, .reason = std::move(why)};
}

}  // namespace

// Before it nothing of what is to be scanned is received: clamd has such clients wait, too. False: after half
// of the time there is for an answer.
asio::awaitable<bool> Session::wait_for_room() {
  const Deadline latest = Deadline::in(door_->options.reply_deadline / 2);
  return inspect::wait_for_room(door_->services.inspector, latest,
                                [this] { return stream_.peer_has_hung_up(); });
}

void Session::tell_refused(std::string_view subject, std::string_view why) const {
  log::info("door {}: {} for {} is not scanned: {}", door_->options.name, subject, client_, why);
}

asio::awaitable<Result<Digest>> Session::key_of(MessagePointer message) {
  if (message->size() <= Message::memory_limit) co_return retry_key(*message);
  auto work = [message = std::move(message)] { return retry_key(*message); };
  co_return co_await door_->services.blocking.run(std::move(work));
}

asio::awaitable<Saying> Session::scan(MessagePointer message, std::string subject, ScanKind kind) {
  inspect::Subject asked;
  asked.id = new_message_id();
  const auto key = co_await key_of(message);
  if (!key) {
    tell_refused(subject, key.error().what);
    co_return refusal(std::string(reason::not_stored));
  }
  asked.retry_key = *key;
  asked.may_be_file = true;
  asked.message = std::move(message);
  asked.envelope.door = door_->options.name;
  asked.envelope.place = Place::before_queue;
  asked.envelope.client.address = client_;
  asked.verdict_only = true;
  inspect::Story story;
  story.receive = since(began_);
  const auto start = Clock::now();
  inspect::Outcome outcome =
      co_await door_->services.inspector.inspect(asked, Deadline::in(door_->options.reply_deadline));
  story.scan = since(start);
  Saying saying = saying_of(outcome, door_->options.findings);
  for (Disposition& disposition : outcome.verdict.dispositions) disposition.done = done_by(saying);
  story.reply = lines_of(saying, subject, kind).front();
  inspect::tell(asked, outcome, story, door_->services.history, door_->services.counters);
  co_return saying;
}

asio::awaitable<Saying> Session::scan(Taken taken, std::string subject, ScanKind kind) {
  if (taken.message) co_return co_await scan(std::move(taken.message), std::move(subject), kind);
  tell_refused(subject, taken.refused);
  co_return refusal(std::move(taken.refused));
}

void Session::refuse_stream(std::string_view why) {
  tell_refused("a stream", why);
  incoming_.reset();
  lingers_ = true;
  (void)machine_.refuse_stream(rastel::clamd::error(why));
}

asio::awaitable<void> Session::on(event::StreamBegins) {
  began_ = Clock::now();
  const bool room = co_await wait_for_room();
  if (!room) co_return refuse_stream(too_busy);
  incoming_.emplace(door_->services.spool, door_->services.max_message, door_->services.blocking);
}

asio::awaitable<void> Session::on(event::StreamChunk chunk) {
  if (!incoming_) co_return;
  const Result<> fed = co_await incoming_->feed(chunk.bytes);
  if (fed) co_return;
  log::warning("door {}: a stream of {} is not taken: {}", door_->options.name, client_, fed.error().what);
  refuse_stream(reason::not_stored);
}

asio::awaitable<void> Session::on(event::StreamEnds end) {
  Result<MessagePointer> message = fail(ErrorKind::ours, "nothing came");
  if (incoming_) message = co_await incoming_->finish();
  incoming_.reset();
  if (!message) {
    log::warning("door {}: a stream of {} is not taken: {}", door_->options.name, client_,
                 message.error().what);
    co_return machine_.answer(end.ticket, rastel::clamd::error(reason::not_stored));
  }
  if ((*message)->size() > Message::memory_limit) {
    stream_.release_buffer();
    if ((*message)->size() > inspect::large_message) os::return_freed_memory();
  }
  const Saying saying = co_await scan(*std::move(message), "stream", ScanKind::scan);
  machine_.answer(end.ticket, lines_of(saying, "stream", ScanKind::scan).front());
}

asio::awaitable<void> Session::on(event::ScanDescriptor command) {
  began_ = Clock::now();
  // The machine says so only where there is one.
  if (descriptors_.empty())
    co_return machine_.answer(command.ticket, rastel::clamd::error("No file descriptor received."));
  FileDescriptor file = std::move(descriptors_.front());
  descriptors_.pop_front();
  const std::string subject = fmt::format("fd[{}]", file.get());
  const bool has_room = co_await wait_for_room();
  if (!has_room) co_return machine_.answer(command.ticket, rastel::clamd::error(subject, too_busy));
  auto work = [file = std::move(file), room = room()] { return take_descriptor(file, room); };
  Taken taken = co_await door_->files.run(std::move(work));
  const Saying saying = co_await scan(std::move(taken), subject, ScanKind::scan);
  machine_.answer(command.ticket, lines_of(saying, subject, ScanKind::scan).front());
}

// A folder's files one after the other, as they are met; what isn't OK has a line.
asio::awaitable<void> Session::on(event::Scan command) {
  struct Step {
    std::string below;  // the path that was asked for: "", "/folder/file"
    std::size_t depth = 0;
  };
  const auto place = place_of(command.path, door_->options.scan_folders);
  if (!place) {
    tell_refused(command.path, "not in scan_folders");
    co_return machine_.answer(command.ticket, rastel::clamd::error(command.path, reason::access_denied));
  }
  const bool first_only = command.kind == ScanKind::scan || command.kind == ScanKind::allmatchscan;
  std::string asked = command.path;
  std::vector<Step> steps(1);
  std::size_t left = most_files;
  bool all_well = true;
  while (!steps.empty()) {
    const Step step = std::move(steps.back());
    steps.pop_back();
    if (stream_.peer_has_hung_up()) co_return machine_.finish(command.ticket);
    began_ = Clock::now();
    Taken taken;
    const bool has_room = co_await wait_for_room();
    if (!has_room) {
      taken.refused = too_busy;
    } else if (step.depth > most_depth) {
      taken.refused = "Folders are nested too deeply.";
    } else {
      auto work = [folder = place->folder, rest = place->rest + step.below, left, room = room()] {
        return take_path(folder, rest, left, room);
      };
      taken = co_await door_->files.run(std::move(work));
    }
    if (taken.folder) {
      left -= taken.names.size();
      std::ranges::reverse(taken.names);
      if (step.below.empty())
        while (asked.ends_with('/')) asked.pop_back();
      for (const std::string& name : taken.names) steps.push_back({step.below + "/" + name, step.depth + 1});
      continue;
    }
    const std::string path = asked + step.below;
    const Saying saying = co_await scan(std::move(taken), path, command.kind);
    if (saying.kind == Saying::Kind::ok) continue;
    all_well = false;
    for (const std::string& line : lines_of(saying, path, command.kind))
      machine_.answer_line(command.ticket, line);
    const bool told = co_await flush();
    if (!told) break;
    if (first_only && saying.kind == Saying::Kind::found) break;
  }
  if (all_well)
    machine_.answer(command.ticket, rastel::clamd::ok(command.path));
  else
    machine_.finish(command.ticket);
}

}  // namespace rastel::doors::clamd
