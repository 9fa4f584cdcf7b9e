// SPDX-License-Identifier: GPL-2.0-only
// What Courier says of a message to a mail filter (courierfilter(8)): first, on the connection, the paths of
// the message and of its control files; then, in a control file, a line an item, which begins with its
// letter:
//
//   s  the sender; nothing: <>            r  a recipient
//   f  "dns; HELO (NAME [ADDRESS])"       O  "TCPREMOTEIP=ADDRESS"
//   M  the message's id in the queue      i  who has logged in
//
// The letters are those of Courier's comctlfile.h. What stands behind them a client may have chosen. Pure;
// any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/pipe/messages.hpp"

namespace rastel::piping::courier {

struct Paths {
  std::string message = {};
  std::vector<std::string> controls = {};  // at least one
  bool operator==(const Paths&) const = default;
};

// A line a path, and an empty line. One that is relative is so to /usr.
class PathsReader {
 public:
  static constexpr std::size_t most = 256UL * 1024;  // bytes: of a hundred recipients there is one file

  enum class State : std::uint8_t { reading, done, malformed };
  State receive(std::string_view bytes);
  // Once it is done.
  [[nodiscard]] const Paths& paths() const { return paths_; }
  [[nodiscard]] bool empty() const { return received_ == 0; }

 private:
  State take(std::string_view line);

  Paths paths_;
  std::string line_;
  std::size_t received_ = 0;
  State state_ = State::reading;
};

// A whole control file. Of several the first says the most of the sender and its client, each its recipients.
// Recipients beyond pipe::most_recipients, and one too many, are left out: so many are refused anyhow.
void read_control(std::string_view text, pipe::Request& into);

}  // namespace rastel::piping::courier
