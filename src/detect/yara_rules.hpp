// SPDX-License-Identifier: GPL-2.0-only
// YARA rules by libyara: compiled once, before the process is confined; then looked for in the message and in
// every layer that libclamav sees. Used by Engine and ScanObserver only; one scan at a time.
//
// Rules can't include others: what isn't named in [signatures] yara would not be watched. Each file is a
// namespace of its own, so that two may use one name. Doesn't: YARA's "console" output (thrown away).
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace rastel::detect {

class YaraRules {
 public:
  // All or nothing; a file that YARA refuses is invalid_input: "FILE:LINE: what". nullptr for no files.
  [[nodiscard]] static Result<std::unique_ptr<YaraRules>> load(
      const std::vector<std::filesystem::path>& files);
  ~YaraRules();
  YaraRules(const YaraRules&) = delete;
  YaraRules& operator=(const YaraRules&) = delete;

  [[nodiscard]] std::uint64_t count() const;

  enum class End {
    complete,
    too_many_matches,  // of one string: YARA stops counting, conditions on numbers may be wrong
    timed_out,
    failed,
  };
  struct Outcome {
    End end = End::complete;
    std::vector<std::string_view> names;  // of the rules that match; valid as long as this object
  };
  [[nodiscard]] Outcome scan(std::string_view bytes, std::chrono::seconds at_most);

 private:
  struct State;
  explicit YaraRules(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace rastel::detect
