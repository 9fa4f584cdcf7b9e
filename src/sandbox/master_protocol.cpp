// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox/master_protocol.hpp"

namespace rastel::sandbox {
namespace {

void add(std::string& packed, std::string_view piece) {
  const std::uint64_t length = piece.size();
  packed.append(reinterpret_cast<const char*>(&length), sizeof length);
  packed += piece;
}

std::optional<std::string> take(std::string_view& packed) {
  std::uint64_t length = 0;
  if (packed.size() < sizeof length) return std::nullopt;
  std::memcpy(&length, packed.data(), sizeof length);
  packed.remove_prefix(sizeof length);
  if (length > packed.size()) return std::nullopt;
  std::string piece(packed.substr(0, static_cast<std::size_t>(length)));
  packed.remove_prefix(piece.size());
  return piece;
}

}  // namespace

std::string pack_files(const std::map<std::string, std::string>& files) {
  std::string packed;
  for (const auto& [path, bytes] : files) {
    add(packed, path);
    add(packed, bytes);
  }
  return packed;
}

Result<std::map<std::string, std::string>> unpack_files(std::string_view packed) {
  std::map<std::string, std::string> files;
  while (!packed.empty()) {
    auto path = take(packed);
    auto bytes = path ? take(packed) : std::nullopt;
    if (!bytes) return fail(ErrorKind::ours, "the files that the master handed over are cut");
    files.insert_or_assign(*std::move(path), *std::move(bytes));
  }
  return files;
}

}  // namespace rastel::sandbox
