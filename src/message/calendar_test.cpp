// SPDX-License-Identifier: GPL-2.0-only
#include "message/calendar.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "message/file_in_text_for_test.hpp"

namespace rastel::message {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> found(std::string_view text) { return lines_of(find_calendar_files(text, 1 << 20)); }

TEST(Calendar, WhatBeginsLikeOne) {
  EXPECT_TRUE(is_calendar("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n"));
  EXPECT_TRUE(is_calendar("\xef\xbb\xbf\r\nbegin:vcard\n"));
  EXPECT_FALSE(is_calendar("BEGIN:VEVENT"));
  EXPECT_FALSE(is_calendar(""));
}

// RFC 5545 3.8.1.1
TEST(Calendar, AttachmentsOfAnEvent) {
  EXPECT_THAT(found("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n"
                    "ATTACH;FMTTYPE=text/plain;ENCODING=BASE64;VALUE=BINARY;X-FILENAME=\"a;b.exe\":UEFZ\r\n"
                    " TE9BRA==\r\nSUMMARY:x\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"),
              ElementsAre("text/plain PAYLOAD a;b.exe"));
  EXPECT_THAT(found("ATTACH;VALUE=BINARY;ENCODING=BASE64;FILENAME=a.exe:UEFZTE9BRA==\n"),
              ElementsAre(" PAYLOAD a.exe"));
  EXPECT_THAT(found("attach ; encoding=base64; x-apple-filename=a.exe:UEFZTE9BRA==\n"),
              ElementsAre(" PAYLOAD a.exe"));
  EXPECT_THAT(found("ATT\n ACH;ENCOD\n\tING=BASE64:UEFZ\n TE9BRA==\n"), ElementsAre(" PAYLOAD"));
  EXPECT_THAT(found("ATTACH;FILENAME=a.exe:data:x/y;base64,UEFZ\r\n TE9BRA==\r\n"),
              ElementsAre("x/y PAYLOAD a.exe"));
  EXPECT_THAT(found("ATTACH:https://www.example.org/file\nDESCRIPTION;ENCODING=QUOTED-PRINTABLE:a=3Db\n"),
              IsEmpty());
}

TEST(Calendar, CardsOfEveryVersion) {
  EXPECT_THAT(found("BEGIN:VCARD\r\nVERSION:2.1\r\nPHOTO;ENCODING=BASE64;TYPE=GIF:\r\n    UEFZTE9B\r\n    "
                    "RA==\r\n\r\nEND:VCARD"),
              ElementsAre(" PAYLOAD"));
  EXPECT_THAT(found("PHOTO;GIF;BASE64:UEFZ\r\nTE9B\r\nRA==\r\n\r\nEND:VCARD"), ElementsAre(" PAYLOAD"));
  EXPECT_THAT(found("item1.KEY;ENCODING=b:UEFZTE9BRA==\r\n"), ElementsAre(" PAYLOAD"));
  EXPECT_THAT(found("LOGO:data:image/png;base64,UEFZTE9BRA==\r\nSOUND;ENCODING=B:QUJD\r\n"),
              ElementsAre("image/png PAYLOAD", " ABC"));
}

TEST(Calendar, NumberAndRoomAreBounded) {
  std::string many;
  for (int i = 0; i < 3000; ++i) many += "KEY;ENCODING=b:QUJD\r\n";
  EXPECT_EQ(find_calendar_files(many, 1 << 20).files.size(), FilesInText::most_files);
  EXPECT_TRUE(find_calendar_files(many, 1 << 20).cut);
  EXPECT_TRUE(find_calendar_files("KEY;ENCODING=b:QUJD\r\n", 2).cut);
}

}  // namespace
}  // namespace rastel::message
