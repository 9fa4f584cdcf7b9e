// SPDX-License-Identifier: GPL-2.0-only
// Aligned columns for people. Cells hold text that has been escaped already; its width is counted in UTF-8
// characters.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rastel::cli {

enum class Colour { none, red, yellow, green, faint, bold };

[[nodiscard]] std::string coloured(std::string_view text, Colour colour, bool wanted);
// What attracts the eye: infected red, unscanned and suspicious yellow, clean none.
[[nodiscard]] Colour colour_of_class(std::string_view message_class);

[[nodiscard]] std::size_t width_of(std::string_view text);
// At most `width` characters, the last one "…" where something was cut off.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t width);
[[nodiscard]] std::string human_size(std::uint64_t bytes);  // "1234", "56 KiB", "1.2 MiB"

class Table {
 public:
  struct Column {
    std::string heading;
    std::size_t most = 60;  // characters; longer cells are shortened
    bool to_the_right = false;
  };
  struct Cell {
    std::string text;
    Colour colour = Colour::none;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  [[nodiscard]] std::string text(bool with_colours) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace rastel::cli
