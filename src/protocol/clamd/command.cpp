// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/clamd/command.hpp"

#include <array>
#include <optional>

namespace rastel::clamd {

namespace {

constexpr std::array rows{
    Row{"SCAN", Verb::scan, Argument::path, Plain::understood, InSession::allowed,
        Permission::who_may_scan_paths},
    Row{"QUIT", Verb::shutdown, Argument::none, Plain::understood, InSession::refused, Permission::nobody},
    Row{"RELOAD", Verb::reload, Argument::none, Plain::understood, InSession::refused,
        Permission::who_may_reload},
    Row{"PING", Verb::ping, Argument::none, Plain::understood, InSession::allowed, Permission::everyone},
    Row{"CONTSCAN", Verb::contscan, Argument::path, Plain::understood, InSession::refused,
        Permission::who_may_scan_paths},
    Row{"VERSIONCOMMANDS", Verb::versioncommands, Argument::none, Plain::unknown, InSession::allowed,
        Permission::everyone},
    Row{"VERSION", Verb::version, Argument::none, Plain::understood, InSession::allowed,
        Permission::everyone},
    Row{"END", Verb::end, Argument::none, Plain::unknown, InSession::allowed, Permission::everyone},
    Row{"SHUTDOWN", Verb::shutdown, Argument::none, Plain::understood, InSession::refused,
        Permission::nobody},
    Row{"MULTISCAN", Verb::multiscan, Argument::path, Plain::understood, InSession::refused,
        Permission::who_may_scan_paths},
    Row{"FILDES", Verb::fildes, Argument::none, Plain::understood, InSession::allowed, Permission::everyone},
    // clamd(8) wants it newline-terminated at least; clamd 1.4 knows it with a prefix only.
    Row{"STATS", Verb::stats, Argument::none, Plain::unknown, InSession::allowed, Permission::everyone},
    Row{"IDSESSION", Verb::idsession, Argument::none, Plain::unknown, InSession::refused,
        Permission::everyone},
    Row{"INSTREAM", Verb::instream, Argument::none, Plain::unknown, InSession::allowed, Permission::everyone},
    Row{"ALLMATCHSCAN", Verb::allmatchscan, Argument::path, Plain::unknown, InSession::refused,
        Permission::who_may_scan_paths},
};

// nullopt: `text` is not this row's command; else its argument, which may be empty.
std::optional<std::string_view> argument_in(std::string_view text, const Row& row) {
  if (!text.starts_with(row.name)) return std::nullopt;
  const std::string_view rest = text.substr(row.name.size());
  if (row.argument == Argument::none) return rest.empty() ? std::optional(rest) : std::nullopt;
  if (!rest.starts_with(' ') && !rest.starts_with('\t')) return std::nullopt;
  return rest.substr(1);
}

}  // namespace

std::span<const Row> all_commands() { return rows; }

Command read_command(std::string_view text, Form form) {
  // What a C program would end at is no path that two programs read alike.
  if (text.find('\0') != std::string_view::npos) return {};
  for (const Row& row : rows) {
    if (form == Form::plain && row.plain == Plain::unknown) continue;
    if (const auto argument = argument_in(text, row)) return {&row, *argument};
  }
  return {};
}

}  // namespace rastel::clamd
