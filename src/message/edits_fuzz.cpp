// SPDX-License-Identifier: GPL-2.0-only
// Edits: places lie in the message and in order, splices fit, the edited message has the size that arithmetic
// says, and to the reader no edit makes a message ambiguous that wasn't or changes another leaf of it.
//
// Some bytes of the input stand for whole lines, so that most inputs are messages.
#include <array>
#include <cstdlib>
#include <string>

#include "edit/edits.hpp"
#include "message/edit_places.hpp"
#include "message/reader.hpp"

namespace {

using namespace rastel;
using namespace rastel::edit;
using namespace rastel::message;

void expect(bool holds) {
  if (!holds) std::abort();
}

constexpr std::array<std::string_view, 28> lines{"Content-Type: multipart/mixed; boundary=b\n",
                                                 "Content-Type: multipart/alternative; boundary=c\n",
                                                 "Content-Type: multipart/mixed; boundary=b\r\n",
                                                 "Content-Type: multipart/alternative; boundary=c\r\n",
                                                 "Content-Type: multipart/digest; boundary=d\n",
                                                 "Content-Type: multipart/signed; boundary=d\n",
                                                 "Content-Type: message/rfc822\n",
                                                 "Content-Type: text/plain; charset=utf-8\n",
                                                 "Content-Type: text/html; charset=utf-8\r\n",
                                                 "Content-Type: application/pkcs7-mime\n",
                                                 "Content-Transfer-Encoding: base64\n",
                                                 "Content-Transfer-Encoding: quoted-printable\n",
                                                 "Content-Transfer-Encoding: 8bit\r\n",
                                                 "Content-Disposition: attachment; filename=x.exe\n",
                                                 "MIME-Version: 1.0\n",
                                                 "Subject: =?utf-8?q?x?=\n",
                                                 "X-Old: 1\n",
                                                 "\n--b\n",
                                                 "\n--c\n",
                                                 "\n--d\n",
                                                 "\n--b--\n",
                                                 "\n--c--\n",
                                                 "\r\n--b\r\n",
                                                 "\r\n--c\r\n",
                                                 "\r\n--b--\r\n",
                                                 "<html><body a=3D\"\">",
                                                 "From x\n",
                                                 "UEFZTE9BRA==\n"};
constexpr unsigned char first_of_lines = 0xe0;

std::string expanded(const std::uint8_t* data, std::size_t size) {
  std::string message;
  for (std::size_t at = 0; at < size; ++at)
    if (data[at] >= first_of_lines && data[at] < first_of_lines + lines.size())
      message += lines[data[at] - first_of_lines];
    else
      message += static_cast<char>(data[at]);
  return message;
}

void expect_in_order(const EditPlaces& places, std::size_t size) {
  std::size_t at = 0;
  for (const LeafPlace& leaf : places.leaves) {
    expect(leaf.where.begin >= at && leaf.where.begin < leaf.where.end && leaf.where.end <= size);
    at = leaf.where.end;
    for (const ByteRange& field : leaf.fields)
      expect(field.begin < field.end && field.end <= leaf.where.begin);
  }
  for (const auto& text : {places.plain_text, places.html}) expect(!text || text->at <= size);
  for (const SubjectPlace& subject : places.subjects) expect(subject.at <= size);
  for (const FieldPlace& field : places.fields)
    expect(field.where.begin < field.where.end && field.where.end <= size);
  expect(!places.top || *places.top <= size);
  expect(places.refusal == Refusal::none || (places.leaves.empty() && places.fields.empty()));
}

class HardFlags : public LeafVisitor {
 public:
  explicit HardFlags(std::string_view message) {
    for (const Oddity& oddity : read_message(message, *this).oddities.list())
      if (rastel::row_of(oddity.flag).gravity == rastel::Gravity::hard) flags_.push_back(oddity.flag);
  }
  void leaf(const Leaf& leaf) override { (void)leaf; }
  [[nodiscard]] bool none() const { return flags_.empty(); }

 private:
  std::vector<rastel::Ambiguity> flags_;
};

std::string edited(std::string_view message, const Edits& edits) {
  const std::vector<Splice> splices = edits.splices();
  expect(fit(splices, message.size()));
  std::string result = *spliced(message, splices);
  expect(result.size() == edited_size(splices, message.size()));
  return result;
}

// Another leaf has the same bytes, and is found under the same path.
void expect_others_unchanged(std::string_view message, const EditPlaces& places, const LeafPlace& stripped) {
  Edits edits(places);
  expect(edits.strip(stripped.path, "--b\nFrom x\nContent-Type: text/html\n\xff") == Refusal::none);
  const std::string result = edited(message, edits);
  const EditPlaces after = edit_places(result, {"x-old"});
  expect(after.refusal == Refusal::none && after.leaves.size() == places.leaves.size());
  for (std::size_t i = 0; i < after.leaves.size(); ++i) {
    const LeafPlace &was = places.leaves[i], &is = after.leaves[i];
    expect(was.path == is.path);
    if (was.path == stripped.path) continue;
    expect(message.substr(was.where.begin, was.where.size()) ==
           std::string_view(result).substr(is.where.begin, is.where.size()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string message = expanded(data, size);
  const EditPlaces places = edit_places(message, {"x-old"});
  expect_in_order(places, message.size());
  const HardFlags before(message);

  Edits all(places);
  (void)all.banner("--b\nbanner \xc3\xa9\n", "--b\n<p>banner \xc3\xa9");
  for (const LeafPlace& leaf : places.leaves) {
    (void)all.strip(leaf.path, "removed: --b");
    if (leaf.refusal == Refusal::none && places.leaves.size() < 12 && before.none())
      expect_others_unchanged(message, places, leaf);
  }
  (void)all.add_header("X-New", "--b");
  (void)all.remove_headers("x-old");
  (void)all.prefix_subject("[x\xc3\xa9]");
  const std::string changed = edited(message, all);
  // What has hard flags is never edited, and places alone don't know all of them.
  if (!before.none()) return 0;
  expect(HardFlags(changed).none());

  Edits texts(places);
  (void)texts.banner("--b\nbanner\n", "--b\n<p>banner \xc3\xa9");
  (void)texts.prefix_subject("[x]");
  (void)texts.remove_headers("x-old");
  (void)texts.add_header("X-New", "--b\xc3\xa9");
  const std::string result = edited(message, texts);
  expect(HardFlags(result).none());
  const EditPlaces after = edit_places(result);
  expect(after.refusal == places.refusal && after.leaves.size() == places.leaves.size());
  return 0;
}
