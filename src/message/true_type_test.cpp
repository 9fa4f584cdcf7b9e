// SPDX-License-Identifier: GPL-2.0-only
#include "message/true_type.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rastel::message {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::IsEmpty;

std::string little(std::uint64_t number, std::size_t size) {
  std::string bytes;
  for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(number >> (8 * i));
  return bytes;
}

std::string at(std::size_t offset, const std::string& mark, std::size_t size = 0) {
  std::string bytes(offset, '\0');
  bytes += mark;
  if (bytes.size() < size) bytes.resize(size);
  return bytes;
}

std::vector<std::string_view> types(std::string_view bytes) {
  const TrueTypes found = true_types(bytes);
  return {found.begin(), found.end()};
}

std::string program(const std::string& newer = "PE\0\0"s) {
  std::string bytes = "MZ" + std::string(126, '\0');
  bytes[0x3c] = '\x40';
  return bytes.replace(0x40, newer.size(), newer);
}

std::string zip_file(const std::string& name, const std::string& content, std::string& directory,
                     std::size_t where) {
  const std::string fixed = little(20, 2) + little(0, 4) + little(0, 8) + little(content.size(), 4) +
                            little(content.size(), 4) + little(name.size(), 2);
  directory += "PK\x01\x02" + little(20, 2) + fixed + little(0, 4) + little(0, 8) + little(where, 4) + name;
  return "PK\x03\x04" + fixed + little(0, 2) + name + content;
}

std::string zip(const std::vector<std::string>& names, const std::string& first_content = "") {
  std::string bytes;
  std::string directory;
  for (const std::string& name : names)
    bytes += zip_file(name, &name == names.data() ? first_content : "", directory, bytes.size());
  return bytes + directory + "PK\x05\x06" + little(0, 4) + little(names.size(), 2) + little(names.size(), 2) +
         little(directory.size(), 4) + little(bytes.size(), 4) + little(0, 2);
}

std::string utf16(const std::string& text, bool big = false) {
  std::string bytes;
  for (const char letter : text) bytes += big ? std::string{'\0', letter} : std::string{letter, '\0'};
  return bytes;
}

// A compound file of a header, a table and a directory.
std::string ole(const std::vector<std::string>& streams, const std::string& root_class = "") {
  std::string header = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + std::string(22, '\0') + little(9, 2) +
                       std::string(16, '\0') + little(1, 4) + std::string(24, '\0') + little(0, 4);
  header.resize(512, '\xff');
  std::string table = little(0xfffffffd, 4) + little(2, 4) + little(0xfffffffe, 4);
  table.resize(512, '\xff');
  std::string directory;
  const auto entry = [&](const std::string& name, const std::string& id) {
    std::string fields = utf16(name);
    fields.resize(80, '\0');
    fields += id;
    fields.resize(128, '\0');
    directory += fields;
  };
  entry("Root Entry", root_class);
  for (const std::string& name : streams) entry(name, "");
  directory.resize(1024, '\0');
  return header + table + directory;
}

TEST(TrueType, Programs) {
  for (const std::string& newer : {"PE\0\0"s, "NE"s, "LE"s, "LX"s})
    EXPECT_EQ(true_type(program(newer)), "application/x-dosexec") << newer;
  const std::string dos = "MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff"s + std::string(64, '\0');
  EXPECT_EQ(true_type(dos), "application/x-dosexec");
  EXPECT_EQ(true_type("MZ is how this sentence begins, and not a program."), "");
  EXPECT_EQ(true_type("Words before " + program()), "");
  EXPECT_EQ(true_type("\x7f"
                      "ELF\x02\x01"),
            "application/x-executable");
  EXPECT_EQ(true_type("\xca\xfe\xba\xbe\0\0\0\x34\0\x10"s), "application/x-java-applet");
  EXPECT_EQ(true_type("\xca\xfe\xba\xbe\0\0\0\x02\x01\0\0\x07"s), "application/x-mach-binary");
  EXPECT_EQ(true_type("\xcf\xfa\xed\xfe\x07"), "application/x-mach-binary");
  EXPECT_EQ(true_type("dex\n035\0"s), "application/vnd.android.dex");
  EXPECT_EQ(true_type("\0asm\x01"s), "application/wasm");
  EXPECT_EQ(true_type("CWS\x0a" + std::string(9, 'x')), "application/x-shockwave-flash");
  EXPECT_EQ(true_type("\x4c\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46\x9b"s),
            "application/x-ms-shortcut");
}

TEST(TrueType, WhatAZipIs) {
  EXPECT_THAT(types(zip({"a.txt"})), ElementsAre("application/zip"));
  EXPECT_THAT(types("PK\x05\x06" + std::string(18, '\0')), ElementsAre("application/zip"));
  const std::string_view document = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
  EXPECT_THAT(types(zip({"[Content_Types].xml", "word/document.xml"})),
              ElementsAre(document, "application/zip"));
  EXPECT_THAT(types(zip({"[Content_Types].xml",
                         "WORD\x2f"
                         "document.xml",
                         "word/VBAProject.bin"})),
              ElementsAre("application/vnd.ms-word.document.macroEnabled.12", document, "application/zip"));
  EXPECT_EQ(true_type(zip({"xl/workbook.xml"})),
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
  EXPECT_EQ(true_type(zip({"xl/workbook.xml", "xl/macrosheets/sheet1.xml"})),
            "application/vnd.ms-excel.sheet.macroEnabled.12");
  EXPECT_EQ(true_type(zip({"ppt/presentation.xml"})),
            "application/vnd.openxmlformats-officedocument.presentationml.presentation");
  EXPECT_EQ(true_type(zip({"META-INF/MANIFEST.MF", "A.class"})), "application/java-archive");
  EXPECT_EQ(true_type(zip({"META-INF/MANIFEST.MF", "AndroidManifest.xml"})),
            "application/vnd.android.package-archive");
  EXPECT_EQ(true_type(zip({"mimetype", "content.xml"}, "application/vnd.oasis.opendocument.text")),
            "application/vnd.oasis.opendocument.text");
  EXPECT_EQ(true_type(zip({"mimetype"}, "application/epub+zip")), "application/epub+zip");
  EXPECT_EQ(true_type(zip({"mimetype"}, "application/x-invented")), "application/zip");
}

TEST(TrueType, ADocumentWithinAZipIsNotTheZip) {
  EXPECT_THAT(types(zip({"letter.docx"}, zip({"word/document.xml"}))), ElementsAre("application/zip"));
}

TEST(TrueType, AZipCutShortIsToldByItsLocalHeaders) {
  const std::string whole = zip({"[Content_Types].xml", "word/document.xml"});
  EXPECT_EQ(true_type(std::string_view(whole).substr(0, 100)),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document");
}

TEST(TrueType, WhatACompoundFileIs) {
  EXPECT_THAT(types(ole({"WordDocument"})), ElementsAre("application/msword", "application/x-ole-storage"));
  // Of the second sector of the directory.
  EXPECT_EQ(true_type(ole({"a", "b", "c", "Workbook"})), "application/vnd.ms-excel");
  EXPECT_EQ(true_type(ole({}, "\x84\x10\x0c\0\0\0\0\0"s)), "application/x-msi");
  EXPECT_EQ(true_type(ole({"__properties_version1.0"})), "application/vnd.ms-outlook");
  EXPECT_EQ(true_type(ole({"EncryptedPackage"})), "application/encrypted");
  EXPECT_THAT(types(ole({"WordDocument", "Workbook"})),
              ElementsAre("application/msword", "application/vnd.ms-excel", "application/x-ole-storage"));
  EXPECT_EQ(true_type(ole({"Something"})), "application/x-ole-storage");
  EXPECT_EQ(true_type("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "application/x-ole-storage");
}

TEST(TrueType, Archives) {
  EXPECT_EQ(true_type("Rar!\x1a\x07\x01\0"s), "application/x-rar");
  EXPECT_EQ(true_type("7z\xbc\xaf\x27\x1c"), "application/x-7z-compressed");
  EXPECT_EQ(true_type("\x1f\x8b\x08" + std::string(7, '\0')), "application/gzip");
  EXPECT_EQ(true_type("BZh91AY&SY"), "application/x-bzip2");
  EXPECT_EQ(true_type("BZh9 is a text"), "");
  EXPECT_EQ(true_type("\xfd"
                      "7zXZ\0"s),
            "application/x-xz");
  EXPECT_EQ(true_type("\x28\xb5\x2f\xfd"), "application/zstd");
  EXPECT_EQ(true_type("\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff\0\0"s), "application/x-lzma");
  EXPECT_EQ(true_type(at(257, "ustar\0"s)), "application/x-tar");
  EXPECT_EQ(true_type("MSCF"), "application/vnd.ms-cab-compressed");
  EXPECT_EQ(true_type("\x60\xea\x2c\0\x22\x0b\x01\x02\x10\0\x02"s), "application/x-arj");
  EXPECT_EQ(true_type(at(7, "**ACE**")), "application/x-ace-compressed");
  EXPECT_EQ(true_type("\x20\x66-lh5-"s + std::string(13, '\0') + '\2'), "application/x-lzh-compressed");
  EXPECT_EQ(true_type("a -ls- b"), "");
  EXPECT_EQ(true_type("070701"), "application/x-cpio");
}

TEST(TrueType, TarOfBeforePosixByItsChecksum) {
  std::string header = "file.txt";
  header.resize(512);
  unsigned sum = 8 * ' ';
  for (const char byte : header) sum += static_cast<unsigned char>(byte);
  const std::string digits = {'0', static_cast<char>('0' + sum / 512), static_cast<char>('0' + sum / 64 % 8),
                              static_cast<char>('0' + sum / 8 % 8), static_cast<char>('0' + sum % 8)};
  header.replace(148, digits.size(), digits);
  EXPECT_EQ(true_type(header), "application/x-tar");
  header[0] = 'g';
  EXPECT_EQ(true_type(header), "");
}

TEST(TrueType, Images) {
  EXPECT_EQ(true_type(at(0x8001, "CD001")), "application/x-iso9660-image");
  EXPECT_THAT(types(at(17 * 2048 + 1, "NSR02", 18 * 2048)), ElementsAre("application/x-udf-image"));
  EXPECT_EQ(true_type(at(5000, "conectix", 5512)), "application/x-virtualbox-vhd");
  EXPECT_EQ(true_type("vhdxfile"), "application/x-virtualbox-vhdx");
  EXPECT_EQ(true_type(at(5000, "koly", 5512)), "application/x-apple-diskimage");
}

TEST(TrueType, Documents) {
  EXPECT_EQ(true_type("%PDF-1.7"), "application/pdf");
  EXPECT_EQ(true_type(std::string(1019, '\n') + "%PDF-1.7"), "application/pdf");
  EXPECT_EQ(true_type(std::string(1020, '\n') + "%PDF-1.7"), "");
  EXPECT_EQ(true_type("{\\rt1"), "text/rtf");
  EXPECT_EQ(true_type("%!PS-Adobe"), "application/postscript");
  EXPECT_EQ(true_type("ITSF\x03"), "application/vnd.ms-htmlhelp");
  EXPECT_EQ(true_type("\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3"),
            "application/msonenote");
  EXPECT_EQ(true_type("\x78\x9f\x3e\x22"), "application/vnd.ms-tnef");
  EXPECT_EQ(true_type("\x30\x82\x01\x02\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"),
            "application/pkcs7-mime");
}

TEST(TrueType, Pages) {
  EXPECT_EQ(true_type("\xef\xbb\xbf \r\n<!DOCTYPE HTML><p>"), "text/html");
  EXPECT_EQ(true_type("<!-- a comment --><ScRiPt>x"), "text/html");
  EXPECT_EQ(true_type("words and then <html>"), "text/html");
  EXPECT_EQ(true_type("a < b, and <b>bold</b>"), "");
  EXPECT_EQ(true_type("\xff\xfe" + utf16("<html>")), "text/html");
  EXPECT_EQ(true_type("\xfe\xff" + utf16("<html>", true)), "text/html");
  EXPECT_EQ(true_type(utf16("<html>")), "text/html");
  EXPECT_THAT(types("<html><HTA:APPLICATION id=x>"), ElementsAre("application/hta", "text/html"));
  EXPECT_THAT(types("<?xml version='1.0'?>\n<!DOCTYPE svg PUBLIC ''>\n<svg xmlns=''><script>"),
              ElementsAre("image/svg+xml", "text/xml"));
  EXPECT_EQ(true_type("<html><svg><path/></svg>"), "text/html");
  EXPECT_EQ(true_type("<?xml version='1.0'?><PCSettings><SearchableContent>"),
            "application/x-ms-settingcontent");
  EXPECT_EQ(true_type("<package><job id='x'><script>"), "application/x-ms-wsf");
  EXPECT_EQ(true_type("<?xml version='1.0'?><a/>"), "text/xml");
}

TEST(TrueType, TextsThatDoSomething) {
  EXPECT_EQ(true_type("#!/bin/sh\n"), "text/x-shellscript");
  EXPECT_EQ(true_type("#! /usr/bin/env -S A=b python3 -u\n"), "text/x-script.python");
  EXPECT_EQ(true_type("#!/opt/thing\n"), "text/x-script");
  EXPECT_EQ(true_type("#!"), "text/x-script");
  EXPECT_EQ(true_type("@echo off\r\n"), "text/x-msdos-batch");
  EXPECT_EQ(true_type("\xff\xfe" + utf16("Windows Registry Editor Version 5.00\r\n")), "text/x-ms-regedit");
  EXPECT_EQ(true_type("; x\r\n[InternetShortcut]\r\nURL=file://x\r\n"), "application/x-mswinurl");
  EXPECT_EQ(true_type("see [InternetShortcut]"), "");
  EXPECT_EQ(true_type("WEB\r\n1\r\nhttp://x"), "text/x-ms-iqy");
}

TEST(TrueType, Mail) {
  const std::string mail = "From: a@example.com\r\nTo: b@example.com\r\nSubject: x\r\n\r\nText: of it\r\n";
  EXPECT_EQ(true_type(mail), "message/rfc822");
  EXPECT_EQ(true_type("From a@example.com Thu Jan  1 00:00:00 1970\n" + mail), "application/mbox");
  EXPECT_EQ(true_type("From: <Saved by Blink>\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
                      "Content-Type: multipart/related;\r\n type=\"text/html\"\r\n\r\n"),
            "application/x-mimearchive");
  EXPECT_EQ(true_type("To: whom it concerns\nthis is a text\n"), "");
  EXPECT_EQ(true_type("Note: a\nHint: b\nThird: c\n\n"), "");
}

TEST(TrueType, SeveralAtOnce) {
  EXPECT_THAT(types(program() + zip({"a.exe"})), ElementsAre("application/x-dosexec", "application/zip"));
  EXPECT_THAT(types("GIF89a" + std::string(100, 'x') + zip({"META-INF/MANIFEST.MF"})),
              ElementsAre("image/gif", "application/java-archive", "application/zip"));
  EXPECT_THAT(types("%PDF-1.4\n" + zip({"a"})), ElementsAre("application/pdf", "application/zip"));
  EXPECT_EQ(types("GIF89a%PDF-1.4<hta:application>" + zip({"AndroidManifest.xml", "xl/workbook.bin"})).size(),
            TrueTypes::most);
}

TEST(TrueType, UnknownIsEmpty) {
  EXPECT_THAT(types(""), IsEmpty());
  EXPECT_THAT(types("Hello,\r\n\r\nthis is a text.\r\n"), IsEmpty());
  EXPECT_THAT(types(std::string(100'000, '\0')), IsEmpty());
}

TEST(TrueType, CutAnywhereIsSafe) {
  for (const std::string& whole :
       {program(), zip({"mimetype", "a"}, "application/epub+zip"), ole({"WordDocument"}),
        "#!/usr/bin/env python\n"s, "<?xml version='1.0'?><!-- x --><svg>"s})
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const std::string exact = whole.substr(0, size);
      EXPECT_LE(types(exact).size(), TrueTypes::most);
    }
}

}  // namespace
}  // namespace rastel::message
