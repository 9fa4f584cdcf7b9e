// SPDX-License-Identifier: GPL-2.0-only
// The reader: bounded whatever the message, every leaf once, or again only under a name that it didn't have;
// incomplete exactly when a limit was met.
#include <cstdlib>
#include <map>
#include <set>

#include "message/reader.hpp"

namespace {

using rastel::Ambiguity;

class Collector : public rastel::message::LeafVisitor {
 public:
  void leaf(const rastel::message::Leaf& leaf) override {
    if (leaf.bytes.empty()) std::abort();
    const auto [known, is_new] = names_.try_emplace(std::string(leaf.bytes));
    const std::size_t names_before = known->second.size();
    known->second.insert(leaf.names.begin(), leaf.names.end());
    if (!is_new && known->second.size() == names_before) std::abort();
  }

 private:
  std::map<std::string, std::set<std::string>> names_;  // by the bytes
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
