// SPDX-License-Identifier: GPL-2.0-only
// Names of parts, with their encoded words and charsets: bounded, each once.
#include <cstdlib>

#include "message/charset.hpp"
#include "message/encoded_word.hpp"
#include "message/file_names.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rastel::message;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  FileNames names;
  add_file_names(text, names);
  if (names.names.size() > FileNames::most_names) std::abort();
  for (std::size_t i = 0; i < names.names.size(); ++i) {
    if (names.names[i].empty() || names.names[i].size() > FileNames::longest_name) std::abort();
    for (std::size_t j = 0; j < i; ++j)
      if (names.names[i] == names.names[j]) std::abort();
  }
  if (is_valid_utf8(text) && !is_valid_utf8(decode_encoded_words(text))) std::abort();
  if (is_valid_utf8(text) && !is_valid_utf8(plain_form(text))) std::abort();
  return 0;
}
