// SPDX-License-Identifier: GPL-2.0-only
#include "detect/layer_memory.hpp"

#include <algorithm>
#include <array>

namespace rastel::detect {
namespace {

// Containers that are recognised by their own magic, or (mail) by the reader that takes them apart.
bool keeps_its_type(std::string_view type) {
  static constexpr std::array<std::string_view, 14> known{
      "CL_TYPE_MAIL",     "CL_TYPE_ZIP",       "CL_TYPE_GZ",  "CL_TYPE_BZ",     "CL_TYPE_XZ",
      "CL_TYPE_7Z",       "CL_TYPE_POSIX_TAR", "CL_TYPE_PDF", "CL_TYPE_MSOLE2", "CL_TYPE_OOXML_WORD",
      "CL_TYPE_OOXML_XL", "CL_TYPE_OOXML_PPT", "CL_TYPE_ARJ", "CL_TYPE_MSCAB"};
  return std::ranges::find(known, type) != known.end();
}

void add_number(Sha256& hash, std::uint64_t number) {
  hash.update({reinterpret_cast<const char*>(&number), sizeof number});
}

// With its length, so that no two lists of texts look the same.
void add_text(Sha256& hash, std::string_view text) {
  add_number(hash, text.size());
  hash.update(text);
}

}  // namespace

std::optional<Digest> LayerMemory::key_of(const Layer& layer) const {
  if (confused_ || layer.level == 0 || layer.size == 0 || layer.bytes.size() != layer.size)
    return std::nullopt;
  if (!std::ranges::all_of(open_, &Open::stable)) return std::nullopt;
  Sha256 hash;
  add_number(hash, layer.size);
  add_number(hash, layer.attributes);
  add_text(hash, layer.type);
  for (const Open& around : open_) add_text(hash, around.type);
  hash.update(layer.bytes);
  return hash.finish();
}

bool LayerMemory::is_known(const Layer& layer) {
  confused_ = confused_ || open_.size() != layer.level;
  std::optional<Digest> key = key_of(layer);
  const bool known = key && (in_this_message_.contains(*key) || (known_ != nullptr && known_->knows(*key)));
  if (known) {
    ++skipped_;
    key.reset();
  }
  open_.push_back({std::string(layer.type), keeps_its_type(layer.type), key, false});
  return known;
}

void LayerMemory::ended(Result result) {
  if (open_.empty()) {
    confused_ = true;
    return;
  }
  const Open layer = std::move(open_.back());
  open_.pop_back();
  if (layer.failed || result == Result::failed) {
    if (!open_.empty()) open_.back().failed = true;
    return;
  }
  if (!layer.key || confused_ || new_.size() >= most_keys) return;
  if (in_this_message_.insert(*layer.key).second) new_.push_back(*layer.key);
}

}  // namespace rastel::detect
