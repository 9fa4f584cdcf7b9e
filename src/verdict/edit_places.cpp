// SPDX-License-Identifier: GPL-2.0-only
#include "verdict/edit_places.hpp"

#include <algorithm>

#include "base/ascii.hpp"

namespace rastel {

bool is_length_field(std::string_view name) {
  return equal_ignoring_case(name, "Content-Length") || equal_ignoring_case(name, "Lines");
}

std::string_view to_string(Refusal refusal) {
  switch (refusal) {
    case Refusal::none:
      return "none";
    case Refusal::ambiguous:
      return "ambiguous";
    case Refusal::too_much:
      return "too much";
    case Refusal::is_signed:
      return "signed";
    case Refusal::is_encrypted:
      return "encrypted";
    case Refusal::no_such_place:
      return "no such place";
    case Refusal::not_to_be_edited:
      return "not to be edited";
  }
  return "none";
}

const LeafPlace* EditPlaces::leaf_of(std::string_view path) const {
  // What lies within the only body of a message, "1", is counted anew by who finds parts in it.
  const auto is_it = [&](const LeafPlace& leaf) {
    if (leaf.path == path) return true;
    const std::string_view one = path.empty() ? "1" : ".1";
    return leaf.is_body_of_message && leaf.path.size() == path.size() + one.size() &&
           leaf.path.starts_with(path) && leaf.path.ends_with(one);
  };
  for (;;) {
    const auto found = std::ranges::find_if(leaves, is_it);
    if (found != leaves.end()) return &*found;
    if (path.empty()) return nullptr;
    const std::size_t dot = path.rfind('.');
    path = path.substr(0, dot == std::string_view::npos ? 0 : dot);
  }
}

}  // namespace rastel
