// SPDX-License-Identifier: GPL-2.0-only
// The header of a message: what is told lies in the message, in order and within the limits, and fields with
// what stands between them make up all of the header.
#include <cstdlib>

#include "message/header_block.hpp"

namespace {

using rastel::message::HeaderBlock;
using rastel::message::HeaderField;

void expect(bool holds) {
  if (!holds) std::abort();
}

void expect_in_order(const HeaderField& field, std::size_t size) {
  expect(field.name.begin < field.name.end && field.name.end <= field.value.begin);
  expect(field.value.begin <= field.value.end && field.value.end <= field.end && field.end <= size);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const rastel::message::HeaderLimits limits{.bytes = 2048, .fields = 40};
  HeaderBlock block = rastel::message::read_header(text, limits);
  rastel::message::read_on(text, block, limits);
  expect(block.fields.size() + block.doubtful.size() <= limits.fields + 1);
  expect(!block.bodies.empty() && block.bodies.size() <= HeaderBlock::most_bodies);
  std::size_t at = 0;
  for (const HeaderField& field : block.fields) {
    expect_in_order(field, size);
    expect(field.name.begin >= at);
    at = field.end;
  }
  expect(block.bodies.front() >= at);
  for (const HeaderField& field : block.doubtful) expect_in_order(field, size);
  for (const std::size_t body : block.bodies) expect(body <= size);
  for (const auto& oddity : block.oddities.list())
    expect(oddity.first.begin <= oddity.first.end && oddity.first.end <= size);
  expect(block.cut == block.oddities.has(rastel::Ambiguity::limit_header));
  return 0;
}
