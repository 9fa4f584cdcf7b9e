// SPDX-License-Identifier: GPL-2.0-only
// rastel-engine: the zygote's program, started by the master alone. Descriptor 3: socket to the daemon; 4:
// [signatures] and [engine] as text.
#include <cstdio>
#include <cstring>

#include <sys/resource.h>
#include <unistd.h>

#include "base/os/file.hpp"
#include "base/os/freed_memory.hpp"
#include "configuration/configuration.hpp"
#include "sandbox/seqpacket.hpp"
#include "sandbox/zygote.hpp"

enum class Priority { usual = 0, low = 19 };  // nice values

// Back to the usual one takes the limit that the master has set.
static void set_priority(Priority priority) {
#ifdef RLIMIT_NICE
  rlimit limit{};
  if (getrlimit(RLIMIT_NICE, &limit) != 0 || limit.rlim_cur < 20) return;
  (void)setpriority(PRIO_PROCESS, 0, static_cast<int>(priority));
  // Where Linux weighs whole sessions against each other (sched(7), autogroup) a nice value counts within one
  // alone.
  if (std::FILE* group = std::fopen("/proc/self/autogroup", "w")) {
    std::fprintf(group, "%d\n", static_cast<int>(priority));
    std::fclose(group);
  }
#else
  (void)priority;
#endif
}

int main(int count, char** arguments) {
  using namespace rastel;
  using namespace rastel::sandbox;
  os::keep_freed_memory();
  ZygoteOptions options;
  bool beside = false;  // of an engine that scans: it comes first until we have loaded
  for (int i = 1; i < count; ++i) {
    if (std::strcmp(arguments[i], "--userns=mapped") == 0) options.user_namespace = UserNamespace::mapped;
    if (std::strcmp(arguments[i], "--userns=single") == 0) options.user_namespace = UserNamespace::single;
    if (std::strcmp(arguments[i], "--confinement=required") == 0) options.confinement_required = true;
    if (std::strcmp(arguments[i], "--beside") == 0) beside = true;
  }
  FileDescriptor socket(3);
  std::string text(1 << 20, '\0');
  const ssize_t got = pread(4, text.data(), text.size(), 0);
  close(4);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  auto configuration = parse_configuration(text, "engine options");
  if (got <= 0 || !configuration) {
    FrameHeader header;
    header.kind = FrameKind::engine_failed;
    (void)send_packet(3,
                      encode_frame(header, got <= 0 ? "rastel-engine is started by rasteld alone"
                                                    : configuration.error().what),
                      {}, 0);
    return 64;
  }
  options.scratch = configuration->engine.scratch.value;
  options.memory = configuration->engine.memory.value;
  run_zygote(std::move(socket), options, [&] {
    if (beside) set_priority(Priority::low);
    auto loaded = load_engine(configuration->signatures, configuration->engine);
    if (beside) set_priority(Priority::usual);
    return loaded;
  });
}
