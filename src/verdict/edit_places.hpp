// SPDX-License-Identifier: GPL-2.0-only
// Where a message may be edited, as plain values: read by who may read messages (message/edit_places.hpp, in
// the worker), used by who writes the edits and never sees the message (edit/edits.hpp). They fit on a wire:
// at most `most_leaves` leaves and `most_fields` ranges of fields and subjects, a path of at most 8 bytes a
// level of depth. What a worker says in them is its claim: splices made of it are ordered and don't overlap,
// whether they lie in the message is for edit::fit() to say.
//
// What isn't edited, and why: Refusal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_range.hpp"

namespace rastel {

enum class LineBreak : std::uint8_t { crlf, lf };

// Transfer encodings of a text that something may be put into.
enum class TextEncoding : std::uint8_t { identity, quoted_printable, base64 };

enum class Refusal : std::uint8_t {
  none,
  ambiguous,      // programs read the message differently (a hard flag): what one sees edited another doesn't
  too_much,       // a limit was met: there may be more than was seen
  is_signed,      // within multipart/signed or S/MIME, whose signature the edit would break
  is_encrypted,   // within multipart/encrypted, S/MIME or application/pgp-encrypted
  no_such_place,  // no leaf of that path, no text that takes the banner
  not_to_be_edited  // a field that says how the message is read, or a name, mark or banner that can't be
                    // written
};

[[nodiscard]] std::string_view to_string(Refusal refusal);

// A leaf of the default reading: what it is replaced by when it is removed is a text.
struct LeafPlace {
  std::string path = {};  // Leaf::path of reader.hpp
  Refusal refusal = Refusal::none;
  // A part: with its header, without the line break before the next delimiter. The body of a message, which
  // has no header of its own: with the empty line before it.
  ByteRange where = {};
  LineBreak line_break = LineBreak::crlf;
  bool break_follows = true;  // behind `where`: at the end of the message none does
  bool is_body_of_message = false;
  // Then these fields of the message go, too: Content-*; and it may need one.
  std::vector<ByteRange> fields = {};
  bool has_mime_version = false;
  bool operator==(const LeafPlace&) const = default;
};

// A text that a banner may be put into, at one place.
struct TextPlace {
  std::size_t at = 0;
  bool within_line = false;  // HTML behind its <body> tag; else where the body begins
  TextEncoding encoding = TextEncoding::identity;
  bool takes_utf8 = false;  // else ASCII alone
  LineBreak line_break = LineBreak::crlf;
  bool operator==(const TextPlace&) const = default;
};

struct SubjectPlace {
  std::size_t at = 0;
  bool white_before = false;         // between the colon and this place
  bool text_behind = false;          // on the same line
  bool encoded_word_behind = false;  // RFC 2047: the white space before it is none behind another one
  std::size_t line_size = 0;         // of the line that it is put into
  bool operator==(const SubjectPlace&) const = default;
};

struct FieldPlace {
  std::string name = {};  // as it was asked for
  ByteRange where = {};   // with its line break
  bool operator==(const FieldPlace&) const = default;
};

// Content-Length and Lines tell how long the body is: they go when it is edited. A program that splits a
// mailbox by them would take its text for another message, or another message for its text.
[[nodiscard]] bool is_length_field(std::string_view name);

struct EditPlaces {
  static constexpr std::size_t most_leaves = 1000;
  static constexpr std::size_t most_fields = 1000;

  // Of the message: when there is one, fields may be added and nothing else.
  Refusal refusal = Refusal::none;
  LineBreak line_break = LineBreak::crlf;
  // Where fields may be added, behind an mbox line. Nothing: the message begins with a folded line, which
  // would continue them.
  std::optional<std::size_t> top = {};
  std::vector<LeafPlace> leaves = {};       // in the order of their places
  std::vector<SubjectPlace> subjects = {};  // every one: which of two is shown, nobody knows
  std::vector<FieldPlace> fields = {};      // those whose names were asked for, and is_length_field()
  std::optional<TextPlace> plain_text = {};
  std::optional<TextPlace> html = {};
  Refusal no_text = Refusal::no_such_place;  // why, when both are missing
  bool operator==(const EditPlaces&) const = default;

  // The leaf of this path, or the one within which other readings and decoders have found it; null: none.
  [[nodiscard]] const LeafPlace* leaf_of(std::string_view path) const;
};

}  // namespace rastel
