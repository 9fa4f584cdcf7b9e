// SPDX-License-Identifier: GPL-2.0-only
// Configuration → text, by the rows: `config show`, `config sample`, `config reference`, and what the engine
// is given.
#include <fmt/format.h>

#include "configuration/configuration.hpp"

namespace rastel {
namespace {

// A basic string of TOML.
std::string in_quotes(std::string_view text) {
  std::string result = "\"";
  for (const char character : text) {
    const auto octet = static_cast<unsigned char>(character);
    if (octet < 0x20 || octet == 0x7f) {
      result += fmt::format("\\u{:04x}", octet);
      continue;
    }
    if (character == '"' || character == '\\') result += '\\';
    result += character;
  }
  return result + '"';
}

std::string toml(bool value) { return value ? "true" : "false"; }
std::string toml(std::uint32_t value) { return std::to_string(value); }
std::string toml(const std::string& value) { return in_quotes(value); }
std::string toml(const Duration& value) { return in_quotes(to_string(value)); }
std::string toml(const ByteCount& value) { return in_quotes(to_string(value)); }
std::string toml(const Endpoint& value) { return in_quotes(to_string(value)); }
std::string toml(const NextHop& value) { return in_quotes(to_string(value)); }
std::string toml(const Network& value) { return in_quotes(value.text); }
std::string toml(const FileMode& value) { return in_quotes(fmt::format("{:04o}", value.value)); }
template <HasNames Enum>
std::string toml(Enum value) {
  return in_quotes(name_of(value));
}
template <class Member>
std::string toml(const std::vector<Member>& values) {
  std::vector<std::string> texts;
  for (const Member& value : values) texts.push_back(toml(value));
  return fmt::format("[{}]", fmt::join(texts, ", "));
}
template <class Member>
std::string toml(const std::optional<Member>& value) {
  return toml(*value);
}

// A value that has no text (unset optional, no address) is not written: absence is its only form.
template <class Member>
bool is_set(const Member&) {
  return true;
}
template <class Member>
bool is_set(const std::optional<Member>& value) {
  return value.has_value();
}
bool is_set(const Endpoint& value) { return value.kind != Endpoint::Kind::none; }
bool is_set(const NextHop& value) { return is_set(value.endpoint); }

template <class Member>
struct element_of {
  using type = void;
};
template <class Member>
struct element_of<std::vector<Member>> {
  using type = Member;
};
template <class Member>
concept TableArray = HasRows<typename element_of<Member>::type>;

template <HasRows Struct>
std::string inline_table(const Struct& from) {
  std::vector<std::string> texts;
  for_each_row<Struct>([&](const auto& row) {
    if (is_set(from.*(row.member)))
      texts.push_back(fmt::format("{} = {}", row.name, toml(from.*(row.member))));
  });
  return fmt::format("{{ {} }}", fmt::join(texts, ", "));
}

// Plain values first, then arrays of tables: TOML gives what follows a header to that header.
template <HasRows Struct>
void show_table(const Struct& from, const std::string& path, std::string_view brackets, std::string& out) {
  std::string plain;
  std::string arrays;
  for_each_row<Struct>([&](const auto& row) {
    const auto& value = from.*(row.member);
    using Member = std::remove_cvref_t<decltype(value)>;
    if constexpr (TableArray<Member>) {
      for (const auto& element : value)
        show_table(element, path + "." + std::string(row.name), "[[]]", arrays);
    } else if constexpr (HasRows<Member>) {
      plain += fmt::format("{} = {}\n", row.name, inline_table(value));
    } else if (is_set(value)) {
      plain += fmt::format("{} = {}\n", row.name, toml(value));
    }
  });
  if (!plain.empty() || brackets == "[[]]") {
    const std::size_t half = brackets.size() / 2;
    out += fmt::format("{}{}{}\n{}\n", brackets.substr(0, half), path, brackets.substr(half), plain);
  }
  out += arrays;
}

// What an option takes, for the reference.
template <class Member>
struct kind {
  static std::string text() {
    if constexpr (std::is_same_v<Member, bool>)
      return "true or false";
    else if constexpr (std::is_same_v<Member, std::uint32_t>)
      return "number";
    else if constexpr (std::is_same_v<Member, Duration>)
      return "duration";
    else if constexpr (std::is_same_v<Member, ByteCount>)
      return "size";
    else if constexpr (std::is_same_v<Member, Endpoint>)
      return "address";
    else if constexpr (std::is_same_v<Member, NextHop>)
      return "next hop";
    else if constexpr (std::is_same_v<Member, Network>)
      return "network";
    else if constexpr (std::is_same_v<Member, FileMode>)
      return "permissions";
    else if constexpr (HasNames<Member>) {
      std::vector<std::string> names;
      for (const auto& [text, value] : Names<Member>::names) names.push_back(fmt::format("`\"{}\"`", text));
      return fmt::format("{}", fmt::join(names, ", "));
    } else
      return "text";
  }
};
template <class Member>
struct kind<std::optional<Member>> : kind<Member> {};
template <class Member>
struct kind<std::vector<Member>> {
  static std::string text() { return "list of " + kind<Member>::text() + "s"; }
};

// A value for an option that has none by default: what the sample shows behind its comment sign.
template <class Member>
struct example {
  static std::string text() {
    if constexpr (std::is_same_v<Member, bool>)
      return "true";
    else if constexpr (std::is_same_v<Member, Duration>)
      return in_quotes("60s");
    else if constexpr (std::is_same_v<Member, Endpoint>)
      return in_quotes("127.0.0.1:10080");
    else if constexpr (std::is_same_v<Member, NextHop>)
      return in_quotes("127.0.0.1:10026");
    else if constexpr (HasNames<Member>)
      return toml(Names<Member>::names[(Names<Member>::names.size() - 1) / 2].second);
    else if constexpr (HasRows<Member>) {
      std::vector<std::string> texts;
      for_each_row<Member>([&](const auto& row) {
        texts.push_back(fmt::format(
            "{} = {}", row.name, example<typename std::remove_cvref_t<decltype(row)>::MemberType>::text()));
      });
      return fmt::format("{{ {} }}", fmt::join(texts, ", "));
    } else
      return toml(Member{});
  }
};
template <class Member>
struct example<std::optional<Member>> : example<Member> {};

// Whether every member of a nested table is unset (its default says nothing that could be shown).
template <class Member>
bool says_nothing(const Member& value) {
  bool nothing = true;
  for_each_row<Member>([&](const auto& row) { nothing = nothing && !is_set(value.*(row.member)); });
  return nothing;
}

template <class Row, class Member>
std::string sample_value(const Row& row, const Member& value) {
  if (row.required) return in_quotes(row.required->example);
  if constexpr (HasRows<Member>)
    return says_nothing(value) ? example<Member>::text() : inline_table(value);
  else
    return is_set(value) ? toml(value) : example<Member>::text();
}

// Taking the "#" away from an option sets it to what is shown: its default, or an example.
template <HasRows Struct>
void sample_table(const std::string& path, std::string_view brackets, std::string_view sentence,
                  std::string& out) {
  const std::size_t half = brackets.size() / 2;
  std::string plain;
  std::string arrays;
  const Struct defaults{};
  for_each_row<Struct>([&](const auto& row) {
    using Member = typename std::remove_cvref_t<decltype(row)>::MemberType;
    if constexpr (TableArray<Member>)
      sample_table<typename element_of<Member>::type>(path + "." + std::string(row.name), "[[]]",
                                                      row.sentence, arrays);
    else
      plain +=
          fmt::format("# {}\n#{} = {}\n", row.sentence, row.name, sample_value(row, defaults.*(row.member)));
  });
  if (!plain.empty())
    out += fmt::format("# {}\n{}{}{}{}\n\n{}\n", sentence, half == 2 ? "#" : "", brackets.substr(0, half),
                       path, brackets.substr(half), plain);
  out += arrays;
}

template <HasRows Struct>
void reference_table(const std::string& path, std::string_view brackets, std::string_view sentence,
                     std::string& out) {
  const std::size_t half = brackets.size() / 2;
  const std::string header = fmt::format("{}{}{}", brackets.substr(0, half), path, brackets.substr(half));
  std::string rows;
  std::string inner;
  const Struct defaults{};
  for_each_row<Struct>([&](const auto& row) {
    using Member = typename std::remove_cvref_t<decltype(row)>::MemberType;
    if constexpr (TableArray<Member>) {
      reference_table<typename element_of<Member>::type>(path + "." + std::string(row.name), "[[]]",
                                                         row.sentence, inner);
    } else if constexpr (HasRows<Member>) {
      reference_table<Member>(path + "." + std::string(row.name), "[]", row.sentence, inner);
    } else {
      std::string limits;
      if constexpr (requires { toml(row.bounds->first); })
        if (row.bounds)
          limits = fmt::format(" ({} to {})", toml(row.bounds->first), toml(row.bounds->second));
      std::string standard = "unset";
      if (row.required)
        standard = "**required**";
      else if (is_set(defaults.*(row.member)))
        standard = "`" + toml(defaults.*(row.member)) + "`";
      rows += fmt::format("| `{}` | {}{} | {} | {} |\n", row.name, kind<Member>::text(), limits, standard,
                          row.sentence);
    }
  });
  if (!rows.empty())
    out += fmt::format("## `{}`\n\n{}\n\n| option | kind | default | meaning |\n|---|---|---|---|\n{}\n",
                       header, sentence, rows);
  out += inner;
}

}  // namespace

std::string show_configuration(const Configuration& configuration) {
  std::string out;
  for_each_row<Configuration>(
      [&](const auto& row) { show_table(configuration.*(row.member), std::string(row.name), "[]", out); });
  return out;
}

std::string show_engine_configuration(const Configuration& configuration) {
  std::string out;
  show_table(configuration.signatures, "signatures", "[]", out);
  show_table(configuration.engine, "engine", "[]", out);
  return out;
}

std::string show_page_configuration(const Configuration& configuration) {
  std::string out;
  show_table(configuration.log, "log", "[]", out);
  show_table(configuration.http, "http", "[]", out);
  SiteOptions site;
  site.run_directory = configuration.site.run_directory;
  show_table(site, "site", "[]", out);
  return out;
}

std::string sample_configuration() {
  std::string out =
      "# Rastel's configuration. Every option is here with its default; take the # away to change one (for a "
      "door or a rule\n"
      "# also from its header). `rasteld --check` says what is wrong.\n\n";
  for_each_row<Configuration>([&](const auto& row) {
    using Member = typename std::remove_cvref_t<decltype(row)>::MemberType;
    sample_table<Member>(std::string(row.name), "[]", row.sentence, out);
  });
  return out;
}

std::string configuration_reference() {
  std::string out =
      "# Configuration\n\n"
      "TOML, by default `/etc/rastel/rastel.toml`. An unknown key is an error that names file, line and the "
      "nearest known\n"
      "key. Durations are written `\"60s\"`, sizes `\"50MiB\"`, addresses `\"127.0.0.1:10025\"`, "
      "`\"[::1]:10025\"` or\n"
      "`\"unix:/run/rastel/x.sock\"`. This page is made by `rastel config reference`.\n\n";
  for_each_row<Configuration>([&](const auto& row) {
    using Member = typename std::remove_cvref_t<decltype(row)>::MemberType;
    reference_table<Member>(std::string(row.name), "[]", row.sentence, out);
  });
  return out;
}

}  // namespace rastel
