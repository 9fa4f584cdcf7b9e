// SPDX-License-Identifier: GPL-2.0-only
#include "inspect/own_field.hpp"

#include <fmt/format.h>

namespace rastel::inspect {

std::string own_field_value(const Subject& subject, const Outcome& outcome, const Version& version) {
  std::string value = fmt::format("{}; id={}; door={}",
                                  class_with_reason(outcome.verdict.message_class, outcome.verdict.reason),
                                  subject.id, subject.envelope.door);
  const std::string& signatures = outcome.report.signature_version;
  if (!signatures.empty()) value += "; signatures=" + signatures;
  if (!version.removed.empty()) value += fmt::format("; removed={}", version.removed.size());
  const Disposition& first = outcome.verdict.dispositions.front();
  if (first.observed) value += fmt::format("; would={}", to_string(first.asked));
  if (outcome.released) value += "; released";
  return value;
}

}  // namespace rastel::inspect
