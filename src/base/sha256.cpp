// SPDX-License-Identifier: GPL-2.0-only
#include "base/sha256.hpp"

#include <cstring>
#include <new>
#include <utility>

#include <openssl/evp.h>

#include "base/ascii.hpp"

namespace rastel {
namespace {

void require(int good) {
  if (good != 1) throw std::bad_alloc();
}

}  // namespace

struct Sha256::Context {
  EVP_MD_CTX* evp = EVP_MD_CTX_new();
  bool begun = false;
  Context() { require(evp != nullptr ? 1 : 0); }
  ~Context() { EVP_MD_CTX_free(evp); }
  EVP_MD_CTX* begin() {
    // EVP_sha256() has OpenSSL look its implementation up by name at every digest.
    static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    if (!std::exchange(begun, true)) require(EVP_DigestInit_ex(evp, algorithm, nullptr));
    return evp;
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::string_view bytes) {
  require(EVP_DigestUpdate(context_->begin(), bytes.data(), bytes.size()));
}

Digest Sha256::finish() {
  Digest digest;
  require(EVP_DigestFinal_ex(context_->begin(), digest.bytes.data(), nullptr));
  context_->begun = false;
  return digest;
}

Digest sha256(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish();
}

std::string Digest::hex() const {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(64);
  for (const std::uint8_t byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

std::optional<Digest> Digest::from_hex(std::string_view text) {
  Digest digest;
  if (text.size() != 2 * digest.bytes.size()) return std::nullopt;
  for (std::size_t i = 0; i < digest.bytes.size(); ++i) {
    const int high = hexadecimal(text[2 * i]);
    const int low = hexadecimal(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    digest.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return digest;
}

}  // namespace rastel

std::size_t std::hash<rastel::Digest>::operator()(const rastel::Digest& digest) const noexcept {
  std::size_t value;
  std::memcpy(&value, digest.bytes.data(), sizeof value);
  return value;
}
