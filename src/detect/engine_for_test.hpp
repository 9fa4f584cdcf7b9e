// SPDX-License-Identifier: GPL-2.0-only
// Short ways to load an engine, scan bytes and look into a report.
#pragma once

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/message.hpp"
#include "detect/engine.hpp"
#include "detect/scratch_for_test.hpp"

namespace rastel::detect {

// An engine with the built-in signatures and those of `folder`; nullptr and a failed expectation if it
// doesn't load.
inline std::unique_ptr<Engine> engine_for_test(const EngineOptions& options = {},
                                               const std::filesystem::path& folder = "/nonexistent") {
  SignatureOptions signatures;
  signatures.directory = folder.string();
  auto engine = Engine::load(signatures, options);
  EXPECT_TRUE(engine) << engine.error().what;
  return engine ? std::move(*engine) : nullptr;
}

inline Report scan_for_test(Engine& engine, std::string_view bytes, const std::filesystem::path& scratch) {
  const auto message = message_from_bytes(bytes, std::filesystem::temp_directory_path());
  EXPECT_TRUE(message);
  return engine.scan((*message)->descriptor(), (*message)->size(), scratch);
}

inline Report scan_for_test(Engine& engine, std::string_view bytes) {
  const FolderForTest scratch;
  Report report = scan_for_test(engine, bytes, scratch.path());
  EXPECT_TRUE(std::filesystem::is_empty(scratch.path())) << "a scan leaves its scratch folder empty";
  return report;
}

inline bool has_finding(const Report& report, FindingKind kind, std::string_view beginning) {
  return std::ranges::any_of(report.findings, [&](const Finding& finding) {
    return finding.kind == kind && finding.name.starts_with(beginning);
  });
}

inline bool has_signature(const Report& report, std::string_view name = "Eicar-Test-Signature") {
  return has_finding(report, FindingKind::signature, name);
}

// For failure messages: "signature:X unscanned:Y [limit] layers=3".
inline std::string describe(const Report& report) {
  std::string text;
  for (const Finding& finding : report.findings) {
    text += std::string(to_string(finding.kind)) + ":" + finding.name + " ";
  }
  for (std::size_t i = 0; i < unscanned_reasons; ++i) {
    if (report.unscanned.test(i))
      text += "[" + std::string(to_string(static_cast<UnscannedReason>(i))) + "] ";
  }
  return text + "layers=" + std::to_string(report.layers);
}

}  // namespace rastel::detect
