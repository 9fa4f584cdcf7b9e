// SPDX-License-Identifier: GPL-2.0-only
// The page's sockets: HTTP/1.1 by Beast, a coroutine a connection, which only carries out what page/site.hpp
// decides. One thread, and one more for passwords. Limits: 128 connections, 32 of one address of the network
// beyond this machine; 16 KiB of header, 16 KiB of body; 15 s for a whole request, 30 s for each 64 KiB of an
// answer to be taken; 16 questions to the daemon and 8 passwords at a time, more are told 503.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>

#include "base/error.hpp"
#include "base/file_descriptor.hpp"
#include "page/site.hpp"

namespace rastel::page {

struct ServerLimits {
  std::size_t most_connections = 128;
  std::size_t most_of_one_address = 32;
  std::chrono::milliseconds request{15000};
  std::chrono::milliseconds taking{30000};
  std::chrono::milliseconds question{60000};
  std::chrono::milliseconds change{180000};  // a release waits for the release hop
};

class Server {
 public:
  // `listener`: bound and listening. `site` outlives the executor's work.
  [[nodiscard]] static Result<std::shared_ptr<Server>> open(boost::asio::any_io_executor executor,
                                                            FileDescriptor listener, Site& site,
                                                            std::string control_path,
                                                            ServerLimits limits = {});
  virtual ~Server() = default;
  virtual void close() = 0;
};

}  // namespace rastel::page
