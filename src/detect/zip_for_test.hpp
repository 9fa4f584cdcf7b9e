// SPDX-License-Identifier: GPL-2.0-only
// Builds zip archives for tests, wrong ones included. No library: the bombs are written bit by bit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace rastel::detect {

struct ZipMemberForTest {
  std::string name = {};
  std::string content = {};                     // as it stands in the archive
  std::uint16_t method = 0;                     // 0 stored, 8 deflate
  bool encrypted = false;                       // sets the flag; the content is then anything
  std::optional<std::uint64_t> real_size = {};  // what the headers claim; default: the content's
  std::optional<std::uint32_t> checksum = {};   // default: the content's
};

[[nodiscard]] std::string zip_for_test(const std::vector<ZipMemberForTest>& members);

// Bytes that don't compress and hold no test signature; always the same.
[[nodiscard]] std::string noise_for_test(std::size_t size);

// A deflate stream (RFC 1951, fixed codes) of `size` zero bytes, 1:1032 at best.
[[nodiscard]] std::string deflated_zeros_for_test(std::uint64_t size);

// `payload` in a zip in a zip … , `depth` archives in all.
[[nodiscard]] std::string nested_zip_for_test(std::string payload, int depth);

}  // namespace rastel::detect
