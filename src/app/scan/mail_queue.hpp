// SPDX-License-Identifier: GPL-2.0-only
// Between the thread that reads messages and those that have them scanned: bounded, so that no more of them
// lie about than are needed to keep the scanners busy. Thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

#include "app/scan/source.hpp"

namespace rastel::scan {

class MailQueue {
 public:
  explicit MailQueue(std::size_t most) : most_(most) {}

  // Waits for room; false: nobody takes anything any more.
  bool put(Mail mail) {
    std::unique_lock lock(mutex_);
    change_.wait(lock, [this] { return waiting_.size() < most_ || stopped_; });
    if (stopped_) return false;
    waiting_.push_back(std::move(mail));
    change_.notify_all();
    return true;
  }
  // Waits for one; nothing: there will be none.
  std::optional<Mail> take() {
    std::unique_lock lock(mutex_);
    change_.wait(lock, [this] { return !waiting_.empty() || complete_ || stopped_; });
    if (stopped_ || waiting_.empty()) return std::nullopt;
    Mail mail = std::move(waiting_.front());
    waiting_.pop_front();
    change_.notify_all();
    return mail;
  }
  void complete() { set(complete_); }  // that was all
  void stop() { set(stopped_); }       // nothing more, whatever waits

 private:
  void set(bool& flag) {
    const std::lock_guard lock(mutex_);
    flag = true;
    change_.notify_all();
  }

  const std::size_t most_;
  std::mutex mutex_;
  std::condition_variable change_;
  std::deque<Mail> waiting_;
  bool complete_ = false;
  bool stopped_ = false;
};

}  // namespace rastel::scan
