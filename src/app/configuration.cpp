// SPDX-License-Identifier: GPL-2.0-only
// TOML → Configuration, by the rows. toml++ is used without exceptions.
#include "app/configuration.hpp"

#include <fmt/format.h>

#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "base/planted_bug.hpp"
#include "base/utf8.hpp"

namespace rastel {
namespace {

constexpr std::size_t most_problems = 20;

template <class Type>
struct is_optional : std::false_type {};
template <class Type>
struct is_optional<std::optional<Type>> : std::true_type {};
template <class Type>
struct is_vector : std::false_type {};
template <class Type>
struct is_vector<std::vector<Type>> : std::true_type {};

class Reader {
 public:
  explicit Reader(std::string_view source) : source_(source) {}

  template <HasRows Struct>
  void table(const toml::table& table, Struct& into, const std::string& path) {
    for (const auto& [key, node] : table) {
      bool known = false;
      for_each_row<Struct>([&](const auto& row) {
        if (row.name != key.str()) return;
        known = true;
        const std::string name = path.empty() ? std::string(row.name) : path + "." + std::string(row.name);
        value(node, into.*(row.member), name);
        bounds(row, into.*(row.member), node, name);
      });
      if (!known) unknown<Struct>(key.str(), key.source(), path);
    }
  }

  void problem(const toml::source_region& where, const std::string& what) {
    if (problems_.size() < most_problems)
      problems_.push_back(fmt::format("{}:{}: {}", source_, where.begin.line, printable(what)));
  }
  void problem(const std::string& what) { problems_.push_back(fmt::format("{}: {}", source_, printable(what))); }
  [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }

 private:
  template <class Struct>
  void unknown(std::string_view key, const toml::source_region& where, const std::string& path) {
    std::vector<std::string> known;
    for_each_row<Struct>([&](const auto& row) { known.emplace_back(row.name); });
    std::string what = fmt::format("unknown key \"{}\"", key.substr(0, 100));
    if (!path.empty()) what += fmt::format(" in [{}]", path);
    if (const auto near = nearest(key, known)) what += fmt::format("; did you mean \"{}\"?", *near);
    problem(where, what);
  }

  template <class Row, class Member>
  void bounds(const Row& row, const Member& member, const toml::node& node, const std::string& name) {
    if constexpr (std::is_same_v<Member, std::uint32_t> || std::is_same_v<Member, Duration> ||
                  std::is_same_v<Member, ByteCount>) {
      if (row.bounds && (member < row.bounds->first || row.bounds->second < member))
        problem(node.source(), fmt::format("{} is out of bounds: want {} to {}", name, shown(row.bounds->first),
                                           shown(row.bounds->second)));
    }
  }
  template <class Member>
  static std::string shown(const Member& member) {
    if constexpr (std::is_integral_v<Member>)
      return std::to_string(member);
    else
      return to_string(member);
  }

  void wanted(const toml::node& node, const std::string& name, std::string_view what) {
    problem(node.source(), fmt::format("{}: {}", name, what));
  }

  template <class Parsed>
  void text(const toml::node& node, Parsed& into, const std::string& name, Result<Parsed> (*parse)(std::string_view)) {
    const auto* string = node.as_string();
    if (string == nullptr) return wanted(node, name, "want a text in quotes");
    auto parsed = parse(string->get());
    if (!parsed) return wanted(node, name, fmt::format("\"{}\": {}", string->get().substr(0, 100), parsed.error().what));
    into = *std::move(parsed);
  }

  void value(const toml::node& node, Duration& into, const std::string& name) { text(node, into, name, parse_duration); }
  void value(const toml::node& node, ByteCount& into, const std::string& name) { text(node, into, name, parse_byte_count); }
  void value(const toml::node& node, Endpoint& into, const std::string& name) { text(node, into, name, parse_endpoint); }
  void value(const toml::node& node, NextHop& into, const std::string& name) { text(node, into, name, parse_next_hop); }
  void value(const toml::node& node, Network& into, const std::string& name) { text(node, into, name, parse_network); }
  void value(const toml::node& node, FileMode& into, const std::string& name) { text(node, into, name, parse_mode); }

  static Result<FileMode> parse_mode(std::string_view text) {
    FileMode mode;
    if constexpr (planted::configuration) {
      if (!text.empty()) (void)planted_read(text, text.size());
    }
    const bool octal = !text.empty() && text.size() <= 4 &&
                       text.find_first_not_of("01234567") == std::string_view::npos;
    if (!octal) return fail(ErrorKind::invalid_input, "want permissions in octal like \"0660\"");
    for (const char digit : text) mode.value = mode.value * 8 + static_cast<std::uint32_t>(digit - '0');
    if (mode.value > 0777) return fail(ErrorKind::invalid_input, "want permissions in octal like \"0660\"");
    return mode;
  }

  void value(const toml::node& node, bool& into, const std::string& name) {
    const auto* boolean = node.as_boolean();
    if (boolean == nullptr) return wanted(node, name, "want true or false");
    into = boolean->get();
  }
  void value(const toml::node& node, std::string& into, const std::string& name) {
    const auto* string = node.as_string();
    if (string == nullptr) return wanted(node, name, "want a text in quotes");
    if (string->get().find('\0') != std::string::npos || string->get().find('\n') != std::string::npos)
      return wanted(node, name, "want a text of one line");
    into = string->get();
  }
  void value(const toml::node& node, std::uint32_t& into, const std::string& name) {
    const auto* integer = node.as_integer();
    if (integer == nullptr || integer->get() < 0 || integer->get() > UINT32_MAX)
      return wanted(node, name, "want a whole number");
    into = static_cast<std::uint32_t>(integer->get());
  }
  template <HasNames Enum>
  void value(const toml::node& node, Enum& into, const std::string& name) {
    std::vector<std::string> names;
    for (const auto& [text, member] : Names<Enum>::names) names.emplace_back(text);
    const auto* string = node.as_string();
    const auto parsed = string == nullptr ? std::nullopt : value_of<Enum>(string->get());
    if (parsed) {
      into = *parsed;
      return;
    }
    std::string what = fmt::format("want one of \"{}\"", fmt::join(names, "\", \""));
    if (string != nullptr) {
      what += fmt::format(", not \"{}\"", string->get().substr(0, 100));
      if (const auto near = nearest(string->get(), names)) what += fmt::format("; did you mean \"{}\"?", *near);
    }
    wanted(node, name, what);
  }
  template <class Member>
  void value(const toml::node& node, std::optional<Member>& into, const std::string& name) {
    into.emplace();
    value(node, *into, name);
  }
  template <class Member>
  void value(const toml::node& node, std::vector<Member>& into, const std::string& name) {
    const auto* array = node.as_array();
    if (array == nullptr)
      return wanted(node, name, HasRows<Member> ? fmt::format("write [[{}]]", name) : "want a list in brackets");
    into.clear();
    for (const toml::node& element : *array) value(element, into.emplace_back(), name);
  }
  template <HasRows Struct>
  void value(const toml::node& node, Struct& into, const std::string& name) {
    const auto* inner = node.as_table();
    if (inner == nullptr) return wanted(node, name, fmt::format("want a table: [{}]", name));
    table(*inner, into, name);
  }

  std::string source_;
  std::vector<std::string> problems_;
};

}  // namespace

Result<Configuration> parse_configuration(std::string_view text, std::string_view source) {
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    const auto& error = parsed.error();
    return fail(ErrorKind::invalid_input, fmt::format("{}:{}: {}", source, error.source().begin.line,
                                                      printable(error.description())));
  }
  Configuration configuration;
  Reader reader(source);
  reader.table(parsed.table(), configuration, "");
  if (reader.problems().empty())
    for (const std::string& contradiction : contradictions(configuration)) reader.problem(contradiction);
  if (reader.problems().empty()) return configuration;
  return fail(ErrorKind::invalid_input, fmt::format("{}", fmt::join(reader.problems(), "\n")));
}

}  // namespace rastel
