// SPDX-License-Identifier: GPL-2.0-only
// What opaque S/MIME holds (RFC 8551 3.5.2, smime.p7m): the content of CMS signed data (RFC 5652 5) or
// compressed data (RFC 3274), in DER or BER, with indefinite lengths and pieces of octet strings.
//
// A walk of our own instead of OpenSSL's parser: it follows the one way to the content and passes over all
// else, so that a certificate that is broken, which many programs don't mind, hides nothing; it takes time
// that is linear in the size, memory for the content alone, and no recursion. No signature is looked at.
//
// Limits: pieces nested `deepest` times; `room` for the content.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rastel::message {

struct SignedData {
  enum class Kind : std::uint8_t { none, signed_data, compressed_data, encrypted };
  Kind kind = Kind::none;
  // The content: where it stands, as long as what was read is valid; or put together from pieces or unpacked.
  std::string_view piece = {};
  std::string joined = {};
  bool cut = false;  // it is longer than `room`

  // Empty when it is detached, or encrypted.
  [[nodiscard]] std::string_view content() const { return joined.empty() ? piece : joined; }

  static constexpr std::size_t deepest = 16;
};

// Which of these kinds of CMS it begins like.
[[nodiscard]] SignedData::Kind kind_of_signed_data(std::string_view bytes);
[[nodiscard]] inline bool is_signed_data(std::string_view bytes) {
  return kind_of_signed_data(bytes) != SignedData::Kind::none;
}

[[nodiscard]] SignedData read_signed_data(std::string_view bytes, std::size_t room);

}  // namespace rastel::message
