// SPDX-License-Identifier: GPL-2.0-only
// Who may use the page: a file with one line a person,
//
//   NAME ROLE $scrypt$ln=15,r=8,p=1$SALT$HASH        # a comment; salt and hash in base64 without padding
//
// Written by `rastel user`, read by the master and handed to the page, which can't open files. Passwords are
// kept as scrypt (RFC 7914) by OpenSSL; a check takes 32 MiB and about a tenth of a second, on purpose.
// Limits: 1,000 people, names of 64 letters, digits, '-', '_', '.', '@'; passwords of 1 to 1,024 bytes; the
// cost that a line may ask for is bounded. Pure but for the system's random numbers; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace rastel::page {

// Each may what those before it may.
enum class Role {
  view,     // see what passed and what is held
  release,  // and the held mail itself; release it
  admin,    // and delete it
};
[[nodiscard]] std::string_view to_string(Role role);
[[nodiscard]] std::optional<Role> role_named(std::string_view name);

struct User {
  std::string name;
  Role role = Role::view;
  std::string password;  // "$scrypt$…"
};

using Users = std::vector<User>;

inline constexpr std::size_t largest_users_file = 256 * 1024;  // bytes
inline constexpr std::size_t most_users = 1000;
inline constexpr std::size_t longest_password = 1024;  // bytes

// `source`: the file's name. The error names file, line and what is wrong there.
[[nodiscard]] Result<Users> parse_users(std::string_view text, std::string_view source);
[[nodiscard]] bool is_user_name(std::string_view name);

// The file's text with that person's line added or replaced; without it; comments stay.
[[nodiscard]] std::string with_user(std::string_view text, const User& user);
[[nodiscard]] std::string without_user(std::string_view text, std::string_view name);

[[nodiscard]] Result<std::string> hash_password(std::string_view password);
// In a time that depends on the hash's cost alone. False too for a hash that can't be read.
[[nodiscard]] bool password_matches(std::string_view hash, std::string_view password);

}  // namespace rastel::page
