// SPDX-License-Identifier: GPL-2.0-only
#include "piping/serving.hpp"

#include <cstddef>
#include <vector>

#include <pthread.h>
#include <sys/resource.h>

#include "piping/trouble.hpp"

namespace rastel::piping {

std::optional<Options> serving_options(const Invocation& invocation, const std::string& program) {
  std::vector<std::string> words{"--timeout=200s"};
  words.insert(words.end(), invocation.words.begin() + 1, invocation.words.end());
  auto options = parse(words, own_environment());
  if (options && options->command.empty()) return *std::move(options);
  say(options ? "usage: " + program + " [OPTION…]" : options.error());
  return std::nullopt;
}

void allow_many_descriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
}

bool start_thread(void* (*work)(void*), void* given) {
  constexpr std::size_t stack = 256UL * 1024;  // bytes
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return false;
  (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  (void)pthread_attr_setstacksize(&attributes, stack);
  pthread_t thread{};
  const bool started = pthread_create(&thread, &attributes, work, given) == 0;
  (void)pthread_attr_destroy(&attributes);
  return started;
}

}  // namespace rastel::piping
