// SPDX-License-Identifier: GPL-2.0-only
// One row a kind of file: where its mark stands and what else has to be so. For true_type.cpp. What is told
// by words is in true_type_text.cpp.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "message/true_type_checks.hpp"

namespace rastel::message {

struct TypeRow {
  std::size_t offset;
  std::string_view magic;
  std::string_view type;
  bool (*check)(std::string_view bytes) = nullptr;  // of all bytes; none: the mark is enough
  void (*add_narrower)(std::string_view bytes, TrueTypes& types) = nullptr;  // before the type itself
};

// A mark with its NULs.
template <std::size_t size>
constexpr std::string_view mark(const char (&text)[size]) {
  return {text, size - 1};
}

// Programs stand first: of bytes that are two things at once the more dangerous one is the main type.
constexpr auto type_rows = std::to_array<TypeRow>({
    // Programs.
    {0, "MZ", "application/x-dosexec", is_dos_program},
    {0, "ZM", "application/x-dosexec", is_dos_program},
    {0,
     "\x7f"
     "ELF",
     "application/x-executable"},
    {0, mark("\xfe\xed\xfa\xce"), "application/x-mach-binary"},
    {0, mark("\xfe\xed\xfa\xcf"), "application/x-mach-binary"},
    {0, mark("\xce\xfa\xed\xfe"), "application/x-mach-binary"},
    {0, mark("\xcf\xfa\xed\xfe"), "application/x-mach-binary"},
    {0, mark("\xca\xfe\xba\xbe"), "application/x-java-applet", is_java_class},
    {0, mark("\xca\xfe\xba\xbe"), "application/x-mach-binary", is_mach_of_several},
    {0, mark("dex\n0"), "application/vnd.android.dex"},
    {0, mark("\0asm"), "application/wasm"},
    {0, "FasdUAS ", "application/x-applescript"},
    {0, mark("\x4c\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46"), "application/x-ms-shortcut"},
    {0, "FWS", "application/x-shockwave-flash", is_flash},
    {0, "CWS", "application/x-shockwave-flash", is_flash},
    {0, "ZWS", "application/x-shockwave-flash", is_flash},
    {0, "ITSF", "application/vnd.ms-htmlhelp"},
    {0, mark("?_\x03\0"), "application/winhelp"},
    {0, "Cr24", "application/x-chrome-extension"},
    {0, "!<arch>\ndebian-binary", "application/vnd.debian.binary-package"},
    {0, mark("\xed\xab\xee\xdb"), "application/x-rpm"},
    // Documents.
    {0, mark("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "application/x-ole-storage", nullptr, add_ole_types},
    {0, mark("\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3"), "application/msonenote"},
    {0, mark("\xa1\x2f\xff\x43\xd9\xef\x76\x4c\x9e\xe2\x10\xea\x57\x22\x76\x5f"), "application/msonenote"},
    {0, "%!PS", "application/postscript"},
    {0, "\x04%!PS", "application/postscript"},
    {0, mark("\xc5\xd0\xd3\xc6"), "application/postscript"},
    {0, "ID;P", "application/x-sylk"},
    {4, "Standard Jet DB", "application/x-msaccess"},
    {4, "Standard ACE DB", "application/x-msaccess"},
    {0, mark("\x78\x9f\x3e\x22"), "application/vnd.ms-tnef"},
    {0, "!BDN", "application/vnd.ms-outlook-pst"},
    {0, mark("\x30"), "application/pkcs7-mime", is_pkcs7},
    // Archives.
    {0, mark("PK\x03\x04"), "application/zip", nullptr, add_zip_types},
    {0, mark("PK\x05\x06"), "application/zip", nullptr, add_zip_types},
    {0, mark("PK\x07\x08PK\x03\x04"), "application/zip", nullptr, add_zip_types},
    {0, mark("PK00PK\x03\x04"), "application/zip", nullptr, add_zip_types},
    {0, mark("Rar!\x1a\x07"), "application/x-rar"},
    {0, mark("RE~^"), "application/x-rar"},
    {0, mark("7z\xbc\xaf\x27\x1c"), "application/x-7z-compressed"},
    {0, mark("\x1f\x8b"), "application/gzip", is_gzip},
    {0, "BZh", "application/x-bzip2", is_bzip2},
    {0,
     mark("\xfd"
          "7zXZ\0"),
     "application/x-xz"},
    {0, mark("\x28\xb5\x2f\xfd"), "application/zstd"},
    {0, mark("\x04\x22\x4d\x18"), "application/x-lz4"},
    {0, "LZIP", "application/x-lzip"},
    {0, mark("\x5d\0\0"), "application/x-lzma", is_lzma},
    {0, mark("\x1f\x9d"), "application/x-compress"},
    {257, "ustar", "application/x-tar"},
    {0, "", "application/x-tar", is_tar},
    {0, "MSCF", "application/vnd.ms-cab-compressed"},
    {0, "ISc(", "application/x-installshield"},
    {0, mark("\x60\xea"), "application/x-arj", is_arj},
    {7, "**ACE**", "application/x-ace-compressed"},
    {2, "-l", "application/x-lzh-compressed", is_lha},
    {20, mark("\xdc\xa7\xc4\xfd"), "application/x-zoo"},
    {0, mark("ALZ\x01"), "application/x-alz-compressed"},
    {0, "EGGA", "application/x-egg"},
    {0, "SIT!", "application/x-stuffit"},
    {0, "StuffIt (c)", "application/x-stuffit"},
    {0, "xar!", "application/x-xar"},
    {0, mark("SZDD\x88\xf0\x27\x33"), "application/x-ms-compress-szdd"},
    {0, mark("KWAJ\x88\xf0\x27\xd1"), "application/x-ms-compress-kwaj"},
    {0, "!<arch>\n", "application/x-archive"},
    {0, "070701", "application/x-cpio"},
    {0, "070702", "application/x-cpio"},
    {0, "070707", "application/x-cpio"},
    {0, mark("\xc7\x71"), "application/x-cpio", is_binary_cpio},
    {0, mark("\x71\xc7"), "application/x-cpio", is_binary_cpio},
    {0, mark("MSWIM\0\0\0"), "application/x-ms-wim"},
    // Images of disks, which a double click mounts.
    {0x8001, "CD001", "application/x-iso9660-image"},
    {0x8801, "CD001", "application/x-iso9660-image"},
    {0x9001, "CD001", "application/x-iso9660-image"},
    {0x9311, "CD001", "application/x-iso9660-image"},  // with the sectors' frames of 2,352 bytes
    {0, "", "application/x-udf-image", is_udf_image},
    {0, "conectix", "application/x-virtualbox-vhd"},
    {0, "", "application/x-virtualbox-vhd", ends_as_vhd},
    {0, "vhdxfile", "application/x-virtualbox-vhdx"},
    {0, mark("KDMV"), "application/x-virtualbox-vmdk"},
    {0, "", "application/x-apple-diskimage", ends_as_dmg},
    // Pictures, sound, film.
    {0, mark("\x89PNG\r\n\x1a\n"), "image/png"},
    {0, mark("\xff\xd8\xff"), "image/jpeg"},
    {0, "GIF87a", "image/gif"},
    {0, "GIF89a", "image/gif"},
    {0, "BM", "image/bmp", is_bitmap},
    {8, "WEBP", "image/webp", is_riff},
    {0, mark("II*\0"), "image/tiff"},
    {0, mark("MM\0*"), "image/tiff"},
    {0, mark("\0\0\x01\0"), "image/vnd.microsoft.icon", is_icon},
    {0, mark("\0\0\x02\0"), "image/x-win-bitmap", is_icon},
    {0, "8BPS", "image/vnd.adobe.photoshop"},
    {40, " EMF", "image/emf"},
    {0, mark("\xd7\xcd\xc6\x9a"), "image/wmf"},
    {0, mark("\0\0\0\x0cjP  \r\n\x87\n"), "image/jp2"},
    {0, mark("\0\0\0\x0cJXL \r\n\x87\n"), "image/jxl"},
    {0, "AT&TFORM", "image/vnd.djvu"},
    {4, "ftypheic", "image/heic"},
    {4, "ftypheix", "image/heic"},
    {4, "ftypmif1", "image/heif"},
    {4, "ftypavif", "image/avif"},
    {4, "ftypM4A ", "audio/x-m4a"},
    {4, "ftypqt  ", "video/quicktime"},
    {4, "ftyp3g", "video/3gpp"},
    {4, "ftypmp4", "video/mp4"},
    {4, "ftypiso", "video/mp4"},
    {4, "ftypM4V", "video/mp4"},
    {4, "moov", "video/quicktime"},
    {8, "WAVE", "audio/x-wav", is_riff},
    {8, "AVI ", "video/x-msvideo", is_riff},
    {8, "ACON", "application/x-navi-animation", is_riff},
    {0, "OggS", "audio/ogg"},
    {0, "fLaC", "audio/flac"},
    {0, "MThd", "audio/midi"},
    {0, "ID3", "audio/mpeg"},
    {0, "#!AMR", "audio/amr"},
    {0, "FLV\x01", "video/x-flv"},
    {0, mark("\x1a\x45\xdf\xa3"), "video/x-matroska"},
    {0, mark("\x30\x26\xb2\x75\x8e\x66\xcf\x11"), "video/x-ms-asf"},
    {0, mark("\0\0\x01\xba"), "video/mpeg"},
    // At other places than the beginning, hence last: what stands there decides what the file is to most.
    {0, "", "application/pdf", has_pdf_header},
    {0, "", "application/zip", ends_as_zip, add_zip_types},
});

}  // namespace rastel::message
