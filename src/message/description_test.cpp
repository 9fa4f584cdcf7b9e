// SPDX-License-Identifier: GPL-2.0-only
#include "message/description.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "message/oddities_for_test.hpp"

namespace rastel::message {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

Description of_type(const std::string& value) {
  const std::string entity = "Content-Type: " + value + "\r\n\r\n";
  return describe(entity, read_header(entity), "text/plain");
}

// Attachments that people name after what they are about.
TEST(Description, NamesOfFilesAreNoTypes) {
  for (const std::string value :
       {"application/pdf; name=\"multipart upload.pdf\"", "text/plain; name=multipart.txt",
        "text/plain; filename=\"boundary=frontier; x.txt\"",
        "text/plain; name*0=\"multi\"; name*1=\"part boundary=b; x.txt\"",
        "message/rfc822; name=\"Re: multipart.eml\""}) {
    const Description said = of_type(value);
    EXPECT_FALSE(said.may_be_multipart) << value;
    EXPECT_THAT(codes_for_test(said.oddities), IsEmpty()) << value;
  }
  EXPECT_THAT(of_type("text/plain; name=\"boundary=b\"").boundaries, Contains("b")) << "is still tried";
}

TEST(Description, TypesThatMayBeMultipart) {
  for (const std::string value :
       {"multipart/mixed; name=multipart", "text/plain multipart/mixed; boundary=b", "(x) multipart/mixed",
        "text/plain; x=multipart/mixed; name=multipart", "text/plain; boundary=b",
        "text/plain; x=\"; boundary=b\"", "text/plain; name=\"boundary=a\"; x=\"boundary=b\""})
    EXPECT_TRUE(of_type(value).may_be_multipart) << value;
  EXPECT_THAT(codes_for_test(of_type("multipart/mixed; name=x").oddities), ElementsAre("NO_BOUNDARY"));
}

}  // namespace
}  // namespace rastel::message
