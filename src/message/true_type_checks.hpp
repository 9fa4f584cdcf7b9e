// SPDX-License-Identifier: GPL-2.0-only
// What a mark of a few bytes leaves open: a check for each kind of file whose mark other files have by
// chance, or that has none at a fixed place. For the table of true_type.cpp; bounded looks, but for zip's
// directory.
#pragma once

#include <string_view>

#include "message/true_type.hpp"

namespace rastel::message {

[[nodiscard]] bool is_dos_program(std::string_view bytes);  // DOS, Windows 16 and 32, OS/2
[[nodiscard]] bool is_java_class(std::string_view bytes);
[[nodiscard]] bool is_mach_of_several(std::string_view bytes);  // "fat"
[[nodiscard]] bool is_flash(std::string_view bytes);
[[nodiscard]] bool is_pkcs7(std::string_view bytes);
[[nodiscard]] bool is_gzip(std::string_view bytes);
[[nodiscard]] bool is_bzip2(std::string_view bytes);
[[nodiscard]] bool is_lzma(std::string_view bytes);
[[nodiscard]] bool is_tar(std::string_view bytes);  // of before POSIX too
[[nodiscard]] bool is_arj(std::string_view bytes);
[[nodiscard]] bool is_lha(std::string_view bytes);
[[nodiscard]] bool is_binary_cpio(std::string_view bytes);
[[nodiscard]] bool is_udf_image(std::string_view bytes);
[[nodiscard]] bool ends_as_vhd(std::string_view bytes);
[[nodiscard]] bool ends_as_dmg(std::string_view bytes);
[[nodiscard]] bool is_bitmap(std::string_view bytes);
[[nodiscard]] bool is_riff(std::string_view bytes);
[[nodiscard]] bool is_icon(std::string_view bytes);
[[nodiscard]] bool has_pdf_header(std::string_view bytes);  // in the first 1,024 bytes
[[nodiscard]] bool ends_as_zip(std::string_view bytes);     // and begins as something else

// Documents, programs and packages that are kept in a zip (true_type_zip.cpp) and in OLE2's file of files
// (true_type_ole.cpp, MS-CFB).
void add_zip_types(std::string_view bytes, TrueTypes& types);
void add_ole_types(std::string_view bytes, TrueTypes& types);
// Told by words, in ASCII, UTF-8 or UTF-16 (true_type_text.cpp).
void add_text_types(std::string_view bytes, TrueTypes& types);

}  // namespace rastel::message
