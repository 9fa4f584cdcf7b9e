// SPDX-License-Identifier: GPL-2.0-only
#include "message/data_uri.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "message/file_in_text_for_test.hpp"

namespace rastel::message {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> found(std::string_view text) { return lines_of(find_data_uris(text, 1 << 20)); }

TEST(DataUri, AsRfc2397HasThem) {
  EXPECT_THAT(found("data:image/gif;base64,UEFZTE9BRA=="), ElementsAre("image/gif PAYLOAD"));
  EXPECT_THAT(found("data:,A%20brief%20note"), ElementsAre(" A brief note"));
  EXPECT_THAT(found("data:text/plain;charset=iso-8859-7,%be%fg%be"), ElementsAre("text/plain \xbe%fg\xbe"));
}

TEST(DataUri, WhereverPagesHaveThem) {
  EXPECT_THAT(found("<img src=\"data:image/png;base64,UEFZTE9BRA==\">"), ElementsAre("image/png PAYLOAD"));
  EXPECT_THAT(found("<IMG SRC=DATA:image/PNG;BASE64,UEFZTE9BRA==>"), ElementsAre("image/png PAYLOAD"));
  EXPECT_THAT(found("a{background:url(data:x/y;base64,UEFZTE9BRA==)}"), ElementsAre("x/y PAYLOAD"));
  EXPECT_THAT(found("<p style=\"background:url(&quot;data:x/y;base64,UEFZTE9B&quot;)\">"),
              ElementsAre("x/y PAYLOA"));
  EXPECT_THAT(found("u = 'data:x/y;base64,UEFZ\n TE9B\n RA=='"), ElementsAre("x/y PAYLOAD"));
  EXPECT_THAT(found("PHOTO:data:x/y;base64,UEFZ\r\n TE9B\r\n RA==\r\nFN:x"), ElementsAre("x/y PAYLOAD"));
  EXPECT_THAT(found("'data:x/y;base64,UEFZTE9BRA%3D%3d'"), ElementsAre("x/y PAYLOAD"));
  EXPECT_THAT(found("\"data:x/y;base64,8J&#43;Y&#x67;A==\""), ElementsAre("x/y \xf0\x9f\x98\x80"));
  EXPECT_THAT(found("'data:x/y;base64,8J-YgA'"), ElementsAre("x/y \xf0\x9f\x98\x80"));
  EXPECT_THAT(found("'data:image/svg+xml;utf8,<svg a=\"b c\"/>' x"),
              ElementsAre("image/svg+xml <svg a=\"b c\"/>"));
  EXPECT_THAT(found("'data:,a' 'data:,b' 'data:,c'"), ElementsAre(" a", " b", " c"));
}

TEST(DataUri, NamesOfTheLinkAroundThem) {
  EXPECT_THAT(found("<a download=\"a b.exe\" href='data:x/y,z'>"), ElementsAre("x/y z a b.exe"));
  EXPECT_THAT(found("<a href='data:x/y,z' download=b.exe >"), ElementsAre("x/y z b.exe"));
  EXPECT_THAT(found("<a href='data:x/y;name=c%20d.exe,z'>"), ElementsAre("x/y z c d.exe"));
  EXPECT_THAT(found("<i download=no><a href='data:x/y,z'><i download=no>"), ElementsAre("x/y z"));
}

TEST(DataUri, WhatIsNone) {
  EXPECT_THAT(found("Look at the data: it's nice, and more"), IsEmpty());
  EXPECT_THAT(found("metadata:x/y,z"), IsEmpty());
  EXPECT_THAT(found("'data:application/zip;base64,' + zip"), IsEmpty());
  EXPECT_THAT(found("data:"), IsEmpty());
  EXPECT_THAT(found("data:" + std::string(300, 'x') + ",y"), IsEmpty());
}

TEST(DataUri, AnyPlaceNumberAndRoom) {
  for (std::size_t before = 0; before < 200; ++before)
    EXPECT_THAT(found(std::string(before, ' ') + "data:,a"), ElementsAre(" a")) << before;
  std::string many;
  for (int i = 0; i < 3000; ++i) many += "data:,a ";
  EXPECT_EQ(find_data_uris(many, 1 << 20).files.size(), FilesInText::most_files);
  EXPECT_TRUE(find_data_uris(many, 1 << 20).cut);
  EXPECT_TRUE(find_data_uris("data:,abc", 2).cut);
}

}  // namespace
}  // namespace rastel::message
