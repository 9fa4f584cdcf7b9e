// SPDX-License-Identifier: GPL-2.0-only
// A message as it comes in: line breaks made whole, forged headers of ours dropped, hops counted, bytes
// spooled. Small messages never leave the session's thread; what is larger is written by the blocking pool.
#pragma once

#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include "base/message.hpp"
#include "inspect/own_field.hpp"
#include "inspect/spooling.hpp"
#include "protocol/header_scanner.hpp"
#include "protocol/smtp/line_breaks.hpp"

namespace rastel::doors::smtp {

class Incoming {
 public:
  Incoming(std::filesystem::path spool, std::uint64_t most, rastel::smtp::LineBreakPolicy line_breaks,
           inspect::BlockingPool& blocking)
      : spooling_(std::move(spool), most, blocking), line_breaks_(line_breaks), header_(inspect::own_field) {}

  [[nodiscard]] boost::asio::awaitable<Result<>> feed(std::string_view bytes);
  [[nodiscard]] boost::asio::awaitable<Result<MessagePointer>> finish();

  // After finish(), which lets go of all buffers: a message may wait long for its verdict.
  [[nodiscard]] HeaderScanner& header() { return header_; }
  [[nodiscard]] bool bad_line_breaks() const { return line_breaks_.found(); }

 private:
  void read(std::string_view bytes);

  inspect::Spooling spooling_;
  rastel::smtp::LineBreaks line_breaks_;
  HeaderScanner header_;
  std::string whole_;
};

}  // namespace rastel::doors::smtp
