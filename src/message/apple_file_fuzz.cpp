// SPDX-License-Identifier: GPL-2.0-only
// AppleSingle: forks are views of the file.
#include <cstdint>
#include <cstdlib>

#include "message/apple_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rastel::message;
  using namespace std::string_view_literals;
  for (const std::string_view magic : {""sv, "\0\5\x16\7"sv}) {
    const std::string bytes = std::string(magic) + std::string(reinterpret_cast<const char*>(data), size);
    const AppleFile file = read_apple_file(bytes);
    for (const std::string_view fork : file.forks)
      if (fork.empty() || fork.data() < bytes.data() ||
          fork.data() + fork.size() > bytes.data() + bytes.size())
        std::abort();
    if (file.forks.size() > 2) std::abort();
  }
  return 0;
}
