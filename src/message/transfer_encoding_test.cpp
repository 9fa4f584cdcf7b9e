// SPDX-License-Identifier: GPL-2.0-only
#include "message/transfer_encoding.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "message/oddities_for_test.hpp"

namespace rastel::message {
namespace {

using enum TransferEncoding;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> flags(std::string_view value) {
  return codes_for_test(transfer_encodings_of(value).oddities);
}

TEST(TransferEncoding, TheFiveOfRfc2045InAnyCase) {
  EXPECT_THAT(transfer_encodings_of(" base64").encodings, ElementsAre(base64));
  EXPECT_THAT(transfer_encodings_of(" Quoted-Printable ").encodings, ElementsAre(quoted_printable));
  for (const std::string_view value : {"7bit", " 8BIT", "binary", ""}) {
    EXPECT_THAT(transfer_encodings_of(value).encodings, ElementsAre(identity)) << value;
    EXPECT_THAT(flags(value), IsEmpty()) << value;
  }
}

TEST(TransferEncoding, SeveralWordsAreEachSomebodys) {
  EXPECT_THAT(transfer_encodings_of("base64, quoted-printable").encodings,
              ElementsAre(base64, quoted_printable));
  EXPECT_THAT(transfer_encodings_of("quoted-printable; base64").encodings,
              ElementsAre(quoted_printable, base64));
  EXPECT_THAT(flags("7bit base64"), ElementsAre("MULTI_CTE_TOKENS"));
}

TEST(TransferEncoding, UnknownWordsAreTriedAsWhatTheyRemindOf) {
  for (const std::string_view value : {"base-64", "x-base64", "base645", "b64", "\"base64\"", "base\\64"}) {
    EXPECT_THAT(transfer_encodings_of(value).encodings, ElementsAre(identity, base64)) << value;
    EXPECT_THAT(flags(value), ElementsAre("UNKNOWN_CTE")) << value;
  }
  EXPECT_THAT(transfer_encodings_of("x-quoted-printabl").encodings, ElementsAre(identity, quoted_printable));
  EXPECT_THAT(transfer_encodings_of("utf-7").encodings, ElementsAre(identity, base64, quoted_printable));
}

TEST(TransferEncoding, OfBeforeMime) {
  for (const std::string_view value : {"x-uuencode", "uuencode", "X-UUE", "uue", "x-uu"}) {
    EXPECT_THAT(transfer_encodings_of(value).encodings, ElementsAre(identity, uuencode)) << value;
    EXPECT_THAT(flags(value), ElementsAre("LEGACY_CTE")) << value;
  }
}

TEST(TransferEncoding, CommentsAndWhatIsNoText) {
  EXPECT_THAT(transfer_encodings_of("(c) base64 (quoted-printable)").encodings,
              ElementsAre(base64, quoted_printable));
  EXPECT_THAT(transfer_encodings_of("base(c)64").encodings, ElementsAre(base64));
  EXPECT_THAT(transfer_encodings_of("\vbase64").encodings, ElementsAre(base64));
  EXPECT_THAT(transfer_encodings_of(std::string_view("base\0"
                                                     "64",
                                                     7))
                  .encodings,
              Contains(base64));
  EXPECT_THAT(transfer_encodings_of("base64\r").encodings, ElementsAre(base64));
}

}  // namespace
}  // namespace rastel::message
