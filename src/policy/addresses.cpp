// SPDX-License-Identifier: GPL-2.0-only
#include "policy/addresses.hpp"

#include "base/ascii.hpp"

namespace rastel::policy {

std::string plain_address(std::string_view address) {
  if (address.starts_with('@'))
    if (const std::size_t colon = address.find(':'); colon != std::string_view::npos)
      address.remove_prefix(colon + 1);
  if (address.find('@') != std::string_view::npos && address.ends_with('.')) address.remove_suffix(1);
  if (!address.starts_with('"')) return std::string(address);
  std::string plain;
  for (std::size_t i = 1; i < address.size(); ++i) {
    if (address[i] == '"') return plain.append(address.substr(i + 1));
    if (address[i] == '\\' && i + 1 < address.size()) ++i;
    plain += address[i];
  }
  return std::string(address);  // an unclosed quote: as said
}

bool matches_address(std::string_view pattern, std::string_view address) {
  if (pattern == "<>") return address.empty();
  const std::size_t at = address.rfind('@');
  const std::string_view domain = at == std::string_view::npos ? std::string_view() : address.substr(at + 1);
  if (pattern.empty() || pattern == "@") return false;  // nobody's, not everybody's
  if (pattern.starts_with('@')) return equal_ignoring_case(pattern.substr(1), domain);
  if (pattern.find('@') == std::string_view::npos)
    return equal_ignoring_case(pattern, domain) || equal_ignoring_case(pattern, address);
  return equal_ignoring_case(plain_address(pattern), address);
}

}  // namespace rastel::policy
