// SPDX-License-Identifier: GPL-2.0-only
// The mark in the subject and the banner in the text.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/ascii.hpp"
#include "message/edits_for_test.hpp"
#include "message/encoded_word.hpp"
#include "message/html_body.hpp"
#include "message/structured_value.hpp"

namespace rastel::message {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string marked(const std::string& message, std::string_view mark) {
  const EditPlaces places = edit_places(message);
  Edits edits(places);
  return edits.prefix_subject(mark) == Refusal::none ? edited_for_test(message, edits) : "(refused)";
}

TEST(Subject, IsMarked) {
  EXPECT_EQ(marked("Subject: hi\n\nx", "[S]"), "Subject: [S] hi\n\nx");
  EXPECT_EQ(marked("subject:hi\n\nx", "[S]"), "subject: [S] hi\n\nx");
  EXPECT_EQ(marked("Subject:\t  hi\n there\n\nx", "[S]"), "Subject:\t  [S] hi\n there\n\nx");
  EXPECT_EQ(marked("Subject:\r\n hi\r\n\r\nx", "[S]"), "Subject: [S]\r\n hi\r\n\r\nx");
  EXPECT_EQ(marked("Subject:\n\nx", "[S]"), "Subject: [S]\n\nx");
  EXPECT_EQ(marked("Subject: a\nTo: b\nSubject: c\n\nx", "[S]"),
            "Subject: [S] a\nTo: b\nSubject: [S] c\n\nx");
  EXPECT_EQ(marked("To: b\r\n\r\nx", "[S]"), "Subject: [S]\r\nTo: b\r\n\r\nx");
  EXPECT_EQ(marked("Subject: hi\n\nx", ""), "(refused)");
  EXPECT_EQ(marked("Subject: hi\n\nx", std::string(201, 'x')), "(refused)");
  EXPECT_EQ(marked("Subject: hi\n\nx", "a\nX-Evil: b").find("\nX-Evil"), std::string::npos);
}

TEST(Subject, WordsInItStayAndAreParted) {
  const auto shown = [](const std::string& message) {
    const HeaderBlock header = read_header(message);
    const ByteRange value = header.fields.front().value;
    return decode_encoded_words(trim(unfold(std::string_view(message).substr(value.begin, value.size()))));
  };
  EXPECT_EQ(marked("Subject: =?utf-8?q?=C3=A9?= x\n\ny", "[S]"), "Subject: [S] =?utf-8?q?=C3=A9?= x\n\ny");
  for (const std::string subject : {"Subject: =?utf-8?q?=C3=A9?= x\n\ny",
                                    "Subject:\n =?utf-8?q?=C3=A9?= x\n\ny", "Subject: \xc3\xa9 x\n\ny"})
    for (const std::string mark : {"[S]", "[\xc3\x9c]"})
      EXPECT_EQ(shown(marked(subject, mark)), mark + " \xc3\xa9 x") << subject;
  // The line doesn't become too long.
  const std::string edited = marked("Subject: " + std::string(980, 'x') + "\n\ny", "[a mark of some size]");
  EXPECT_EQ(edited, "Subject: [a mark of some size]\n " + std::string(980, 'x') + "\n\ny");
}

struct Bannered {
  std::string message;
  Refusal refusal;
  ReadForTest read;
};

Bannered with_banner(const std::string& message, std::string_view text, std::string_view html) {
  const EditPlaces places = edit_places(message);
  Edits edits(places);
  const Refusal refusal = edits.banner(text, html);
  std::string edited = edited_for_test(message, edits);
  ReadForTest read(edited);
  return {std::move(edited), refusal, std::move(read)};
}

std::string leaf_with_banner(const std::string& header, const std::string& body, std::string_view text,
                             std::string_view html) {
  const Bannered done = with_banner(header + "\r\n" + body, text, html);
  EXPECT_THAT(done.read.flags(), IsEmpty());
  EXPECT_TRUE(done.message.ends_with(body.substr(body.size() - 4)));
  return done.refusal == Refusal::none ? done.read.bytes_of("1")
                                       : "(" + std::string(to_string(done.refusal)) + ")";
}

const std::string refused = "(not to be edited)", nowhere = "(no such place)";

TEST(Banner, InPlainText) {
  const auto plain = [](const std::string& charset, const std::string& encoding, const std::string& body,
                        std::string_view text) {
    return leaf_with_banner("Content-Type: text/plain; charset=" + charset +
                                "\r\nContent-Transfer-Encoding: " + encoding + "\r\n",
                            body, text, "");
  };
  EXPECT_EQ(leaf_with_banner("Subject: t\r\n", "hi\r\n", "Beware", "<b>"), "Beware\r\n\r\nhi\r\n");
  EXPECT_EQ(plain("us-ascii", "7bit", "hi\r\n", "Beware\n"), "Beware\r\n\r\nhi\r\n");
  EXPECT_EQ(plain("utf-8", "8bit", "hi\r\n", "B\xc3\xa9ware"), "B\xc3\xa9ware\r\n\r\nhi\r\n");
  EXPECT_EQ(plain("utf-8", "7bit", "hi\r\n", "B\xc3\xa9ware"), refused);
  EXPECT_EQ(plain("iso-8859-1", "8bit", "hi\r\n", "B\xc3\xa9ware"), refused);
  EXPECT_EQ(plain("iso-8859-1", "8bit", "hi\r\n", "Beware"), "Beware\r\n\r\nhi\r\n");
  EXPECT_EQ(plain("utf-8", "quoted-printable", "h=C3=A9\r\n", "B\xc3\xa9ware \n=41"),
            "B\xc3\xa9ware \r\n=41\r\n\r\nh\xc3\xa9\r\n");
  EXPECT_EQ(plain("utf-16", "base64", "aABpAA==\r\n", "Beware"), nowhere);
  EXPECT_EQ(plain("utf-7", "7bit", "hi\r\n", "Beware"), nowhere);
  EXPECT_EQ(plain("iso-2022-jp", "7bit", "hi\r\n", "Beware"), nowhere);
  EXPECT_EQ(plain("x-unknown", "7bit", "hi\r\n", "Beware"), nowhere);
}

TEST(Banner, BeforeBase64OfAnySize) {
  const std::string header =
      "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n";
  for (std::size_t size = 1; size < 200; ++size) {
    const std::string text(size, 'x');
    const std::string leaf = leaf_with_banner(header, "aGVsbG8NCg==\r\n", text, "");
    EXPECT_THAT(leaf, testing::StartsWith(text + "\r\n"));
    EXPECT_TRUE(leaf.ends_with("\r\nhello\r\n")) << leaf;
  }
  EXPECT_EQ(leaf_with_banner(header, "aGVsbG8NCg==\r\n", "Bewar\xc3\xa9", ""),
            "Bewar\xc3\xa9\r\n \r\nhello\r\n");
}

TEST(Banner, InHtmlBehindItsBodyTag) {
  const auto html = [](const std::string& encoding, const std::string& body) {
    return leaf_with_banner(
        "Content-Type: text/html; charset=iso-8859-1\r\nContent-Transfer-Encoding: " + encoding + "\r\n",
        body, "", "<b>B\xc3\xa9ware</b>");
  };
  const std::string div = "<div>\r\n<b>B&#233;ware</b>\r\n</div>";
  EXPECT_EQ(html("7bit", "<html><body class=\"a>b\">--b\r\nhi"),
            "<html><body class=\"a>b\">\r\n" + div + "--b\r\nhi");
  EXPECT_EQ(html("7bit", "<p>hi"), div + "\r\n<p>hi");
  EXPECT_EQ(html("quoted-printable", "<html><bo=\r\ndy class=3D\"a>b\">--b=\r\n\r\nhi=E9"),
            "<html><body class=\"a>b\">" + div + "--b\r\nhi\xe9");
  EXPECT_EQ(html("quoted-printable", "<p>hi=E9"), div + "\r\n<p>hi\xe9");
  EXPECT_EQ(html("base64", "PGh0bWw+PGJvZHk+aGk=\r\n"),
            "<div>\r\n<b>B&#233;ware</b>\r\n</div> \r\n<html><body>hi");
}

// What stands behind the place doesn't come to stand at the beginning of a line.
TEST(Banner, MakesNoDelimiter) {
  for (const std::string encoding : {"7bit", "quoted-printable"}) {
    const std::string message =
        "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\nhi\n--b\n"
        "Content-Type: text/html\nContent-Transfer-Encoding: " +
        encoding + "\n\n<body>--b--\n<p>hi\n--b--\n";
    const Bannered done = with_banner(message, "--b\nFrom x\n--b--", "--b\n\nFrom x\n--b--");
    EXPECT_EQ(done.refusal, Refusal::none);
    EXPECT_THAT(done.read.flags(), IsEmpty());
    ASSERT_EQ(done.read.leaves.size(), 2U);
    EXPECT_EQ(done.read.bytes_of("1"), " --b\n From x\n --b--\n\nhi");
    EXPECT_THAT(done.read.bytes_of("2"), testing::EndsWith("</div>--b--\n<p>hi"));
  }
  // Nor a header where the body begins.
  EXPECT_EQ(with_banner("Subject: t\n\nhi", "Content-Type: text/html\n\nx", "").refusal,
            Refusal::not_to_be_edited);
  EXPECT_EQ(with_banner("Subject: t\n\nhi", std::string(1000, 'x'), "").refusal, Refusal::not_to_be_edited);
}

TEST(Banner, GoesToTheOutermostTextAlone) {
  const std::string plain = "Content-Type: text/plain\n\nplain";
  const std::string html = "Content-Type: text/html\n\n<p>html";
  const std::string file =
      "Content-Type: text/plain; name=x\nContent-Disposition: attachment; filename=x\n\nfile";
  const std::string mail = "Content-Type: message/rfc822\n\nSubject: x\n\nmail";
  const auto multipart = [](const std::string& type, const std::string& boundary, const std::string& one,
                            const std::string& other) {
    return "Content-Type: multipart/" + type + "; boundary=" + boundary + "\n\n--" + boundary + "\n" + one +
           "\n--" + boundary + "\n" + other + "\n--" + boundary + "--\n";
  };
  const std::string related = multipart("related", "r", html, "Content-Type: image/gif\n\nGIF");
  const std::string alternative = multipart("alternative", "a", plain, related);
  const auto edited = [](const std::string& message) {
    std::string result;
    const Bannered done = with_banner(message, "BANNER", "BANNER");
    for (const auto& [path, bytes] : done.read.leaves)
      if (bytes.find("BANNER") != std::string::npos) result += path + ' ';
    return result;
  };
  EXPECT_EQ(edited(plain), "1 ");
  EXPECT_EQ(edited(html), "1 ");
  EXPECT_EQ(edited(multipart("mixed", "b", plain, file)), "1 ");
  EXPECT_EQ(edited(multipart("mixed", "b", alternative, file)), "1.1 1.2.1 ");
  EXPECT_EQ(edited(multipart("mixed", "b", plain, html)), "1 ");
  EXPECT_EQ(edited(multipart("mixed", "b", file, plain)), "");
  EXPECT_EQ(edited(multipart("mixed", "b", mail, plain)), "");
  EXPECT_EQ(edited(mail), "");
}

TEST(Banner, InAPartThatIsRemovedIsNone) {
  const std::string message = "Subject: t\n\nhi\n";
  const EditPlaces places = edit_places(message);
  for (const bool banner_first : {true, false}) {
    Edits edits(places);
    if (banner_first) (void)edits.banner("BANNER", "");
    EXPECT_EQ(edits.strip("1", "removed"), Refusal::none);
    if (!banner_first) (void)edits.banner("BANNER", "");
    const std::string edited = edited_for_test(message, edits);
    EXPECT_THAT(edited, Not(HasSubstr("BANNER")));
    EXPECT_THAT(edited, HasSubstr("removed"));
  }
}

TEST(HtmlBody, IsFoundWhereABrowserFindsIt) {
  const auto behind = [](std::string_view html, HtmlEncoding encoding = HtmlEncoding::identity) {
    const auto at = behind_body_tag(html, encoding);
    return at ? std::string(html.substr(*at)) : "(none)";
  };
  EXPECT_EQ(behind("<HTML><BODY>x"), "x");
  EXPECT_EQ(behind("<body\nclass='>' id = \">\" a=b'>x"), "x");
  EXPECT_EQ(behind("<!-- <body> --><body>x"), "x");
  EXPECT_EQ(behind("<script>'<body>'</script><style>a<body></style><title><body></title><body>x"), "x");
  EXPECT_EQ(behind("<p title=\"<body>\">a < b </p><bodyguard><body >x"), "x");
  EXPECT_EQ(behind("<p>x"), "(none)");
  EXPECT_EQ(behind("<body"), "(none)");
  EXPECT_EQ(behind("<body class=\">x"), "(none)");
  EXPECT_EQ(behind("<!-- <body>x"), "(none)");
  EXPECT_EQ(behind("=3Cbody a=3D'>'=3Ex", HtmlEncoding::quoted_printable), "x");
  EXPECT_EQ(behind("<body=\r\n>=\r\nx", HtmlEncoding::quoted_printable), "=\r\nx");
  EXPECT_EQ(behind(std::string(html_look, ' ') + "<body>x"), "(none)");
}

}  // namespace
}  // namespace rastel::message
