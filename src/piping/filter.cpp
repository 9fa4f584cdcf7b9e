// SPDX-License-Identifier: GPL-2.0-only
// rastel-filter: from standard input to standard output, for Exim's transport_filter, maildrop's xfilter and
// procmail's filter recipes. Nothing is written before the verdict is there, so that trouble leaves an empty
// output and a code that says so.
#include <unistd.h>

#include "piping/common.hpp"
#include "piping/notice.hpp"
#include "piping/programs.hpp"

namespace rastel::piping {
namespace {

using pipe::Doing;

Outcome<Spooled> output_of(Spooled original, const Answered& answered) {
  switch (answered.answer.doing) {
    case Doing::pass:
    case Doing::changed:
      return passing(std::move(original), answered);
    case Doing::held:
    case Doing::discarded:
      return spool_text(notice(original, answered.answer));
    case Doing::refused:  // isn't said to a filter
    case Doing::deferred:
    case Doing::busy:
      break;
  }
  return std::unexpected(Problem{Ending::deferred, answered.answer.text});
}

Outcome<void> run(const Options& options, Spooled original, const Parent& parent) {
  const auto answered = ask(options.socket_path, options.request, original, time_to_ask(options));
  if (parent.is_gone()) return std::unexpected(Problem{Ending::deferred, "whoever called is gone"});
  if (!answered && options.when_away == WhenAway::defer) return std::unexpected(answered.error());
  const auto output = answered ? output_of(std::move(original), *answered)
                               : passing_unscanned(original, {.socket_path = options.socket_path,
                                                              .request = options.request,
                                                              .program = "rastel-filter",
                                                              .why = answered.error().what});
  if (!output) return std::unexpected(output.error());
  return write_out(*output, STDOUT_FILENO);
}

}  // namespace

int filter(const Invocation& invocation) {
  const Parent parent;
  guard(Caller::sysexits, std::chrono::seconds(240));
  const auto options = parse({invocation.words.begin() + 1, invocation.words.end()}, own_environment());
  if (!options) return end_with(Ending::deferred, Caller::sysexits, options.error());
  if (!options->command.empty())
    return end_with(Ending::deferred, Caller::sysexits, "usage: rastel-filter [OPTION…]");
  guard(options->caller, options->timeout);
  Options asked = *options;
  asked.request.kind = pipe::RequestKind::filter;
  auto original = spool_all(STDIN_FILENO);
  if (!original) return end_with(original.error().ending, asked.caller, original.error().what);
  const auto done = run(asked, *std::move(original), parent);
  if (!done) return end_with(done.error().ending, asked.caller, done.error().what);
  return code_of(Ending::done, asked.caller);
}

}  // namespace rastel::piping
