// SPDX-License-Identifier: GPL-2.0-only
// A Report as the quarantine keeps it: one JSON object with the members of the struct, kinds and reasons as
// words. What an older version wrote is read (unknown words and members are passed over); what isn't JSON is
// an error.
//
// A part, a flag and a finding stand in it as they do in `rastel scan --json`. A part's "true_type" is the
// first of its "true_types"; "entity" and "body" ([begin,end), bytes of the message) are missing where it has
// none. Texts are written as they are: what is to be shown must be escaped before (base/utf8.hpp).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "base/error.hpp"
#include "verdict/disposition.hpp"
#include "verdict/report.hpp"

namespace rastel::store {

[[nodiscard]] std::string report_as_json(const Report& report);
[[nodiscard]] Result<Report> report_from_json(std::string_view text);

[[nodiscard]] boost::json::object as_json(const Finding& finding);
[[nodiscard]] boost::json::object as_json(const Part& part);
[[nodiscard]] boost::json::object as_json(const Oddity& flag);

// The members "findings", "parts" and "flags" of an object, each passed over where it isn't as above.
void read_lists(const boost::json::object& object, Report& report);

// The words of to_string() back; unknown: unscanned, none.
[[nodiscard]] MessageClass class_from_word(std::string_view word);
[[nodiscard]] std::optional<UnscannedReason> reason_from_word(std::string_view word);

}  // namespace rastel::store
