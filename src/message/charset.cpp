// SPDX-License-Identifier: GPL-2.0-only
#include "message/charset.hpp"

#include <algorithm>
#include <limits>
#include <memory>

#include <unicode/uchar.h>
#include <unicode/ucnv.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include "message/ascii.hpp"

namespace rastel::message {
namespace {

constexpr std::size_t longest_charset = 60;
constexpr std::size_t longest_text = std::numeric_limits<std::int32_t>::max() / 8;  // ICU counts in int32_t

struct CloseConverter {
  void operator()(UConverter* converter) const { ucnv_close(converter); }
};

// A comma or an `=` would be an option of ICU's.
bool is_charset_byte(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
         byte == '-' || byte == '_' || byte == '.' || byte == ':' || byte == '+';
}

bool turns(char16_t unit) { return (unit >= 0x202a && unit <= 0x202e) || (unit >= 0x2066 && unit <= 0x2069); }

bool is_invisible(char16_t unit) {
  const int kind = u_charType(unit);
  return kind == U_CONTROL_CHAR || kind == U_FORMAT_CHAR;
}

// UTF-16 without a mark of its order is big-endian (RFC 2781 4.3), but mostly written as it lies in memory:
// of Latin letters the second byte is zero then.
std::string_view with_byte_order(std::string_view charset, std::string_view bytes) {
  const bool is_open = equal_ignoring_case(charset, "utf-16") || equal_ignoring_case(charset, "utf16");
  if (!is_open || bytes.starts_with("\xfe\xff") || bytes.starts_with("\xff\xfe")) return charset;
  std::size_t first = 0, second = 0;
  for (std::size_t at = 0; at + 1 < bytes.size(); at += 2) {
    first += bytes[at] == '\0' ? 1 : 0;
    second += bytes[at + 1] == '\0' ? 1 : 0;
  }
  return second > first ? "utf-16le" : "utf-16be";
}

std::u16string to_utf16(std::string_view utf8) {
  std::u16string result(utf8.size(), u'\0');
  std::int32_t length = 0;
  UErrorCode error = U_ZERO_ERROR;
  u_strFromUTF8WithSub(result.data(), static_cast<std::int32_t>(result.size()), &length, utf8.data(),
                       static_cast<std::int32_t>(utf8.size()), 0xfffd, nullptr, &error);
  result.resize(
      U_SUCCESS(error) || error == U_STRING_NOT_TERMINATED_WARNING ? static_cast<std::size_t>(length) : 0);
  return result;
}

std::string from_utf16(std::u16string_view text) {
  std::string result(text.size() * 3, '\0');
  std::int32_t length = 0;
  UErrorCode error = U_ZERO_ERROR;
  u_strToUTF8WithSub(result.data(), static_cast<std::int32_t>(result.size()), &length, text.data(),
                     static_cast<std::int32_t>(text.size()), 0xfffd, nullptr, &error);
  result.resize(U_SUCCESS(error) ? static_cast<std::size_t>(length) : 0);
  return result;
}

}  // namespace

std::optional<std::string> to_utf8(std::string_view bytes, std::string_view charset) {
  if (charset.empty() || charset.size() > longest_charset || bytes.size() > longest_text) return {};
  if (!std::ranges::all_of(charset, is_charset_byte)) return {};
  UErrorCode error = U_ZERO_ERROR;
  const std::unique_ptr<UConverter, CloseConverter> converter(
      ucnv_open(std::string(with_byte_order(charset, bytes)).c_str(), &error));
  if (U_FAILURE(error)) return {};
  std::string result(bytes.size() * 4 + 8, '\0');
  const std::int32_t length =
      ucnv_toAlgorithmic(UCNV_UTF8, converter.get(), result.data(), static_cast<std::int32_t>(result.size()),
                         bytes.data(), static_cast<std::int32_t>(bytes.size()), &error);
  if (U_FAILURE(error)) return {};
  result.resize(static_cast<std::size_t>(length));
  return result;
}

bool is_valid_utf8(std::string_view bytes) {
  if (bytes.size() > longest_text) return false;
  UErrorCode error = U_ZERO_ERROR;
  std::int32_t length = 0;
  u_strFromUTF8(nullptr, 0, &length, bytes.data(), static_cast<std::int32_t>(bytes.size()), &error);
  return error != U_INVALID_CHAR_FOUND;
}

bool turns_direction(std::string_view utf8) {
  return utf8.size() <= longest_text && std::ranges::any_of(to_utf16(utf8), turns);
}

std::string plain_form(std::string_view utf8) {
  if (utf8.size() > longest_text || !is_valid_utf8(utf8)) return std::string(utf8);
  std::u16string text = to_utf16(utf8);
  UErrorCode error = U_ZERO_ERROR;
  const UNormalizer2* compatible = unorm2_getNFKCInstance(&error);
  std::u16string normal(text.size() * 18 + 1, u'\0');  // one code unit becomes 18 at most (UAX #15)
  const std::int32_t length =
      U_FAILURE(error) ? 0
                       : unorm2_normalize(compatible, text.data(), static_cast<std::int32_t>(text.size()),
                                          normal.data(), static_cast<std::int32_t>(normal.size()), &error);
  if (U_SUCCESS(error)) {
    normal.resize(static_cast<std::size_t>(length));
    text = std::move(normal);
  }
  std::erase_if(text, is_invisible);
  return from_utf16(text);
}

}  // namespace rastel::message
