// SPDX-License-Identifier: GPL-2.0-only
// The commands of clamd's protocol (clamd(8), docs/clamd.md), one row a command, and how one is read. Pure;
// any thread. Stricter than clamd in what follows a word: a space or a TAB, where clamd skips any octet.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace rastel::clamd {

// How a command was sent, and so how its answer ends: zCOMMAND NUL, nCOMMAND LF, or COMMAND LF ("old-style").
enum class Form : std::uint8_t { null, newline, plain };

enum class Verb : std::uint8_t {
  scan,
  reload,
  ping,
  contscan,
  versioncommands,
  version,
  end,
  multiscan,
  fildes,
  stats,
  idsession,
  instream,
  allmatchscan,
  shutdown
};

enum class Argument : std::uint8_t { none, path };
enum class Plain : std::uint8_t { understood, unknown };  // sent without n or z
enum class InSession : std::uint8_t { allowed, refused };
enum class Permission : std::uint8_t { everyone, who_may_scan_paths, who_may_reload, nobody };

struct Row {
  std::string_view name;
  Verb verb;
  Argument argument;
  Plain plain;
  InSession in_session;
  Permission permission;
};

// In the order in which clamd names them to VERSIONCOMMANDS.
[[nodiscard]] std::span<const Row> all_commands();

struct Command {
  const Row* row = nullptr;   // nullptr: unknown in this form
  std::string_view argument;  // into the text
};
// `text`: without prefix and terminator.
[[nodiscard]] Command read_command(std::string_view text, Form form);

}  // namespace rastel::clamd
