// SPDX-License-Identifier: GPL-2.0-only
// rastel-qmail-queue: in place of qmail-queue (QMAILQUEUE), or under its name with the real one beside it as
// qmail-queue.real. What passes is acknowledged when the real qmail-queue has done so, and by its exit code.
#include <cstdlib>

#include <unistd.h>

#include "piping/child.hpp"
#include "piping/common.hpp"
#include "piping/programs.hpp"
#include "piping/queue_envelope.hpp"

namespace rastel::piping {
namespace {

using pipe::Doing;
using How = pipe::Result::How;

constexpr Caller caller = Caller::qmail_queue;
constexpr std::size_t largest_envelope = 16UL << 20;  // bytes

// Under its name: the one beside it. Else what --real or the environment says, who sets it can call anything
// himself; else where it usually stands.
std::string real_queue(const Invocation& invocation, const Options& options) {
  if (!options.real.empty()) return options.real;
  if (invocation.path.ends_with("/qmail-queue")) return invocation.path + ".real";
  if (auto named = own_environment()("RASTEL_QMAIL_QUEUE"); named && named->starts_with('/')) return *named;
  for (const char* usual :
       {"/var/qmail/bin/qmail-queue.real", "/var/qmail/bin/qmail-queue", "/usr/sbin/qmail-queue.real"})
    if (access(usual, X_OK) == 0) return usual;
  return "/usr/sbin/qmail-queue";
}

// Also what it was given is what the real one gets: byte by byte.
int hand_over(const std::string& real, const Spooled& message, const Spooled& envelope,
              const FileDescriptor& connection) {
  const pipe::Result result =
      run_child(real, {"qmail-queue"}, {.input = message.file.get(), .envelope = envelope.file.get()});
  report(connection, result);
  if (is_its_own(result)) return static_cast<int>(result.number);
  if (time_is_up()) return code_of(Ending::timed_out, caller);
  return code_of(result.how == How::not_started ? Ending::deferred : Ending::bug, caller);
}

int scan_and_hand_over(const std::string& real, const Options& options, Spooled original,
                       const Spooled& envelope, const Parent& parent) {
  const auto answered = ask(options.socket_path, options.request, original, time_to_ask(options));
  if (parent.is_gone()) return code_of(Ending::deferred, caller);
  if (!answered && options.when_away == WhenAway::defer) {
    const bool late = answered.error().ending == Ending::timed_out;
    return code_of(late ? Ending::timed_out : Ending::deferred, caller);
  }
  Outcome<Spooled> message = std::unexpected(Problem{});
  if (!answered) {
    message = passing_unscanned(original, {.socket_path = options.socket_path,
                                           .request = options.request,
                                           .program = "rastel-qmail-queue",
                                           .why = answered.error().what});
  } else {
    switch (answered->answer.doing) {
      case Doing::held:
      case Doing::discarded:
        return code_of(Ending::done, caller);
      case Doing::refused:
        return code_of(Ending::refused, caller);
      case Doing::deferred:
      case Doing::busy:
        return code_of(Ending::deferred, caller);
      case Doing::pass:
      case Doing::changed:
        break;
    }
    message = passing(std::move(original), *answered);
  }
  if (!message) return code_of(message.error().ending, caller);
  const FileDescriptor none;
  return hand_over(real, *message, envelope, answered ? answered->connection : none);
}

}  // namespace

int qmail_queue(const Invocation& invocation) {
  const Parent parent;
  guard(caller, std::chrono::seconds(240));
  auto options = parse({invocation.words.begin() + 1, invocation.words.end()}, own_environment());
  if (!options || !options->command.empty()) return code_of(Ending::bug, caller);
  guard(caller, options->timeout);
  const std::string real = real_queue(invocation, *options);
  auto original = spool_all(STDIN_FILENO);
  if (!original) return code_of(original.error().ending, caller);
  auto envelope = spool_all(STDOUT_FILENO);
  if (!envelope) return code_of(envelope.error().ending, caller);
  const auto text = text_of(*envelope, largest_envelope);
  auto parsed = text ? parse_queue_envelope(*text) : std::nullopt;
  if (!parsed) return code_of(Ending::bad_envelope, caller);
  options->request.kind = pipe::RequestKind::queue;
  options->request.sender = std::move(parsed->sender);
  options->request.recipients = std::move(parsed->recipients);
  options->request.next = real;
  return scan_and_hand_over(real, *options, *std::move(original), *envelope, parent);
}

}  // namespace rastel::piping
