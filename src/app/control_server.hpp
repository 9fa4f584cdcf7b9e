// SPDX-License-Identifier: GPL-2.0-only
// The daemon's side of the control socket (protocol: app/control.hpp). Confined to its executor's thread; the
// handlers are called there and may suspend. Who may ask is decided by the socket's mode alone. Limits: 32
// connections, beyond which a new one is told so and closed; 30 s for a request to be complete and for a
// client to take what is written, or to send the next piece of a message; one request at a time a connection.
// A handler itself has no deadline here.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>

#include "app/control.hpp"
#include "base/file_descriptor.hpp"
#include "base/message.hpp"
#include "inspect/blocking.hpp"
#include "sandbox/pool.hpp"

namespace rastel::control {

// Where a message that is to be scanned is written, and how long it may be.
struct SpoolRoom {
  std::filesystem::path folder;
  std::uint64_t most_bytes = 0;
};

// What the daemon can do. An error's sentence reaches the person at the keyboard.
class ControlHandlers {
 public:
  template <class T = void>
  using Answer = boost::asio::awaitable<Result<T>>;

  virtual ~ControlHandlers() = default;
  // Free in form; `rastel status` prints every member, nested objects indented. Texts must be valid UTF-8.
  [[nodiscard]] virtual Answer<boost::json::object> status() = 0;
  [[nodiscard]] virtual Answer<std::vector<store::HistoryRow>> history(store::HistoryFilter filter) = 0;
  [[nodiscard]] virtual Answer<std::vector<store::HeldMessage>> quarantine_list(store::ListFilter filter) = 0;
  [[nodiscard]] virtual Answer<store::HeldMessage> quarantine_show(std::string id) = 0;
  [[nodiscard]] virtual Answer<FileDescriptor> quarantine_raw(std::string id) = 0;
  // `to` empty: all recipients still held.
  [[nodiscard]] virtual Answer<ReleaseOutcome> quarantine_release(std::string id, std::vector<std::string> to,
                                                                  std::string by) = 0;
  [[nodiscard]] virtual Answer<> quarantine_delete(std::string id, std::string by) = 0;
  [[nodiscard]] virtual Answer<std::size_t> quarantine_purge() = 0;  // how many were removed
  [[nodiscard]] virtual SpoolRoom spool_room() = 0;
  // `withdrawal` is used when the client has gone meanwhile.
  [[nodiscard]] virtual Answer<boost::json::object> scan(MessagePointer message,
                                                         std::shared_ptr<sandbox::Withdrawal> withdrawal) = 0;
  [[nodiscard]] virtual Answer<std::string> reload() = 0;                     // what was done, a sentence
  [[nodiscard]] virtual Answer<boost::json::object> signatures_status() = 0;  // free in form, as status
  [[nodiscard]] virtual Answer<std::string> signatures_reload() = 0;
  [[nodiscard]] virtual Answer<std::string> drain() = 0;  // likewise
  [[nodiscard]] virtual Answer<boost::json::object> health() = 0;
  [[nodiscard]] virtual Answer<std::string> metrics() = 0;
};

enum class Audience { administrators, page };  // the page may ask less: page_may()

struct ServerLimits {
  std::size_t most_connections = 32;
  std::chrono::milliseconds patience = std::chrono::seconds(30);
  Audience audience = Audience::administrators;
};

class ControlServer {
 public:
  // `listener`: bound and listening. The handlers and the pool outlive the executor's work.
  [[nodiscard]] static Result<std::shared_ptr<ControlServer>> open(boost::asio::any_io_executor executor,
                                                                   FileDescriptor listener,
                                                                   ControlHandlers& handlers,
                                                                   inspect::BlockingPool& blocking,
                                                                   ServerLimits limits = {});
  virtual ~ControlServer() = default;
  virtual void close() = 0;  // takes no more connections; those that are there end with their request
};

}  // namespace rastel::control
