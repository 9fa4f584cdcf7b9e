// SPDX-License-Identifier: GPL-2.0-only
// A message that was taken: inspected, made durable where it is held, answered, told. Custody as at every
// door: until the answer the program has the message, and whoever called it; "held" and "discarded" are only
// said of what is on disk.
#pragma once

#include <functional>
#include <optional>

#include <boost/asio/awaitable.hpp>

#include "doors/pipe/content.hpp"
#include "doors/pipe/options.hpp"
#include "inspect/message_log.hpp"
#include "inspect/services.hpp"
#include "protocol/pipe/messages.hpp"

namespace rastel::doors::pipe {

class Handing {
 public:
  // What is referred to outlives it.
  Handing(inspect::Subject subject, Taken taken, const rastel::pipe::Request& request,
          const PipeDoorOptions& options, inspect::Services& services);

  // `client_is_there`: one that is gone comes again, so nothing is held for it.
  [[nodiscard]] boost::asio::awaitable<rastel::pipe::Answer> decide(Deadline reply_by,
                                                                    std::function<bool()> client_is_there);
  // What goes along with an answer `changed`.
  [[nodiscard]] const MessagePointer& changed() const { return changed_; }
  // Whether there is more to come for the log.
  [[nodiscard]] bool passes() const { return !outcome_.versions.empty(); }
  // The answer didn't reach the program: it comes again.
  void give_up();
  // Once the program has its answer. `result`: of the delivery program, unless it is unknown.
  [[nodiscard]] boost::asio::awaitable<void> tell(std::optional<rastel::pipe::Result> result);

 private:
  [[nodiscard]] boost::asio::awaitable<rastel::pipe::Answer> pass();
  rastel::pipe::Answer all_deferred(std::string text);

  inspect::Subject subject_;
  Taken taken_;
  rastel::pipe::RequestKind kind_;
  const PipeDoorOptions& options_;
  inspect::Services& services_;
  inspect::Outcome outcome_;
  inspect::Story story_;
  MessagePointer changed_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point answered_ = began_;
};

}  // namespace rastel::doors::pipe
