// SPDX-License-Identifier: GPL-2.0-only
#include "piping/common.hpp"

#include <algorithm>

#include <syslog.h>
#include <unistd.h>

#include "base/ascii.hpp"
#include "base/os/file.hpp"
#include "piping/programs.hpp"
#include "protocol/pipe/line_ends.hpp"
#include "protocol/pipe/lines_above.hpp"

#if defined(__linux__) || defined(__FreeBSD__)
#include <sys/auxv.h>
#endif

namespace rastel::piping {
namespace {

bool has_status_code(std::string_view line) {
  return line.size() > 5 && is_digit(line[0]) && line[1] == '.' && is_digit(line[2]) && line[3] == '.' &&
         is_digit(line[4]);
}

std::string path_of(const char* name) {
#if defined(__linux__)
  // What the caller calls us ("procmail", "-procmail") needn't be where we are.
  const auto* path =
      reinterpret_cast<const char*>(getauxval(AT_EXECFN));  // NOLINT: the kernel's way to say it
  if (path != nullptr) return path;
#endif
  return name;
}

Invocation own_invocation(int count, char** arguments) {
  Invocation invocation;
  invocation.words.assign(arguments, arguments + count);
  if (invocation.words.empty()) invocation.words.emplace_back("rastel");
  invocation.path = path_of(invocation.words.front().c_str());
  return invocation;
}

}  // namespace

int run(int (*program)(const Invocation&), std::string_view behind, int count, char** arguments) {
  const Invocation invocation = own_invocation(count, arguments);
  const std::string name = invocation.path.substr(invocation.path.rfind('/') + 1);
  const bool asks = invocation.words.size() == 2 && invocation.words.back() == "--help";
  // Under a delivery program's name the question is for that one.
  if (!asks || !name.starts_with("rastel-")) return program(invocation);
  const std::string text = "usage: " + name + " [OPTION…]" + std::string(behind) + std::string(options_told);
  (void)os::write_all(STDOUT_FILENO, text);
  return code_of(Ending::deferred, Caller::sysexits);
}

int end_with(Ending ending, Caller caller, const std::string& line) {
  if (has_status_code(line))
    say(line);
  else
    say((ending == Ending::refused ? "5.7.1 " : "4.3.0 ") + line);
  return code_of(ending, caller);
}

Parent::Parent() : was_(getppid()) {}
// Before we began, too: then we are init's already. The one mail server whose first process starts delivery
// programs itself may be the first of a container.
bool Parent::is_gone() const {
  const pid_t now = getppid();
  if (now != was_) return true;
  if (now != 1) return false;
  const auto first = os::read_file("/proc/1/comm", 64);
  return !first || *first != "smtpd\n";
}

std::chrono::milliseconds time_to_ask(const Options& options) {
  return std::max(time_left() - options.timeout / 8, std::chrono::milliseconds(1));
}

bool is_its_own(const pipe::Result& result) {
  const bool ended_by_us = time_is_up() || told_to_end();
  return result.how == pipe::Result::How::exited && (result.number == 0 || !ended_by_us);
}

Outcome<Spooled> passing(Spooled original, const Answered& answered) {
  const pipe::Answer& answer = answered.answer;
  const bool changed = answer.doing == pipe::Doing::changed;
  if (!changed && answer.line.empty()) return original;
  return spool_with_line(original, answer.above, answer.line, changed ? answered.changed.get() : -1);
}

void say_unscanned(const Unscanned& unscanned) {
  openlog(unscanned.program.c_str(), LOG_PID, LOG_MAIL);
  syslog(LOG_WARNING, "a message passes unscanned (--fail=pass): %s", unscanned.why.c_str());
  tell_passed(unscanned.socket_path, unscanned.request);
}

Outcome<Spooled> passing_unscanned(const Spooled& original, const Unscanned& unscanned) {
  say_unscanned(unscanned);
  std::string begin(pipe::longest_above, '\0');
  const ssize_t got = pread(original.file.get(), begin.data(), begin.size(), 0);
  begin.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  const std::string line = std::string("X-Rastel: unscanned(engine); passed") +
                           (pipe::ends_lines_with_crlf(begin) ? "\r\n" : "\n");
  return spool_with_line(original, pipe::lines_above(begin), line, -1);
}

}  // namespace rastel::piping
