// SPDX-License-Identifier: GPL-2.0-only
// What a trusted peer says of its client by XFORWARD and XCLIENT, and what of it is said on: a value holds no
// control character and is bounded; what we say is lines of at most 510 octets that read back as the same.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ascii.hpp"
#include "protocol/pieces_for_test.hpp"
#include "protocol/smtp/xtext.hpp"

namespace {

using rastel::smtp::Attribute;
using Attributes = std::optional<std::vector<Attribute>>;
using Parse = Attributes (*)(std::string_view);
using Format = std::vector<std::string> (*)(const std::vector<Attribute>&, std::string_view);

constexpr std::array<std::string_view, 20> tokens{
    "NAME=",
    "ADDR=",
    "PORT=",
    "PROTO=",
    "HELO=",
    "IDENT=",
    "SOURCE=",
    "LOGIN=",
    "DESTADDR=",
    "DESTPORT=",
    "IPV6:",
    "192.0.2.1",
    "+20",
    "+0D+0A",
    "+",
    "[UNAVAILABLE]",
    "[TEMPUNAVAIL]",
    "ESMTP",
    " ",
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"};

bool has_control(std::string_view text) { return std::ranges::any_of(text, rastel::is_control); }

// The attributes that these lines say, to somebody who reads them as we do.
std::vector<Attribute> read_back(const std::vector<std::string>& lines, std::string_view verb, Parse parse) {
  std::vector<Attribute> all;
  for (const std::string& line : lines) {
    if (!line.starts_with(verb) || line.size() > 510 || has_control(line)) std::abort();
    const Attributes attributes = parse(std::string_view(line).substr(verb.size()));
    if (!attributes) std::abort();
    all.insert(all.end(), attributes->begin(), attributes->end());
  }
  return all;
}

void check(std::string_view text, std::string_view verb, std::string_view names, Parse parse, Format format) {
  const Attributes attributes = parse(text);
  if (!attributes) return;
  for (const Attribute& attribute : *attributes)
    if (has_control(attribute.value) || attribute.value.size() > 255 || has_control(attribute.name))
      std::abort();
  const std::vector<std::string> lines = format(*attributes, names);
  const std::vector<Attribute> said = read_back(lines, verb, parse);
  if (said.size() != attributes->size()) std::abort();
  // To say it once more changes nothing, and no value is another's.
  if (format(said, names) != lines) std::abort();
  for (const Attribute& one : said)
    if (one.value != "[UNAVAILABLE]" && std::ranges::find(*attributes, one) == attributes->end())
      std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rastel::smtp;
  if (size > 1024) return 0;
  const std::string text = rastel::for_test::with_tokens({reinterpret_cast<const char*>(data), size}, tokens);
  check(text, "XFORWARD", "NAME ADDR PORT PROTO HELO IDENT SOURCE", parse_xforward, format_xforward);
  check(text, "XCLIENT", xclient_names, parse_xclient, format_xclient);
  if (const auto decoded = decode_xtext(text)) {
    const auto again = decode_xtext(encode_xtext(*decoded));
    if (!again || *again != *decoded) std::abort();
  }
  const std::string forwarded = to_forwarded_address(text);
  if (has_control(forwarded) || forwarded.find(' ') != std::string::npos) std::abort();
  return 0;
}
