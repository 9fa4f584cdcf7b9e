// SPDX-License-Identifier: GPL-2.0-only
#include "message/description.hpp"

#include <algorithm>

#include "message/ascii.hpp"
#include "message/boundary.hpp"
#include "message/partial.hpp"
#include "message/structured_value.hpp"

namespace rastel::message {
namespace {

std::size_t times(std::string_view text, std::string_view word) {
  std::size_t count = 0;
  for (std::size_t at; (at = find_ignoring_case(text, word)) != std::string_view::npos; ++count)
    text.remove_prefix(at + word.size());
  return count;
}

// Whether `word` stands in `value` elsewhere than in a file's name, which may say what it likes.
bool says_outside_of_names(std::string_view value, const StructuredValue& read, std::string_view word) {
  std::size_t in_names = 0;
  for (const Parameter& parameter : read.parameters)
    if (parameter.name.starts_with("name") || parameter.name.starts_with("filename"))
      in_names += times(parameter.value, word);
  return times(value, word) > in_names;
}

class Describer {
 public:
  Describer(std::string_view entity, std::string_view default_type) : entity_(entity) {
    result_.type = default_type;
  }

  Description describe(const HeaderBlock& header) {
    for (const HeaderField& field : header.fields) take(field, Certainty::certain);
    for (const HeaderField& field : header.doubtful) take(field, Certainty::doubtful);
    if (result_.encodings.empty()) result_.encodings.push_back(TransferEncoding::identity);
    if (result_.type.starts_with("message/")) result_.may_be_message = true;
    take_oddities(result_.names.oddities, {});
    result_.cut = result_.names.cut || result_.oddities.has(Ambiguity::limit_views);
    judge_composite();
    if (result_.partial && result_.partial->number == 1)
      result_.partial->header = fields_around(entity_, header);
    return std::move(result_);
  }

 private:
  enum class Certainty : std::uint8_t { certain, doubtful };

  void take(const HeaderField& field, Certainty certainty) {
    const ByteRange where{field.name.begin, field.end};
    const auto value = [&] { return unfold(entity_.substr(field.value.begin, field.value.size())); };
    switch (field.known) {
      case KnownField::content_type:
        return take_type(value(), where, certainty);
      case KnownField::content_transfer_encoding:
        return take_encoding(value(), where, certainty);
      case KnownField::content_disposition:
        return add_file_names(value(), result_.names);
      case KnownField::other:
      case KnownField::mime_version:
      case KnownField::content_id:
      case KnownField::content_description:
      case KnownField::content_location:
        return;
    }
  }

  void take_type(const std::string& value, ByteRange where, Certainty certainty) {
    const bool certain = certainty == Certainty::certain;
    const StructuredValue read = read_structured_value(value);
    if (types_++ == 0 && certain) {
      result_.type = read.word;
      result_.is_multipart = read.word.starts_with("multipart/");
    } else if (certain) {
      result_.oddities.add(Ambiguity::duplicate_type, where);
    }
    add_file_names(value, read, result_.names);
    const Boundaries boundaries = boundaries_of(value, read);
    // The word is without the comments and white space that may part what belongs together.
    const auto says = [&](std::string_view what) {
      return says_outside_of_names(value, read, what) || read.word.starts_with(what);
    };
    result_.may_be_message |= says("message/");
    if (says("message/partial")) {
      result_.oddities.add(Ambiguity::partial_message, where);
      if (!result_.partial) result_.partial = partial_piece_of(read);
    }
    if (says("message/external-body")) result_.oddities.add(Ambiguity::external_body, where);
    for (const std::string& boundary : boundaries.values)
      if (std::ranges::find(result_.boundaries, boundary) == result_.boundaries.end())
        result_.boundaries.push_back(boundary);
    const bool only_named = !boundaries.declared && !says("boundary");
    if (!says("multipart") && (boundaries.values.empty() || only_named)) return;
    result_.may_be_multipart = true;
    take_oddities(read.oddities, where);
    take_oddities(boundaries.oddities, where);
  }

  void take_encoding(const std::string& value, ByteRange where, Certainty certainty) {
    const bool certain = certainty == Certainty::certain;
    const TransferEncodings read = transfer_encodings_of(value);
    take_oddities(read.oddities, where);
    result_.is_packed |= read.is_packed;
    // A doubtful one isn't the default reading's: that has none then.
    if (encodings_++ == 0 && !certain) result_.encodings.push_back(TransferEncoding::identity);
    const std::size_t known = result_.encodings.size();
    for (const TransferEncoding encoding : read.encodings)
      if (std::ranges::find(result_.encodings, encoding) == result_.encodings.end())
        result_.encodings.push_back(encoding);
    if (encodings_ > 1 && certain)
      result_.oddities.add(
          result_.encodings.size() > known ? Ambiguity::duplicate_encoding : Ambiguity::repeated_encoding,
          where);
    last_encoding_ = where;
  }

  // RFC 2045 6.4 allows a composite type no encoding but identity; some programs decode it all the same, and
  // some messages are written so.
  void judge_composite() {
    const bool encoded = std::ranges::any_of(
        result_.encodings, [](TransferEncoding one) { return one != TransferEncoding::identity; });
    if (encoded && result_.is_multipart) result_.oddities.add(Ambiguity::encoded_multipart, last_encoding_);
    if (encoded && result_.may_be_message) result_.oddities.add(Ambiguity::encoded_message, last_encoding_);
  }

  // All of them are places within one field: its own is near enough.
  void take_oddities(const Oddities& oddities, ByteRange where) {
    for (const Oddity& oddity : oddities.list()) result_.oddities.add(oddity.flag, where);
  }

  const std::string_view entity_;
  Description result_;
  std::size_t types_ = 0;
  std::size_t encodings_ = 0;
  ByteRange last_encoding_;
};

}  // namespace

Description describe(std::string_view entity, const HeaderBlock& header, std::string_view default_type) {
  return Describer(entity, default_type).describe(header);
}

}  // namespace rastel::message
