// SPDX-License-Identifier: GPL-2.0-only
// rastel-opensmtpd-filter: a filter of OpenSMTPD's smtpd (smtpd-filters(7)), which writes what its clients
// say to our standard input and reads what becomes of it from our standard output. It runs as long as smtpd
// does: smtpd ends when one of its filters does, so nothing but the end of standard input ends it. What can
// be wrong is wrong with a message, which is deferred.
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <new>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "piping/opensmtpd/askers.hpp"
#include "piping/programs.hpp"
#include "piping/serving.hpp"

namespace rastel::piping {
namespace {

using opensmtpd::Lines;

// smtpd reads all that we write, and keeps it; so this is waited for, not what it wants to write meanwhile.
constexpr std::size_t hear_below = 1024UL * 1024;  // bytes that wait to be written
constexpr std::size_t fill_below = 128UL * 1024;
constexpr int look_again = 500;  // ms: for what waits in vain

void be_deaf() {
  for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGPIPE, SIGXFSZ, SIGALRM})
    (void)std::signal(number, SIG_IGN);
}

bool never_wait(int descriptor) {
  const int flags = fcntl(descriptor, F_GETFL);
  return flags >= 0 && fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0;
}

std::string registrations() {
  std::string all;
  for (const char* report : {"link-connect", "link-disconnect", "link-identify", "link-auth", "tx-begin",
                             "tx-mail", "tx-rcpt", "tx-commit", "tx-rollback", "tx-reset"})
    all += std::string("register|report|smtp-in|") + report + "\n";
  for (const char* phase : {"data-line", "commit"})
    all += std::string("register|filter|smtp-in|") + phase + "\n";
  return all + "register|ready\n";
}

class Filter {
 public:
  explicit Filter(const Options& options, const opensmtpd::Limits& limits)
      : askers_(options),
        sessions_(limits, [this](opensmtpd::Question question) { askers_.ask(std::move(question)); }) {
    out_.reserve(2 * hear_below);  // more than ever waits
  }

  // Until smtpd is gone.
  void run() {
    while (wait()) {
      if ((ready_[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !hear()) return;
      take_decisions();
      while (sessions_.handing() && out_.size() - written_ < fill_below) sessions_.hand_on(out_);
      if (!write_out()) return;
    }
  }

 private:
  void take_decisions() {
    auto taken = askers_.take();
    for (opensmtpd::Askers::Asked& asked : taken) {
      asked.decision.session = std::move(asked.question.session);
      asked.decision.number = asked.question.number;
      sessions_.decided(std::move(asked.decision), out_);
    }
  }
  bool wait() {
    const std::size_t waits = out_.size() - written_;
    ready_[0] = {waits < hear_below ? STDIN_FILENO : -1, POLLIN, 0};
    // Where all has been written at once there may be more to hand on.
    ready_[1] = {waits > 0 || sessions_.handing() ? STDOUT_FILENO : -1, POLLOUT, 0};
    ready_[2] = {askers_.descriptor(), POLLIN, 0};
    const int ready = poll(ready_.data(), ready_.size(), askers_.busy() ? look_again : -1);
    if (ready < 0) ready_ = {};
    return ready >= 0 || errno == EINTR || errno == ENOMEM || errno == EAGAIN;
  }

  bool hear() {
    const ssize_t got = read(STDIN_FILENO, piece_.data(), piece_.size());
    if (got == 0) return false;
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    lines_.receive({piece_.data(), static_cast<std::size_t>(got)});
    Lines::Line line;
    while (lines_.next(line)) {
      if (line.text == "config|ready") out_ += registrations();
      sessions_.hear(line, out_);
    }
    return true;
  }

  bool write_out() {
    while (written_ < out_.size()) {
      const ssize_t done = write(STDOUT_FILENO, out_.data() + written_, out_.size() - written_);
      if (done < 0 && errno == EINTR) continue;
      if (done < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != ENOBUFS) return false;
      if (done < 0) break;
      written_ += static_cast<std::size_t>(done);
    }
    if (written_ == out_.size() || written_ > hear_below) {
      out_.erase(0, written_);
      written_ = 0;
    }
    return true;
  }

  opensmtpd::Askers askers_;
  opensmtpd::Sessions sessions_;
  Lines lines_;
  std::string out_;
  std::size_t written_ = 0;  // of it
  std::array<pollfd, 3> ready_{};
  std::array<char, 65536> piece_{};
};

}  // namespace

int opensmtpd_filter(const Invocation& invocation) {
  be_deaf();
  const auto options = serving_options(invocation, "rastel-opensmtpd-filter");
  if (!options) return 64;
  allow_many_descriptors();
  if (!never_wait(STDIN_FILENO) || !never_wait(STDOUT_FILENO)) return 71;
  // Never freed: its threads end with the process.
  auto* const filter = new Filter(*options, opensmtpd::Limits{});
  for (;;) {
    try {
      filter->run();
      return 0;
    } catch (const std::bad_alloc&) {
      // It goes on: what was being done for a message is lost, and that message with it.
    }
  }
}

}  // namespace rastel::piping
