// SPDX-License-Identifier: GPL-2.0-only
#include "piping/trouble.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <exception>
#include <new>

#include <fcntl.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/ascii.hpp"

namespace rastel::piping {
namespace {

using Clock = std::chrono::steady_clock;

// What a handler reads: set before it can run.
volatile std::sig_atomic_t trouble_code = 75;
volatile std::sig_atomic_t late_code = 75;
volatile std::sig_atomic_t bug_code = 75;
volatile std::sig_atomic_t memory_code = 75;
volatile std::sig_atomic_t child_runs = 0;
volatile std::sig_atomic_t late = 0;
volatile std::sig_atomic_t told = 0;
Clock::time_point end_of_patience;

void on_late(int) {
  if (child_runs == 0) _exit(late_code);
  late = 1;
}
void on_told(int) {
  if (child_runs == 0) _exit(trouble_code);
  told = 1;
  alarm(1);  // once more: this one may have come just before the wait that it is to end
}
void on_bug(int) { _exit(bug_code); }
[[noreturn]] void on_terminate() { _exit(bug_code); }
void on_no_memory() { _exit(memory_code); }

void handle(int number, void (*handler)(int)) {
  struct sigaction action{};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_ONSTACK;  // a stack that is full has no room for a handler
  (void)sigaction(number, &action, nullptr);
}

// What the caller has ignored (nohup) stays so, here and for whom we start.
void handle_unless_ignored(int number, void (*handler)(int)) {
  struct sigaction now{};
  if (sigaction(number, nullptr, &now) == 0 && now.sa_handler == SIG_IGN) return;
  handle(number, handler);
}

void give_handlers_a_stack() {
  constexpr std::size_t size = 32UL * 1024;
  static char bytes[size];
  stack_t stack{};
  stack.ss_sp = bytes;
  stack.ss_size = size;
  (void)sigaltstack(&stack, nullptr);
}

// Else a file of ours would get one of these numbers, and what is said would go into it. Not to be read: a
// standard input that isn't there is no empty message.
void open_standard_descriptors() {
  int number;
  do number = open("/dev/null", O_WRONLY);
  while (number >= 0 && number <= 2);
  if (number > 2) close(number);
}

int of_qmail_queue(Ending ending) {
  switch (ending) {
    case Ending::done:
      return 0;
    case Ending::refused:
      return 31;
    case Ending::out_of_memory:
      return 51;
    case Ending::timed_out:
      return 52;
    case Ending::cant_write:
      return 53;
    case Ending::cant_read:
      return 54;
    case Ending::deferred:
      return 71;
    case Ending::bad_envelope:
      return 91;
    case Ending::bug:
      break;
  }
  return 81;
}

}  // namespace

int code_of(Ending ending, Caller caller) {
  if (caller == Caller::qmail_queue) return of_qmail_queue(ending);
  const bool qmail = caller == Caller::qmail;
  if (ending == Ending::done) return 0;
  if (ending == Ending::refused) return qmail ? 100 : 77;
  return qmail ? 111 : 75;
}

void guard(Caller caller, std::chrono::milliseconds latest) {
  trouble_code = code_of(Ending::deferred, caller);
  late_code = code_of(Ending::timed_out, caller);
  bug_code = code_of(Ending::bug, caller);
  memory_code = code_of(Ending::out_of_memory, caller);
  open_standard_descriptors();
  give_handlers_a_stack();
  std::set_terminate(on_terminate);
  std::set_new_handler(on_no_memory);
  for (const int number :
       {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU, SIGVTALRM, SIGPROF, SIGIO})
    handle_unless_ignored(number, on_told);
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP}) handle(number, on_bug);
  handle(SIGALRM, on_late);
  handle(SIGPIPE, SIG_IGN);
  handle(SIGXFSZ, SIG_IGN);
  handle(SIGCHLD, SIG_DFL);  // ignored, children would have no exit code
  end_of_patience = Clock::now() + latest;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(latest);
  const auto rest = std::chrono::duration_cast<std::chrono::microseconds>(latest - seconds);
  // And again each second: one that comes before a wait begins doesn't end it.
  const itimerval timer{{1, 0},
                        {static_cast<time_t>(seconds.count()), static_cast<suseconds_t>(rest.count())}};
  (void)setitimer(ITIMER_REAL, &timer, nullptr);
}

std::chrono::milliseconds time_left() {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end_of_patience - Clock::now());
  return std::max(left, std::chrono::milliseconds(1));
}

void set_child(pid_t child) { child_runs = child > 0 ? 1 : 0; }
bool time_is_up() { return late != 0; }
bool told_to_end() { return told != 0; }

void say(std::string_view line) {
  std::string text(line.substr(0, 500));
  std::ranges::replace_if(text, is_control, '?');
  text += '\n';
  // Who doesn't listen misses it.
  (void)!write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace rastel::piping
