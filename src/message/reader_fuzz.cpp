// SPDX-License-Identifier: GPL-2.0-only
// The reader: bounded whatever the message, every leaf once, incomplete exactly when a limit was met.
#include <cstdlib>
#include <set>

#include "message/reader.hpp"

namespace {

using rastel::Ambiguity;

class Collector : public rastel::message::LeafVisitor {
 public:
  void leaf(const rastel::message::Leaf& leaf) override {
    if (leaf.bytes.empty() || !seen_.emplace(leaf.bytes).second) std::abort();
    size_ += leaf.bytes.size();
  }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  std::set<std::string> seen_;
  std::size_t size_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rastel::message;
  Collector collector;
  const ReaderLimits limits{.depth = 8, .parts = 200, .decoded_bytes = 1 << 20};
  const ReadMessage read = read_message({reinterpret_cast<const char*>(data), size}, collector, limits);
  if (read.entities > limits.parts) std::abort();
  bool limited = false;
  for (const Ambiguity limit : {Ambiguity::limit_header, Ambiguity::limit_views, Ambiguity::limit_parts,
                                Ambiguity::limit_depth, Ambiguity::limit_size})
    limited = limited || read.oddities.has(limit);
  if (!read.complete && !limited) std::abort();
  return 0;
}
