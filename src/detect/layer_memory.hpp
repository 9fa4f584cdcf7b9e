// SPDX-License-Identifier: GPL-2.0-only
// Which layers of a message need no scan, because the same bytes under the same circumstances were scanned to
// their end before: earlier in this message, or in an earlier one that ended clean and complete
// (KnownLayers). What libclamav finds in a layer depends on its bytes, its type and attributes, and the types
// of the containers around it (Container: and Intermediates: of logical signatures); so these are the key,
// hashed. Conditions on names, sizes and places of members (.cdb) are judged while the container is read,
// which is not skipped unless the container itself is known.
//
// libclamav tells the type that it sees at first. Some types it may correct while it scans (text that turns
// out to be HTML or mail), unseen by us, and their inner layers are then under another type than we believe.
// Below such a layer nothing is remembered. The outermost layer is never skipped when it is the message
// itself; it may be when it is a part that is scanned alone.
//
// What it finds in the middle of a layer (a zip's member in a document, an archive behind a program) it may
// scan as a layer of which it tells nothing, but for those within. Below such a one nothing is skipped or
// remembered; the layer around it is, as it ends behind all that was found in it. An error of the untold
// layer itself stays libclamav's: what would differ with the same bytes, a file that can't be written, is
// watched by other means (write_watch.hpp).
//
// A layer counts only when its scan, and that of all below it, ended without an error: libclamav keeps many
// errors to itself (a part of a mail for which it finds no temporary file is dropped), and tells them by the
// layer's own result alone. One scan, one thread. Limits: `most_keys` new keys; beyond them layers are
// scanned and not remembered.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/sha256.hpp"
#include "detect/digest_memory.hpp"

namespace rastel::detect {

// What earlier messages brought, with the same signatures and options.
class KnownLayers {
 public:
  virtual ~KnownLayers() = default;
  [[nodiscard]] virtual bool knows(const Digest& key) const = 0;
};

struct Layer {
  std::string_view type;   // "CL_TYPE_ZIP"
  std::string_view bytes;  // all of them, or nothing when they aren't to be had
  std::uint64_t size = 0;
  std::uint32_t level = 0;  // 0: the message, or the part that is scanned alone
  std::uint32_t attributes = 0;
};

class LayerMemory {
 public:
  static constexpr std::size_t most_keys = 4096;
  static constexpr std::size_t most_seen = 65'536;      // layers; parts beyond them are scanned once more
  static constexpr std::size_t longest_text = 1 << 20;  // bytes; a longer one must be met to the byte

  // `known`: may be null; outlives this.
  explicit LayerMemory(const KnownLayers* known) : known_(known) {}

  enum class Outermost : std::uint8_t { message, part };
  void begin_pass(Outermost outermost) {
    open_.clear();
    outermost_ = outermost;
  }
  // Layers come in the order of a depth-first walk. True: skip it and all below it.
  [[nodiscard]] bool is_known(const Layer& layer);
  // The layer that was begun last and has not ended, ends; also one that was skipped.
  enum class Result { good, failed };
  void ended(Result result);

  // Whether a layer of these bytes ended well, or was known; of a text also one that differs in white space
  // alone.
  [[nodiscard]] bool has_seen(const Digest& digest, std::string_view bytes) const;

  // Of the layers that have begun and not ended: digests of their bytes and, of texts, of their words.
  [[nodiscard]] std::vector<Digest> open() const;

  // Of the layers that were scanned to their end. Worth something only if the whole message ended clean and
  // complete.
  [[nodiscard]] std::vector<Digest> take_new() { return confused_ ? std::vector<Digest>() : std::move(new_); }
  [[nodiscard]] std::uint64_t skipped() const { return skipped_; }
  // Of what stands in a mail, in which our reader finds it again.
  [[nodiscard]] DigestMemory& digests() { return digests_; }

 private:
  struct Open {
    std::string type;
    bool stable = false;           // its type is what inner layers are under
    std::optional<Digest> digest;  // of its bytes, where they are to be had
    std::optional<Digest> words;   // of a text
    std::optional<Digest> key;     // to be remembered if it ends well
    bool failed = false;
    bool untold = false;  // nobody told of its beginning, nor will of its end
  };
  void come_to(std::uint32_t level);
  void close(Result result);
  [[nodiscard]] std::optional<Digest> key_of(const Layer& layer, const std::optional<Digest>& digest) const;

  const KnownLayers* known_;
  Outermost outermost_ = Outermost::message;
  std::vector<Open> open_;  // the layers that have not ended, by level
  bool confused_ = false;   // beginnings and ends don't match: nothing more is skipped or remembered
  std::unordered_set<Digest> in_this_message_;
  std::unordered_set<Digest> seen_, seen_words_;
  std::vector<Digest> new_;
  std::uint64_t skipped_ = 0;
  DigestMemory digests_;
};

}  // namespace rastel::detect
