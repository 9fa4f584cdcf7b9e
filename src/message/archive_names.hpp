// SPDX-License-Identifier: GPL-2.0-only
// The names of what lies in an archive, without unpacking it: zip and what is one (jar, OOXML), rar, arj, 7z,
// tar, cpio, ar (deb), rpm, cab, lha, ISO 9660, UDF; of these tar, cpio, ar, cab, lha and ISO 9660 also
// within gzip, bzip2, xz, lzma, lzip, zstd, lz4 and compress. Whether one of them is banned is policy's to
// say.
//
// Every reading: a zip's local headers and its directories, an image's plain, Joliet, Rock Ridge and UDF
// trees, the plain and the Unicode name of a rar's file, the name that gzip keeps; and an archive behind
// other bytes, as in a program that unpacks itself. Not taken apart: an archive within the archive.
//
// Zip, rar, arj and UDF are read by code of ours: their headers need nothing unpacked, libarchive follows one
// of the two chains of a zip, unpacks a solid rar to pass it over, and doesn't know arj and UDF. The rest is
// libarchive's, with those of its formats and filters alone that start no program (archive_listing.cpp).
//
// Limits: `most_names`, `longest_name`, `most_bytes` of names, and `room` for what is unpacked on the way (a
// tar.xz has no list). Behind the first three each extension that wasn't there yet still brings one name, up
// to `most_behind` of them, so that a thousand texts hide no program. What is beyond that is said by `cut`;
// further names of extensions that are there already are left out, as large archives of honest people have
// them.
//
// Confined: libarchive makes names in the charset of the thread's locale, and loses them where that has no
// such character, so C.UTF-8 is set for the length of a call. Its file and the time zone's are opened once,
// by prewarm_archive_reader(), before the process can't open files any more. Behind that, libarchive 3.6.2
// and its libraries were seen to call for memory (brk, mmap, munmap, never executable), futex, and stat and
// open of /etc/localtime whenever a format keeps local times (mktime looks whether it changed), which may
// fail, but must not be death. They start no thread. How much memory is up to the archive: 7z and xz may
// ask for gigabytes, which the process's limit refuses; the archive is then broken.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace rastel::message {

struct ArchiveNames {
  // Each once, UTF-8: octets that aren't stand as \xNN. A longer name than `longest_name` keeps its end,
  // where the extension is.
  std::vector<std::string> names;
  bool encrypted = false;    // something in it is, or its names are
  bool cut = false;          // there may be names of extensions that aren't among these
  bool broken = false;       // it can't be read to its end, or a name of it can't
  std::size_t unpacked = 0;  // bytes that it took to get at them

  static constexpr std::size_t most_names = 1000;
  static constexpr std::size_t longest_name = 1024;    // bytes
  static constexpr std::size_t most_bytes = 1U << 18;  // of all names but those behind these limits
  static constexpr std::size_t most_behind = 200;      // names, each of an extension of its own
};

// Nothing is set for bytes that are no archive. Not reentrant within a thread; threads don't disturb each
// other.
[[nodiscard]] ArchiveNames archive_names(std::string_view bytes, std::size_t room);

// What one part may unpack to for its names: enough for a tar of source text, not for a bomb.
[[nodiscard]] constexpr std::size_t archive_room(std::size_t size) {
  return (std::size_t{64} << 20) + 10 * size;
}

// Opens what libarchive would open later. False: this machine has no C.UTF-8, or its libarchive lacks one of
// the formats above; names are then incomplete, and archive_names() says `broken` where that may matter.
[[nodiscard]] bool prewarm_archive_reader();

}  // namespace rastel::message
