// SPDX-License-Identifier: GPL-2.0-only
#include "app/scan/explain_text.hpp"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/cli_table.hpp"
#include "base/utf8.hpp"

namespace rastel::scan {
namespace {

using cli::Colour;

constexpr std::size_t shown_digits = 12;  // of a SHA-256
constexpr std::size_t most_names = 8;     // of a part, or packed in it

std::string bytes_in_words(std::uint64_t bytes) {
  const std::string number = cli::human_size(bytes);
  return bytes == 1 ? "1 byte" : number.ends_with('B') ? number : number + " bytes";
}

// A line of what has been put together, its white space and line ends made visible.
std::string visible(std::string_view bytes) {
  std::string text, plain;
  const auto put = [&](std::string_view written) {
    text += printable(std::exchange(plain, {}));
    text += written;
  };
  for (const char byte : bytes) switch (byte) {
      case '\r':
        put("\\r");
        break;
      case '\n':
        put("\\n");
        break;
      case '\t':
        put("\\t");
        break;
      case '\0':
        put("\\0");
        break;
      case '\\':
        put("\\\\");
        break;
      default:
        plain += byte;
    }
  put({});
  return text;
}

std::string listed(const std::vector<std::string>& names) {
  std::vector<std::string> shown;
  for (const std::string& name : names) {
    if (shown.size() == most_names) break;
    shown.push_back(printable(name));
  }
  std::string text = fmt::format("{}", fmt::join(shown, ", "));
  if (names.size() > shown.size()) text += fmt::format(" and {} more", names.size() - shown.size());
  return text;
}

std::string_view looked_in_words(Part::Looked looked) {
  switch (looked) {
    case Part::Looked::in_message:
      return "scanned within the message";
    case Part::Looked::alone:
      return "scanned by itself";
    case Part::Looked::remembered:
      return "clean before";
    case Part::Looked::not_needed:
      return "not scanned by itself";
  }
  return "";
}

class Writer {
 public:
  explicit Writer(bool colours) : colours_(colours) {}

  [[nodiscard]] std::string in(Colour colour, std::string_view text) const {
    return cli::coloured(text, colour, colours_);
  }
  void line(std::string_view text = {}) {
    text_ += text;
    text_ += '\n';
  }
  void heading(std::string_view text) {
    line();
    line(in(Colour::bold, text));
  }
  // What is told of something, below it.
  void detail(std::size_t indent, std::string_view name, std::string_view value,
              Colour colour = Colour::none) {
    line(fmt::format("{:{}}{}  {}", "", indent, in(Colour::faint, fmt::format("{:<9}", name)),
                     in(colour, value)));
  }
  std::string text() && { return std::move(text_); }

 private:
  bool colours_;
  std::string text_;
};

void write_head(Writer& writer, const Explained& message) {
  const ScanResult& result = message.result;
  const std::string word = class_with_reason(result.message_class, result.reason);
  Colour colour = cli::colour_of_class(to_string(result.message_class));
  if (result.message_class == MessageClass::clean) colour = Colour::green;
  writer.line(fmt::format("{}: {}{}", writer.in(Colour::bold, message.name), writer.in(colour, word),
                          result.finding.empty() ? "" : " (" + printable(result.finding) + ')'));
  writer.detail(2, "message", fmt::format("{}, sha256 {}", bytes_in_words(message.size), message.sha256));
  const Report& report = result.report;
  if (!report.engine_version.empty())
    writer.detail(2, "scanned",
                  fmt::format("by {}, signatures {}, in {} ms", printable(report.engine_version),
                              printable(report.signature_version), result.ms));
  writer.detail(2, "policy", to_string(result.action));
}

void write_findings(Writer& writer, const Report& report) {
  if (report.findings.empty()) return;
  writer.heading("Findings");
  for (const Finding& finding : report.findings) {
    const bool infected = finding.kind == FindingKind::signature;
    writer.detail(2, to_string(finding.kind), printable(finding.name),
                  infected ? Colour::red : Colour::yellow);
  }
}

std::string types_of(const Writer& writer, const Part& part) {
  std::string declared = part.type.empty() ? "no type" : printable(part.type);
  const bool as_declared =
      part.true_types.empty() || std::ranges::find(part.true_types, part.type) != part.true_types.end();
  if (as_declared) return declared;
  return declared + writer.in(Colour::yellow, ", in truth " + listed(part.true_types));
}

void write_part(Writer& writer, const Part& part) {
  const auto deep = static_cast<std::size_t>(std::ranges::count(part.path, '.'));
  const std::size_t indent = 2 + 2 * std::min<std::size_t>(deep, 16);
  const std::string path = printable(part.path);
  std::string quoted;
  for (const std::string& name : part.names)
    quoted += fmt::format("  \"{}\"", cli::shortened(printable(name), 80));
  if (part.names.size() > most_names) quoted = "  " + listed(part.names);
  writer.line(fmt::format("{:{}}{}  {}{}", "", indent, writer.in(Colour::bold, path.empty() ? "-" : path),
                          types_of(writer, part), quoted));
  const std::size_t below = indent + std::max<std::size_t>(cli::width_of(path), 1) + 2;
  writer.line(fmt::format("{:{}}{}", "", below,
                          writer.in(Colour::faint, fmt::format("{}, sha256 {}, {}", bytes_in_words(part.size),
                                                               part.sha256.hex().substr(0, shown_digits),
                                                               looked_in_words(part.looked)))));
  if (!part.members.empty()) writer.detail(below, "holds", listed(part.members));
  if (!part.findings.empty()) writer.detail(below, "found", listed(part.findings), Colour::red);
}

// The default reading first; behind it each other, under what was read otherwise.
void write_parts(Writer& writer, const std::vector<Part>& parts) {
  if (parts.empty()) return;
  writer.heading("Parts");
  std::vector<std::string> readings;
  for (const Part& part : parts) {
    if (part.reading.empty()) write_part(writer, part);
    if (!part.reading.empty() && std::ranges::find(readings, part.reading) == readings.end())
      readings.push_back(part.reading);
  }
  for (const std::string& reading : readings) {
    writer.heading("Parts as others may read it: " + printable(reading));
    for (const Part& part : parts)
      if (part.reading == reading) write_part(writer, part);
  }
}

void write_flag(Writer& writer, const Oddity& flag, const Evidence& evidence) {
  const AmbiguityRow& row = row_of(flag.flag);
  const bool hard = row.gravity == Gravity::hard;
  std::string head = fmt::format("  {}  {}", writer.in(hard ? Colour::red : Colour::yellow, row.code),
                                 hard ? "no honest program writes it" : "honest mail has it too");
  if (flag.times > 1) head += fmt::format(", {} times", flag.times);
  writer.line(head);
  writer.line(fmt::format("      {}", row.sentence));
  if (evidence.line == 0) {
    if (flag.first.end > 0)
      writer.line(writer.in(Colour::faint, fmt::format("      at byte {}", flag.first.begin)));
    return;
  }
  std::string shown = visible(evidence.bytes);
  if (evidence.left_out > 0) shown += "…";
  writer.line(fmt::format(
      "      {}  {}{}{}",
      writer.in(Colour::faint, fmt::format("line {}, byte {}", evidence.line, flag.first.begin)),
      visible(evidence.before), writer.in(Colour::red, "«" + shown + "»"),
      evidence.left_out > 0 ? fmt::format(" ({} bytes)", flag.first.size()) : visible(evidence.after)));
}

void write_flags(Writer& writer, const Explained& message) {
  const std::vector<Oddity>& flags = message.result.report.flags;
  if (flags.empty()) return;
  writer.heading("Ambiguities");
  for (std::size_t i = 0; i < flags.size(); ++i)
    write_flag(writer, flags[i], i < message.evidence.size() ? message.evidence[i] : Evidence{});
}

}  // namespace

std::vector<Evidence> evidence_of(const Message& message, const std::vector<Oddity>& flags) {
  std::vector<Evidence> all(flags.size());
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < flags.size(); ++i)
    if (flags[i].first.begin < flags[i].first.end && flags[i].first.end <= message.size()) order.push_back(i);
  std::ranges::sort(order, {}, [&](std::size_t i) { return flags[i].first.begin; });
  // Lines are counted once over, however many flags there are.
  constexpr std::size_t piece = 256 * 1024;
  std::uint64_t offset = 0, lines = 1;
  for (const std::size_t i : order) {
    const ByteRange& place = flags[i].first;
    while (offset < place.begin) {
      const auto bytes = message.read_at(offset, std::min<std::size_t>(piece, place.begin - offset));
      if (!bytes || bytes->empty()) return all;
      lines += static_cast<std::uint64_t>(std::ranges::count(*bytes, '\n'));
      offset += bytes->size();
    }
    const std::size_t shown = std::min(place.size(), most_evidence);
    const std::size_t before = std::min(place.begin, context);
    auto bytes = message.read_at(place.begin - before, before + shown + context);
    if (!bytes || bytes->size() < before + shown) return all;
    all[i] = {lines, bytes->substr(0, before), bytes->substr(before, shown), bytes->substr(before + shown),
              place.size() - shown};
  }
  return all;
}

std::string explanation(const Explained& message, bool colours) {
  Writer writer(colours);
  write_head(writer, message);
  write_findings(writer, message.result.report);
  write_parts(writer, message.result.report.parts);
  write_flags(writer, message);
  return std::move(writer).text();
}

}  // namespace rastel::scan
