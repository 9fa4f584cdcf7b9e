// SPDX-License-Identifier: GPL-2.0-only
#include "message/inflate.hpp"

#include <algorithm>
#include <limits>
#include <new>

#include <zlib.h>

#include "base/planted_bug.hpp"

namespace rastel::message {
namespace {

constexpr int window_of_either_format = 15 + 32;
constexpr std::size_t at_once = std::numeric_limits<uInt>::max() / 2;

class Stream {
 public:
  Stream() {
    if (inflateInit2(&stream_, window_of_either_format) != Z_OK) throw std::bad_alloc();
  }
  ~Stream() { inflateEnd(&stream_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  z_stream* operator->() { return &stream_; }
  z_stream* get() { return &stream_; }

 private:
  z_stream stream_{};
};

}  // namespace

Inflated inflate_bounded(std::string_view packed, std::size_t room) {
  if constexpr (RASTEL_PLANTED(inflate)) ++room;
  Stream stream;
  Inflated result;
  while (!packed.empty()) {
    if (result.bytes.size() == room) {
      result.cut = true;
      break;
    }
    // Grown as it fills, so that a small stream doesn't cost the room of a large one.
    const std::size_t before = result.bytes.size();
    const std::size_t piece = std::min({room - before, std::max<std::size_t>(before, 4096), at_once});
    result.bytes.resize(before + piece);
    const std::size_t given = std::min(packed.size(), at_once);
    stream->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream->avail_in = static_cast<uInt>(given);
    stream->next_out = reinterpret_cast<Bytef*>(result.bytes.data() + before);
    stream->avail_out = static_cast<uInt>(piece);
    const int state = ::inflate(stream.get(), Z_NO_FLUSH);
    packed.remove_prefix(given - stream->avail_in);
    result.bytes.resize(before + piece - std::min<std::size_t>(stream->avail_out, piece));
    if (state == Z_STREAM_END && inflateReset(stream.get()) == Z_OK) continue;
    if (state != Z_OK) break;
  }
  return result;
}

}  // namespace rastel::message
