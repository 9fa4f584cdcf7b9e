// SPDX-License-Identifier: GPL-2.0-only
#include "detect/canaries.hpp"

#include <fmt/format.h>

namespace rastel::detect {
namespace {

constexpr std::string_view common_headers =
    "Received: from canary.invalid by rastel.invalid; Thu, 01 Jan 1970 00:00:00 +0000\r\n"
    "From: canary@rastel.invalid\r\n"
    "To: canary@rastel.invalid\r\n"
    "Subject: canary\r\n"
    "Message-ID: <canary@rastel.invalid>\r\n"
    "MIME-Version: 1.0\r\n";

std::string little_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (; bytes > 0; --bytes, value >>= 8) text += static_cast<char>(value & 0xff);
  return text;
}

}  // namespace

std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t sum = 0xffffffff;
  for (const char byte : bytes) {
    sum ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) sum = (sum >> 1) ^ ((sum & 1U) != 0 ? 0xedb88320U : 0U);
  }
  return ~sum;
}

std::string base64(std::string_view bytes) {
  static constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve(bytes.size() / 3 * 4 + bytes.size() / 38 + 8);
  std::size_t column = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = (group << 8) | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += i + k > bytes.size() ? '=' : alphabet[(group >> (18 - 6 * k)) & 63];
    }
    column += 4;
    if (column == 76) {
      text += "\r\n";
      column = 0;
    }
  }
  if (column != 0) text += "\r\n";
  return text;
}

std::string stored_zip(const std::vector<ZipMember>& members) {
  std::string zip;
  std::string directory;
  for (const auto& [name, content] : members) {
    // What local header and central directory have in common (APPNOTE.TXT 4.3.7, 4.3.12): version 1.0, no
    // flags, stored, 1 January 1980, CRC, sizes, length of the name, no extra field.
    const std::string common =
        little_endian(10, 2) + little_endian(0, 2) + little_endian(0, 2) + little_endian(0, 2) +
        little_endian(0x21, 2) + little_endian(crc32(content), 4) + little_endian(content.size(), 4) +
        little_endian(content.size(), 4) + little_endian(name.size(), 2) + little_endian(0, 2);
    directory += "PK\x01\x02" + little_endian(10, 2) + common + little_endian(0, 2 + 2 + 2 + 4) +
                 little_endian(zip.size(), 4);
    directory += name;
    zip += "PK\x03\x04" + common;
    zip += name;
    zip += content;
  }
  const std::size_t start = zip.size();
  zip += directory;
  return zip + "PK\x05\x06" + little_endian(0, 4) + little_endian(members.size(), 2) +
         little_endian(members.size(), 2) + little_endian(directory.size(), 4) + little_endian(start, 4) +
         little_endian(0, 2);
}

std::string stored_zip(std::string_view name, std::string_view content) {
  return stored_zip({{name, content}});
}

std::string mail_with_attachment(std::string_view file_name, std::string_view content) {
  return fmt::format(
      "{}Content-Type: multipart/mixed; boundary=\"=_canary\"\r\n\r\n"
      "--=_canary\r\nContent-Type: text/plain\r\n\r\nSee the attachment.\r\n\r\n"
      "--=_canary\r\nContent-Type: application/octet-stream; name=\"{}\"\r\n"
      "Content-Disposition: attachment; filename=\"{}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{}"
      "--=_canary--\r\n",
      common_headers, file_name, file_name, base64(content));
}

std::string plain_mail() {
  return fmt::format("{}Content-Type: text/plain; charset=utf-8\r\n\r\nNothing is wrong with this mail.\r\n",
                     common_headers);
}

std::string mail_with_payload(std::string_view payload) {
  return mail_with_attachment("canary.com", payload);
}

std::string mail_with_zipped_payload(std::string_view payload) {
  return mail_with_attachment("canary.zip", stored_zip("canary.com", payload));
}

}  // namespace rastel::detect
