// SPDX-License-Identifier: GPL-2.0-only
// rastel-filter: from standard input to standard output, for Exim's transport_filter, maildrop's xfilter and
// procmail's filter recipes. Nothing is written before the verdict is there, so that trouble leaves an empty
// output and a code that says so.
#include <array>
#include <ctime>

#include <unistd.h>

#include "app/piping/common.hpp"
#include "app/piping/programs.hpp"
#include "protocol/pipe/line_ends.hpp"
#include "protocol/pipe/lines_above.hpp"

namespace rastel::piping {
namespace {

using pipe::Doing;

// As RFC 5322 3.3 has it, whatever the locale.
std::string date_now() {
  constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t now = std::time(nullptr);
  std::tm date{};
  gmtime_r(&now, &date);
  const auto two = [](int number) { return std::string(number < 10 ? "0" : "") + std::to_string(number); };
  return std::string(days.at(static_cast<std::size_t>(date.tm_wday))) + ", " + two(date.tm_mday) + " " +
         months.at(static_cast<std::size_t>(date.tm_mon)) + " " + std::to_string(1900 + date.tm_year) + " " +
         two(date.tm_hour) + ":" + two(date.tm_min) + ":" + two(date.tm_sec) + " +0000";
}

std::string own_host() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name.front() == '\0') return "localhost";
  return name.data();
}

// Nothing of the message itself but what the mail server put above it.
std::string notice(const Spooled& original, const pipe::Answer& answer) {
  std::string begin(pipe::longest_above, '\0');
  const ssize_t got = pread(original.file.get(), begin.data(), begin.size(), 0);
  begin.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  const bool kept = answer.doing != Doing::discarded;
  std::string text = "From: Mail scanner <MAILER-DAEMON@" + own_host() + ">\n" + "Subject: A message was " +
                     (kept ? "held" : "discarded") + " (" + answer.id + ")\n" + "Date: " + date_now() + "\n" +
                     "Message-ID: <" + answer.id + ".notice@" + own_host() + ">\n" +
                     "Auto-Submitted: auto-generated\n"
                     "MIME-Version: 1.0\n"
                     "Content-Type: text/plain; charset=us-ascii\n"
                     "\n"
                     "A message to you was " +
                     (kept ? "held" : "discarded") +
                     " by the mail server.\n"
                     "\n"
                     "Reason: " +
                     answer.what +
                     "\n"
                     "Id:     " +
                     answer.id + "\n";
  if (kept) text += "\nThe administrator finds it by the id, and can release it.\n";
  std::string out = begin.substr(0, pipe::lines_above(begin));
  if (!pipe::ends_lines_with_crlf(begin)) return out + text;
  pipe::ToCrlf lines;
  lines.feed(text, out);
  return out;
}

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
                               : passing_unscanned(original, "rastel-filter", answered.error().what);
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
