// SPDX-License-Identifier: GPL-2.0-only
#include "message/archive_names.hpp"

#include <clocale>
#include <memory>
#include <random>

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rastel::message {
namespace {

using namespace std::string_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::UnorderedElementsAre;

constexpr std::size_t room = 64 << 20;

std::string little(std::uint64_t number, std::size_t size) {
  std::string bytes;
  for (; bytes.size() < size; number >>= 8) bytes += static_cast<char>(number);
  return bytes;
}

std::vector<std::string> names(std::string_view bytes) { return archive_names(bytes, room).names; }

// What stands in a zip's local and central header; different ones make two readings.
struct ZipFile {
  std::string local = {};
  std::string central = {};
  std::string content = {};
  std::string extra = {};
  unsigned flags = 0;
};

std::string zip(const std::vector<ZipFile>& files, const std::string& comment = "") {
  std::string bytes;
  std::string directory;
  for (const ZipFile& file : files) {
    const std::string fixed = little(20, 2) + little(file.flags, 2) + little(0, 2) + little(0, 8) +
                              little(file.content.size(), 4) + little(file.content.size(), 4);
    directory += "PK\x01\x02" + little(20, 2) + fixed + little(file.central.size(), 2) +
                 little(file.extra.size(), 2) + little(0, 2) + little(0, 8) + little(bytes.size(), 4) +
                 file.central + file.extra;
    bytes += "PK\x03\x04" + fixed + little(file.local.size(), 2) + little(0, 2) + file.local + file.content;
  }
  const std::string end = "PK\x05\x06" + little(0, 4) + little(files.size(), 2) + little(files.size(), 2) +
                          little(directory.size(), 4) + little(bytes.size(), 4) + little(comment.size(), 2);
  return bytes + directory + end + comment;
}

std::string zip_of(const std::string& name) {
  return zip({{.local = name, .central = name, .content = "x"}});
}

// By libarchive's writer.
using Set = int (*)(archive*);
std::string packed(Set format, Set filter, const std::vector<std::pair<std::string, std::string>>& files) {
  const std::unique_ptr<archive, int (*)(archive*)> writer(archive_write_new(), archive_write_free);
  std::string bytes(8 << 20, '\0');
  std::size_t used = 0;
  EXPECT_EQ(format(writer.get()), ARCHIVE_OK);
  EXPECT_EQ(filter(writer.get()), ARCHIVE_OK);
  archive_write_set_bytes_in_last_block(writer.get(), 1);
  EXPECT_EQ(archive_write_open_memory(writer.get(), bytes.data(), bytes.size(), &used), ARCHIVE_OK);
  for (const auto& [name, content] : files) {
    const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(),
                                                                         archive_entry_free);
    archive_entry_set_pathname_utf8(entry.get(), name.c_str());
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(content.size()));
    archive_entry_set_filetype(entry.get(), 0100000);  // a file
    archive_entry_set_perm(entry.get(), 0644);
    EXPECT_GE(archive_write_header(writer.get(), entry.get()), ARCHIVE_WARN);
    archive_write_data(writer.get(), content.data(), content.size());
  }
  EXPECT_EQ(archive_write_close(writer.get()), ARCHIVE_OK);
  bytes.resize(used);
  return bytes;
}

std::string rar4_block(unsigned type, unsigned flags, const std::string& fields) {
  return little(0, 2) + little(type, 1) + little(flags, 2) + little(7 + fields.size(), 2) + fields;
}

std::string rar4(const std::string& name, unsigned flags = 0, unsigned main_flags = 0) {
  const std::string content = "hello";
  return "Rar!\x1a\x07\0"s + rar4_block(0x73, main_flags, std::string(6, '\0')) +
         rar4_block(0x74, 0x8000 | flags,
                    little(content.size(), 4) + little(content.size(), 4) + '\2' + little(0, 8) + "\x14\x30" +
                        little(name.size(), 2) + little(0x20, 4) + name) +
         content + rar4_block(0x7b, 0x4000, "");
}

std::string rar5_block(const std::string& fields) { return little(0, 4) + little(fields.size(), 1) + fields; }

std::string rar5(const std::string& name, const std::string& extra = "") {
  const std::string content = "hello";
  const std::string flags(1, extra.empty() ? '\2' : '\3');
  const std::string extra_size = extra.empty() ? "" : little(extra.size(), 1);
  return "Rar!\x1a\x07\x01\0"s + rar5_block("\x01\0\0"s) +
         rar5_block('\2' + flags + extra_size + "\x05"s + "\0\x05\x20\0\x01"s + little(name.size(), 1) +
                    name + extra) +
         content + rar5_block("\x05\0\0"s);
}

TEST(ArchiveNames, ZipByBothHeaders) {
  const std::string bytes = zip({{.local = "a.txt", .central = "a.exe", .content = "x"}});
  EXPECT_THAT(names(bytes), UnorderedElementsAre("a.txt", "a.exe"));
  EXPECT_THAT(names(zip_of("same.doc")), ElementsAre("same.doc"));
  const ArchiveNames all = archive_names(bytes, room);
  EXPECT_FALSE(all.encrypted || all.cut || all.broken);
}

TEST(ArchiveNames, ZipWithAUnicodePathOfItsOwn) {
  const std::string extra = little(0x7075, 2) + little(5 + 8, 2) + '\1' + little(0, 4) + "real.exe";
  EXPECT_THAT(names(zip({{.local = "x.txt", .central = "x.txt", .extra = extra}})),
              ElementsAre("x.txt", "real.exe"));
}

TEST(ArchiveNames, ZipWithTwoDirectories) {
  // One in the comment of the other.
  EXPECT_THAT(names(zip({{.local = "a.txt", .central = "a.txt"}}, zip_of("b.exe"))),
              UnorderedElementsAre("a.txt", "b.exe"));
}

TEST(ArchiveNames, ZipBehindAProgram) {
  EXPECT_THAT(names("MZ" + std::string(70000, 'x') + zip_of("setup.vbs")), ElementsAre("setup.vbs"));
}

TEST(ArchiveNames, ZipCutShort) {
  const std::string whole = zip_of("name.txt");
  const ArchiveNames found = archive_names(std::string_view(whole).substr(0, 38), room);
  EXPECT_THAT(found.names, ElementsAre("name.txt"));
  EXPECT_TRUE(found.broken);
  EXPECT_THAT(names(std::string_view(whole).substr(0, 34)), ElementsAre("name"));
}

TEST(ArchiveNames, ZipEncrypted) {
  EXPECT_TRUE(archive_names(zip({{.local = "a", .central = "a", .flags = 1}}), room).encrypted);
  EXPECT_FALSE(archive_names(zip_of("a"), room).encrypted);
}

TEST(ArchiveNames, HeaderOfAMethodThatNobodyHasIsNone) {
  std::string bytes = zip_of("a");
  bytes[9] = '\x0c';
  EXPECT_THAT(names(std::string_view(bytes).substr(0, 36)), IsEmpty());
}

TEST(ArchiveNames, NotUtf8IsEscapedAndNothingElse) {
  EXPECT_THAT(names(zip_of("\x8d\x8e.\xc3\xa9xe\xe2\x80")), ElementsAre("\\x8d\\x8e.\xc3\xa9xe\\xe2\\x80"));
  EXPECT_THAT(names(zip_of("a\xe2\x80\xae"
                           "cod.exe")),
              ElementsAre("a\xe2\x80\xae"
                          "cod.exe"));
}

std::vector<ZipFile> numbered(int count, const std::string& end) {
  std::vector<ZipFile> files;
  for (int i = 0; i < count; ++i)
    files.push_back({.local = std::to_string(i) + end, .central = std::to_string(i) + end});
  return files;
}

TEST(ArchiveNames, AlsoAsASystemTakesThem) {
  EXPECT_THAT(names(zip_of("a.exe.")), UnorderedElementsAre("a.exe.", "a.exe"));
  EXPECT_THAT(names(zip_of("b.scr . ")), UnorderedElementsAre("b.scr . ", "b.scr"));
  EXPECT_THAT(names(zip_of("c.com:stream")), UnorderedElementsAre("c.com:stream", "c.com"));
  EXPECT_THAT(names(zip_of("d.exe\0.txt"s)), UnorderedElementsAre("d.exe\0.txt"s, "d.exe"));
}

TEST(ArchiveNames, LongNamesKeepTheirEnd) {
  const ArchiveNames one = archive_names(zip_of(std::string(65'000, 'x') + "/\xc3\xa9.exe"), room);
  ASSERT_THAT(one.names, SizeIs(1));
  EXPECT_LE(one.names[0].size(), ArchiveNames::longest_name);
  EXPECT_TRUE(one.names[0].ends_with("/\xc3\xa9.exe"));
  EXPECT_FALSE(one.cut);
  EXPECT_TRUE(archive_names(zip_of("a." + std::string(65'000, 'x')), room).cut);
  EXPECT_TRUE(archive_names(zip_of("a." + std::string(500, '\x8d')), room).cut);
  EXPECT_THAT(names("\x1f\x8b\x08\x08"s + little(0, 6) + std::string(65'000, 'x') + ".exe\0junk"s),
              ElementsAre(testing::EndsWith("x.exe")));
}

TEST(ArchiveNames, BehindTheLimitEachNewExtensionBringsAName) {
  std::vector<ZipFile> files = numbered(1000, ".txt");
  EXPECT_FALSE(archive_names(zip(files), room).cut);
  for (const char* name :
       {"behind.TXT", "a.exe/README", "setup.EXE", "other.exe", "b\\c.x/Makefile", "d.scr"})
    files.push_back({.local = name, .central = name});
  const ArchiveNames found = archive_names(zip(files), room);
  EXPECT_FALSE(found.cut);
  EXPECT_THAT(std::vector(found.names.begin() + 1000, found.names.end()),
              ElementsAre("a.exe/README", "setup.EXE", "d.scr"));
}

TEST(ArchiveNames, BehindTheLimitOfBytesToo) {
  std::vector<ZipFile> files = numbered(400, std::string(1000, 'y') + ".txt");
  files.push_back({.local = "a.exe", .central = std::string(1020, 'z') + ".scr"});
  const ArchiveNames found = archive_names(zip(files), room);
  EXPECT_THAT(found.names, Contains("a.exe"));
  EXPECT_THAT(found.names, Contains(testing::EndsWith(".scr")));
  EXPECT_LE(found.names.size(), 300U);
  EXPECT_FALSE(found.cut);
}

TEST(ArchiveNames, MoreExtensionsThanTheLimitAreSaid) {
  std::vector<ZipFile> files = numbered(1000, ".txt");
  for (int i = 0; i < 200; ++i) files.push_back({.local = "x." + std::to_string(i)});
  EXPECT_FALSE(archive_names(zip(files), room).cut);
  files.push_back({.local = "last.exe"});
  const ArchiveNames found = archive_names(zip(files), room);
  EXPECT_THAT(found.names, SizeIs(ArchiveNames::most_names + ArchiveNames::most_behind));
  EXPECT_TRUE(found.cut);
}

// By headers of our reading and of libarchive's: a test that isn't linear doesn't end.
TEST(ArchiveNames, AHundredThousandNames) {
  const ArchiveNames by_zip = archive_names(zip(numbered(40'000, ".txt")) + zip_of("a.exe"), room);
  EXPECT_THAT(by_zip.names, SizeIs(1001));
  EXPECT_FALSE(by_zip.cut);
  const ArchiveNames many = archive_names(zip(numbered(100'000, ".txt")) + zip_of("a.exe"), room);
  EXPECT_THAT(many.names, SizeIs(1000));
  EXPECT_TRUE(many.cut);
  std::vector<ZipFile> extensions;
  for (int i = 0; i < 100'000; ++i) extensions.push_back({.local = "x." + std::to_string(i)});
  EXPECT_TRUE(archive_names(zip(extensions), room).cut);
  std::vector<ZipFile> long_ones = numbered(1000, std::string(65'000, 'x') + ".txt");
  long_ones.push_back({.local = std::string(65'000, 'x') + ".exe"});
  const ArchiveNames of_long = archive_names(zip(long_ones), room);
  EXPECT_THAT(of_long.names, Contains(testing::EndsWith("x.exe")));
  EXPECT_FALSE(of_long.cut);
}

TEST(ArchiveNames, ManyEqualHeadersTakeLinearTime) {
  std::string bytes;
  for (int i = 0; i < 300'000; ++i) bytes += "PK\x03\x04" + std::string(22, '\0') + little(1, 4) + "a";
  const ArchiveNames found = archive_names(bytes, room);
  EXPECT_THAT(found.names, ElementsAre("a"));
  EXPECT_TRUE(found.cut);
}

TEST(ArchiveNames, Rar) {
  EXPECT_THAT(names(rar4("a.exe")), ElementsAre("a.exe"));
  EXPECT_THAT(names(rar5("t\xc3\xa9st.exe")), ElementsAre("t\xc3\xa9st.exe"));
  EXPECT_THAT(names("MZ" + std::string(3000, 'x') + rar5("sfx.exe")), ElementsAre("sfx.exe"));
  EXPECT_FALSE(archive_names(rar4("a"), room).broken || archive_names(rar5("a"), room).broken);
}

// bsdtar reads these two the same way.
TEST(ArchiveNames, RarsNamesInUnicode) {
  const std::string russian = "\xd0\xb4\xd0\xbe\xd0\xba\xd1\x83\xd0\xbc\xd0\xb5\xd0\xbd\xd1\x82.exe";
  EXPECT_THAT(names(rar4("????????.exe\0\x04\x55\x34\x3e\x3a\x43\x55\x3c\x35\x3d\x42\x00.exe"s, 0x200)),
              ElementsAre("????????.exe", russian));
  EXPECT_THAT(names(rar4("????????.exe\0\x04\x55\x34\x3e\x3a\x43\x55\x3c\x35\x3d\x42\xc0\x02"s, 0x200)),
              ElementsAre("????????.exe", russian));
  // Runs that would make megabytes.
  std::string runs;
  for (int i = 0; i < 10000; ++i) runs += "\xff\x7f\x7f\x7f\x7f";
  EXPECT_TRUE(archive_names(rar4("x\0\0"s + runs, 0x200), room).cut);
}

TEST(ArchiveNames, RarEncrypted) {
  const ArchiveNames file = archive_names(rar4("a.exe", 4), room);
  EXPECT_TRUE(file.encrypted);
  EXPECT_THAT(file.names, ElementsAre("a.exe"));
  const ArchiveNames headers = archive_names(rar4("a.exe", 0, 0x80), room);
  EXPECT_TRUE(headers.encrypted);
  EXPECT_THAT(headers.names, IsEmpty());
  EXPECT_TRUE(archive_names(rar5("a.exe", "\x03\x01\0\0"s), room).encrypted);
  EXPECT_FALSE(archive_names(rar5("a.exe", "\x03\x02\0\0"s), room).encrypted);
  EXPECT_TRUE(archive_names("Rar!\x1a\x07\x01\0"s + rar5_block("\x04\0\0\0"s), room).encrypted);
}

TEST(ArchiveNames, RarBroken) {
  const std::string whole = rar4("a.exe");
  EXPECT_TRUE(archive_names(std::string_view(whole).substr(0, whole.size() - 10), room).broken);
  // The signature in a program that unpacks rar.
  const ArchiveNames program = archive_names("MZ......Rar!\x1a\x07\0......"s, room);
  EXPECT_FALSE(program.broken);
  EXPECT_THAT(program.names, IsEmpty());
}

struct Made {
  const char* name;
  Set format;
  Set filter;
};

class ArchiveNamesByLibarchive : public testing::TestWithParam<Made> {};

TEST_P(ArchiveNamesByLibarchive, InAnyScriptWithoutALocale) {
  const std::string text = "\xd0\xb4\xd0\xbe\xd0\xba.exe";
  std::setlocale(LC_ALL, "C.UTF-8");  // the writer wants it
  const std::string bytes = packed(GetParam().format, GetParam().filter, {{"a.txt", "text"}, {text, "x"}});
  std::setlocale(LC_ALL, "C");
  const ArchiveNames found = archive_names(bytes, room);
  EXPECT_THAT(found.names, UnorderedElementsAre("a.txt", text));
  EXPECT_FALSE(found.broken || found.cut || found.encrypted);
}

INSTANTIATE_TEST_SUITE_P(
    Formats, ArchiveNamesByLibarchive,
    testing::Values(Made{"tar", archive_write_set_format_pax, archive_write_add_filter_none},
                    Made{"gnutar", archive_write_set_format_gnutar, archive_write_add_filter_none},
                    Made{"gzip", archive_write_set_format_pax, archive_write_add_filter_gzip},
                    Made{"bzip2", archive_write_set_format_pax, archive_write_add_filter_bzip2},
                    Made{"xz", archive_write_set_format_pax, archive_write_add_filter_xz},
                    Made{"lzma", archive_write_set_format_pax, archive_write_add_filter_lzma},
                    Made{"lzip", archive_write_set_format_pax, archive_write_add_filter_lzip},
                    Made{"zstd", archive_write_set_format_pax, archive_write_add_filter_zstd},
                    Made{"lz4", archive_write_set_format_pax, archive_write_add_filter_lz4},
                    Made{"compress", archive_write_set_format_pax, archive_write_add_filter_compress},
                    Made{"cpio", archive_write_set_format_cpio_newc, archive_write_add_filter_none},
                    Made{"odc", archive_write_set_format_cpio_odc, archive_write_add_filter_none},
                    Made{"ar", archive_write_set_format_ar_svr4, archive_write_add_filter_none},
                    Made{"7z", archive_write_set_format_7zip, archive_write_add_filter_none},
                    Made{"zip", archive_write_set_format_zip, archive_write_add_filter_none}),
    [](const auto& made) { return std::string(made.param.name); });

TEST(ArchiveNames, IsoInAllOfItsTrees) {
  std::setlocale(LC_ALL, "C.UTF-8");
  const std::string bytes = packed(archive_write_set_format_iso9660, archive_write_add_filter_none,
                                   {{"a long name for an invoice.exe", "x"}});
  std::setlocale(LC_ALL, "C");
  EXPECT_THAT(names(bytes), Contains("a long name for an invoice.exe"));
  EXPECT_THAT(names(bytes), Contains(testing::MatchesRegex("A[A-Z_]+\\.EXE")));
}

// A file identifier of ECMA-167 4/14.4 with its tag's checksum.
std::string udf_file(const std::string& name) {
  std::string tag = little(257, 2) + little(2, 2) + little(0, 12);
  unsigned sum = 0;
  for (const char byte : tag) sum += static_cast<unsigned char>(byte);
  tag[4] = static_cast<char>(sum);
  std::string file =
      tag + little(1, 2) + '\0' + static_cast<char>(name.size()) + std::string(16, 'i') + little(0, 2) + name;
  file.resize((file.size() + 3) / 4 * 4);
  return file;
}

TEST(ArchiveNames, UdfWithoutIso) {
  std::string bytes(17 * 2048, '\0');
  bytes.replace(16 * 2048, 6, "\0NSR02"s);
  const std::string files = udf_file("\x08setup.exe") + udf_file("\x10\x04\x34\0.\0v\0b\0s"s);
  EXPECT_THAT(names(bytes + files), ElementsAre("setup.exe", "\xd0\xb4.vbs"));
  EXPECT_THAT(names(std::string(17 * 2048, '\0') + files), IsEmpty());
}

TEST(ArchiveNames, ArjWithItsLast) {
  const auto header = [](unsigned kind, const std::string& name, std::size_t content) {
    const std::string fields = "\x1e\x0b\x01\0\0\0"s + static_cast<char>(kind) + little(0, 5) +
                               little(content, 4) + little(0, 14) + name + '\0' + '\0';
    return "\x60\xea" + little(fields.size(), 2) + fields + little(0, 4) + little(0, 2);
  };
  const std::string bytes = header(2, "x.arj", 0) + header(0, "a.exe", 3) + "abc" + header(0, "b.scr", 0);
  EXPECT_THAT(names(bytes + "\x60\xea\0\0"s), ElementsAre("a.exe", "b.scr"));
  EXPECT_FALSE(archive_names(bytes + "\x60\xea\0\0"s, room).broken);
  EXPECT_TRUE(archive_names(bytes, room).broken);
}

TEST(ArchiveNames, NameThatGzipKeeps) {
  EXPECT_THAT(names("\x1f\x8b\x08\x0c"s + little(0, 6) + little(3, 2) + "abc" + "evil.exe\0junk"s),
              ElementsAre("evil.exe"));
}

// By 7-Zip: `7z a -psecret -mhe=on`.
TEST(ArchiveNames, EncryptedNamesOf7z) {
  constexpr unsigned char bytes[] = {
      0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c, 0x00, 0x04, 0xe4, 0xcd, 0xf0, 0x13, 0x70, 0x00, 0x00, 0x00,
      0x00, 0x00, 0x00, 0x00, 0x2e, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xb1, 0x20, 0xfc, 0x04,
      0xec, 0x7f, 0x71, 0xe0, 0xf8, 0xb2, 0xf3, 0xd2, 0x7e, 0xb6, 0x1c, 0x4f, 0x2f, 0x70, 0xc1, 0x3e,
      0x29, 0x1b, 0x1b, 0x68, 0x2c, 0xe0, 0xfc, 0x7c, 0xc3, 0x47, 0x9c, 0xad, 0x6a, 0x3e, 0x50, 0x31,
      0xf9, 0x5e, 0x47, 0x09, 0x92, 0x2a, 0x08, 0xb9, 0xa9, 0xd5, 0xe0, 0x9d, 0x4a, 0x97, 0x99, 0x0f,
      0xc3, 0x93, 0x18, 0x3c, 0xf7, 0x41, 0xb3, 0xf1, 0x60, 0x1f, 0x2d, 0x7b, 0xae, 0x64, 0xd7, 0x35,
      0x29, 0x76, 0x0f, 0x20, 0x41, 0x73, 0xfc, 0x6f, 0xf2, 0x3b, 0xbd, 0xb1, 0xde, 0xa6, 0xd0, 0x25,
      0xe1, 0x75, 0x0b, 0x79, 0x1b, 0x94, 0x5d, 0x6c, 0x21, 0x0a, 0x3d, 0xe2, 0x14, 0xb0, 0x3d, 0x69,
      0x62, 0x4e, 0xc8, 0x27, 0x05, 0x93, 0xce, 0x45, 0x83, 0x69, 0xdf, 0x7a, 0xf3, 0x1e, 0xe7, 0x12,
      0x17, 0x06, 0x10, 0x01, 0x09, 0x60, 0x00, 0x07, 0x0b, 0x01, 0x00, 0x01, 0x24, 0x06, 0xf1, 0x07,
      0x01, 0x12, 0x53, 0x0f, 0xc3, 0x93, 0x0b, 0x7b, 0x54, 0x21, 0x3a, 0x65, 0xe3, 0xc6, 0x01, 0x99,
      0xe6, 0x7f, 0x2e, 0xd1, 0x0c, 0x5a, 0x0a, 0x01, 0x9a, 0x88, 0x68, 0x07, 0x00, 0x00};
  const ArchiveNames found = archive_names({reinterpret_cast<const char*>(bytes), sizeof bytes}, room);
  EXPECT_TRUE(found.encrypted);
  EXPECT_FALSE(found.broken);
  EXPECT_THAT(found.names, IsEmpty());
}

TEST(ArchiveNames, SevenZipBehindAProgram) {
  const std::string bytes =
      packed(archive_write_set_format_7zip, archive_write_add_filter_none, {{"inner.exe", "x"}});
  EXPECT_THAT(names("MZ" + std::string(5000, 'x') + bytes), ElementsAre("inner.exe"));
}

TEST(ArchiveNames, BombStopsAtItsRoom) {
  const std::string bytes =
      packed(archive_write_set_format_pax, archive_write_add_filter_xz,
             {{"first.txt", ""}, {"zeros", std::string(8 << 20, '\0')}, {"last.exe", "x"}});
  EXPECT_LT(bytes.size(), 100'000U);
  const ArchiveNames cut = archive_names(bytes, 1 << 20);
  EXPECT_TRUE(cut.cut);
  EXPECT_LE(cut.unpacked, 1U << 20);
  EXPECT_THAT(cut.names, Contains("first.txt"));
  EXPECT_THAT(cut.names, Not(Contains("last.exe")));
  const ArchiveNames whole = archive_names(bytes, room);
  EXPECT_FALSE(whole.cut);
  EXPECT_THAT(whole.names, ElementsAre("first.txt", "zeros", "last.exe"));
}

TEST(ArchiveNames, AProgramBehindAThousandTextsInATar) {
  std::vector<std::pair<std::string, std::string>> files;
  for (int i = 0; i < 1500; ++i) files.emplace_back(std::to_string(i) + ".txt", "");
  files.emplace_back("last.exe", "");
  const ArchiveNames found =
      archive_names(packed(archive_write_set_format_pax, archive_write_add_filter_gzip, files), room);
  EXPECT_THAT(found.names, SizeIs(1001));
  EXPECT_THAT(found.names, Contains("last.exe"));
  EXPECT_FALSE(found.cut);
}

TEST(ArchiveNames, WhatIsNoArchiveIsNothing) {
  std::mt19937 random(1);
  for (int i = 0; i < 200; ++i) {
    std::string bytes(random() % 3000, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    const ArchiveNames found = archive_names(bytes, room);
    EXPECT_TRUE(found.names.empty() && !found.encrypted && !found.cut) << i;
  }
  EXPECT_THAT(names(""), IsEmpty());
  EXPECT_THAT(names("Hello, this is a text with PK in it.\r\n"), IsEmpty());
}

// Another libarchive would do some of these by programs of the system, which a worker is killed for.
TEST(ArchiveNames, LibarchiveHasAllItsParts) { EXPECT_TRUE(prewarm_archive_reader()); }

}  // namespace
}  // namespace rastel::message
