// SPDX-License-Identifier: GPL-2.0-only
// Edits as a whole: places of a message, what is put there, and what the reader makes of the result.
#include "edit/edits.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/sha256.hpp"
#include "message/edits_for_test.hpp"

namespace rastel::message {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string head(std::string_view type) {
  return "From: a@example.org\nSubject: t\nMIME-Version: 1.0\nContent-Type: " + std::string(type) + "\n\n";
}

std::string part(std::string_view type, std::string_view body, std::string_view encoding = "7bit") {
  return "Content-Type: " + std::string(type) + "\nContent-Transfer-Encoding: " + std::string(encoding) +
         "\n\n" + std::string(body);
}

std::string multipart(std::string_view boundary, const std::vector<std::string>& parts,
                      std::string_view close = "--\n") {
  std::string result;
  for (const std::string& one : parts) result += "--" + std::string(boundary) + "\n" + one + "\n";
  return result + "--" + std::string(boundary) + std::string(close);
}

// "PAYLOAD" in base64.
const std::string attachment = part("application/octet-stream; name=p.exe", "UEFZTE9BRA==", "base64");

struct Structure {
  std::string name;
  std::string message;  // lines end by LF
  std::vector<std::string> paths;
};

std::vector<Structure> structures() {
  const std::string text = part("text/plain", "one");
  const std::string other = part("application/pdf", "=25PDF", "quoted-printable");
  const std::string alternative = "Content-Type: multipart/alternative; boundary=c\n\n" +
                                  multipart("c", {part("text/plain", "two"), part("text/html", "<p>two")});
  const std::string inner_mail =
      head("multipart/mixed; boundary=d") + multipart("d", {part("text/plain", "in"), attachment});
  const std::string mixed = head("multipart/mixed; boundary=b");
  std::string no_close = multipart("b", {text, other, attachment}, "");
  no_close.resize(no_close.size() - std::string_view("--b").size());
  return {
      {"mixed", mixed + multipart("b", {text, attachment, other}), {"1", "2", "3"}},
      {"alternative in mixed", mixed + multipart("b", {alternative, attachment}), {"1.1", "1.2", "2"}},
      {"nested forward",
       mixed + multipart("b", {text, "Content-Type: message/rfc822\n\n" + inner_mail, other}),
       {"1", "2.1", "2.2", "3"}},
      {"forward of a single body",
       mixed + multipart("b", {text, "Content-Type: message/rfc822\n\n" + head("text/plain") + "in"}),
       {"1", "2.1"}},
      {"forward without MIME",
       mixed + multipart("b", {text, "Content-Type: message/rfc822\n\nSubject: x\n\nin"}),
       {"1", "2.1"}},
      {"preamble and epilogue",
       mixed + "This is MIME.\n" + multipart("b", {text, attachment}) + "Bye.\n",
       {"1", "2"}},
      {"no line break at the end", mixed + multipart("b", {text, attachment}, "--"), {"1", "2"}},
      {"no close delimiter", mixed + no_close, {"1", "2", "3"}},
      {"no close delimiter and no line break", mixed + "--b\n" + text + "\n--b\n" + other, {"1", "2"}},
      {"digest",
       head("multipart/digest; boundary=b") + multipart("b", {"\nSubject: x\n\none", "\nSubject: y\n\ntwo"}),
       {"1.1", "2.1"}},
      {"single body", head("text/plain") + "hello\n", {"1"}},
      {"single body in base64",
       "Subject: t\nContent-Type: application/octet-stream\nTo: b\nContent-Transfer-Encoding: "
       "base64\n\nUEFZTE9BRA==\n",
       {"1"}},
      {"no MIME", "Subject: t\n\nhello\n", {"1"}},
      {"no header", "\nhello\n", {"1"}},
      {"mbox line", "From a@example.org Thu Jan  1 00:00:00 1970\nSubject: t\n\nhello\n", {"1"}},
  };
}

void expect_round_trip(const Structure& structure, const std::string& message) {
  const ReadForTest before(message);
  const EditPlaces places = edit_places(message);
  ASSERT_EQ(places.refusal, Refusal::none);
  std::vector<std::string> paths, read_paths;
  for (const LeafPlace& leaf : places.leaves) paths.push_back(leaf.path);
  for (const auto& [path, bytes] : before.leaves) read_paths.push_back(path);
  EXPECT_EQ(paths, structure.paths);
  EXPECT_EQ(read_paths, structure.paths);
  for (const LeafPlace& leaf : places.leaves) {
    SCOPED_TRACE("part " + leaf.path);
    Edits edits(places);
    ASSERT_EQ(edits.strip(leaf.path, "removed: p.exe"), Refusal::none);
    const std::string edited = edited_for_test(message, edits);
    // All behind it, and all before it but the fields that describe a message's body.
    EXPECT_TRUE(edited.ends_with(message.substr(leaf.where.end)));
    const std::size_t kept = leaf.fields.empty() ? leaf.where.begin : leaf.fields.front().begin;
    EXPECT_TRUE(edited.starts_with(message.substr(0, kept)));
    const ReadForTest after(edited);
    EXPECT_EQ(after.flags(), before.flags());
    ASSERT_EQ(after.leaves.size(), before.leaves.size());
    for (std::size_t i = 0; i < after.leaves.size(); ++i) {
      EXPECT_EQ(after.leaves[i].first, before.leaves[i].first);
      if (before.leaves[i].first == leaf.path)
        EXPECT_THAT(after.leaves[i].second, testing::StartsWith("removed: p.exe"));
      else
        EXPECT_EQ(after.leaves[i].second, before.leaves[i].second);
    }
  }
}

TEST(Strip, LeavesAllElseAsItIs) {
  for (const Structure& structure : structures()) {
    SCOPED_TRACE(structure.name);
    expect_round_trip(structure, structure.message);
    SCOPED_TRACE("with CRLF");
    expect_round_trip(structure, with_crlf_for_test(structure.message));
  }
}

TEST(Strip, AllPartsAtOnce) {
  for (const Structure& structure : structures()) {
    SCOPED_TRACE(structure.name);
    const EditPlaces places = edit_places(structure.message);
    Edits edits(places);
    for (const std::string& path : structure.paths)
      EXPECT_EQ(edits.strip(path, "removed " + path), Refusal::none);
    for (const std::string& path : structure.paths)  // again: nothing more
      EXPECT_EQ(edits.strip(path, "twice"), Refusal::none);
    const std::string edited = edited_for_test(structure.message, edits);
    const ReadForTest after(edited);
    for (const std::string& path : structure.paths)
      EXPECT_THAT(after.bytes_of(path), testing::StartsWith("removed " + path));
    EXPECT_EQ(edited.size(), edited_size(edits.splices(), structure.message.size()));
  }
}

TEST(Strip, WritesAPlainPart) {
  const std::string message = with_crlf_for_test(head("multipart/mixed; boundary=b") +
                                                 multipart("b", {part("text/plain", "one"), attachment}));
  const EditPlaces places = edit_places(message);
  Edits edits(places);
  ASSERT_EQ(edits.strip("2", "r\xc3\xa9sum\xc3\xa9.exe: removed\n"), Refusal::none);
  EXPECT_EQ(edited_for_test(message, edits),
            with_crlf_for_test(head("multipart/mixed; boundary=b") +
                               multipart("b", {part("text/plain", "one"),
                                               "Content-Type: text/plain; charset=utf-8\n"
                                               "Content-Transfer-Encoding: quoted-printable\n\n"
                                               "r=C3=A9sum=C3=A9.exe: removed\n"})));
}

TEST(Strip, BodyOfAMessageTakesItsFieldsWithIt) {
  const std::string message =
      "Content-Type: application/zip;\n name=x.zip\nSubject: t\ncontent-disposition: attachment\n"
      "Content-Foo: x\nTo: b\n\nPK\n";
  const EditPlaces places = edit_places(message);
  Edits edits(places);
  ASSERT_EQ(edits.strip("1", "removed"), Refusal::none);
  EXPECT_EQ(edited_for_test(message, edits),
            "Subject: t\nTo: b\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
            "Content-Transfer-Encoding: quoted-printable\n\nremoved\n");
}

TEST(Strip, WhatItSaysBecomesNoDelimiterAndNoHeader) {
  const std::string message =
      head("multipart/mixed; boundary=b") + multipart("b", {part("text/plain", "one"), attachment});
  const EditPlaces places = edit_places(message);
  for (const std::string said :
       {"--b\n\nx", "--b--\nx", "Content-Type: image/gif\n\nx", "From x\n.\n\n",
        "mime-version 1.0\n\nbegin 644 x\n", "\r--b\nx", "a\n--b\nContent-Type: text/html\n\nx"}) {
    Edits edits(places);
    ASSERT_EQ(edits.strip("2", said), Refusal::none);
    const ReadForTest after(edited_for_test(message, edits));
    EXPECT_THAT(after.flags(), IsEmpty()) << said;
    ASSERT_EQ(after.leaves.size(), 2U) << said;
    EXPECT_EQ(after.leaves[1].second, said);
  }
  Edits edits(places);
  ASSERT_EQ(edits.strip("2", std::string(5000, 'x') + std::string(5000, '-')), Refusal::none);
  const std::string edited = edited_for_test(message, edits);
  for (std::size_t at = 0; at < edited.size(); at = edited.find('\n', at) + 1)
    ASSERT_LE(edited.find('\n', at) - at, 76U);
}

TEST(Strip, FindsTheLeafWithinWhichSomethingWasFound) {
  const std::string message = head("multipart/mixed; boundary=b") +
                              multipart("b", {part("text/plain", "one"),
                                              "Content-Type: message/rfc822\n\n" + head("text/plain") + "in",
                                              part("message/rfc822", "U3ViamVjdDogeAoKaW4=", "base64")});
  const EditPlaces places = edit_places(message);
  const auto found = [&](std::string_view path) {
    const LeafPlace* const leaf = places.leaf_of(path);
    return leaf == nullptr ? "" : leaf->path;
  };
  EXPECT_EQ(found("1"), "1");
  EXPECT_EQ(found("1.?2"), "1");
  EXPECT_EQ(found("2.1"), "2.1");
  EXPECT_EQ(found("2.3"), "2.1");  // parts that somebody sees in the only body
  EXPECT_EQ(found("3"), "3");      // encoded as a whole
  EXPECT_EQ(found("3.1"), "3");
  EXPECT_EQ(found("?1"), "");
  EXPECT_EQ(found("4"), "");
  Edits edits(places);
  EXPECT_EQ(edits.strip("?1", "x"), Refusal::no_such_place);
  EXPECT_THAT(edits.splices(), IsEmpty());
  EXPECT_EQ(edit_places("Subject: t\n\nhi").leaf_of("?1")->path, "1");
  EXPECT_EQ(edit_places("Subject: t\n\n").leaf_of("1"), nullptr);
}

TEST(Refusals, NothingIsEditedInAnAmbiguousMessage) {
  const std::string body = multipart("b", {part("text/plain", "one"), attachment});
  const std::vector<std::pair<std::string, std::string>> messages{
      {"two types", "Content-Type: text/plain\n" + head("multipart/mixed; boundary=b") + body},
      {"two boundaries", head("multipart/mixed; boundary=b; boundary=c") + body},
      {"bare CR in the header",
       "X: y\rContent-Type: text/html\n" + head("multipart/mixed; boundary=b") + body},
      {"bare CR at a delimiter", head("multipart/mixed; boundary=b") + "--b\r\r\n\n" + body},
      {"unused boundary", head("multipart/mixed; boundary=x") + body},
      {"no boundary", head("multipart/mixed") + body},
      {"behind the end", head("multipart/mixed; boundary=b") + body + body},
      {"junk", "junk\n" + head("multipart/mixed; boundary=b") + body},
      {"two encodings of a part",
       head("multipart/mixed; boundary=b") +
           multipart("b", {"Content-Transfer-Encoding: 7bit\n" + attachment, part("text/plain", "one")})},
      {"within a forwarded one",
       head("multipart/mixed; boundary=b") +
           multipart(
               "b", {part("text/plain", "one"), "Content-Type: message/rfc822\n\nContent-Type: text/plain\n" +
                                                    head("text/html") + "x"})},
  };
  for (const auto& [name, message] : messages) {
    SCOPED_TRACE(name);
    const EditPlaces places = edit_places(message, {"subject"});
    EXPECT_EQ(places.refusal, Refusal::ambiguous);
    Edits edits(places);
    EXPECT_EQ(edits.strip("1", "x"), Refusal::ambiguous);
    EXPECT_EQ(edits.remove_headers("Subject"), Refusal::ambiguous);
    EXPECT_EQ(edits.prefix_subject("x"), Refusal::ambiguous);
    EXPECT_EQ(edits.banner("x", "x"), Refusal::ambiguous);
    EXPECT_THAT(edits.splices(), IsEmpty());
    EXPECT_EQ(edits.add_header("X-New", "y"), Refusal::none);
    EXPECT_EQ(edited_for_test(message, edits), "X-New: y\n" + message);
  }
  // A field put there would go on with it.
  EXPECT_FALSE(edit_places(" folded: x\nSubject: t\n\nhi").top);
}

TEST(Refusals, NothingIsEditedWithinWhatIsSignedOrEncrypted) {
  const std::string text = part("text/plain", "one");
  const std::string smime = part("application/pkcs7-mime; smime-type=enveloped-data", "MIA=", "base64");
  const std::string opaque = part("application/pkcs7-mime; smime-type=signed-data", "MIA=", "base64");
  const std::string wrapped = "Content-Type: multipart/signed; boundary=c\n\n" +
                              multipart("c", {"Content-Type: message/rfc822\n\nSubject: x\n" + text, text});
  const struct {
    std::string message, path;
    Refusal expected;
    bool by_itself;
  } cases[]{
      {head("multipart/signed; boundary=b") + multipart("b", {text, part("application/pgp-signature", "x")}),
       "1", Refusal::is_signed, true},
      {head("multipart/encrypted; boundary=b") +
           multipart("b", {part("application/pgp-encrypted", "x"), text}),
       "2", Refusal::is_encrypted, true},
      {head("multipart/mixed; boundary=b") + multipart("b", {text, smime}), "2", Refusal::is_encrypted,
       false},
      {head("multipart/mixed; boundary=b") + multipart("b", {text, opaque}), "2", Refusal::is_signed, false},
      {head("multipart/mixed; boundary=b") + multipart("b", {text, wrapped}), "2.1.1", Refusal::is_signed,
       false},
      {head("multipart/mixed; boundary=b") + multipart("b", {text, part("application/pgp-encrypted", "x")}),
       "2", Refusal::is_encrypted, false},
      {head("application/x-pkcs7-mime") + "MIA=\n", "1", Refusal::is_encrypted, true},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.message);
    const EditPlaces places = edit_places(one.message);
    EXPECT_EQ(places.refusal, Refusal::none);
    Edits edits(places);
    EXPECT_EQ(edits.strip(one.path, "x"), one.expected);
    EXPECT_THAT(edits.splices(), IsEmpty());
    EXPECT_EQ(edits.banner("x", "x"), one.by_itself ? one.expected : Refusal::none);
    EXPECT_EQ(edits.strip("1", "x"), one.by_itself ? one.expected : Refusal::none);
    // Its header isn't signed.
    Edits above(places);
    EXPECT_EQ(above.add_header("X-New", "y"), Refusal::none);
    EXPECT_EQ(above.prefix_subject("[x]"), Refusal::none);
    std::string expected = one.message;
    expected.insert(expected.find("t\n"), "[x] ");
    EXPECT_EQ(edited_for_test(one.message, above), "X-New: y\n" + expected);
  }
}

TEST(Refusals, LimitsEndInNoEdit) {
  std::vector<std::string> parts;
  for (int i = 0; i < 20; ++i) parts.push_back(part("text/plain", std::to_string(i)));
  const std::string wide = head("multipart/mixed; boundary=b") + multipart("b", parts);
  EXPECT_EQ(edit_places(wide, {}, {.leaves = 20}).refusal, Refusal::none);
  const EditPlaces places = edit_places(wide, {}, {.leaves = 19});
  EXPECT_EQ(places.refusal, Refusal::too_much);
  EXPECT_THAT(places.leaves, IsEmpty());
  std::string deep;
  for (int i = 0; i < 50; ++i) deep += "Content-Type: message/rfc822\n\n";
  EXPECT_EQ(edit_places(deep + "\nhi").refusal, Refusal::too_much);
  std::string many;
  for (int i = 0; i < 20; ++i) many += "X-Old: " + std::to_string(i) + "\n";
  EXPECT_EQ(edit_places(many + "\nhi", {"X-Old"}, {.fields = 19}).refusal, Refusal::too_much);
  EXPECT_EQ(edit_places(many + "\nhi", {"X-Old"}, {.fields = 20}).fields.size(), 20U);
  EXPECT_EQ(edit_places(many + "\nhi", {}, {.header = {.fields = 10}}).refusal, Refusal::too_much);
}

TEST(Header, FieldsAreAddedAtTheTopAndRemoved) {
  const std::string message = "From x\nX-Old: 1\nSubject: t\nx-old: 2\n folded\nX-Older: 3\n\nX-Old: body\n";
  const EditPlaces places = edit_places(message, {"X-Old", "X-None", "Content-Type"});
  Edits edits(places);
  EXPECT_EQ(edits.add_header("X-New", "1"), Refusal::none);
  EXPECT_EQ(edits.add_header("X-Newer", "2"), Refusal::none);
  EXPECT_EQ(edits.remove_headers("x-OLD"), Refusal::none);
  EXPECT_EQ(edits.remove_headers("X-None"), Refusal::none);
  EXPECT_EQ(edited_for_test(message, edits),
            "From x\nX-New: 1\nX-Newer: 2\nSubject: t\nX-Older: 3\n\nX-Old: body\n");
  for (const std::string_view name :
       {"Content-Type", "content-foo", "MIME-Version", "", "X: Y", "X Y", "X\n"})
    EXPECT_EQ(edits.add_header(name, "x"), Refusal::not_to_be_edited) << name;
  EXPECT_EQ(edits.remove_headers("Content-Type"), Refusal::not_to_be_edited);
  const EditPlaces nothing = edit_places("");
  Edits added(nothing);
  EXPECT_EQ(edited_for_test("", added), "");
  EXPECT_EQ(added.add_header("X-New", "1"), Refusal::none);
  EXPECT_EQ(edited_for_test("", added), "X-New: 1\r\n");
}

TEST(Header, WhatTellsTheLengthOfAnEditedBodyGoes) {
  const std::string whole =
      "Content-Length: 3\nLines: 1\n folded\nContent-Lengthy: 4\n" + head("text/plain") + "hi\n";
  const EditPlaces places = edit_places(whole);
  Edits fields(places);
  EXPECT_EQ(fields.add_header("X-New", "1"), Refusal::none);
  EXPECT_EQ(fields.prefix_subject("[x]"), Refusal::none);
  EXPECT_THAT(edited_for_test(whole, fields),
              AllOf(HasSubstr("Content-Length: 3\n"), HasSubstr("Lines: 1\n")));
  Edits banner(places);
  EXPECT_EQ(banner.banner("banner", ""), Refusal::none);
  Edits stripped(places);
  EXPECT_EQ(stripped.strip("1", "removed"), Refusal::none);
  EXPECT_EQ(stripped.banner("banner", ""), Refusal::none);
  for (const Edits* edits : {&banner, &stripped}) {
    const std::string edited = edited_for_test(whole, *edits);
    EXPECT_THAT(edited,
                AllOf(Not(HasSubstr("Content-Length:")), Not(HasSubstr("Lines")), Not(HasSubstr("folded"))));
    EXPECT_THAT(codes_for_test(read_header(edited).oddities), IsEmpty());
  }
  EXPECT_THAT(edited_for_test(whole, banner), HasSubstr("Content-Lengthy: 4\n"));
}

TEST(Header, ValuesCantBecomeFields) {
  const EditPlaces places = edit_places("Subject: t\r\n\r\nhi");
  for (const std::string& value :
       {std::string("a\r\nX-Evil: b"), std::string("a\n\nbody"), std::string("\xc3\xa9"), std::string("=?x"),
        std::string(2000, 'x'), std::string("\xff\0\r", 3)}) {
    Edits edits(places);
    EXPECT_EQ(edits.add_header("X-New", value), Refusal::none);
    const std::string edited = edited_for_test("Subject: t\r\n\r\nhi", edits);
    EXPECT_THAT(edited, testing::StartsWith("X-New: =?utf-8?b?"));
    const HeaderBlock header = read_header(edited);
    EXPECT_EQ(header.fields.size(), 2U);
    EXPECT_THAT(codes_for_test(header.oddities), IsEmpty());
  }
}

// RFC 6376 3.4.4.
std::string relaxed_body(std::string_view message) {
  std::string result, line;
  std::size_t empty_lines = 0;
  bool white = false;
  const std::string_view body = message.substr(message.find("\r\n\r\n") + 4);
  const auto end_line = [&] {
    if (line.empty()) {
      ++empty_lines;
    } else {
      for (; empty_lines > 0; --empty_lines) result += "\r\n";
      result += line + "\r\n";
    }
    line.clear();
    white = false;
  };
  for (std::size_t at = 0; at < body.size(); ++at) {
    if (body.substr(at, 2) == "\r\n") {
      end_line();
      ++at;
    } else if (body[at] == ' ' || body[at] == '\t') {
      white = true;
    } else {
      if (white) line += ' ';
      white = false;
      line += body[at];
    }
  }
  if (!line.empty()) end_line();
  return result;
}

TEST(Dkim, BodyHashStaysWhenOnlyTheHeaderIsEdited) {
  EXPECT_EQ(relaxed_body("A: b\r\n\r\n C \r\nD \t E\r\n\r\n\r\n"), " C\r\nD E\r\n");  // RFC 6376 3.4.5
  for (const Structure& structure : structures()) {
    if (structure.name == "no header") continue;  // it has no header to end
    SCOPED_TRACE(structure.name);
    const std::string message = with_crlf_for_test(structure.message);
    const EditPlaces places = edit_places(message, {"To"});
    Edits edits(places);
    EXPECT_EQ(edits.add_header("X-New", "y"), Refusal::none);
    EXPECT_EQ(edits.prefix_subject("[spam\xc3\xa9]"), Refusal::none);
    EXPECT_EQ(edits.remove_headers("To"), Refusal::none);
    const std::string edited = edited_for_test(message, edits);
    EXPECT_NE(edited, message);
    EXPECT_EQ(sha256(relaxed_body(edited)), sha256(relaxed_body(message)));
    Edits body(places);  // and is another one when the body is edited
    EXPECT_EQ(body.strip(structure.paths.front(), "x"), Refusal::none);
    EXPECT_NE(sha256(relaxed_body(edited_for_test(message, body))), sha256(relaxed_body(message)));
  }
}

TEST(Edits, WhatIsClaimedOfPlacesThatArentThereDoesntFit) {
  EditPlaces places;
  places.top = 100;
  places.leaves = {
      {.path = "1", .where = {5, 8}}, {.path = "2", .where = {7, 9}}, {.path = "3", .where = {9, 3}}};
  Edits edits(places);
  EXPECT_EQ(edits.strip("1", "x"), Refusal::none);
  EXPECT_EQ(edits.strip("2", "x"), Refusal::none);
  EXPECT_EQ(edits.strip("3", "x"), Refusal::none);
  EXPECT_EQ(edits.splices().size(), 1U);  // in order, and none over another
  EXPECT_TRUE(fit(edits.splices(), 8));
  EXPECT_FALSE(fit(edits.splices(), 7));
  EXPECT_EQ(edits.add_header("X", "y"), Refusal::none);
  EXPECT_FALSE(spliced("0123456789", edits.splices()).has_value());
}

TEST(Splices, PieceByPieceIsTheSameAsAtOnce) {
  const std::vector<Splice> splices{
      {{0, 0}, "A"}, {{2, 4}, ""}, {{4, 4}, "B"}, {{4, 5}, "C"}, {{10, 10}, "D"}};
  EXPECT_EQ(spliced("0123456789", splices), "A01BC56789D");
  EXPECT_EQ(edited_size(splices, 10), 11U);
  std::vector<std::string> pieces;
  EXPECT_TRUE(
      for_each_piece("0123456789", splices, [&](std::string_view piece) { pieces.emplace_back(piece); }));
  EXPECT_THAT(pieces, ElementsAre("A", "01", "B", "C", "56789", "D"));
  EXPECT_EQ(spliced("012345678", splices), std::nullopt);
  const std::vector<Splice> disordered{{{3, 4}, ""}, {{1, 2}, ""}}, reversed{{{3, 1}, ""}},
      overlapping{{{0, 2}, ""}, {{1, 3}, ""}};
  for (const auto& wrong : {disordered, reversed, overlapping}) EXPECT_FALSE(fit(wrong, 10));
}

}  // namespace
}  // namespace rastel::message
