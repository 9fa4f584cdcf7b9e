// SPDX-License-Identifier: GPL-2.0-only
#include "verdict/report.hpp"

namespace rastel {

std::string_view to_string(UnscannedReason reason) {
  switch (reason) {
    case UnscannedReason::engine:
      return "engine";
    case UnscannedReason::timeout:
      return "timeout";
    case UnscannedReason::crash:
      return "crash";
    case UnscannedReason::memory:
      return "memory";
    case UnscannedReason::limit:
      return "limit";
    case UnscannedReason::format:
      return "format";
    case UnscannedReason::truncated:
      return "truncated";
  }
  return "engine";
}

std::string_view to_string(FindingKind kind) {
  switch (kind) {
    case FindingKind::signature:
      return "signature";
    case FindingKind::heuristic:
      return "heuristic";
    case FindingKind::encrypted:
      return "encrypted";
    case FindingKind::macros:
      return "macros";
    case FindingKind::broken:
      return "broken";
    case FindingKind::phishing:
      return "phishing";
    case FindingKind::unscanned:
      return "unscanned";
  }
  return "unscanned";
}

std::string_view to_string(Part::Looked looked) {
  switch (looked) {
    case Part::Looked::in_message:
      return "layer";
    case Part::Looked::alone:
      return "scanned";
    case Part::Looked::remembered:
      return "remembered";
    case Part::Looked::not_needed:
      return "no";
  }
  return "no";
}

}  // namespace rastel
