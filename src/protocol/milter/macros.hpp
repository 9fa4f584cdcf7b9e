// SPDX-License-Identifier: GPL-2.0-only
// Macros: what the mail server says beside its commands, kept for each stage (PROTOCOLS B-06). A new set of a
// stage replaces the one before. Names are kept without braces: "i", "client_addr". Bounded: most_macros and
// most_octets a stage.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rastel::milter {

// In the numbers of SETSYMLIST (B-05), but for `unknown`, which nobody can ask for.
enum class Stage : std::uint8_t { connect, helo, mail, rcpt, data, end_of_message, end_of_headers, unknown };
inline constexpr std::size_t stages = 8;

class Macros {
 public:
  static constexpr std::size_t most_macros = 256;        // a stage
  static constexpr std::size_t most_octets = 64 * 1024;  // of a packet of them
  using Set = std::vector<std::pair<std::string, std::string>>;

  // The data of a MACRO packet. False: it can't be read. What belongs to a command that has no stage (a
  // header, a chunk) is read and forgotten.
  [[nodiscard]] bool receive(std::string_view data);
  // A command of this stage has come: what was said for an earlier one of its kind, or for stages behind it,
  // is not about it.
  void begin(Stage stage);
  void forget_message();  // keeps connect and helo
  void forget_all() { *this = Macros(); }

  // With or without braces; the latest stage that has it.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  [[nodiscard]] std::optional<std::string_view> find(Stage stage, std::string_view name) const;

 private:
  void forget(Stage stage);

  std::array<Set, stages> sets_;
  std::array<bool, stages> fresh_{};  // came behind the last command of its stage
};

}  // namespace rastel::milter
