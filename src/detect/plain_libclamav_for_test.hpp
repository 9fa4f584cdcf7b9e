// SPDX-License-Identifier: GPL-2.0-only
// libclamav as a program calls it that trusts its return code (clamd's default options): what our rows are
// held against.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace rastel::detect {

struct PlainOptionsForTest {
  std::uint64_t file_size = 0;  // 0: clamd's default, likewise below
  std::uint32_t files = 0, recursion = 0, scan_time = 0;
  bool cache = true;
};

// A scanner with the built-in signatures and those of `signature_folder` (may be empty).
class PlainLibclamavForTest {
 public:
  explicit PlainLibclamavForTest(const std::filesystem::path& signature_folder = {},
                                 const PlainOptionsForTest& options = {});
  ~PlainLibclamavForTest();
  PlainLibclamavForTest(const PlainLibclamavForTest&) = delete;
  PlainLibclamavForTest& operator=(const PlainLibclamavForTest&) = delete;
  // "clean", "found NAME" or "error TEXT": the return code, believed.
  [[nodiscard]] std::string scan(std::string_view bytes, const std::filesystem::path& scratch);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rastel::detect
