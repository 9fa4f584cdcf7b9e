// SPDX-License-Identifier: GPL-2.0-only
// Names by libarchive. Two readers in a row where something is compressed: the first unpacks, the second
// lists what the first hands it, so that one place counts what is unpacked, whatever a format does to pass
// over it.
#include <array>
#include <cerrno>
#include <memory>

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <time.h>

#include "message/archive_name_list.hpp"
#include "message/magic_heads.hpp"

namespace rastel::message {
namespace {

using Reader = std::unique_ptr<archive, decltype([](archive* reader) { archive_read_free(reader); })>;
using Support = int (*)(archive*);

// One by one: `all` would take formats that nobody mails, and filters for which libarchive starts a program
// (grzip, lrzip, lzop). A filter that this libarchive would do by a program answers ARCHIVE_WARN. Not zip,
// rar: see archive_names.hpp. Not xar, mtree, warc, raw and empty: libxml2, and what any text may be.
constexpr auto formats = std::to_array<Support>(
    {archive_read_support_format_7zip, archive_read_support_format_ar, archive_read_support_format_cab,
     archive_read_support_format_cpio, archive_read_support_format_iso9660, archive_read_support_format_lha,
     archive_read_support_format_tar});
constexpr auto filters = std::to_array<Support>(
    {archive_read_support_filter_bzip2, archive_read_support_filter_compress,
     archive_read_support_filter_gzip, archive_read_support_filter_lz4, archive_read_support_filter_lzip,
     archive_read_support_filter_lzma, archive_read_support_filter_rpm, archive_read_support_filter_xz,
     archive_read_support_filter_zstd});
constexpr auto unpacked_only = std::to_array<Support>({archive_read_support_format_raw});

// What may stand behind other bytes, and how it begins.
constexpr std::string_view begins_7z("7z\xbc\xaf\x27\x1c");
constexpr std::string_view begins_cab("MSCF\0\0\0\0", 8);
constexpr std::array begins_embedded{begins_7z, begins_cab};
constexpr MagicHeads heads_of_embedded{begins_embedded};
constexpr int most_embedded = 8;  // of either

template <std::size_t count>
bool support(archive* reader, const std::array<Support, count>& list) {
  if (reader == nullptr) return false;
  for (const Support support : list)
    if (support(reader) != ARCHIVE_OK) return false;
  return true;
}

// Opened by the first call, never freed: an image of the process in which names of any script are kept.
locale_t utf8_locale() {
  static const locale_t locale = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return locale;
}

class InUtf8 {
 public:
  InUtf8() : before_(utf8_locale() == nullptr ? nullptr : ::uselocale(utf8_locale())) {}
  ~InUtf8() {
    if (before_ != nullptr) ::uselocale(before_);
  }
  InUtf8(const InUtf8&) = delete;
  InUtf8& operator=(const InUtf8&) = delete;

 private:
  locale_t before_;
};

// What formats keep in place of a file: an image's root, the tables of an `ar`.
bool is_name(std::string_view name) { return name != "." && name != "/" && name != "//"; }

// All names of an opened archive. False: it can't be read to its end.
bool list_entries(archive* reader, ArchiveNameList& names) {
  bool whole = true;
  bool any = false;
  archive_entry* entry = nullptr;
  int result = ARCHIVE_OK;
  while (result != ARCHIVE_FATAL && names.spend_header() &&
         (result = archive_read_next_header(reader, &entry)) != ARCHIVE_EOF) {
    if (result == ARCHIVE_FATAL) {
      whole = false;
    } else if (result != ARCHIVE_RETRY) {
      any = true;
      const char* name = archive_entry_pathname(entry);
      if (name == nullptr) {
        whole = false;
      } else if (is_name(name)) {
        names.add(name);
      }
      if (archive_entry_is_encrypted(entry) > 0) names.encrypted();
    }
  }
  if (archive_read_has_encrypted_entries(reader) <= 0) return whole;
  names.encrypted();
  return whole || !any;  // the names themselves are
}

// As it lies there. `option`: of iso9660, to see another of its trees.
void list_plain(std::string_view bytes, bool embedded, const char* option, ArchiveNameList& names) {
  const Reader reader(archive_read_new());
  const std::size_t before = names.count();
  if (!support(reader.get(), formats) ||
      (option != nullptr && archive_read_set_options(reader.get(), option) != ARCHIVE_OK))
    return names.broken();
  if (archive_read_open_memory(reader.get(), bytes.data(), bytes.size()) != ARCHIVE_OK)
    return;  // none of them
  const bool whole = list_entries(reader.get(), names);
  if (!whole && (!embedded || names.count() > before)) names.broken();
  const bool image = (archive_format(reader.get()) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_ISO9660;
  if (!image || option != nullptr) return;
  list_plain(bytes, embedded, "iso9660:!rockridge", names);
  list_plain(bytes, embedded, "iso9660:!rockridge,iso9660:!joliet", names);
}

struct Unpacking {
  archive* reader;
  std::size_t room;
  ArchiveNameList& names;
  bool stopped = false;
};

la_ssize_t unpack(archive* listing, void* data, const void** piece) {
  Unpacking& unpacking = *static_cast<Unpacking*>(data);
  std::size_t size = 0;
  la_int64_t offset = 0;
  const int result = archive_read_data_block(unpacking.reader, piece, &size, &offset);
  if (result == ARCHIVE_EOF) return 0;
  if (result == ARCHIVE_OK && size <= unpacking.room) {
    unpacking.room -= size;
    unpacking.names.unpacked(size);
    return static_cast<la_ssize_t>(size);
  }
  if (result == ARCHIVE_OK) {
    unpacking.names.cut();
  } else {
    unpacking.names.broken();
  }
  unpacking.stopped = true;
  archive_set_error(listing, EIO, "stopped");
  return -1;
}

// Within gzip and its like. False: nothing is compressed.
bool list_compressed(std::string_view bytes, std::size_t room, ArchiveNameList& names) {
  const Reader unpacker(archive_read_new());
  archive_entry* entry = nullptr;
  if (!support(unpacker.get(), filters) || !support(unpacker.get(), unpacked_only)) {
    names.broken();
    return true;
  }
  if (archive_read_open_memory(unpacker.get(), bytes.data(), bytes.size()) != ARCHIVE_OK) {
    names.broken();  // a filter's fault: `raw` takes all that there is
    return true;
  }
  if (archive_read_next_header(unpacker.get(), &entry) != ARCHIVE_OK ||
      archive_filter_count(unpacker.get()) < 2)
    return false;
  Unpacking unpacking{.reader = unpacker.get(), .room = room, .names = names};
  const Reader reader(archive_read_new());
  if (!support(reader.get(), formats)) {
    names.broken();
    return true;
  }
  const bool archive = archive_read_open(reader.get(), &unpacking, nullptr, unpack, nullptr) == ARCHIVE_OK;
  if (archive && !list_entries(reader.get(), names) && !unpacking.stopped) names.broken();
  return true;
}

void list_embedded(std::string_view bytes, std::string_view begin, ArchiveNameList& names) {
  int found = 0;
  for (std::size_t at = heads_of_embedded.next(bytes, 1); at < bytes.size();
       at = heads_of_embedded.next(bytes, at + 1)) {
    if (!bytes.substr(at).starts_with(begin)) continue;
    if (found++ == most_embedded) return names.cut();
    list_plain(bytes.substr(at), true, nullptr, names);
  }
}

}  // namespace

bool prewarm_archive_reader() {
  ::tzset();  // archives keep local times
  const InUtf8 in_utf8;
  const Reader lister(archive_read_new());
  const Reader unpacker(archive_read_new());
  return utf8_locale() != nullptr && support(lister.get(), formats) && support(unpacker.get(), filters) &&
         support(unpacker.get(), unpacked_only);
}

void list_by_libarchive(std::string_view bytes, std::size_t room, ArchiveNameList& names) {
  if (bytes.empty()) return;
  const InUtf8 in_utf8;
  if (!list_compressed(bytes, room, names)) list_plain(bytes, false, nullptr, names);
  list_embedded(bytes, begins_7z, names);
  list_embedded(bytes, begins_cab, names);
}

}  // namespace rastel::message
