// SPDX-License-Identifier: GPL-2.0-only
#include "message/multipart.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "message/oddities_for_test.hpp"

namespace rastel::message {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsSupersetOf;

constexpr std::string_view names[] = {"", "other ", "behind_close ", "prefix ", "discovered ", "one_header "};

// "preamble: text", "text", "prefix text".
std::vector<std::string> parts(std::string_view body, const std::vector<std::string>& boundaries) {
  std::vector<std::string> list;
  const Multipart split = split_multipart(body, boundaries);
  for (const PartRange& part : split.parts) {
    std::string text(names[static_cast<std::size_t>(part.splitting)]);
    if (part.kind == PartRange::Kind::preamble) text += "preamble: ";
    if (part.kind == PartRange::Kind::epilogue) text += "epilogue: ";
    list.push_back(text + std::string(body.substr(part.bytes.begin, part.bytes.size())));
  }
  return list;
}

std::vector<std::string> flags(std::string_view body, const std::vector<std::string>& boundaries) {
  return codes_for_test(split_multipart(body, boundaries).oddities);
}

TEST(Multipart, ExampleOfRfc2046) {
  const std::string_view body =
      "This is the preamble.\r\n--simple boundary\r\n\r\nimplicitly typed, no line break\r\n"
      "--simple boundary\r\nContent-type: text/plain; charset=us-ascii\r\n\r\nexplicitly typed, line "
      "break\r\n\r\n"
      "--simple boundary--\r\n\r\nThis is the epilogue.";
  EXPECT_THAT(
      parts(body, {"simple boundary"}),
      ElementsAre("preamble: This is the preamble.", "\r\nimplicitly typed, no line break",
                  "Content-type: text/plain; charset=us-ascii\r\n\r\nexplicitly typed, line break\r\n",
                  "epilogue: \r\nThis is the epilogue."));
  EXPECT_THAT(flags(body, {"simple boundary"}), IsEmpty());
}

TEST(Multipart, LineBreaksBeforeADelimiterBelongToIt) {
  for (const std::string_view body :
       {"--b\nx\n--b--\n", "--b\r\nx\r\n--b--\r\n", "--b\nx\r\n--b--", "--b \t\nx\n--b-- \n"}) {
    EXPECT_THAT(parts(body, {"b"}), ElementsAre("x")) << body;
    EXPECT_THAT(flags(body, {"b"}), IsEmpty()) << body;
  }
  EXPECT_THAT(parts("--b\r\n--b\r\n\r\n--b--", {"b"}), ElementsAre("", ""));
}

TEST(Multipart, HyphensInTextAreNone) {
  EXPECT_THAT(parts("--b\nx -- b\n -- \n-\n---\n-- \n--c\n--b--\n", {"b"}),
              ElementsAre("x -- b\n -- \n-\n---\n-- \n--c"));
  EXPECT_THAT(flags("--b\n-- \nsignature\n--b--\n", {"b"}), IsEmpty());
}

TEST(Multipart, WithoutItsClosingDelimiter) {
  EXPECT_THAT(parts("--b\nx\n--b\ny", {"b"}), ElementsAre("x", "y"));
  EXPECT_THAT(flags("--b\nx\n--b\ny", {"b"}), ElementsAre("NO_CLOSE_DELIM"));
}

TEST(Multipart, PartsBehindTheClosingDelimiter) {
  const std::string_view body = "--b\nx\n--b--\n--b\ny\n--b--\n";
  EXPECT_THAT(parts(body, {"b"}), ElementsAre("x", "epilogue: --b\ny\n--b--\n", "behind_close y"));
  EXPECT_THAT(flags(body, {"b"}), ElementsAre("PARTS_AFTER_CLOSE"));
  EXPECT_THAT(parts("--b--\n--b\ny\n", {"b"}), Contains("behind_close y\n"));
}

// As emailjs does behind multipart/related: found on its mail.
TEST(Multipart, ClosedTwiceWithNothingBetween) {
  for (const std::string_view body :
       {"--b\r\nx\r\n--b--\r\n\r\n\r\n--b--\r\n\r\n\r\n", "--b\nx\n--b--\n--b--\n",
        "--b\nx\n--b--\n\n--b--\n_____\na list's footer\n"})
    EXPECT_THAT(flags(body, {"b"}), IsEmpty()) << body;
  const std::vector<std::string_view> attacks{
      "--b\nx\n--b--\ny\n--b--\n",                       // a text between them
      "--b\nx\n--b--\n\n--b--\nContent-Type: a/b\n\ny",  // a part behind the second
      "--b\nx\n--b--\n--b--\n--b\ny\n--b--\n",           // another opening one
  };
  for (const std::string_view body : attacks) {
    EXPECT_THAT(flags(body, {"b"}), ElementsAre("PARTS_AFTER_CLOSE")) << body;
    EXPECT_THAT(parts(body, {"b"}), Contains(testing::HasSubstr("behind_close "))) << body;
  }
}

TEST(Multipart, EachBoundaryPartsItForSomebody) {
  const std::string_view body = "--good\nx\n--bad\ny\n--good--\n";
  EXPECT_THAT(parts(body, {"bad", "good"}),
              IsSupersetOf({"preamble: --good\nx", "y\n--good--\n", "other x\n--bad\ny"}));
}

TEST(Multipart, DelimitersThatOnlyBeginLikeOne) {
  for (const std::string_view body : {"--b\nx\n--bX\ny\n--b--\n", "--b\nx\n--B\ny\n--b--\n",
                                      "--b\nx\n--b:\ny\n--b--\n", "--b\nx\n--b--Z\ny\n--b--\n"}) {
    EXPECT_THAT(parts(body, {"b"}), IsSupersetOf({"prefix x", "prefix y"})) << body;
    EXPECT_THAT(flags(body, {"b"}), ElementsAre("BOUNDARY_PREFIX_OVERLAP")) << body;
  }
}

TEST(Multipart, LoneCarriageReturnsAboutADelimiter) {
  for (const std::string_view body : {"--b\nx\r--b\ny\n--b--\n", "--b\nx\n--b\ry\n--b--\n"}) {
    EXPECT_THAT(parts(body, {"b"}), IsSupersetOf({"prefix x", "prefix y"})) << body;
    EXPECT_THAT(flags(body, {"b"}), Contains("BARE_CR")) << body;
  }
}

TEST(Multipart, DelimitersThatNobodyDeclared) {
  const std::string_view body =
      "--c\nContent-Type: text/plain\n\nx\n--c\nContent-Disposition: attachment\n\ny\n--c--\n";
  for (const std::vector<std::string>& boundaries :
       {std::vector<std::string>{}, std::vector<std::string>{"b"}})
    EXPECT_THAT(parts(body, boundaries), Contains("discovered Content-Type: text/plain\n\nx"));
  EXPECT_THAT(flags(body, {"b"}), ElementsAre("BOUNDARY_UNUSED", "UNDECLARED_DELIMITER"));
  // What a multipart within declares is not this one's doubt.
  const std::string nested = "--b\n" + std::string(body) + "--b--\n";
  EXPECT_THAT(parts(nested, {"b"}), testing::SizeIs(1));
  EXPECT_THAT(flags(nested, {"b"}), IsEmpty());
}

TEST(Multipart, UndeclaredPartsBeforeTheFirstDelimiterAndBehindTheLast) {
  const std::string other = "--c\nContent-Type: text/plain\n\ny\n--c--\n";
  for (const std::string& body : {other + "--b\nx\n--b--\n", "--b\nx\n--b--\n" + other}) {
    EXPECT_THAT(parts(body, {"b"}), Contains("discovered Content-Type: text/plain\n\ny")) << body;
    EXPECT_THAT(flags(body, {"b"}), IsEmpty()) << body;
  }
}

TEST(Multipart, HeaderThatGoesOnBehindADelimiter) {
  const std::string_view body =
      "--b\nContent-Transfer-Encoding: base64\n--b\nContent-Type: text/plain\n--b\nX: 1\n\ny\n--b--\n";
  EXPECT_THAT(
      parts(body, {"b"}),
      IsSupersetOf(
          {"Content-Transfer-Encoding: base64",
           "one_header Content-Transfer-Encoding: base64\n--b\nContent-Type: text/plain\n--b\nX: 1\n\ny"}));
  EXPECT_THAT(parts("--b\nContent-Transfer-Encoding:\n base64\n--b\n\ny\n--b--\n", {"b"}),
              testing::SizeIs(3));
  // A part without a body is honest, and so is one that has one.
  for (const std::string_view honest : {"--b\nContent-Type: text/plain\n--b\nX: 1\n\ny\n--b--\n",
                                        "--b\nContent-Transfer-Encoding: base64\n\n--b\nX: 1\n\ny\n--b--\n"})
    EXPECT_THAT(parts(honest, {"b"}), testing::SizeIs(2)) << honest;
}

TEST(Multipart, EmptyBoundary) { EXPECT_THAT(parts("--\nx\n--\ny\n----\n", {""}), ElementsAre("x", "y")); }

TEST(Multipart, TooManyDelimitersAreSaid) {
  std::string many;
  for (int i = 0; i < 100; ++i) many += "--b\nx\n";
  const Multipart split = split_multipart(many, {"b"}, {.delimiters = 10});
  EXPECT_TRUE(split.cut);
  EXPECT_TRUE(split.oddities.has(Ambiguity::limit_parts));
  EXPECT_LE(split.parts.size(), 10U);
}

TEST(Multipart, ARangeThatSeveralReadingsHaveComesOnce) {
  const std::vector<PartRange> list = split_multipart("--b\nx\n--b\ny\n--b--\n--b\nz\n", {"b", "b "}).parts;
  for (std::size_t i = 0; i < list.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) EXPECT_FALSE(list[i].bytes == list[j].bytes);
}

}  // namespace
}  // namespace rastel::message
