// SPDX-License-Identifier: GPL-2.0-only
// What may part the parts of a multipart (RFC 2046 5.1.1): every boundary that some program reads out of its
// Content-Type. The grammar's is the first; the others come from second instances, from RFC 2231's forms,
// from quotes and white space that are understood differently, and from every place where "boundary" and `=`
// stand.
//
// Limits: `most_boundaries`; more of them is LIMIT_VIEWS.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "message/oddities.hpp"
#include "message/structured_value.hpp"

namespace rastel::message {

struct Boundaries {
  std::vector<std::string> values;  // each once; of the default reading first, if `declared`
  bool declared = false;            // the grammar has found one
  Oddities oddities;                // places in the unfolded value
};

// `value`: of a Content-Type, unfolded; `read`: the same by the grammar.
[[nodiscard]] Boundaries boundaries_of(std::string_view value, const StructuredValue& read);

}  // namespace rastel::message
