// SPDX-License-Identifier: GPL-2.0-only
#include "message/true_type.hpp"

#include "message/true_type_table.hpp"

namespace rastel::message {

TrueTypes true_types(std::string_view bytes) {
  TrueTypes types;
  for (const TypeRow& row : type_rows) {
    if (bytes.size() < row.offset || !bytes.substr(row.offset).starts_with(row.magic)) continue;
    if (row.check != nullptr && !row.check(bytes)) continue;
    if (row.add_narrower != nullptr) row.add_narrower(bytes, types);
    types.add(row.type);
  }
  add_text_types(bytes, types);
  return types;
}

}  // namespace rastel::message
