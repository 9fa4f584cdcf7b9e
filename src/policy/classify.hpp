// SPDX-License-Identifier: GPL-2.0-only
// Report → the classes that it amounts to. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "verdict/disposition.hpp"
#include "verdict/report.hpp"

namespace rastel::policy {

struct Classified {
  MessageClass message_class = MessageClass::clean;
  std::optional<UnscannedReason> reason;
  std::string finding;
};

// All classes of the message, at most one entry a class and reason, the reasons of unscanned in their order;
// never empty (`clean` alone when nothing else). macros, broken and phishing findings are notes: they make no
// class (the engine reports `heuristic` for those that the configuration calls suspicious).
[[nodiscard]] std::vector<Classified> classify(const Report& report);

}  // namespace rastel::policy
