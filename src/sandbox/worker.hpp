// SPDX-License-Identifier: GPL-2.0-only
// Worker: forked from the zygote with the loaded engine, confined, scans one message after the other. It
// reads hostile bytes with a large C library; all it has is its socket, its scratch folder, and the
// descriptor of one message.
#pragma once

#include <functional>
#include <string>

#include "base/error.hpp"
#include "base/file_descriptor.hpp"
#include "detect/layer_memory.hpp"
#include "sandbox/confinement.hpp"
#include "verdict/report.hpp"

namespace rastel::sandbox {

inline constexpr int exit_out_of_memory = 77;
inline constexpr int exit_not_confined = 78;
inline constexpr int exit_canary_failed = 79;

enum class ScannedAs { message, perhaps_a_file };

// What a worker does with a message; the engine in the product, something hostile in tests.
class Scanner {
 public:
  virtual ~Scanner() = default;
  // Finds the canaries and lets the clean one pass; also warms the process up.
  [[nodiscard]] virtual Result<> prove(const std::filesystem::path& scratch) = 0;
  [[nodiscard]] virtual Report scan(int descriptor, std::uint64_t size, const std::filesystem::path& scratch,
                                    ScannedAs as) = 0;
  // What needs no second scan; before the first worker is forked, outlives it.
  virtual void use_known_layers(const detect::KnownLayers* /*known*/) {}
  // In a test a hostile worker answers by itself; true: done, don't send the report.
  [[nodiscard]] virtual bool answers_itself_for_test(int /*socket*/, std::uint32_t /*number*/) {
    return false;
  }
};

// Never returns.
[[noreturn]] void run_worker(FileDescriptor socket, Scanner& scanner, const Circumstances& circumstances);

}  // namespace rastel::sandbox
