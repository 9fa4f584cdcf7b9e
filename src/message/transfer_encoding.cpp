// SPDX-License-Identifier: GPL-2.0-only
#include "message/transfer_encoding.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "message/ascii.hpp"
#include "message/structured_value.hpp"

namespace rastel::message {
namespace {

struct Row {
  std::string_view word;
  TransferEncoding encoding;
};

constexpr std::array exact{
    Row{"7bit", TransferEncoding::identity},
    Row{"8bit", TransferEncoding::identity},
    Row{"binary", TransferEncoding::identity},
    Row{"base64", TransferEncoding::base64},
    Row{"quoted-printable", TransferEncoding::quoted_printable},
};

// Of before MIME; some programs know one or the other.
constexpr std::array<std::string_view, 5> legacy{"x-uuencode", "uuencode", "x-uue", "uue", "x-uu"};

// What a word only reminds of.
constexpr std::array similar{
    Row{"uu", TransferEncoding::uuencode},
    Row{"64", TransferEncoding::base64},
    Row{"quoted", TransferEncoding::quoted_printable},
    Row{"printable", TransferEncoding::quoted_printable},
};

// Packed, besides being encoded.
constexpr std::array<std::string_view, 4> packers{"gz", "zip", "deflate", "zlib"};

constexpr std::size_t most_words = 16;  // what stands behind them is no encoding to anybody

// A word ends at white space, a separator, or what is no text.
bool ends_word(char byte) { return static_cast<unsigned char>(byte) <= ' ' || byte == ',' || byte == ';'; }

class WordReader {
 public:
  TransferEncodings read(std::string_view value) {
    const std::string bare = without_comments(value);
    if (bare.size() != value.size()) note(Ambiguity::comment_in_mime_header, value);
    std::size_t words = 0;
    for (std::size_t at = 0; at < bare.size() && words < most_words;) {
      while (at < bare.size() && ends_word(bare[at])) ++at;
      const std::size_t begin = at;
      while (at < bare.size() && !ends_word(bare[at])) ++at;
      if (at == begin) break;
      ++words;
      take(std::string_view(bare).substr(begin, at - begin), value);
    }
    if (words > 1) note(Ambiguity::several_encodings, value);
    // A comment or a NUL may be meant to part what belongs together.
    if (words > 0) take_similar(value);
    if (result_.encodings.empty()) add(TransferEncoding::identity);
    return std::move(result_);
  }

 private:
  void note(Ambiguity flag, std::string_view value) { result_.oddities.add(flag, {0, value.size()}); }

  void add(TransferEncoding encoding) {
    if (std::ranges::find(result_.encodings, encoding) == result_.encodings.end())
      result_.encodings.push_back(encoding);
  }

  void take(std::string_view word, std::string_view value) {
    for (const Row& row : exact)
      if (equal_ignoring_case(word, row.word)) return add(row.encoding);
    const bool is_legacy =
        std::ranges::any_of(legacy, [&](std::string_view known) { return equal_ignoring_case(word, known); });
    note(is_legacy ? Ambiguity::legacy_encoding : Ambiguity::unknown_encoding, value);
    add(TransferEncoding::identity);
    const std::size_t known = result_.encodings.size();
    take_similar(word);
    if (result_.encodings.size() > known) return;
    add(TransferEncoding::base64);
    add(TransferEncoding::quoted_printable);
  }

  void take_similar(std::string_view text) {
    result_.is_packed |= std::ranges::any_of(packers, [&](std::string_view packer) {
      return find_ignoring_case(text, packer) != std::string_view::npos;
    });
    for (const Row& row : similar)
      if (find_ignoring_case(text, row.word) != std::string_view::npos) add(row.encoding);
  }

  TransferEncodings result_;
};

}  // namespace

std::string_view to_string(TransferEncoding encoding) {
  switch (encoding) {
    case TransferEncoding::identity:
      return "identity";
    case TransferEncoding::base64:
      return "base64";
    case TransferEncoding::quoted_printable:
      return "quoted-printable";
    case TransferEncoding::uuencode:
      return "uuencode";
  }
  return "identity";
}

TransferEncodings transfer_encodings_of(std::string_view value) { return WordReader().read(value); }

}  // namespace rastel::message
