// SPDX-License-Identifier: GPL-2.0-only
// The page's side of the control socket (the protocol is in app/control.hpp), as coroutines; one connection a
// question, closed with it. Confined to its executor's thread. Limits: 8 MiB of answer, of which the rows
// beyond are left out; of a held message at most 64 KiB are here at a time.
#pragma once

#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>

#include "base/deadline.hpp"
#include "base/error.hpp"
#include "net/stream.hpp"

namespace rastel::page {

class DaemonClient {
 public:
  [[nodiscard]] static boost::asio::awaitable<Result<DaemonClient>> ask(std::string path,
                                                                        boost::json::object request,
                                                                        Deadline deadline);
  struct Rows {
    std::vector<std::string> rows;  // each as the JSON that it came as
    bool all = true;                // false: the first ones, as many as the limit takes
  };
  // An error that the daemon answers keeps its kind.
  [[nodiscard]] boost::asio::awaitable<Result<Rows>> rows(Deadline deadline);
  // Of `quarantine raw`: how many bytes follow; then pieces of them, which are valid until the next call.
  [[nodiscard]] boost::asio::awaitable<Result<std::uint64_t>> size(Deadline deadline);
  [[nodiscard]] boost::asio::awaitable<Result<std::string>> piece(std::uint64_t left, Deadline deadline);

 private:
  explicit DaemonClient(net::Stream stream) : stream_(std::move(stream)) {}
  [[nodiscard]] boost::asio::awaitable<Result<std::string>> line(Deadline deadline);

  net::Stream stream_;
  std::string input_;
};

}  // namespace rastel::page
