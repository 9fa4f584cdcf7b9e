// SPDX-License-Identifier: GPL-2.0-only
// The clamd door: what speaks clamd's protocol to a scanner (Exim, rspamd, amavis, clamdscan) is answered by
// ours. It hands nothing on and holds nothing: the client gets a verdict and does the rest. One coroutine a
// session, which stays on its thread; one command of a session is scanned at a time. Who comes when
// max_sessions are there waits in the listening socket.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>

#include "base/file_descriptor.hpp"
#include "doors/clamd/options.hpp"
#include "inspect/door.hpp"
#include "inspect/services.hpp"

namespace rastel::doors::clamd {

// What VERSION and STATS tell.
struct EngineState {
  std::string version;              // "ClamAV 1.4.6"; empty: not known yet
  std::string signatures;           // "27500"; empty: likewise
  std::int64_t signature_time = 0;  // Unix time; 0: unknown
  bool ready = false;
  std::uint32_t workers = 0, idle = 0, waiting = 0;  // waiting: scans without a worker
  std::uint64_t memory = 0;                          // bytes of the signatures; 0: unknown
};

// Where the answers come from; called on `executor`.
struct Sources {
  boost::asio::any_io_executor executor;
  std::function<EngineState()> engine;
  std::function<void()> reload;  // of the signatures; begins it
};

// `services` outlives the door and its sessions.
[[nodiscard]] Result<std::shared_ptr<inspect::Door>> open(boost::asio::any_io_executor executor,
                                                          FileDescriptor listener,
                                                          const ClamdDoorOptions& options, Sources sources,
                                                          inspect::Services& services);

}  // namespace rastel::doors::clamd
