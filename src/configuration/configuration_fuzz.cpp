// SPDX-License-Identifier: GPL-2.0-only
// The configuration: whatever the file holds, the parser answers a configuration or an error that says where;
// what it accepts survives being shown and parsed again. An input whose first octet is odd is written in
// words: an octet from 0x80 on stands for a header, key or value of the rows, so that the fuzzer gets past
// the first line.
#include <cstdlib>

#include "configuration/configuration.hpp"

namespace {

using namespace rastel;

template <class Type>
struct element_of {};
template <class Type>
struct element_of<std::vector<Type>> {
  using type = Type;
};

template <HasRows Struct>
void collect(const std::string& path, std::vector<std::string>& words) {
  for_each_row<Struct>([&](const auto& row) {
    using Member = typename std::remove_cvref_t<decltype(row)>::MemberType;
    const std::string name = path.empty() ? std::string(row.name) : path + "." + std::string(row.name);
    if constexpr (HasRows<Member>) {
      words.push_back("\n[" + name + "]\n");
      collect<Member>(name, words);
    } else if constexpr (requires { Rows<typename element_of<Member>::type>::rows; }) {
      words.push_back("\n[[" + name + "]]\nname=\"d\"\nlisten=\"[::1]:1\"\nnext_hop=\"lmtp:unix:/x\"\n");
      words.push_back("\n[[" + name + "]]\n");
      collect<typename element_of<Member>::type>(name, words);
    } else {
      words.push_back("\n" + std::string(row.name) + " = ");
    }
  });
}

std::vector<std::string> all_words() {
  std::vector<std::string> words{"\"0660\"\n",    "\"60s\"\n",    "\"50MiB\"\n", "\"127.0.0.1:25\"\n",
                                 "[\"::1/64\", ", "true\n",       "7\n",         "\"quarantine\"",
                                 "\"defer\"",     "\"outbound\"", "\"",          "\\u0001"};
  collect<Configuration>("", words);
  return words;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<std::string> words = all_words();
  std::string text;
  const bool in_words = size > 0 && data[0] % 2 == 1;
  for (std::size_t i = 1; i < size; ++i)
    if (in_words && data[i] >= 0x80)
      text += words[(data[i] - 0x80U) % words.size()];
    else
      text += static_cast<char>(data[i]);
  const auto parsed = parse_configuration(text, "fuzz.toml");
  if (!parsed) {
    if (!parsed.error().what.starts_with("fuzz.toml")) std::abort();
    return 0;
  }
  const std::string shown = show_configuration(*parsed);
  const auto again = parse_configuration(shown, "again.toml");
  if (!again || show_configuration(*again) != shown) std::abort();
  return 0;
}
