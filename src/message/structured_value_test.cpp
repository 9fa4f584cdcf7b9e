// SPDX-License-Identifier: GPL-2.0-only
#include "message/structured_value.hpp"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "message/oddities_for_test.hpp"

namespace rastel::message {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> parameters(std::string_view text) {
  std::vector<std::string> list;
  const StructuredValue read = read_structured_value(text);
  for (const Parameter& parameter : read.parameters) list.push_back(parameter.name + '|' + parameter.value);
  return list;
}

std::string word(std::string_view text) { return read_structured_value(text).word; }

std::vector<std::string> flags(std::string_view text) {
  return codes_for_test(read_structured_value(text).oddities);
}

TEST(StructuredValue, WordAndParametersByTheGrammar) {
  const std::string_view text = " Multipart/Mixed; BOUNDARY=\"a;b\\\"c\"; charset=utf-8;\tx=\"\"";
  EXPECT_EQ(word(text), "multipart/mixed");
  EXPECT_THAT(parameters(text), ElementsAre("boundary|a;b\"c", "charset|utf-8", "x|"));
  EXPECT_THAT(flags(text), IsEmpty());
  EXPECT_EQ(word("base64"), "base64");
  EXPECT_THAT(flags("base64 "), IsEmpty());
  EXPECT_EQ(word(""), "");
  EXPECT_THAT(flags("text/plain;"), IsEmpty());
}

TEST(StructuredValue, CommentsAreNothing) {
  EXPECT_EQ(word("(a (nested) b\\) ;) base64 (c)"), "base64");
  EXPECT_THAT(parameters("a/b(c)/(d); boundary=(boundary=foo)b"), ElementsAre("boundary|b"));
  EXPECT_EQ(word("multipart(c)/(c)mixed; x=y"), "multipart/mixed");
  EXPECT_THAT(parameters("a/b; boundary=\"Boundary_(ID_x)\""), ElementsAre("boundary|Boundary_(ID_x)"));
  EXPECT_THAT(flags("base64 (c)"), ElementsAre("COMMENT_IN_MIME_HEADER"));
  EXPECT_EQ(without_comments("a (b"), "a (b");
  EXPECT_EQ(without_comments("a \"(b)\" (c) \\(d"), "a \"(b)\"  \\(d");
}

TEST(StructuredValue, SeparatorsThatAreMissingOrTooMany) {
  EXPECT_THAT(parameters("a/b boundary=c"), ElementsAre("boundary|c"));
  EXPECT_THAT(parameters("a/b, boundary=c"), ElementsAre("boundary|c"));
  EXPECT_THAT(parameters("a/b;; ; boundary=c"), ElementsAre("boundary|c"));
  EXPECT_THAT(parameters("a/b; x=y boundary=c"), ElementsAre("x|y", "boundary|c"));
  EXPECT_THAT(parameters("a/b; x=\"y\" boundary=c"), ElementsAre("x|y", "boundary|c"));
  for (const std::string_view text :
       {"a/b boundary=c", "a/b, boundary=c", "a/b;; boundary=c", "a/b; x=y boundary=c"})
    EXPECT_THAT(flags(text), ElementsAre("BAD_PARAM_SYNTAX")) << text;
  EXPECT_EQ(word("a / b; x=y"), "a/b");
  EXPECT_THAT(parameters("a/b; c; x=y"), ElementsAre("x|y"));
}

TEST(StructuredValue, WhiteSpaceAboutTheSign) {
  EXPECT_THAT(parameters("a/b; boundary = c"), ElementsAre("boundary|c"));
  EXPECT_THAT(parameters(unfold("a/b; boundary=\r\n c")), ElementsAre("boundary|c"));
  EXPECT_THAT(flags("a/b; boundary = c"), ElementsAre("WS_AROUND_EQ"));
}

TEST(StructuredValue, QuotesThatDontEnclose) {
  EXPECT_THAT(parameters("a/b; boundary=\"c"), ElementsAre("boundary|c"));
  EXPECT_THAT(parameters("a/b; boundary=\"c\"d; x=y"), ElementsAre("boundary|c", "x|y"));
  EXPECT_THAT(parameters("a/b; boundary=c\"d\""), ElementsAre("boundary|c\"d\""));
  for (const std::string_view text : {"a/b; x=\"c", "a/b; x=\"c\"d", "a/b; x=c\"d\""})
    EXPECT_THAT(flags(text), ElementsAre("BAD_QUOTING")) << text;
}

TEST(StructuredValue, FileNameWithSpacesThatNobodyQuoted) {
  EXPECT_THAT(parameters("attachment; filename=my own file.txt; size=3"),
              ElementsAre("filename|my own file.txt", "size|3"));
}

TEST(StructuredValue, Unfolded) {
  EXPECT_EQ(unfold(" a;\r\n\tb=c\n d"), " a;\tb=c d");
  EXPECT_EQ(unfold("a\rb"), "a\rb");
}

TEST(StructuredValue, HostileSizesAreReadInOnePass) {
  const auto begin = std::chrono::steady_clock::now();
  const std::string white = "a/b; x=" + std::string(1'000'000, ' ') + "y" + std::string(1'000'000, ' ') + ";";
  EXPECT_EQ(parameters(white), std::vector<std::string>{"x|y"});
  const std::string comments = std::string(1'000'000, '(') + "a/b";
  EXPECT_THAT(parameters(comments), IsEmpty());
  std::string many = "a/b";
  for (int i = 0; i < 100'000; ++i) many += ";x=y";
  const StructuredValue read = read_structured_value(many);
  EXPECT_EQ(read.parameters.size(), StructuredValue::most_parameters);
  EXPECT_TRUE(read.oddities.has(Ambiguity::limit_header));
  EXPECT_LT(std::chrono::steady_clock::now() - begin,
            std::chrono::seconds(5));  // a quadratic way would take hours
}

}  // namespace
}  // namespace rastel::message
