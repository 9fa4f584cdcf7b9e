// SPDX-License-Identifier: GPL-2.0-only
// Between master and daemon (SOCK_SEQPACKET): a request is exactly one MasterRequest, whatever the daemon has
// become; the answer is one MasterAnswer, a text, and descriptors.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace rastel::sandbox {

inline constexpr std::uint32_t master_magic = 0x5253544d;  // "RSTM"
inline constexpr std::size_t largest_answer = 64 * 1024;
inline constexpr std::size_t most_listeners = 200;

enum class MasterVerb : std::uint32_t {
  configuration = 1,  // → text: source, then one listener's name a line; descriptors: configuration text,
                      // files, then listeners
  reload = 2,         // → the same, or failed with a sentence
  start_engine = 3,   // → number; descriptor: the socket to the zygote
  kill_engine = 4,    // number; no answer
  memory = 5,         // → text: what the processes take (sandbox/process_memory.hpp)
};

struct MasterRequest {
  std::uint32_t magic = master_magic;
  MasterVerb verb = MasterVerb::configuration;
  std::uint32_t number = 0;
  std::uint32_t reserved = 0;
};

struct MasterAnswer {
  std::uint32_t magic = master_magic;
  MasterVerb verb = MasterVerb::configuration;
  std::uint32_t failed = 0;
  std::uint32_t number = 0;
};

template <class Layout>
[[nodiscard]] std::optional<Layout> read_layout(std::string_view bytes) {
  Layout layout;
  if (bytes.size() < sizeof layout) return std::nullopt;
  std::memcpy(&layout, bytes.data(), sizeof layout);
  if (layout.magic != master_magic) return std::nullopt;
  return layout;
}

// Files in one: a path, its bytes, each behind its length (64 bits), one file after the other.
[[nodiscard]] std::string pack_files(const std::map<std::string, std::string>& files);
[[nodiscard]] Result<std::map<std::string, std::string>> unpack_files(std::string_view packed);

template <class Layout>
[[nodiscard]] std::string write_layout(const Layout& layout, std::string_view text = {}) {
  std::string bytes(sizeof layout, '\0');
  std::memcpy(bytes.data(), &layout, sizeof layout);
  return bytes += text;
}

}  // namespace rastel::sandbox
