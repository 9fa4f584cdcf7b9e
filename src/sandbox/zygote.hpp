// SPDX-License-Identifier: GPL-2.0-only
// Zygote: loads the signatures once, proves itself on the canaries, gives up what it no longer needs, then
// forks a worker whenever the daemon asks. Single-threaded, so that forking is safe. It kills and reaps its
// own workers (they have ids of their own, which the daemon may not signal); the master kills zygotes. It
// never sees a message.
#pragma once

#include <functional>
#include <memory>

#include "base/file_descriptor.hpp"
#include "detect/options.hpp"
#include "sandbox/confinement.hpp"
#include "sandbox/wire.hpp"
#include "sandbox/worker.hpp"

namespace rastel::sandbox {

struct ZygoteOptions {
  UserNamespace user_namespace = UserNamespace::none;
  bool confinement_required = false;
  std::uint64_t scratch = 0;  // bytes
  std::uint64_t memory = 0;   // bytes
};

// What the zygote is after loading.
struct Loaded {
  std::unique_ptr<Scanner> scanner;
  EngineReady ready;  // `missing` is filled in by the zygote
};
using Load = std::function<Result<Loaded>()>;

// The engine of detect/ as a Loaded; the product's Load.
[[nodiscard]] Result<Loaded> load_engine(const SignatureOptions& signatures, const EngineOptions& options);

// Serves `socket` until its other end closes, then ends the process.
[[noreturn]] void run_zygote(FileDescriptor socket, const ZygoteOptions& options, const Load& load);

}  // namespace rastel::sandbox
