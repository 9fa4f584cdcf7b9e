// SPDX-License-Identifier: GPL-2.0-only
// What a zip is more than a zip, by the names in its central directory, as the programs that open such files
// go by it; by the local headers where there is no directory. Office itself goes by [Content_Types].xml,
// which is packed: macros under another name than its own programs give them aren't seen here.
#include "base/ascii.hpp"
#include "message/true_type_checks.hpp"
#include "message/zip_headers.hpp"

namespace rastel::message {
namespace {

struct MemberRow {
  std::string_view name;  // in whichever case
  std::string_view type;
  bool folder = false;  // all that lies below it
};

#define OPEN_XML "application/vnd.openxmlformats-officedocument."
// In order: with macros is the narrower one.
constexpr auto member_rows = std::to_array<MemberRow>({
    {"word/vbaProject.bin", "application/vnd.ms-word.document.macroEnabled.12"},
    {"xl/vbaProject.bin", "application/vnd.ms-excel.sheet.macroEnabled.12"},
    {"xl/macrosheets/", "application/vnd.ms-excel.sheet.macroEnabled.12", true},
    {"ppt/vbaProject.bin", "application/vnd.ms-powerpoint.presentation.macroEnabled.12"},
    {"visio/vbaProject.bin", "application/vnd.ms-visio.drawing.macroEnabled.12"},
    {"xl/workbook.bin", "application/vnd.ms-excel.sheet.binary.macroEnabled.12"},
    {"word/document", OPEN_XML "wordprocessingml.document", true},
    {"xl/workbook", OPEN_XML "spreadsheetml.sheet", true},
    {"ppt/presentation", OPEN_XML "presentationml.presentation", true},
    {"visio/document.xml", "application/vnd.ms-visio.drawing.main+xml"},
    {"FixedDocSeq.fdseq", "application/vnd.ms-xpsdocument"},
    {"FixedDocumentSequence.fdseq", "application/vnd.ms-xpsdocument"},
    {"AndroidManifest.xml", "application/vnd.android.package-archive"},
    {"AppxManifest.xml", "application/vnd.ms-appx"},
    {"AppxBundleManifest.xml", "application/vnd.ms-appx"},
    {"META-INF/MANIFEST.MF", "application/java-archive"},
});
#undef OPEN_XML

// What an entry "mimetype", stored and the first, may say (ODF 1.3 part 2, 3.3; EPUB OCF 3.3).
#define OPEN_DOCUMENT "application/vnd.oasis.opendocument."
constexpr auto said_types = std::to_array<std::string_view>(
    {OPEN_DOCUMENT "text", OPEN_DOCUMENT "text-template", OPEN_DOCUMENT "text-web",
     OPEN_DOCUMENT "text-master", OPEN_DOCUMENT "spreadsheet", OPEN_DOCUMENT "spreadsheet-template",
     OPEN_DOCUMENT "presentation", OPEN_DOCUMENT "presentation-template", OPEN_DOCUMENT "graphics",
     OPEN_DOCUMENT "graphics-template", OPEN_DOCUMENT "chart", OPEN_DOCUMENT "chart-template",
     OPEN_DOCUMENT "image", OPEN_DOCUMENT "image-template", OPEN_DOCUMENT "formula",
     OPEN_DOCUMENT "formula-template", OPEN_DOCUMENT "database", "application/epub+zip"});
#undef OPEN_DOCUMENT

// Which rows a name of the archive meets.
class Members {
 public:
  void add(std::string_view name) {
    if (name.starts_with('/') || name.starts_with('\\')) name.remove_prefix(1);
    for (std::size_t i = 0; i < member_rows.size(); ++i) {
      const MemberRow& row = member_rows[i];
      if (row.folder ? starts_ignoring_case(name, row.name) : equal_ignoring_case(name, row.name))
        found_[i] = true;
    }
  }
  void tell(TrueTypes& types) const {
    for (std::size_t i = 0; i < member_rows.size(); ++i)
      if (found_[i]) types.add(member_rows[i].type);
  }

 private:
  std::array<bool, member_rows.size()> found_ = {};
};

void add_said_type(std::string_view bytes, TrueTypes& types) {
  const auto first = zip_header_at(bytes, 0);
  if (!first || first->name != "mimetype" || first->method != 0) return;
  const std::string_view said = bytes.substr(first->next, first->packed_size);
  for (const std::string_view type : said_types)
    if (said == type) types.add(type);
}

}  // namespace

void add_zip_types(std::string_view bytes, TrueTypes& types) {
  // The last directory is the one that nearly all programs take; one before it may be of a zip within.
  std::optional<ZipDirectory> directory;
  std::size_t at = bytes.size() > longest_zip_end ? bytes.size() - longest_zip_end : 0;
  while (const auto next = next_zip_directory(bytes, at)) {
    directory = next;
    at = next->end_record + 1;
  }
  Members members;
  if (directory) {
    auto header = zip_header_at(bytes, directory->begin);
    while (header && header->central) {
      members.add(header->name);
      header = zip_header_at(bytes, header->next);
    }
  } else {
    for (auto header = next_zip_header(bytes, 0); header; header = next_zip_header(bytes, header->next))
      members.add(header->name);
  }
  add_said_type(bytes, types);
  members.tell(types);
}

}  // namespace rastel::message
