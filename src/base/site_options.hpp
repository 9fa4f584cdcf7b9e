// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>
#include <vector>

#include "base/options.hpp"
#include "base/units.hpp"

namespace rastel {

struct SiteOptions {
  std::string hostname;              // empty: the machine's own (gethostname)
  std::vector<std::string> domains;  // what is ours: inbound, outbound, internal follow from it
  std::vector<Network> networks{{"127.0.0.0/8"}, {"::1"}};  // where our own clients are
  std::string user = "rastel";                              // whom the daemon runs as when started as root
  std::string admin_group =
      "rastel-admin";  // who may use the control socket besides root and the user itself
  std::string run_directory = "/run/rastel";  // control.sock lives here
};

template <>
struct Rows<SiteOptions> {
  static constexpr std::tuple rows{
      Option{"hostname", &SiteOptions::hostname, "Our name towards other servers; empty: the machine's own."},
      Option{"domains", &SiteOptions::domains,
             "The domains that are ours; inbound, outbound and internal follow from them."},
      Option{"networks", &SiteOptions::networks, "Where our own clients are."},
      Option{"user", &SiteOptions::user, "Whom the daemon runs as when it is started as root."},
      Option{"admin_group", &SiteOptions::admin_group,
             "The group that may use the control socket, if it exists."},
      Option{"run_directory", &SiteOptions::run_directory, "Where the control socket lives."}};
};

}  // namespace rastel
