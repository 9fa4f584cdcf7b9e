// SPDX-License-Identifier: GPL-2.0-only
// The HTTP door: GET /health for now. 200 only if a message sent now would be scanned, else 503; the body is
// one JSON object that says why. Confined to its executor's thread. At most `most_connections` at a time, 10
// s for a request, 8 KiB of header, no body; everything else is refused and the connection closed.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>

#include "base/error.hpp"
#include "base/file_descriptor.hpp"

namespace rastel::doors::http {

struct Health {
  bool good = false;
  std::string json;
};

class Door {
 public:
  static constexpr int most_connections = 64;

  // `health` is called on the executor's thread.
  static Result<std::shared_ptr<Door>> open(boost::asio::any_io_executor executor, FileDescriptor listener,
                                            std::function<Health()> health);
  virtual ~Door() = default;
  virtual void close() = 0;
};

}  // namespace rastel::doors::http
