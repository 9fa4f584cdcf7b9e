// SPDX-License-Identifier: GPL-2.0-only
// The asking side of the control socket, blocking: for the `rastel` program. One thread. What the daemon says
// is taken within limits (app/control.hpp) but trusted: who can put a socket there is root or the daemon.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "app/control.hpp"
#include "base/deadline.hpp"
#include "base/file_descriptor.hpp"
#include "base/message.hpp"

namespace rastel::control {

class ControlClient {
 public:
  // peer_closed: nobody answers there (the sentence says what to do); invalid_input: not allowed to connect.
  [[nodiscard]] static Result<ControlClient> connect(const std::string& path);

  using OnRow = std::function<void(const boost::json::object& row)>;
  using OnBytes = std::function<void(std::string_view bytes)>;
  // Calls `on_row` for every row, and `on_bytes` for the bytes of `quarantine raw`. The deadline is for the
  // whole answer. An error that the daemon answers keeps its kind.
  [[nodiscard]] Result<> ask(const boost::json::object& request, Deadline deadline, const OnRow& on_row,
                             const OnBytes& on_bytes = {});
  // The verb `scan`: its row. What the daemon refuses keeps its kind; hostile_message: it is over its limit.
  [[nodiscard]] Result<boost::json::object> scan(const Message& message, Deadline deadline);

 private:
  explicit ControlClient(FileDescriptor socket) : socket_(std::move(socket)) {}
  [[nodiscard]] Result<> send(std::string_view bytes);
  [[nodiscard]] Result<> receive(Deadline deadline);  // appends to input_
  [[nodiscard]] Result<boost::json::object> read_row(Deadline deadline);
  [[nodiscard]] Result<> read_bytes(std::uint64_t count, Deadline deadline, const OnBytes& on_bytes);

  FileDescriptor socket_;
  std::string input_;
  std::size_t used_ = 0;  // of input_
};

}  // namespace rastel::control
