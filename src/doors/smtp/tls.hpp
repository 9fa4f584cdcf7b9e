// SPDX-License-Identifier: GPL-2.0-only
// From a door's TLS options to what its sessions use. Called by the master (which reads the files and so
// finds out what is wrong with them) and again by the daemon (which is given their bytes).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "doors/smtp/options.hpp"
#include "net/smtp_client.hpp"

namespace rastel::doors::smtp {

struct DoorTls {
  std::shared_ptr<const net::TlsServer> server;  // none: the door speaks in clear
  net::NextHopTlsPolicy next_hop;
};

using ReadFile = std::function<Result<std::string>(const std::string& path)>;

// Errors name the door, the option and the file. `remarks`: what works but is probably not meant.
[[nodiscard]] Result<DoorTls> load_tls(const SmtpDoorOptions& options, const ReadFile& read,
                                       std::vector<std::string>& remarks);

}  // namespace rastel::doors::smtp
