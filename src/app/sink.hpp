// SPDX-License-Identifier: GPL-2.0-only
// `rastel sink`: a small real receiver of SMTP or LMTP, for demos, tests and benchmarks. It accepts every
// sender and recipient. Confined to its executor's thread, but for Maildir files, which the given pool makes
// durable. With a Maildir a 250 means: the file is fsynced and stands under its name in new/, and that folder
// is fsynced. The file holds the bytes exactly as they came (CR LF line ends, no header added). One file a
// message, however many recipients. Limits: 1000 recipients, 5 minutes of silence, 1 GiB a message. What it
// deliberately doesn't do: TLS, AUTH, queues.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/error.hpp"
#include "base/file_descriptor.hpp"
#include "inspect/blocking.hpp"

namespace rastel::sink {

struct Options {
  bool lmtp = false;
  std::optional<std::filesystem::path> maildir;
  std::uint64_t count = 0;                   // messages after which finished() comes true; 0: never
  std::chrono::milliseconds delay_reply{0};  // before the reply to the end of data
  bool digests = false;                      // fill Received::sha256
  std::string hostname = "sink.invalid";
};

struct Received {
  std::string reverse_path;
  std::vector<std::string> recipients;
  std::string helo;
  std::string client;  // what the peer said by XFORWARD, NAME[ADDR]; may be empty
  std::uint64_t size = 0;
  std::string sha256;  // hex; with Options::digests
  std::string file;    // its name in new/; with a Maildir
};

struct Counts {
  std::uint64_t sessions = 0, messages = 0, recipients = 0, bytes = 0;
  std::uint64_t broken_off = 0;  // messages whose end never came
  std::uint64_t failed = 0;      // messages that could not be stored (answered 452)
};

class Sink {
 public:
  // `listener`: bound and listening. `on_message` is called for every message before its reply goes out;
  // `on_finished` once, when `count` messages are there and their replies are sent.
  [[nodiscard]] static Result<std::shared_ptr<Sink>> open(boost::asio::any_io_executor executor,
                                                          FileDescriptor listener, Options options,
                                                          inspect::BlockingPool& blocking,
                                                          std::function<void(const Received&)> on_message,
                                                          std::function<void()> on_finished);
  virtual ~Sink() = default;
  [[nodiscard]] virtual const Counts& counts() const = 0;
  virtual void close() = 0;  // takes no more connections
};

}  // namespace rastel::sink
