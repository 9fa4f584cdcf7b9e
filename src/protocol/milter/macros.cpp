// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/milter/macros.hpp"

#include <algorithm>
#include <span>

#include "protocol/milter/packet.hpp"

namespace rastel::milter {
namespace {

// As they follow each other in a session.
constexpr std::array order{Stage::connect, Stage::helo,           Stage::mail,           Stage::rcpt,
                           Stage::data,    Stage::end_of_headers, Stage::end_of_message, Stage::unknown};

std::optional<Stage> stage_of(char command) {
  switch (command) {
    case 'C':
      return Stage::connect;
    case 'H':
      return Stage::helo;
    case 'M':
      return Stage::mail;
    case 'R':
      return Stage::rcpt;
    case 'T':
      return Stage::data;
    case 'N':
      return Stage::end_of_headers;
    case 'E':
      return Stage::end_of_message;
    case 'U':
      return Stage::unknown;
    default:
      return std::nullopt;
  }
}

std::string_view without_braces(std::string_view name) {
  if (name.size() > 2 && name.front() == '{' && name.back() == '}') return name.substr(1, name.size() - 2);
  return name;
}

}  // namespace

bool Macros::receive(std::string_view data) {
  if (data.size() > most_octets) return false;
  FieldReader reader(data);
  const auto command = reader.octet();
  if (!command) return false;
  Set set;
  while (!reader.at_end()) {
    const auto name = reader.text();
    const auto value = reader.text();
    if (!name || !value || set.size() == most_macros) return false;
    set.emplace_back(without_braces(*name), *value);
  }
  const auto stage = stage_of(*command);
  if (!stage) return true;
  sets_[static_cast<std::size_t>(*stage)] = std::move(set);
  fresh_[static_cast<std::size_t>(*stage)] = true;
  return true;
}

void Macros::begin(Stage stage) {
  bool& fresh = fresh_[static_cast<std::size_t>(stage)];
  if (!std::exchange(fresh, false)) forget(stage);
  for (auto later = std::ranges::find(order, stage) + 1; later != order.end(); ++later) forget(*later);
}

void Macros::forget_message() {
  for (const Stage stage : std::span(order).subspan(2)) forget(stage);
}

void Macros::forget(Stage stage) {
  sets_[static_cast<std::size_t>(stage)] = {};
  fresh_[static_cast<std::size_t>(stage)] = false;
}

std::optional<std::string_view> Macros::find(std::string_view name) const {
  for (auto stage = order.rbegin(); stage != order.rend(); ++stage)
    if (auto value = find(*stage, name)) return value;
  return std::nullopt;
}

std::optional<std::string_view> Macros::find(Stage stage, std::string_view name) const {
  const Set& set = sets_[static_cast<std::size_t>(stage)];
  const auto found = std::ranges::find(set, without_braces(name), &Set::value_type::first);
  if (found == set.end()) return std::nullopt;
  return found->second;
}

}  // namespace rastel::milter
