// SPDX-License-Identifier: GPL-2.0-only
// A worker in an attacker's hands: does what the first word of the message says.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "sandbox/zygote.hpp"

namespace rastel::sandbox {

class HostileScanner final : public Scanner {
 public:
  // `engine`: the engine's number; "…-in-first-engine" behaves only in number 1.
  explicit HostileScanner(std::uint32_t engine) : engine_(engine) {}
  Result<> prove(const std::filesystem::path& scratch) override;
  Report scan(int descriptor, std::uint64_t size, const std::filesystem::path& scratch,
              ScannedAs as) override;
  bool answers_itself_for_test(int socket, std::uint32_t number) override;
  void use_known_layers(const detect::KnownLayers* known) override { known_ = known; }

 private:
  std::uint32_t engine_;
  std::uint64_t scans_ = 0;
  std::string word_;
  const detect::KnownLayers* known_ = nullptr;
};

[[nodiscard]] Result<Loaded> hostile_engine(std::uint32_t engine);

}  // namespace rastel::sandbox
