// SPDX-License-Identifier: GPL-2.0-only
// What clamd answers, letter by letter (docs/clamd.md), without terminator and number. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace rastel::clamd {

// `subject`: "stream", "fd[5]", or the path as the client wrote it.
[[nodiscard]] std::string ok(std::string_view subject);                              // stream: OK
[[nodiscard]] std::string found(std::string_view subject, std::string_view name);    // stream: NAME FOUND
[[nodiscard]] std::string error(std::string_view subject, std::string_view reason);  // stream: REASON ERROR
[[nodiscard]] std::string error(std::string_view reason);                            // REASON ERROR

namespace reason {
inline constexpr std::string_view missing = "File path check failure: No such file or directory.";
inline constexpr std::string_view no_search = "File path check failure: Permission denied.";
inline constexpr std::string_view access_denied = "Access denied.";
inline constexpr std::string_view no_file_type = "Not supported file type";  // a path: device, socket, …
inline constexpr std::string_view not_regular = "Not a regular file";        // a descriptor
inline constexpr std::string_view timed_out = "Exceeded time limit";
inline constexpr std::string_view not_stored = "Error writing to temporary file";  // of a stream, no subject
}  // namespace reason

}  // namespace rastel::clamd
