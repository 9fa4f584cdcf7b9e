// SPDX-License-Identifier: GPL-2.0-only
#include "detect/prewarm.hpp"

#include <array>
#include <ctime>
#include <string_view>
#include <vector>

#include <iconv.h>

#include "message/archive_names.hpp"

namespace rastel::detect {
namespace {

// What mail is written in. A name that isn't here makes iconv_open fail in a confined worker, and libclamav
// then takes the bytes as they are: the raw view of the part is scanned in any case.
constexpr auto character_sets = std::to_array<const char*>(
    {"UTF-8",      "UTF-16",      "UTF-16BE",    "UTF-16LE",    "UTF-32",      "UTF-32BE",    "UTF-32LE",
     "UTF-7",      "UCS-2",       "UCS-4",       "UCS-4BE",     "UCS-4LE",     "ASCII",       "ISO-8859-1",
     "ISO-8859-2", "ISO-8859-3",  "ISO-8859-4",  "ISO-8859-5",  "ISO-8859-6",  "ISO-8859-7",  "ISO-8859-8",
     "ISO-8859-9", "ISO-8859-10", "ISO-8859-11", "ISO-8859-13", "ISO-8859-14", "ISO-8859-15", "ISO-8859-16",
     "CP437",      "CP737",       "CP775",       "CP850",       "CP852",       "CP855",       "CP857",
     "CP858",      "CP860",       "CP861",       "CP862",       "CP863",       "CP864",       "CP865",
     "CP866",      "CP869",       "CP874",       "CP932",       "CP949",       "CP950",       "CP1250",
     "CP1251",     "CP1252",      "CP1253",      "CP1254",      "CP1255",      "CP1256",      "CP1257",
     "CP1258",     "WINDOWS-31J", "WINDOWS-936", "KOI8-R",      "KOI8-U",      "MACINTOSH",   "MAC-CYRILLIC",
     "SHIFT_JIS",  "EUC-JP",      "ISO-2022-JP", "ISO-2022-KR", "ISO-2022-CN", "EUC-KR",      "EUC-CN",
     "EUC-TW",     "GB2312",      "GBK",         "GB18030",     "BIG5",        "BIG5-HKSCS",  "JOHAB",
     "TIS-620",    "VISCII",      "ARMSCII-8",   "GEORGIAN-PS", "IBM037",      "IBM500",      "IBM1047"});

void open_character_sets() {
  // The descriptors stay open on purpose: libc unloads a module some time after its last one is closed. Never
  // freed.
  static auto* const kept = new std::vector<iconv_t>();
  for (const char* from : character_sets) {
    for (const char* to : {"UTF-16BE", "UTF-8"}) kept->push_back(::iconv_open(to, from));
  }
}

}  // namespace

void prewarm_process() {
  static const bool once = [] {
    ::tzset();
    const std::time_t now = std::time(nullptr);
    std::tm fields{};
    ::localtime_r(&now, &fields);
    open_character_sets();
    (void)message::prewarm_archive_reader();  // what it then lacks it says of each archive
    return true;
  }();
  (void)once;
}

std::string html_mail_for_prewarming() {
  return "Received: from prewarm by rastel; Thu, 01 Jan 1970 00:00:00 +0000\r\n"
         "Subject: =?koi8-r?B?8NLJ18XU?=\r\nMIME-Version: 1.0\r\nContent-Type: text/html; "
         "charset=koi8-r\r\n\r\n"
         "<html><head><meta http-equiv=\"Content-Type\" content=\"text/html; charset=koi8-r\"><script>var a "
         "= 1;"
         "</script></head><body><a href=\"http://example.com/\">\xf0\xd2\xc9</a></body></html>\r\n";
}

}  // namespace rastel::detect
