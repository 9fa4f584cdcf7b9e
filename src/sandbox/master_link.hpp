// SPDX-License-Identifier: GPL-2.0-only
// The daemon's end of its socket to the master (SOCK_SEQPACKET, descriptor 3; sandbox/master_protocol.hpp has
// the layout). Confined to its executor's thread. Requests are fixed-size; the master answers in order.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/error.hpp"
#include "base/file_descriptor.hpp"
#include "sandbox/process_memory.hpp"

namespace rastel::sandbox {

struct Listener {
  std::string name;       // "smtp:NAME", "clamd:NAME", "milter:NAME", "control", "http"
  FileDescriptor socket;  // bound and listening
};

// What the master hands over at start and after a reload of the configuration.
struct Handover {
  std::string configuration;                 // the file's text
  std::string source;                        // its name, for messages
  std::map<std::string, std::string> files;  // path → bytes: certificates, keys, roots
  std::vector<Listener> listeners;
};

// One engine process of the master's: the socket to its zygote and the number by which the master knows it.
struct EngineProcess {
  std::uint32_t number = 0;
  FileDescriptor socket;
};

class MasterLink {
 public:
  static std::unique_ptr<MasterLink> create(boost::asio::any_io_executor executor, FileDescriptor socket);
  virtual ~MasterLink() = default;
  [[nodiscard]] virtual boost::asio::awaitable<Result<Handover>> configuration() = 0;  // at start, once
  // The master reads the file again; a wrong one is refused as a whole and the error says why; listeners that
  // stay the same are handed over again (duplicates of the same sockets).
  [[nodiscard]] virtual boost::asio::awaitable<Result<Handover>> reload_configuration() = 0;
  [[nodiscard]] virtual boost::asio::awaitable<Result<EngineProcess>> start_engine() = 0;
  virtual void kill_engine(
      std::uint32_t number) = 0;  // SIGKILL to the zygote; with it all of its workers die
  // What master, daemon, zygotes and workers take; who is missing could not be looked at.
  [[nodiscard]] virtual boost::asio::awaitable<Result<std::vector<ProcessMemory>>> memory() = 0;
  // Completes when the master is gone (the daemon then drains and ends).
  [[nodiscard]] virtual boost::asio::awaitable<void> master_gone() = 0;
};

}  // namespace rastel::sandbox
