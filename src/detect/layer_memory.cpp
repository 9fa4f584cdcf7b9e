// SPDX-License-Identifier: GPL-2.0-only
#include "detect/layer_memory.hpp"

#include <algorithm>
#include <array>

#include "detect/text_digest.hpp"

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

std::optional<Digest> LayerMemory::key_of(const Layer& layer, const std::optional<Digest>& digest) const {
  if (confused_ || !digest || layer.size == 0) return std::nullopt;
  if (layer.level == 0 && outermost_ == Outermost::message) return std::nullopt;
  if (!std::ranges::all_of(open_, &Open::stable)) return std::nullopt;
  Sha256 hash;
  add_number(hash, layer.size);
  add_number(hash, layer.attributes);
  add_text(hash, layer.type);
  for (const Open& around : open_) add_text(hash, around.type);
  hash.update({reinterpret_cast<const char*>(digest->bytes.data()), digest->bytes.size()});
  return hash.finish();
}

// The layers around the next one are open, and no others.
void LayerMemory::come_to(std::uint32_t level) {
  if (open_.size() > level && open_.back().untold) close(Result::good);
  if (!open_.empty() && !open_.back().untold && open_.size() + 1 == level) {
    open_.push_back({.type = {}, .digest = {}, .words = {}, .key = {}, .untold = true});
  }
  confused_ = confused_ || open_.size() != level;
}

bool LayerMemory::is_known(const Layer& layer) {
  come_to(layer.level);
  Open begun{.type = std::string(layer.type),
             .stable = keeps_its_type(layer.type),
             .digest = {},
             .words = {},
             .key = {}};
  // The message itself is no part of anything, and the longest of all.
  const bool may_be_part = layer.level > 0 || outermost_ == Outermost::part;
  if (may_be_part && layer.bytes.size() == layer.size) {
    const bool of_a_mail = !open_.empty() && open_.back().type == "CL_TYPE_MAIL";
    begun.digest = of_a_mail ? digests_.digest_and_keep(layer.bytes) : digests_.digest_of(layer.bytes);
    // Only its mail parser changes white space.
    if (of_a_mail && layer.size <= longest_text && may_be_text(layer.bytes))
      begun.words = digest_of_words(layer.bytes);
  }
  begun.key = key_of(layer, begun.digest);
  const bool known = begun.key && (in_this_message_.contains(*begun.key) ||
                                   (known_ != nullptr && known_->knows(*begun.key)));
  if (known) {
    ++skipped_;
    begun.key.reset();
  }
  open_.push_back(std::move(begun));
  return known;
}

void LayerMemory::ended(Result result) {
  if (!open_.empty() && open_.back().untold) close(Result::good);
  if (open_.empty())
    confused_ = true;
  else
    close(result);
}

void LayerMemory::close(Result result) {
  const Open layer = std::move(open_.back());
  open_.pop_back();
  if (layer.failed || result == Result::failed) {
    if (!open_.empty()) open_.back().failed = true;
    return;
  }
  if (confused_) return;
  if (layer.digest && seen_.size() < most_seen) seen_.insert(*layer.digest);
  if (layer.words && seen_words_.size() < most_seen) seen_words_.insert(*layer.words);
  if (!layer.key || new_.size() >= most_keys) return;
  if (in_this_message_.insert(*layer.key).second) new_.push_back(*layer.key);
}

bool LayerMemory::has_seen(const Digest& digest, std::string_view bytes) const {
  if (seen_.contains(digest)) return true;
  return !seen_words_.empty() && bytes.size() <= longest_text && may_be_text(bytes) &&
         seen_words_.contains(digest_of_words(bytes));
}

std::vector<Digest> LayerMemory::open() const {
  std::vector<Digest> digests;
  for (const Open& layer : open_) {
    if (layer.digest) digests.push_back(*layer.digest);
    if (layer.words) digests.push_back(*layer.words);
  }
  return digests;
}

}  // namespace rastel::detect
