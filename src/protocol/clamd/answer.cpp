// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/clamd/answer.hpp"

namespace rastel::clamd {

std::string ok(std::string_view subject) { return std::string(subject) + ": OK"; }

std::string found(std::string_view subject, std::string_view name) {
  return std::string(subject) + ": " + std::string(name) + " FOUND";
}

std::string error(std::string_view subject, std::string_view reason) {
  return std::string(subject) + ": " + error(reason);
}

std::string error(std::string_view reason) { return std::string(reason) + " ERROR"; }

}  // namespace rastel::clamd
