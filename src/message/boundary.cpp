// SPDX-License-Identifier: GPL-2.0-only
#include "message/boundary.hpp"

#include "message/ascii.hpp"
#include "message/parameter_readings.hpp"

namespace rastel::message {

Boundaries boundaries_of(std::string_view value, const StructuredValue& read) {
  constexpr std::size_t longest = 70;  // RFC 2046 5.1.1
  ParameterReadings readings = readings_of(value, read, "boundary");
  Boundaries result{std::move(readings.values), readings.declared, {}};
  const auto note_if = [&](bool holds, Ambiguity flag) {
    if (holds) result.oddities.add(flag, {0, value.size()});
  };
  note_if(readings.repeated, Ambiguity::duplicate_boundary);
  note_if(readings.by_rfc2231, Ambiguity::rfc2231_boundary);
  note_if(readings.hidden, Ambiguity::hidden_parameter);
  note_if(readings.cut, Ambiguity::limit_views);
  note_if(!readings.declared, Ambiguity::no_boundary);
  if (!readings.declared) return result;
  const std::string& boundary = result.values.front();
  note_if(boundary.empty(), Ambiguity::empty_boundary);
  note_if(boundary.size() > longest, Ambiguity::boundary_too_long);
  note_if(boundary != trim(boundary), Ambiguity::white_in_boundary);
  return result;
}

}  // namespace rastel::message
