// SPDX-License-Identifier: GPL-2.0-only
// One row an option: name, member, bounds, one sentence. Parser, sample, reference manual and `config show`
// come from the rows; the default is the member's initialiser and stands nowhere else. A table of rows is
// written beside its struct:
//
//   template <> struct Rows<SmtpDoorOptions> {
//     static constexpr std::tuple rows{
//         Option{"max_sessions", &SmtpDoorOptions::max_sessions, 1U, 10000U, "How many sessions at a time."},
//         …};
//   };
//
// An option that has to be given says so with an example: Option{"name", &SmtpDoorOptions::name,
// Required{"before"}, …}. Member types: bool, unsigned integers, Duration, ByteCount, std::string, Endpoint,
// NextHop, Network, FileMode, enums with a Names table, std::optional and std::vector of these, and structs
// with rows of their own (nested tables).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/units.hpp"

namespace rastel {

// Permissions of a file, written in octal: "0660".
struct FileMode {
  std::uint32_t value = 0;
  bool operator==(const FileMode&) const = default;
};

// In place of bounds: there is no default that makes sense. The example is for the sample file.
struct Required {
  std::string_view example;
};

template <class Struct, class Member>
struct Option {
  using StructType = Struct;
  using MemberType = Member;
  std::string_view name;
  Member Struct::* member;
  std::optional<std::pair<Member, Member>> bounds;
  std::string_view sentence;
  std::optional<Required> required;

  constexpr Option(std::string_view option_name, Member Struct::* pointer, std::string_view text)
      : name(option_name), member(pointer), sentence(text) {}
  constexpr Option(std::string_view option_name, Member Struct::* pointer,
                   std::type_identity_t<Member> lowest, std::type_identity_t<Member> highest,
                   std::string_view text)
      : name(option_name), member(pointer), bounds(std::pair(lowest, highest)), sentence(text) {}
  constexpr Option(std::string_view option_name, Member Struct::* pointer, Required example,
                   std::string_view text)
      : name(option_name), member(pointer), sentence(text), required(example) {}
};

template <class Struct>
struct Rows;  // specialised beside each struct

template <class Struct>
concept HasRows = requires { Rows<Struct>::rows; };

template <class Enum>
struct Names;  // specialised beside each enum: static constexpr std::array names{std::pair{"text"sv, value},
               // …}

template <class Enum>
concept HasNames = requires { Names<Enum>::names; };

template <HasNames Enum>
[[nodiscard]] constexpr std::string_view name_of(Enum value) {
  for (const auto& [name, candidate] : Names<Enum>::names)
    if (candidate == value) return name;
  return "?";
}

template <HasNames Enum>
[[nodiscard]] constexpr std::optional<Enum> value_of(std::string_view text) {
  for (const auto& [name, candidate] : Names<Enum>::names)
    if (name == text) return candidate;
  return std::nullopt;
}

template <class Struct, class Visitor>
constexpr void for_each_row(Visitor&& visitor) {
  std::apply([&](const auto&... row) { (visitor(row), ...); }, Rows<Struct>::rows);
}

// The candidate that `word` was most likely meant to be: the least edit distance, at most a third of its
// length (and at least 2); nothing if none is near.
[[nodiscard]] std::optional<std::string> nearest(std::string_view word,
                                                 const std::vector<std::string>& candidates);

}  // namespace rastel
