// SPDX-License-Identifier: GPL-2.0-only
// SHA-256 (FIPS 180-4) by OpenSSL. An allocation failure inside OpenSSL is fatal (std::bad_alloc).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace rastel {

struct Digest {
  std::array<std::uint8_t, 32> bytes{};
  auto operator<=>(const Digest&) const = default;
  [[nodiscard]] std::string hex() const;                                  // 64 lower-case digits
  [[nodiscard]] static std::optional<Digest> from_hex(std::string_view);  // exactly 64 digits of either case
};

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(std::string_view bytes);
  // The digest of all bytes so far; the object starts afresh.
  [[nodiscard]] Digest finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

[[nodiscard]] Digest sha256(std::string_view bytes);

}  // namespace rastel

template <>
struct std::hash<rastel::Digest> {
  std::size_t operator()(const rastel::Digest& digest) const noexcept;
};
