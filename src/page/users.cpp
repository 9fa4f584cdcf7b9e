// SPDX-License-Identifier: GPL-2.0-only
#include "page/users.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/utf8.hpp"

namespace rastel::page {
namespace {

constexpr std::array roles{std::pair{std::string_view("view"), Role::view},
                           std::pair{std::string_view("release"), Role::release},
                           std::pair{std::string_view("admin"), Role::admin}};

constexpr std::size_t salt_size = 16;
constexpr std::size_t key_size = 32;
constexpr std::uint64_t block_size = 8;  // scrypt's r; its p is 1
constexpr std::uint32_t usual_cost = 15;
constexpr std::uint32_t least_cost = 14;
constexpr std::uint32_t highest_cost = 18;  // 256 MiB

struct Hash {
  std::uint32_t cost = usual_cost;  // the logarithm of N
  std::string salt, key;
};

std::string_view take_word(std::string_view& text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  const std::size_t end = std::min(text.find_first_of(" \t", begin), text.size());
  const std::string_view word = text.substr(begin, end - begin);
  text.remove_prefix(end);
  return word;
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

std::string to_base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  while (text.ends_with('=')) text.pop_back();
  return text;
}

std::optional<std::string> from_base64(std::string_view text, std::size_t size) {
  if (text.size() != (size * 8 + 5) / 6 || text.find('=') != std::string_view::npos) return std::nullopt;
  std::string padded(text);
  padded.append((4 - padded.size() % 4) % 4, '=');
  std::string bytes(padded.size() / 4 * 3, '\0');
  const int length =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                      reinterpret_cast<const unsigned char*>(padded.data()), static_cast<int>(padded.size()));
  if (length < static_cast<int>(size)) return std::nullopt;
  bytes.resize(size);
  return bytes;
}

std::optional<Hash> read_hash(std::string_view text) {
  Hash hash;
  constexpr std::string_view begin = "$scrypt$ln=";
  if (!text.starts_with(begin)) return std::nullopt;
  text.remove_prefix(begin.size());
  if (text.size() < 2 || text[0] != '1' || text[1] < '0' || text[1] > '9') return std::nullopt;
  hash.cost = 10 + static_cast<std::uint32_t>(text[1] - '0');
  if (hash.cost < least_cost || hash.cost > highest_cost) return std::nullopt;
  text.remove_prefix(2);
  constexpr std::string_view rest = ",r=8,p=1$";
  if (!text.starts_with(rest)) return std::nullopt;
  text.remove_prefix(rest.size());
  const std::size_t dollar = text.find('$');
  if (dollar == std::string_view::npos) return std::nullopt;
  auto salt = from_base64(text.substr(0, dollar), salt_size);
  auto key = from_base64(text.substr(dollar + 1), key_size);
  if (!salt || !key) return std::nullopt;
  hash.salt = *std::move(salt);
  hash.key = *std::move(key);
  return hash;
}

std::optional<std::string> derive(std::string_view password, const Hash& hash) {
  std::string key(key_size, '\0');
  const std::uint64_t n = std::uint64_t{1} << hash.cost;
  const std::uint64_t memory = 128 * block_size * n + (std::uint64_t{1} << 20);
  const int done = EVP_PBE_scrypt(
      password.data(), password.size(), reinterpret_cast<const unsigned char*>(hash.salt.data()),
      hash.salt.size(), n, block_size, 1, memory, reinterpret_cast<unsigned char*>(key.data()), key.size());
  if (done != 1) return std::nullopt;
  return key;
}

Result<User> parse_line(std::string_view line) {
  User user;
  user.name = take_word(line);
  if (!is_user_name(user.name))
    return fail(ErrorKind::invalid_input, fmt::format("\"{}\" is no name: want at most 64 letters, digits, "
                                                      "'-', '_', '.', '@'",
                                                      printable(user.name)));
  const std::string_view role_text = take_word(line);
  const auto role = role_named(role_text);
  if (!role)
    return fail(ErrorKind::invalid_input,
                fmt::format("\"{}\" is no role: want view, release or admin", printable(role_text)));
  user.role = *role;
  user.password = take_word(line);
  if (!read_hash(user.password))
    return fail(ErrorKind::invalid_input, "the third word is no scrypt hash: let `rastel user add` write it");
  if (const std::string_view more = take_word(line); !more.empty() && !more.starts_with('#'))
    return fail(ErrorKind::invalid_input, fmt::format("\"{}\" is too much", printable(more)));
  return user;
}

bool is_of(std::string_view line, std::string_view name) { return take_word(line) == name; }

}  // namespace

std::string_view to_string(Role role) {
  for (const auto& [name, candidate] : roles)
    if (candidate == role) return name;
  return "view";
}

std::optional<Role> role_named(std::string_view name) {
  for (const auto& [candidate, role] : roles)
    if (candidate == name) return role;
  return std::nullopt;
}

bool is_user_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') ||
           std::string_view("-_.@").find(character) != std::string_view::npos;
  });
}

Result<Users> parse_users(std::string_view text, std::string_view source) {
  Users users;
  std::set<std::string> names;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = take_line(text);
    std::string_view first = line;
    if (const std::string_view word = take_word(first); word.empty() || word.starts_with('#')) continue;
    auto user = parse_line(line);
    if (!user)
      return fail(ErrorKind::invalid_input, fmt::format("{}:{}: {}", source, number, user.error().what));
    if (!names.insert(user->name).second)
      return fail(ErrorKind::invalid_input,
                  fmt::format("{}:{}: {} stands there twice", source, number, user->name));
    if (users.size() == most_users)
      return fail(ErrorKind::invalid_input,
                  fmt::format("{}:{}: more than {} people", source, number, most_users));
    users.push_back(*std::move(user));
  }
  return users;
}

std::string with_user(std::string_view text, const User& user) {
  const std::string own = fmt::format("{} {} {}\n", user.name, to_string(user.role), user.password);
  std::string all;
  bool is_there = false;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (is_of(line, user.name)) {
      if (!is_there) all += own;
      is_there = true;
    } else {
      all += line;
      all += '\n';
    }
  }
  return is_there ? all : all + own;
}

std::string without_user(std::string_view text, std::string_view name) {
  std::string all;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (is_of(line, name)) continue;
    all += line;
    all += '\n';
  }
  return all;
}

namespace {

// A NUL at the end would change nothing: HMAC pads its key with them.
bool is_password(std::string_view text) {
  return !text.empty() && text.size() <= longest_password && text.find('\0') == std::string_view::npos;
}

}  // namespace

Result<std::string> hash_password(std::string_view password) {
  if (!is_password(password))
    return fail(ErrorKind::invalid_input, "a password has 1 to 1024 bytes, none of them NUL");
  Hash hash;
  hash.salt.assign(salt_size, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(hash.salt.data()), static_cast<int>(salt_size)) != 1)
    return fail(ErrorKind::ours, "OpenSSL has no random numbers");
  const auto key = derive(password, hash);
  if (!key) return fail(ErrorKind::ours, "OpenSSL can't compute scrypt (is memory short?)");
  return fmt::format("$scrypt$ln={},r=8,p=1${}${}", hash.cost, to_base64(hash.salt), to_base64(*key));
}

bool password_matches(std::string_view text, std::string_view password) {
  const auto hash = read_hash(text);
  if (!hash || !is_password(password)) return false;
  const auto key = derive(password, *hash);
  return key && CRYPTO_memcmp(key->data(), hash->key.data(), key_size) == 0;
}

}  // namespace rastel::page
