// SPDX-License-Identifier: GPL-2.0-only
// What a compound file (MS-CFB) is: by the class of its root, and by the names of its streams, on every
// level: a document that holds another kind's is both. Reads the directory alone, along its chain of sectors.
#include <cstdint>
#include <string>

#include "message/byte_reader.hpp"
#include "message/true_type_checks.hpp"

namespace rastel::message {
namespace {

struct ClassRow {
  std::string_view id;  // the first eight bytes as they stand; the others of these are all alike or all zero
  std::string_view type;
};
constexpr auto class_rows = std::to_array<ClassRow>({
    {{"\x84\x10\x0c\0\0\0\0\0", 8}, "application/x-msi"},
    {{"\x82\x10\x0c\0\0\0\0\0", 8}, "application/x-msi"},  // a transform
    {{"\x86\x10\x0c\0\0\0\0\0", 8}, "application/x-msi"},  // a patch
    {{"\x06\x09\x02\0\0\0\0\0", 8}, "application/msword"},
    {{"\x20\x08\x02\0\0\0\0\0", 8}, "application/vnd.ms-excel"},
    {{"\x10\x08\x02\0\0\0\0\0", 8}, "application/vnd.ms-excel"},
    {{"\x10\x8d\x81\x64\x9b\x4f\xcf\x11", 8}, "application/vnd.ms-powerpoint"},
    {{"\x0b\x0d\x02\0\0\0\0\0", 8}, "application/vnd.ms-outlook"},
    {{"\x14\x1a\x02\0\0\0\0\0", 8}, "application/vnd.visio"},
    {{"\x01\x12\x02\0\0\0\0\0", 8}, "application/vnd.ms-publisher"},
});

struct StreamRow {
  std::string_view name;
  std::string_view type;
};
constexpr auto stream_rows = std::to_array<StreamRow>({
    {"WordDocument", "application/msword"},
    {"Workbook", "application/vnd.ms-excel"},
    {"Book", "application/vnd.ms-excel"},
    {"PowerPoint Document", "application/vnd.ms-powerpoint"},
    {"VisioDocument", "application/vnd.visio"},
    {"Quill", "application/vnd.ms-publisher"},
    {"__properties_version1.0", "application/vnd.ms-outlook"},
    {"EncryptedPackage", "application/encrypted"},  // OOXML within (MS-OFFCRYPTO 2.3.4.4)
    {"HwpSummaryInformation", "application/x-hwp"},
    {"FileHeader", "application/x-hwp"},
});

// A file's sectors. One that isn't there is empty.
class Sectors {
 public:
  explicit Sectors(std::string_view bytes) : bytes_(bytes) {
    ByteReader reader(bytes.substr(0, header_size));
    (void)reader.block(30);
    shift_ = reader.u16();
    (void)reader.block(16);
    first_of_directory_ = reader.u32();
    table_of_tables_ = bytes.substr(0, header_size).substr(std::min<std::size_t>(76, bytes.size()));
  }

  [[nodiscard]] bool plausible() const { return shift_ == 9 || shift_ == 12; }
  [[nodiscard]] std::uint32_t first_of_directory() const { return first_of_directory_; }

  [[nodiscard]] std::string_view sector(std::uint32_t number) const {
    const std::uint64_t at = (std::uint64_t{number} + 1) << shift_;
    return at < bytes_.size() ? bytes_.substr(at, std::size_t{1} << shift_) : std::string_view();
  }

  // By the tables that the header itself names, which are those of the first 6.8 MB; behind them the
  // directory goes on in the sector behind.
  [[nodiscard]] std::uint32_t next(std::uint32_t number) const {
    const std::size_t in_table = (std::size_t{1} << shift_) / 4;
    const std::size_t table = number / in_table;
    if (table >= table_of_tables_.size() / 4) return number + 1;
    return word(sector(word(table_of_tables_, table)), number % in_table);
  }

 private:
  static constexpr std::size_t header_size = 512;
  static std::uint32_t word(std::string_view words, std::size_t index) {
    if (index >= words.size() / 4) return 0xffffffff;
    return ByteReader(words.substr(4 * index)).u32();
  }

  std::string_view bytes_;
  std::string_view table_of_tables_;
  std::uint32_t first_of_directory_ = 0;
  std::uint16_t shift_ = 0;
};

// UTF-16 whose characters are ASCII; a control character before a name marks what belongs to OLE.
std::string stream_name(std::string_view entry) {
  constexpr std::size_t longest = 31;
  std::string name;
  for (std::size_t i = 0; i < longest && 2 * i < entry.size() && entry[2 * i] != '\0'; ++i)
    if (static_cast<unsigned char>(entry[2 * i]) >= ' ') name += entry[2 * i];
  return name;
}

}  // namespace

void add_ole_types(std::string_view bytes, TrueTypes& types) {
  constexpr std::size_t entry_size = 128;
  constexpr std::size_t class_at = 80;
  constexpr int most_sectors = 64;
  const Sectors sectors(bytes);
  if (!sectors.plausible()) return;
  std::uint32_t number = sectors.first_of_directory();
  for (int i = 0; i < most_sectors; ++i, number = sectors.next(number)) {
    const std::string_view sector = sectors.sector(number);
    if (sector.empty()) break;
    for (std::size_t at = 0; at + entry_size <= sector.size(); at += entry_size) {
      const std::string_view entry = sector.substr(at, entry_size);
      if (i == 0 && at == 0)
        for (const ClassRow& row : class_rows)
          if (entry.substr(class_at).starts_with(row.id)) types.add(row.type);
      const std::string name = stream_name(entry);
      for (const StreamRow& row : stream_rows)
        if (name == row.name) types.add(row.type);
    }
  }
}

}  // namespace rastel::message
