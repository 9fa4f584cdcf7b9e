// SPDX-License-Identifier: GPL-2.0-only
// Threads that ask the daemon, so that whoever reads what smtpd writes waits for nobody. They are started as
// they are needed, at most 32: a daemon that hangs costs each of them its time, while what waits for one is
// given up in time, too. Where memory or threads are missing it goes on with what there is.
#pragma once

#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>

#include "piping/opensmtpd/sessions.hpp"
#include "piping/options.hpp"

namespace rastel::piping::opensmtpd {

// Never destroyed: its threads run as long as the process.
class Askers {
 public:
  struct Asked {
    Question question;
    std::chrono::steady_clock::time_point by;
    Decision decision = {};
  };

  // Throws where not even one thread can be started.
  explicit Askers(const Options& options);

  void ask(Question question);
  // What has been decided since the last call; what nobody has asked in time among it.
  [[nodiscard]] std::list<Asked> take();
  // Readable when there is something to take.
  [[nodiscard]] int descriptor() const { return wake_read_.get(); }
  // Something may have to be given up.
  [[nodiscard]] bool busy();

 private:
  [[nodiscard]] bool start_one();
  static void* begin(void* self);
  [[noreturn]] void work();
  void decide_one(Asked& asked) const;
  void wake();

  const Options options_;
  FileDescriptor wake_read_, wake_write_;

  std::mutex mutex_;  // of all below
  std::condition_variable come_;
  std::list<Asked> waiting_, decided_;  // moved from list to list without a copy: that needs no memory
  std::size_t threads_ = 0, idle_ = 0;
};

}  // namespace rastel::piping::opensmtpd
