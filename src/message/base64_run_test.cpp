// SPDX-License-Identifier: GPL-2.0-only
#include "message/base64_run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rastel::message {
namespace {

using namespace std::string_view_literals;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> found(std::string_view text) {
  std::vector<std::string> list;
  const Base64Files files = find_base64(text, 1 << 20);
  for (const Base64File& file : files.files) list.push_back(file.bytes);
  return list;
}

// A ZIP's beginning and text: 48 bytes, 64 digits.
const std::string zip = std::string("PK\3\4") + "0123456789012345678901234567890123456789ABCD";
const std::string digits = "UEsDBDAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODlBQkNE";

std::string in_lines(std::size_t length, const std::string& line_begin = "") {
  std::string text;
  for (std::size_t at = 0; at < digits.size(); at += length)
    text += line_begin + digits.substr(at, length) + "\r\n";
  return text;
}

TEST(Base64Run, OneLongLineAndSeveralShortOnes) {
  EXPECT_THAT(found(digits), ElementsAre(zip));
  EXPECT_THAT(found("Hello,\r\n\r\n" + digits + "\r\n\r\nbye bye"), ElementsAre(zip));
  EXPECT_THAT(found(in_lines(24)), ElementsAre(zip));
  EXPECT_THAT(found("Look at this:\n" + in_lines(32) + "\nThanks"), ElementsAre(zip));
  EXPECT_THAT(found(in_lines(20)), IsEmpty());
  EXPECT_THAT(found(digits.substr(0, 59)), IsEmpty());
}

TEST(Base64Run, TheLastLineMayBePadded) {
  const std::string end = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo";
  EXPECT_THAT(found(digits + "\n" + end + "=\n--limit--\n"), ElementsAre(zip + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
  EXPECT_THAT(found(in_lines(32) + "QQ==\r\nand more"), ElementsAre(zip + "A"));
  EXPECT_THAT(found(in_lines(32) + "QUI="), ElementsAre(zip + "AB"));
  EXPECT_THAT(found(in_lines(32) + "QQ===\r\n"), ElementsAre(zip)) << "that is no padding";
  EXPECT_THAT(found(digits + "\nQQ==\n" + digits + "\nQQ==\n"), ElementsAre(zip + "A", zip + "A"));
}

TEST(Base64Run, InAScriptAndUnderQuotes) {
  EXPECT_THAT(found("<script>var f = atob(\"" + digits + "\"); save(f)</script>"), ElementsAre(zip));
  EXPECT_THAT(found("x = 'abc" + digits + "'"), ElementsAre(zip));  // letters before it shift it
  EXPECT_THAT(found("> " + digits + "\r\n> QUJD\r\n> \r\n"), ElementsAre(zip + "ABC"));
  EXPECT_THAT(found("  " + digits + "\n\t" + digits + "\n"), ElementsAre(zip + zip));
}

TEST(Base64Run, WhatIsWorthALook) {
  EXPECT_TRUE(begins_worth_a_look("\xef\xbb\xbf <!DOCTYPE html>"));
  EXPECT_TRUE(begins_worth_a_look("Content-Type: text/plain\r\n"));
  EXPECT_TRUE(begins_worth_a_look("#!/bin/sh\n"));
  EXPECT_TRUE(begins_worth_a_look("junk {\\rtf1"));
  EXPECT_TRUE(begins_worth_a_look("p\0o\0w\0e\0r\0s\0h\0e\0l\0l\0 \0i\0e\0x\0(\0n\0"sv));
  EXPECT_FALSE(begins_worth_a_look("an ordinary sentence"));
  EXPECT_FALSE(begins_worth_a_look(""));
  EXPECT_FALSE(begins_worth_a_look("\x99\x01\x0d\x04"));  // a key of PGP
}

TEST(Base64Run, ArmouredMailIsNone) {
  std::string armour = "-----BEGIN PGP MESSAGE-----\n\n";
  for (int i = 0; i < 10; ++i) armour += "hQEMA1Z5bm90YWtleWJ1dGl0bG9va3NsaWtlb25ldG9tZWFueWJvZHlhdGFsbG9r\n";
  EXPECT_THAT(found(armour + "=abcd\n-----END PGP MESSAGE-----\n"), IsEmpty());
  EXPECT_THAT(found(std::string(1000, '-') + '\n' + std::string(1000, '=')), IsEmpty());
}

TEST(Base64Run, RunsAtAnyPlaceAreFound) {
  for (std::size_t before = 0; before < 200; ++before)
    EXPECT_THAT(found(std::string(before, ' ') + digits), ElementsAre(zip)) << before;
}

TEST(Base64Run, NumberAndRoomAreBounded) {
  std::string many;
  for (int i = 0; i < 200; ++i) many += digits + " \n";
  const Base64Files files = find_base64(many, 1 << 20);
  EXPECT_EQ(files.files.size(), Base64Files::most_files);
  EXPECT_TRUE(files.cut);
  EXPECT_TRUE(find_base64(digits, 10).cut);
}

}  // namespace
}  // namespace rastel::message
