// SPDX-License-Identifier: GPL-2.0-only
// A request line read strictly: known verb, known members, right types. Pure; any thread. Hostile input as
// far as who may connect is hostile; bounded by control::longest_request and a nesting of 4.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/control.hpp"

namespace rastel::control {

enum class Verb {
  status,
  history,
  quarantine_list,
  quarantine_show,
  quarantine_raw,
  quarantine_release,
  quarantine_delete,
  quarantine_purge,
  scan,
  reload,
  signatures_status,
  signatures_reload,
  drain,
  health,
  metrics,
};

struct Request {
  Verb verb = Verb::status;
  std::string id;               // where the verb takes one: a message id
  std::vector<std::string> to;  // quarantine release
  std::string by;               // who asked for a release or deletion; empty: not said
  std::uint64_t bytes = 0;      // scan: how many follow the go-ahead
  store::HistoryFilter history;
  store::ListFilter list;
};

// What the page may ask: to look, to release, to delete; nothing about the running of things.
[[nodiscard]] bool page_may(const Request& request);

[[nodiscard]] Result<Request> parse_request(std::string_view line);

}  // namespace rastel::control
