// SPDX-License-Identifier: GPL-2.0-only
// Mails whose verdict is known, by which an engine proves itself before it is trusted. Built at run time from
// the payload, so that no scanner finds them in our programs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rastel::detect {

[[nodiscard]] std::uint32_t crc32(std::string_view bytes);  // as in zip (IEEE 802.3)
[[nodiscard]] std::string base64(std::string_view bytes);   // in lines of 76 characters, each with CR LF

// A zip archive of uncompressed members, (name, content) each.
using ZipMember = std::pair<std::string_view, std::string_view>;
[[nodiscard]] std::string stored_zip(const std::vector<ZipMember>& members);
[[nodiscard]] std::string stored_zip(std::string_view name, std::string_view content);

// A mail (CR LF lines) with a short text and `content` as a base64 attachment.
[[nodiscard]] std::string mail_with_attachment(std::string_view file_name, std::string_view content);

[[nodiscard]] std::string plain_mail();
[[nodiscard]] std::string mail_with_payload(std::string_view payload);         // attached as it is
[[nodiscard]] std::string mail_with_zipped_payload(std::string_view payload);  // in a zip

}  // namespace rastel::detect
