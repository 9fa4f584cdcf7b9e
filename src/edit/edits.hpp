// SPDX-License-Identifier: GPL-2.0-only
// Edits of a message: parts removed, header fields added and removed, a mark in the subject, a banner in the
// text; as splices on its bytes, so that all that isn't edited stays byte-identical.
//
// Edits never see the message: EditPlaces (verdict/edit_places.hpp) say where it may be edited, and these
// what shall stand there. Splices made of any places are ordered and don't overlap; whether they lie in the
// message is for fit() to say.
//
// With the body edited, fields that tell its length go (is_length_field()).
//
// What isn't edited, and why: Refusal. Two edits that meet: the larger wins, a banner in a part that is
// removed is none.
//
// Limits: a text is as long as its caller makes it; a subject's mark has at most `longest_mark` bytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "edit/splice.hpp"
#include "verdict/edit_places.hpp"

namespace rastel::edit {

class Edits {
 public:
  static constexpr std::size_t longest_mark = 200;

  // `places` is used as long as this is.
  explicit Edits(const EditPlaces& places) : places_(places) {}
  explicit Edits(EditPlaces&& places) = delete;

  // Each says whether it will be done. Texts are UTF-8.

  // Replaces a leaf by a text/plain part, quoted-printable, in UTF-8.
  Refusal strip(std::string_view path, std::string_view text);
  // At the top of the header, the first one that is added above the others.
  Refusal add_header(std::string_view name, std::string_view value);
  // All of them; none is fine.
  Refusal remove_headers(std::string_view name);
  // "mark Subject"; a message without a subject gets one.
  Refusal prefix_subject(std::string_view mark);
  // Into the outermost text: `text` above a text/plain, `html` (an HTML fragment) into a text/html, behind
  // its <body> tag or, in base64, before everything (a browser takes a block before <html> for the first one
  // of the body). A message may have either or both; done when one of them is.
  Refusal banner(std::string_view text, std::string_view html);

  [[nodiscard]] std::vector<Splice> splices() const;

 private:
  void put(ByteRange where, std::string replacement);
  void forget_length();

  const EditPlaces& places_;
  std::vector<Splice> splices_;  // in the order of their making
  std::vector<const LeafPlace*> stripped_;
  bool length_forgotten_ = false;
};

}  // namespace rastel::edit
