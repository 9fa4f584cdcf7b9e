// SPDX-License-Identifier: GPL-2.0-only
#include "piping/opensmtpd/askers.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "piping/opensmtpd/decide.hpp"
#include "piping/serving.hpp"

namespace rastel::piping::opensmtpd {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t most_threads = 32;

}  // namespace

Askers::Askers(const Options& options) : options_(options) {
  std::array<int, 2> ends{-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0)
    throw std::system_error(errno, std::generic_category(), "no pipe");
  wake_read_ = FileDescriptor(ends[0]);
  wake_write_ = FileDescriptor(ends[1]);
  if (!start_one()) throw std::system_error(EAGAIN, std::generic_category(), "no thread");
}

bool Askers::start_one() {
  const bool started = start_thread(begin, this);
  if (started) ++threads_;
  return started;
}

void* Askers::begin(void* self) { static_cast<Askers*>(self)->work(); }

void Askers::ask(Question question) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back({std::move(question), Clock::now() + options_.timeout});
  // Without another one those that there are do it.
  if (idle_ < waiting_.size() && threads_ < most_threads) (void)start_one();
  come_.notify_one();
}

bool Askers::busy() {
  const std::lock_guard lock(mutex_);
  return !waiting_.empty();
}

std::list<Askers::Asked> Askers::take() {
  std::array<char, 256> dropped{};
  while (read(wake_read_.get(), dropped.data(), dropped.size()) > 0) {
  }
  std::list<Asked> taken;
  const std::lock_guard lock(mutex_);
  taken.swap(decided_);
  // They have come in the order of their ends.
  while (!waiting_.empty() && Clock::now() >= waiting_.front().by) {
    waiting_.front().decision.refusal = cant_be_scanned;
    taken.splice(taken.end(), waiting_, waiting_.begin());
  }
  return taken;
}

void Askers::wake() {
  // Full: it is readable.
  (void)!write(wake_write_.get(), "", 1);
}

void Askers::decide_one(Asked& asked) const {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(asked.by - Clock::now());
  try {
    asked.decision = decide(options_, asked.question, std::max(left, std::chrono::milliseconds(1)));
  } catch (const std::bad_alloc&) {
    asked.decision = {};
    asked.decision.refusal = "451 4.3.0";  // short enough to need none
  }
}

void Askers::work() {
  std::list<Asked> mine;
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    while (waiting_.empty()) come_.wait(lock);
    --idle_;
    mine.splice(mine.end(), waiting_, waiting_.begin());
    lock.unlock();
    decide_one(mine.front());
    lock.lock();
    decided_.splice(decided_.end(), mine);
    wake();
  }
}

}  // namespace rastel::piping::opensmtpd
