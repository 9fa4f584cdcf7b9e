// SPDX-License-Identifier: GPL-2.0-only
#include "detect/clean_set.hpp"

#include <fmt/format.h>

#include "detect/canaries.hpp"

namespace rastel::detect {
namespace {

constexpr std::string_view headers =
    "Received: from mail.example.org (mail.example.org [192.0.2.10]) by mx.example.com; Thu, 01 Jan 2026 "
    "09:00:00 +0000\r\n"
    "From: Ada Example <ada@example.org>\r\n"
    "To: Ben Example <ben@example.com>\r\n"
    "Subject: Minutes of Tuesday's meeting\r\n"
    "Date: Thu, 01 Jan 2026 09:00:00 +0000\r\n"
    "Message-ID: <20260101090000.1@example.org>\r\n"
    "MIME-Version: 1.0\r\n";

std::string text_mail() {
  return fmt::format(
      "{}Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
      "Dear Ben,\r\n\r\nplease find below what we agreed on. The invoice for the rooms is on its way;\r\n"
      "see https://www.example.org/minutes for the whole of it.\r\n\r\n"
      "  1. The budget stays as it is (4.200 \u20ac).\r\n  2. We meet again in two weeks.\r\n\r\n"
      "> On Monday you wrote:\r\n> Could you send the minutes?\r\n\r\nKind regards\r\nAda\r\n",
      headers);
}

std::string html_mail() {
  return fmt::format(
      "{}Content-Type: multipart/alternative; boundary=\"=_alternative\"\r\n\r\n"
      "--=_alternative\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nThe news of this week.\r\n\r\n"
      "--=_alternative\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
      "<!DOCTYPE html>\r\n<html><head><meta charset=\"utf-8\"><title>News</title>"
      "<style>body {{ font-family: sans-serif }} .n {{ color: #333 }}</style></head>\r\n"
      "<body><table width=\"600\"><tr><td class=\"n\"><h1>News</h1><p>Read it at "
      "<a href=\"https://www.example.org/news\">www.example.org</a>.</p>"
      "<img src=\"https://www.example.org/logo.png\" alt=\"logo\" width=\"120\" height=\"40\">"
      "</td></tr></table></body></html>\r\n\r\n--=_alternative--\r\n",
      headers);
}

// A page with a line of text; the table of objects by the offsets that were really written (ISO 32000-1 7.5).
std::string pdf() {
  std::string file = "%PDF-1.4\n";
  std::vector<std::size_t> offsets;
  const std::string stream = "BT /F1 12 Tf 72 720 Td (Minutes of the meeting) Tj ET\n";
  for (const std::string& object :
       {std::string("<< /Type /Catalog /Pages 2 0 R >>"),
        std::string("<< /Type /Pages /Kids [3 0 R] /Count 1 >>"),
        std::string("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
                    "/Resources << /Font << /F1 5 0 R >> >> >>"),
        fmt::format("<< /Length {} >>\nstream\n{}endstream", stream.size(), stream),
        std::string("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")}) {
    offsets.push_back(file.size());
    file += fmt::format("{} 0 obj\n{}\nendobj\n", offsets.size(), object);
  }
  const std::size_t table = file.size();
  file += fmt::format("xref\n0 {}\n0000000000 65535 f \n", offsets.size() + 1);
  for (const std::size_t offset : offsets) file += fmt::format("{:010} 00000 n \n", offset);
  return file + fmt::format("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{}\n%%EOF\n", offsets.size() + 1,
                            table);
}

// The parts that an Office document can't do without (ECMA-376 part 2).
std::string document() {
  return stored_zip(
      {{"[Content_Types].xml",
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\r\n"
        "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">"
        "<Default Extension=\"rels\" "
        "ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>"
        "<Override PartName=\"/word/document.xml\" ContentType=\"application/"
        "vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml\"/></Types>"},
       {"_rels/.rels",
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\r\n"
        "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">"
        "<Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/"
        "relationships/officeDocument\" Target=\"word/document.xml\"/></Relationships>"},
       {"word/document.xml",
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\r\n"
        "<w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body><w:p>"
        "<w:r><w:t>Minutes of the meeting</w:t></w:r></w:p></w:body></w:document>"}});
}

// One grey dot.
std::string picture() {
  static constexpr unsigned char bytes[] = {'G', 'I',  'F',  '8',  '9',  'a',  1,    0,    1, 0, 0x80, 0,
                                            0,   0x80, 0x80, 0x80, 0xff, 0xff, 0xff, 0x2c, 0, 0, 0,    0,
                                            1,   0,    1,    0,    0,    2,    2,    0x44, 1, 0, 0x3b};
  return {reinterpret_cast<const char*>(bytes), sizeof bytes};
}

}  // namespace

std::vector<CleanMail> clean_set() {
  return {{"text", text_mail()},
          {"HTML", html_mail()},
          {"zip", mail_with_attachment("minutes.zip", stored_zip("minutes.txt", "Nothing but text.\r\n"))},
          {"PDF", mail_with_attachment("minutes.pdf", pdf())},
          {"document", mail_with_attachment("minutes.docx", document())},
          {"picture", mail_with_attachment("logo.gif", picture())}};
}

}  // namespace rastel::detect
