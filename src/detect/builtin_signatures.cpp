// SPDX-License-Identifier: GPL-2.0-only
#include "detect/builtin_signatures.hpp"

#include <fstream>

#include <fmt/format.h>

#include "base/sha256.hpp"

namespace rastel::detect {
namespace {

std::string hex(std::string_view bytes) {
  std::string digits;
  for (const char byte : bytes) digits += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return digits;
}

Result<> write_text(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file)
    return fail(ErrorKind::ours, fmt::format("can't write built-in signatures to {}", path.string()));
  return {};
}

}  // namespace

std::string eicar() {
  return std::string("X5O!P%@AP[4\\PZX54(P^)7CC)7}") + "$EICAR-STAND" + "ARD-ANTIVIRUS" + "-TEST-FILE!" +
         "$H+H*";
}

std::string test_marker() { return std::string("RASTEL-TEST") + "-MARKER-" + "7f3c91e2a64d50b"; }

Result<> write_builtin_signatures(const std::filesystem::path& folder, bool with_eicar) {
  // Name:target (0: any file):offset (*: anywhere):bytes. Anywhere, because people who test paste the text in
  // mid-mail.
  std::string bodies = fmt::format("{}:0:*:{}\n", marker_name, hex(test_marker()));
  if (with_eicar) {
    bodies += fmt::format("{}:0:*:{}\n", eicar_name, hex(eicar()));
    RASTEL_CHECK(write_text(folder / "rastel.hsb",
                            fmt::format("{}:{}:{}\n", sha256(eicar()).hex(), eicar().size(), eicar_name)));
  }
  return write_text(folder / "rastel.ndb", bodies);
}

}  // namespace rastel::detect
