// SPDX-License-Identifier: GPL-2.0-only
#include "message/encryption.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <optional>

#include "base/planted_bug.hpp"
#include "message/base64.hpp"
#include "message/line.hpp"
#include "message/signed_data.hpp"

namespace rastel::message {
namespace {

// A packet of OpenPGP (RFC 9580 4.2), up to where its body begins.
struct Packet {
  unsigned tag = 0;
  std::size_t body = 0;
  std::optional<std::size_t> length;  // nothing: it comes in pieces, or goes to the end
};

// RFC 9580 5: what stands before the encrypted data, and the data, encrypted in one of three ways.
enum : unsigned { for_key = 1, for_password = 3, marker = 10, padding = 21 };
enum : unsigned { data = 9, data_with_integrity = 18, data_by_aead = 20 };

class Packets {
 public:
  // `whole`: there is nothing behind these bytes.
  Packets(std::string_view bytes, bool whole) : bytes_(bytes), whole_(whole) {}

  [[nodiscard]] bool are_encrypted() {
    bool has_key = false;
    for (;;) {
      if (at_ >= bytes_.size() || (!whole_ && bytes_.size() - at_ < longest_header))
        return has_key && !whole_;
      const auto packet = next();
      if (!packet) return false;
      if (packet->tag == data) return has_key;
      // Bytes that nothing says of what they are need a key before it: two bytes are what chance has.
      if (packet->tag == data_with_integrity || packet->tag == data_by_aead)
        return has_version(*packet) && (has_key || !whole_);
      if (packet->tag != marker && packet->tag != padding) {
        if (!is_key(*packet)) return false;
        has_key = true;
      }
      if (!packet->length) return false;
      at_ = packet->body + std::min(*packet->length, bytes_.size());
    }
  }

 private:
  static constexpr std::size_t longest_header = 7;  // with the version

  [[nodiscard]] unsigned byte(std::size_t at) const {
    if (at >= bytes_.size() + (RASTEL_PLANTED(encryption) ? 1 : 0)) return 0;
    return static_cast<unsigned char>(planted_read(bytes_, at));
  }
  [[nodiscard]] std::size_t number(std::size_t at, std::size_t size) const {
    std::size_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value = value << 8 | byte(at + i);
    return value;
  }

  [[nodiscard]] std::optional<Packet> next() const {
    const unsigned first = byte(at_);
    if ((first & 0x80) == 0) return std::nullopt;
    if ((first & 0x40) == 0) {  // RFC 9580 4.2.2
      constexpr unsigned indeterminate = 3;
      const unsigned kind = first & 3;
      const std::size_t size = kind == indeterminate ? 0 : std::size_t{1} << kind;
      Packet packet{first >> 2 & 0xf, at_ + 1 + size, number(at_ + 1, size)};
      if (kind == indeterminate) packet.length.reset();
      return packet;
    }
    const unsigned length = byte(at_ + 1);
    Packet packet{first & 0x3f, at_ + 2, length};
    if (length == 255) {
      packet.body = at_ + 6;
      packet.length = number(at_ + 2, 4);
    } else if (length >= 224) {
      packet.length.reset();
    } else if (length >= 192) {
      packet.body = at_ + 3;
      packet.length = ((length - 192) << 8) + byte(at_ + 2) + 192;
    }
    return packet;
  }

  // RFC 9580 5.13, 5.14 and the draft of GnuPG.
  [[nodiscard]] bool has_version(const Packet& packet) const {
    return byte(packet.body) == 1 || (packet.tag == data_with_integrity && byte(packet.body) == 2);
  }

  // RFC 9580 5.1 and 5.3.
  [[nodiscard]] bool is_key(const Packet& packet) const {
    const unsigned version = byte(packet.body);
    const std::size_t length = packet.length.value_or(0);
    if (packet.tag == for_password) return version >= 4 && version <= 6 && length >= 4;
    constexpr std::size_t shortest = 10;
    if (packet.tag != for_key || length < shortest) return false;
    if (version == 6) return true;
    constexpr std::array algorithms{1U, 2U, 8U, 16U, 18U, 20U, 25U, 26U};  // RFC 9580 9.1; 8: of drafts
    return (version == 2 || version == 3) &&
           std::ranges::find(algorithms, byte(packet.body + 9)) != algorithms.end();
  }

  const std::string_view bytes_;
  const bool whole_;
  std::size_t at_ = 0;
};

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r\n") == std::string_view::npos; }

// Behind the armour's first line: fields up to a blank line, and base64.
bool is_encrypted_armour(std::string_view text) {
  text = text.substr(0, longest_armour);
  for (std::size_t at = 0; at < text.size();) {
    const Line line = line_at(text, at);
    at = line.next;
    if (!is_blank(text.substr(line.begin, line.end - line.begin))) continue;
    const std::string_view digits = text.substr(at, text.find("\n-----END PGP", at) - at);
    return Packets(decode_base64(digits).bytes, false).are_encrypted();
  }
  return false;
}

// Armour is text, and most of a mail's bytes are none.
bool is_text(std::string_view bytes) {
  constexpr std::size_t look = 1024;
  return bytes.substr(0, look).find('\0') == std::string_view::npos;
}

bool holds_encrypted_armour(std::string_view text) {
  if (!is_text(text)) return false;
  static constexpr std::string_view begin = "-----BEGIN PGP MESSAGE";
  // A text of hyphens would take find() 27 ns a byte.
  static const std::boyer_moore_horspool_searcher searcher(begin.begin(), begin.end());
  std::size_t looked_at = 0;
  for (auto found = text.begin(); (found = std::search(found, text.end(), searcher)) != text.end();
       found += begin.size()) {
    const auto at = static_cast<std::size_t>(found - text.begin());
    if (at > 0 && text[at - 1] != '\n') continue;
    if (++looked_at > most_armours) return false;
    if (is_encrypted_armour(text.substr(line_at(text, at).next))) return true;
  }
  return false;
}

}  // namespace

Encryption encryption_of(std::string_view bytes) {
  if (kind_of_signed_data(bytes) == SignedData::Kind::encrypted) return Encryption::smime;
  if (Packets(bytes, true).are_encrypted() || holds_encrypted_armour(bytes)) return Encryption::pgp;
  return Encryption::none;
}

}  // namespace rastel::message
