// SPDX-License-Identifier: GPL-2.0-only
// Channel: the daemon's end of a SOCK_SEQPACKET socket to one of our processes, as coroutines with deadlines.
// Confined to its executor's thread; one wait for reading at a time.
#pragma once

#include <memory>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/deadline.hpp"
#include "sandbox/seqpacket.hpp"

namespace rastel::sandbox {

class Channel {
 public:
  Channel(boost::asio::any_io_executor executor, FileDescriptor socket);
  ~Channel();
  Channel(Channel&&) noexcept = default;
  Channel& operator=(Channel&&) noexcept = default;

  // peer_closed at the end; timed_out; peer for a cut message.
  [[nodiscard]] boost::asio::awaitable<Result<Packet>> receive(std::size_t largest,
                                                               std::size_t most_descriptors,
                                                               Deadline deadline);
  // Nothing has come in that nobody asked for, and the other end is there.
  [[nodiscard]] bool quiet() const;
  // Never waits: a full socket means a process that doesn't read, an error.
  [[nodiscard]] Result<> send(std::string_view bytes, const std::vector<int>& descriptors = {});
  // After receive() ended with peer_closed: the other end had not read all that was sent.
  [[nodiscard]] bool left_unread() const;
  void end_sending();  // the other end sees the end; receiving goes on
  void close();        // lets receive() end with peer_closed

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with a receive() under way
};

}  // namespace rastel::sandbox
