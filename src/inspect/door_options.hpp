// SPDX-License-Identifier: GPL-2.0-only
// Options that doors of several kinds have, by the same names.
#pragma once

#include "base/options.hpp"
#include "verdict/envelope.hpp"

namespace rastel {

enum class DoorFailure { defer, pass };  // what the door does when nothing can be scanned

template <>
struct Names<DoorFailure> {
  static constexpr std::array names{std::pair{std::string_view("defer"), DoorFailure::defer},
                                    std::pair{std::string_view("pass"), DoorFailure::pass}};
};
template <>
struct Names<Place> {
  static constexpr std::array names{std::pair{std::string_view("before-queue"), Place::before_queue},
                                    std::pair{std::string_view("after-queue"), Place::after_queue},
                                    std::pair{std::string_view("outbound"), Place::outbound}};
};

}  // namespace rastel
