// SPDX-License-Identifier: GPL-2.0-only
// Errors of the data plane: a closed set of kinds plus a sentence of context. A kind maps to a reply (4xx,
// 5xx, exit code) in exactly one exhaustive switch of each door. "The message attacks us", "we are broken"
// and "the peer is broken" stay different kinds because they end in different replies (policy, 4xx, 4xx/421).
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace rastel {

enum class ErrorKind {
  invalid_input,    // configuration or command line: the user's to mend
  hostile_message,  // the bytes of a message break a rule: policy decides, never 4xx
  ours,             // our own machinery failed: 4xx
  peer,             // the peer broke the protocol or answered what it must not: 4xx or 421
  peer_closed,      // the peer went away
  timed_out,        // a deadline passed
  no_space,         // spool, scratch or store is full: 452
  busy,             // over a limit of ours that time will cure: 4xx
  cancelled,        // we are shutting down
  not_found,        // what was asked for by id or name does not exist
};

struct Error {
  ErrorKind kind;
  std::string what;  // one line: what, where, and what to do where the user can do something
};

template <class T = void>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(ErrorKind kind, std::string what) {
  return std::unexpected(Error{kind, std::move(what)});
}

// fail() with strerror(number) appended; ENOSPC and EDQUOT become no_space, everything else `ours`.
[[nodiscard]] std::unexpected<Error> fail_errno(int number, std::string what);

}  // namespace rastel

#define RASTEL_TRY_JOIN_(a, b) a##b
#define RASTEL_TRY_JOIN(a, b) RASTEL_TRY_JOIN_(a, b)
#define RASTEL_TRY_IMPLEMENTATION(leave, temporary, declaration, ...)  \
  auto temporary = (__VA_ARGS__);                                      \
  if (!temporary) leave std::unexpected(std::move(temporary).error()); \
  declaration = *std::move(temporary)

// RASTEL_TRY(auto reply, expression): declares `reply` or returns the error. Statement form only: the
// expression form crashes g++ 12 in coroutines (GCC PR 115851).
#define RASTEL_TRY(declaration, ...) \
  RASTEL_TRY_IMPLEMENTATION(return, RASTEL_TRY_JOIN(try_, __LINE__), declaration, __VA_ARGS__)
#define RASTEL_CO_TRY(declaration, ...) \
  RASTEL_TRY_IMPLEMENTATION(co_return, RASTEL_TRY_JOIN(try_, __LINE__), declaration, __VA_ARGS__)
// The same for Result<>.
#define RASTEL_CHECK(...)                                                                           \
  do {                                                                                              \
    if (auto checked = (__VA_ARGS__); !checked) return std::unexpected(std::move(checked).error()); \
  } while (false)
#define RASTEL_CO_CHECK(...)                                    \
  do {                                                          \
    if (auto co_checked = (__VA_ARGS__); !co_checked)           \
      co_return std::unexpected(std::move(co_checked).error()); \
  } while (false)
