// SPDX-License-Identifier: GPL-2.0-only
// What goes on in smtpd's sessions, by the lines that it writes to a filter, and what is written back. A
// message is held until there is a verdict of it, whatever else comes meanwhile. One thread; waits for
// nobody.
//
// Whoever writes these lines is smtpd, but what they are about is chosen by clients. There is a limit of all
// that is kept: sessions, recipients, bytes of a message and of all messages. A message that is too large is
// refused; what is beyond the others is told to come again, and so is whatever trouble of ours keeps from a
// verdict, a lack of memory too. smtpd ends when its filter does.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "piping/opensmtpd/event.hpp"
#include "piping/opensmtpd/outgoing.hpp"
#include "piping/spool.hpp"
#include "protocol/pipe/messages.hpp"

namespace rastel::piping::opensmtpd {

struct Limits {
  std::uint64_t message = 100UL * 1024 * 1024;  // bytes
  std::uint64_t all = 1024UL * 1024 * 1024;     // bytes of messages and recipients
  std::size_t sessions = 10'000;
  std::size_t recipients = 1000;
};

struct Question {
  std::string session = {};
  std::uint64_t number = 0;  // which message it is about
  pipe::Request request = {};
  Spooled message = {};
};

struct Decision {
  std::string session = {};
  std::uint64_t number = 0;
  std::string refusal = {};        // "550 5.7.1 …"; empty: it is taken
  Version version = {};            // what is taken
  FileDescriptor connection = {};  // to whom it is reported that it was
};

class Sessions {
 public:
  using Ask = std::function<void(Question)>;

  Sessions(const Limits& limits, Ask ask);
  ~Sessions();

  // A line of smtpd's; appends what is to be written back.
  void hear(const Lines::Line& line, std::string& out);
  // One that nobody waits for any more is dropped.
  void decided(Decision decision, std::string& out);

  // Messages are on their way back.
  [[nodiscard]] bool handing() const { return !handing_.empty(); }
  // Appends about a block of one of them, each in its turn.
  void hand_on(std::string& out);

  [[nodiscard]] std::size_t count() const { return sessions_.size(); }
  [[nodiscard]] std::uint64_t held_bytes() const { return held_; }

 private:
  struct Session;
  // Looked up without a copy: where memory is missing, too.
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  using Map = std::unordered_map<std::string, std::unique_ptr<Session>, Hash, std::equal_to<>>;

  void handle(const Event& event, bool cut, std::string& out);
  void take_line(Session* session, const Event& event, bool cut, std::string& out);
  void end_of_message(Session& session, const Event& event, std::string& out);
  static void answer_commit(Session* session, const Event& event, std::string& out);
  void committed(Session& session);
  void add_recipient(Session& session, std::string_view address);
  void refuse(Session& session, std::string_view reply);
  // Frees what is of a message.
  void forget(Session& session);
  void count(Session& session, std::uint64_t bytes);
  [[nodiscard]] Session* find(std::string_view id);
  [[nodiscard]] Session* find_or_make(std::string_view id);

  Limits limits_;
  Ask ask_;
  Map sessions_;
  std::list<std::string> handing_;  // ids
  std::uint64_t held_ = 0;
  std::uint64_t last_number_ = 0;
};

inline constexpr std::string_view cant_be_scanned =
    "451 4.7.1 The message can't be scanned now, try again later";

}  // namespace rastel::piping::opensmtpd
