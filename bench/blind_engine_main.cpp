// SPDX-License-Identifier: GPL-2.0-only
// An engine that looks at nothing and calls everything clean: what `rasteld` starts in its place in one
// contender of the bench, so that all but scanning is measured (door, wire, confined workers, next hop).
// Never installed: built into a folder without a rasteld; it says of itself that it is blind.
#include <cstring>
#include <memory>

#include "sandbox/zygote.hpp"

namespace {

using namespace rastel;
using namespace rastel::sandbox;

class BlindScanner final : public Scanner {
 public:
  Result<> prove(const std::filesystem::path&) override { return {}; }
  Report scan(int, std::uint64_t, const std::filesystem::path&, ScannedAs) override {
    Report report;
    report.layers = 1;  // a report of no layers isn't believed
    report.engine_version = "blind";
    report.signature_version = "none";
    return report;
  }
};

Result<Loaded> blind_engine() {
  Loaded loaded;
  loaded.scanner = std::make_unique<BlindScanner>();
  loaded.ready.engine_version = "blind";
  loaded.ready.signature_version = "none";
  loaded.ready.signature_count = 1;
  return loaded;
}

}  // namespace

// Descriptors and arguments as rastel-engine has them (src/app/rastel_engine_main.cpp); the configuration
// isn't read.
int main(int count, char** arguments) {
  ZygoteOptions options;
  for (int i = 1; i < count; ++i) {
    if (std::strcmp(arguments[i], "--userns=mapped") == 0) options.user_namespace = UserNamespace::mapped;
    if (std::strcmp(arguments[i], "--userns=single") == 0) options.user_namespace = UserNamespace::single;
    if (std::strcmp(arguments[i], "--confinement=required") == 0) options.confinement_required = true;
  }
  options.scratch = 256ULL << 20;
  options.memory = 2ULL << 30;
  run_zygote(FileDescriptor(3), options, blind_engine);
}
