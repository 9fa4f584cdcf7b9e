// SPDX-License-Identifier: GPL-2.0-only
// The configuration: whatever the file holds, the parser answers a configuration or an error that says where; what it
// accepts survives being shown and parsed again.
#include <cstdlib>

#include "app/configuration.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = rastel::parse_configuration(text, "fuzz.toml");
  if (!parsed) {
    if (!parsed.error().what.starts_with("fuzz.toml")) std::abort();
    return 0;
  }
  const std::string shown = rastel::show_configuration(*parsed);
  const auto again = rastel::parse_configuration(shown, "again.toml");
  if (!again || rastel::show_configuration(*again) != shown) std::abort();
  return 0;
}
