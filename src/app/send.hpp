// SPDX-License-Identifier: GPL-2.0-only
// `rastel send`: a load generator over SMTP or LMTP. Confined to its executor's thread; each session sends
// one message after the other over one connection and connects anew when it breaks. No pipelining: every
// command waits for its reply, as most senders do. A message whose connection broke is trouble, not tried
// again: what is counted is what happened.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/message.hpp"
#include "base/units.hpp"
#include "protocol/smtp/reply.hpp"

namespace rastel::send {

struct Load {
  std::string name;  // the file's, or "built-in"
  MessagePointer message;
  bool eight_bit = false;
};

inline constexpr std::string_view message_name = "{message}";

struct Options {
  NextHop to;
  std::uint32_t sessions = 1;
  std::vector<Load> messages;  // at least one; taken in turn
  std::uint64_t count = 1;     // how many are sent
  std::string sender;          // empty: <>
  std::vector<std::string> recipients;
  double rate = 0;  // messages a second, all sessions together; 0: as fast as it goes
  Duration patience{std::chrono::minutes(5)};  // for every reply
  std::string own_name = "send.invalid";

  // The reverse-path of one message: `message_name` in it is replaced by the name of the message's file
  // without its ending, so that a receiver can tell which one came.
  [[nodiscard]] std::string sender_of(const Load& load) const;
};

// What became of one message: a reply a recipient, in their order; an empty one where none came.
struct Sent {
  const Load* load = nullptr;
  std::vector<std::optional<smtp::Reply>> replies;
  std::string trouble;      // what broke; empty when every recipient has a reply
  double milliseconds = 0;  // from MAIL (with a rate: from when it was due) to the last reply

  // The reply that says it best: the first refusal, or else the first reply.
  [[nodiscard]] const smtp::Reply* reply() const;
  [[nodiscard]] bool accepted() const;
};

struct Totals {
  std::uint64_t messages = 0, accepted = 0, trouble = 0;
  std::uint64_t not_tried = 0;         // left when all sessions had given up
  std::map<int, std::uint64_t> codes;  // replies by code
  std::vector<float> milliseconds;     // one a message without trouble, sorted
  double seconds = 0;

  [[nodiscard]] double percentile(double percent) const;  // nearest rank; 0 without messages
};

// A session gives up after this many broken connections in a row.
inline constexpr int most_breaks = 3;

// Every regular file of a folder in the order of names, or the file itself; line breaks become CR LF unless
// `as_is`.
[[nodiscard]] Result<std::vector<Load>> load(const std::vector<std::filesystem::path>& paths, bool as_is);
[[nodiscard]] Result<Load> built_in_message();

// `on_sent` is called for every message as its last reply comes.
[[nodiscard]] boost::asio::awaitable<Totals> run(Options options, std::function<void(const Sent&)> on_sent);

}  // namespace rastel::send
