// SPDX-License-Identifier: GPL-2.0-only
// Report → the classes that it amounts to. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "verdict/disposition.hpp"
#include "verdict/report.hpp"

namespace rastel::policy {

// Patterns (globs.hpp) of what no part may be.
struct Banned {
  std::vector<std::string> names, types;
};

struct Classified {
  MessageClass message_class = MessageClass::clean;
  std::optional<UnscannedReason> reason = {};
  // [A-Za-z0-9._-]: of the finding, of the flag ("BARE_CR"), or made of the name or type that is banned
  // ("Banned.Name.setup.exe").
  std::string finding = {};
  bool in_archive = false;  // banned: only by names of what is packed in a part
};

// All classes of the message, at most one entry a class and reason (banned: a second one for what is in
// archives), the reasons of unscanned in their order; never empty (`clean` alone when nothing else). macros,
// broken and phishing findings are notes: they make no class (the engine reports `heuristic` for those that
// the configuration calls suspicious).
[[nodiscard]] std::vector<Classified> classify(const Report& report, const Banned& banned);

}  // namespace rastel::policy
