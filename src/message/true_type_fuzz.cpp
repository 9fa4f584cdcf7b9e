// SPDX-License-Identifier: GPL-2.0-only
// Types by content: none twice, none empty, and the same again.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "message/true_type.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using rastel::message::TrueTypes;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const TrueTypes types = rastel::message::true_types(bytes);
  if (types.size() > TrueTypes::most || types.main() != rastel::message::true_type(bytes)) std::abort();
  for (const auto* type = types.begin(); type != types.end(); ++type)
    if (type->empty() || std::find(type + 1, types.end(), *type) != types.end()) std::abort();
  return 0;
}
