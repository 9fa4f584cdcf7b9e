// SPDX-License-Identifier: GPL-2.0-only
// The HTTP door, for other programs: GET /health and /metrics. /health is 200 only if a message sent now
// would be scanned, else 503; the body is one JSON object that says why. /metrics is the text format of
// Prometheus. Confined to its executor's thread. At most `most_connections` at a time, 10
// s for a request, 8 KiB of header, no body; everything else is refused and the connection closed.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/error.hpp"
#include "base/file_descriptor.hpp"

namespace rastel::doors::http {

struct Health {
  bool good = false;
  std::string json;
};

// Where the answers come from; called on the executor's thread.
struct Sources {
  std::function<Health()> health;
  std::function<boost::asio::awaitable<std::string>()> metrics;
};

inline constexpr std::string_view metrics_type = "text/plain; version=0.0.4; charset=utf-8";

class Door {
 public:
  static constexpr int most_connections = 64;

  static Result<std::shared_ptr<Door>> open(boost::asio::any_io_executor executor, FileDescriptor listener,
                                            Sources sources);
  virtual ~Door() = default;
  virtual void close() = 0;
};

}  // namespace rastel::doors::http
