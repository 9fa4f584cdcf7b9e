// SPDX-License-Identifier: GPL-2.0-only
#include "app/cli_table.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace rastel::cli {
namespace {

bool starts_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }

std::string_view code_of(Colour colour) {
  switch (colour) {
    case Colour::none:
      return "";
    case Colour::red:
      return "\x1b[31m";
    case Colour::yellow:
      return "\x1b[33m";
    case Colour::green:
      return "\x1b[32m";
    case Colour::faint:
      return "\x1b[2m";
    case Colour::bold:
      return "\x1b[1m";
  }
  return "";
}

}  // namespace

std::string coloured(std::string_view text, Colour colour, bool wanted) {
  if (!wanted || colour == Colour::none || text.empty()) return std::string(text);
  return fmt::format("{}{}\x1b[0m", code_of(colour), text);
}

Colour colour_of_class(std::string_view message_class) {
  if (message_class == "infected" || message_class == "banned") return Colour::red;
  if (message_class == "clean") return Colour::none;
  return Colour::yellow;
}

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, starts_character));
}

std::string shortened(std::string_view text, std::size_t width) {
  if (width_of(text) <= width || width == 0) return std::string(text);
  std::size_t seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (starts_character(text[i]) && ++seen == width) return std::string(text.substr(0, i)) + "…";
  return std::string(text);
}

std::string human_size(std::uint64_t bytes) {
  if (bytes < 10'000) return std::to_string(bytes);
  if (bytes < 10'000'000) return fmt::format("{} KiB", bytes / 1024);
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1024.0 * 1024.0));
}

std::string Table::text(bool with_colours) const {
  std::vector<std::size_t> widths;
  for (std::size_t column = 0; column < columns_.size(); ++column) {
    std::size_t width = width_of(columns_[column].heading);
    for (const auto& row : rows_)
      width = std::max(width, std::min(width_of(row.at(column).text), columns_[column].most));
    widths.push_back(width);
  }
  std::string all;
  const auto add_line = [&](const auto& cell_of, Colour line_colour) {
    for (std::size_t column = 0; column < columns_.size(); ++column) {
      const Cell& cell = cell_of(column);
      const std::string shown = shortened(cell.text, columns_[column].most);
      const std::string padding(widths[column] - width_of(shown), ' ');
      const bool last = column + 1 == columns_.size();
      if (columns_[column].to_the_right) all += padding;
      all += coloured(shown, line_colour == Colour::none ? cell.colour : line_colour, with_colours);
      if (!columns_[column].to_the_right && !last) all += padding;
      if (!last) all += "  ";
    }
    while (all.ends_with(' ')) all.pop_back();
    all += '\n';
  };
  std::vector<Cell> headings;
  for (const Column& column : columns_) headings.push_back({column.heading, Colour::none});
  add_line([&](std::size_t column) -> const Cell& { return headings[column]; }, Colour::faint);
  for (const auto& row : rows_)
    add_line([&](std::size_t column) -> const Cell& { return row[column]; }, Colour::none);
  return all;
}

}  // namespace rastel::cli
