// SPDX-License-Identifier: GPL-2.0-only
#include "message/file_names.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "message/charset.hpp"
#include "message/encoded_word.hpp"
#include "message/oddities_for_test.hpp"

namespace rastel::message {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

FileNames of(std::string_view parameters) {
  FileNames names;
  add_file_names("attachment" + std::string(parameters), names);
  return names;
}

TEST(FileNames, OneThatIsWellFormed) {
  EXPECT_THAT(of("; filename=file.zip").names, ElementsAre("file.zip"));
  EXPECT_THAT(of("; name=\"a file.zip\"; size=3").names, Contains("a file.zip"));
  EXPECT_THAT(of("").names, IsEmpty());
  EXPECT_THAT(codes_for_test(of("; filename=file.zip").oddities), IsEmpty());
}

TEST(FileNames, EachThatSomeProgramSaves) {
  for (const std::string_view parameters : {"; filename=file.zip; filename=file.txt",
                                            "; filename=file.txt; filename=file.zip",
                                            "; filename=file.txt; filename*=utf-8''file.zip",
                                            "; filename*=utf-8''file%2Ezip",
                                            "; filename*0=file.; filename*1=zip",
                                            "; filename*1=zip; filename*0=file.",
                                            "; filename*0=file.; filename*2=zip",
                                            "; filename*2=zip; filename*0=file.",
                                            "; filename*0*=us-ascii''fi%6ce.; filename*1=zip",
                                            "; filename*=utf-16le''%66%00i%00l%00e%00.%00z%00i%00p%00",
                                            "; filename=\"=?utf-8?B?ZmlsZS56aXA=?=\"",
                                            "; filename==?utf-8?Q?file=2Ezip?=",
                                            "; filename=\"=?utf-8?Q?file?= =?utf-8?Q?=2Ezip?=\"",
                                            "; filename=\"=?utf-16be?B?AGYAaQBsAGUALgB6AGkAcA==?=\"",
                                            "; filename=\"=?utf-16?B?ZgBpAGwAZQAuAHoAaQBwAA==?=\"",
                                            "; filename=\"file%2Ezip\"",
                                            "; filename = file.zip",
                                            "; filename=\"file.zip",
                                            " filename=file.zip",
                                            "; x=\"; filename=file.zip\"",
                                            "; file(c)name=file.zip",
                                            "; filename=\"file.zip.\"",
                                            "; filename=\"file.zip \"",
                                            "; filename=\"file.zip::$DATA\"",
                                            "; filename*=utf-8''file%EF%BC%8Ezip",
                                            "; filename*=utf-8''file.%E2%80%8Bzip"})
    EXPECT_THAT(of(parameters).names, Contains("file.zip")) << parameters;
}

TEST(FileNames, SemicolonThatNobodyQuoted) {
  EXPECT_THAT(of("; filename=file;.zip").names, Contains("file;.zip"));
  EXPECT_THAT(of("; filename=file;.zip; size=3").names, Contains("file;.zip"));
  EXPECT_THAT(of("; filename=file.zip; size=3").names, ElementsAre("file.zip"));
}

TEST(FileNames, TextThatIsTurnedRound) {
  const FileNames names = of("; filename*=utf-8''invoice%E2%80%AEfdp.exe");
  EXPECT_THAT(names.names, Contains("invoicefdp.exe"));
  EXPECT_THAT(codes_for_test(names.oddities), ElementsAre("BIDI_IN_NAME"));
}

TEST(FileNames, MarksOfHebrewNamesTurnNothing) {
  const FileNames names = of("; filename*=utf-8''%E2%80%8F%D7%93%D7%95%D7%97%20%281%29%E2%80%8E.pdf");
  EXPECT_THAT(names.names, Contains("\u05d3\u05d5\u05d7 (1).pdf"));
  EXPECT_THAT(names.oddities.list(), IsEmpty());
}

TEST(FileNames, BytesThatAreNoUtf8) {
  EXPECT_THAT(of("; filename=\"r\xe9sum\xe9.zip\"").names, Contains("r\xc3\xa9sum\xc3\xa9.zip"));
  EXPECT_THAT(of("; filename*=iso-8859-2''%B1.zip").names, Contains("\xc4\x85.zip"));
}

TEST(FileNames, LimitsAreSaid) {
  std::string many;
  for (int i = 0; i < 500; ++i) many += "; filename=f" + std::to_string(i);
  EXPECT_TRUE(of(many).cut);
  EXPECT_LE(of(many).names.size(), FileNames::most_names);
  const FileNames long_one = of("; filename=" + std::string(5000, 'a') + ".exe");
  EXPECT_TRUE(long_one.cut);
  EXPECT_THAT(long_one.names, Contains(testing::EndsWith(".exe")));
}

TEST(EncodedWord, ExamplesOfRfc2047) {
  EXPECT_EQ(decode_encoded_words("=?ISO-8859-1?Q?a?="), "a");
  EXPECT_EQ(decode_encoded_words("=?ISO-8859-1?Q?a?= b"), "a b");
  EXPECT_EQ(decode_encoded_words("=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?="), "ab");
  EXPECT_EQ(decode_encoded_words("=?ISO-8859-1?Q?a?=  \r\n =?ISO-8859-1?Q?b?="), "ab");
  EXPECT_EQ(decode_encoded_words("=?ISO-8859-1?Q?a_b?="), "a b");
  EXPECT_EQ(decode_encoded_words("=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?="),
            "If you can read this yo");
  EXPECT_EQ(decode_encoded_words("=?iso-8859-8?b?7eXs+SDv4SDp7Oj08A==?="),
            "\xd7\x9d\xd7\x95\xd7\x9c\xd7\xa9 \xd7\x9f\xd7\x91 \xd7\x99\xd7\x9c\xd7\x98\xd7\xa4\xd7\xa0");
}

TEST(EncodedWord, WhatIsNoneStays) {
  for (const std::string_view text :
       {"=?", "=?a", "=?utf-8?q?a", "=?utf-8?x?a?=", "=?nonsense?q?a?=", "a = b", "?=", "=?,?q?a?="})
    EXPECT_EQ(decode_encoded_words(text), text);
}

TEST(Charset, OfMailInUtf8) {
  EXPECT_EQ(to_utf8("\xe9", "ISO-8859-1"), "\xc3\xa9");
  EXPECT_EQ(to_utf8("+AHAALgBlAHgAZQ-", "utf-7"), "p.exe");
  EXPECT_EQ(to_utf8("\x1b$B$\"\x1b(B", "iso-2022-jp"), "\xe3\x81\x82");
  EXPECT_EQ(to_utf8("\xff", "us-ascii"), "\xef\xbf\xbd");
  for (const std::string_view unknown : {"", "nonsense", "utf-8,swaplfnl", "../x"})
    EXPECT_FALSE(to_utf8("a", unknown)) << unknown;
  EXPECT_TRUE(is_valid_utf8("a\xc3\xa9"));
  EXPECT_FALSE(is_valid_utf8("a\xc3"));
}

}  // namespace
}  // namespace rastel::message
