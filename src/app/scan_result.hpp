// SPDX-License-Identifier: GPL-2.0-only
// What is told of one message that was scanned because somebody asked, not because it came by: the row of the
// control verb `scan` and, with "path" and "message" before it, the line of `rastel scan --json`:
//
//   class, reason    "unscanned", "limit"; reason is empty for other classes
//   action, finding  what [policy] asks for without knowing a recipient, and the finding that decides
//   findings, flags, parts    as in a stored report (store/report_json.hpp)
//   id, ms           its name; milliseconds
//   engine, signatures        their versions
//
// All texts in it are fit to be shown (base/utf8.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <boost/json/object.hpp>

#include "base/error.hpp"
#include "policy/options.hpp"
#include "verdict/disposition.hpp"
#include "verdict/report.hpp"

namespace rastel {

struct ScanResult {
  std::string id;
  Report report;
  MessageClass message_class = MessageClass::unscanned;
  std::optional<UnscannedReason> reason;
  Action action = Action::defer;
  std::string finding;  // that decides; may be empty
  std::uint64_t ms = 0;
};

// Judged as mail to nobody in particular.
[[nodiscard]] ScanResult judged(Report report, const PolicyOptions& policy, std::uint64_t ms);
// A message over engine.max_message: nobody looked at it.
[[nodiscard]] ScanResult too_large(const PolicyOptions& policy);

[[nodiscard]] boost::json::object to_json(const ScanResult& result);
// What isn't there is as in an unscanned message; `peer` where it is no such row.
[[nodiscard]] Result<ScanResult> scan_result_from(const boost::json::object& row);

}  // namespace rastel
