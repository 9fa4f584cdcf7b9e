// SPDX-License-Identifier: GPL-2.0-only
// A message as the mail server shows it: made whole again, forged fields of ours dropped, hops counted,
// spooled. One session.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/message.hpp"
#include "inspect/own_field.hpp"
#include "inspect/spooling.hpp"
#include "protocol/header_scanner.hpp"
#include "protocol/milter/message_rebuilder.hpp"

namespace rastel::doors::milter {

class Incoming {
 public:
  Incoming(std::filesystem::path spool, std::uint64_t most, inspect::BlockingPool& blocking,
           rastel::milter::LeadingSpace space)
      : spooling_(std::move(spool), most, blocking), rebuilder_(space), header_(inspect::own_field) {}

  // First of all: received.hpp.
  void received(std::string_view field);
  void header(std::string_view name, std::string_view value);
  void end_of_headers();
  void body(std::string_view chunk);
  // To be called behind each of these. An error is remembered: nothing is taken any more, finish() tells it.
  [[nodiscard]] boost::asio::awaitable<void> settle();
  [[nodiscard]] boost::asio::awaitable<Result<MessagePointer>> finish();

  [[nodiscard]] HeaderScanner& scanned() { return header_; }
  // The names of forged fields of ours as they were written, in their order.
  [[nodiscard]] const std::vector<std::string>& forged() const { return forged_; }

 private:
  void take();

  inspect::Spooling spooling_;
  rastel::milter::MessageRebuilder rebuilder_;
  HeaderScanner header_;
  std::string rebuilt_;  // not yet seen by header_
  std::string whole_;
  std::vector<std::string> forged_;
  std::optional<Error> error_;
};

}  // namespace rastel::doors::milter
