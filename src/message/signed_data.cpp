// SPDX-License-Identifier: GPL-2.0-only
#include "message/signed_data.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <vector>

#include "base/planted_bug.hpp"
#include "message/inflate.hpp"

namespace rastel::message {
namespace {

using namespace std::string_view_literals;

constexpr std::uint8_t integer = 0x02, octets = 0x04, identifier = 0x06, sequence = 0x30, set = 0x31;
constexpr std::uint8_t constructed = 0x20, tagged_0 = 0xa0;
constexpr std::size_t indefinite = std::numeric_limits<std::size_t>::max();

struct Header {
  std::uint8_t tag = 0;
  std::size_t length = 0;  // of what follows; indefinite: up to an end of contents (X.690 8.1.3.6)
  [[nodiscard]] bool ends_contents() const { return tag == 0 && length == 0; }
};

// Reads on as long as all is as it should be; behind the first thing that isn't, nothing is there.
class Walker {
 public:
  explicit Walker(std::string_view bytes) : bytes_(bytes) {}

  [[nodiscard]] std::optional<Header> header() {
    const std::size_t begin = at_;
    const auto tag = byte(), first = byte();
    if (!tag || !first || (*tag & 0x1f) == 0x1f) return failed(begin);  // a tag of several bytes isn't ours
    Header header{*tag, *first};
    if (*first == 0x80) {
      header.length = indefinite;
      if ((*tag & constructed) == 0) return failed(begin);
    } else if (*first > 0x80) {
      header.length = 0;
      for (unsigned left = *first & 0x7f; left > 0; --left) {
        const auto next = byte();
        if (!next || header.length > indefinite >> 9) return failed(begin);
        header.length = header.length << 8 | *next;
      }
    }
    return header;
  }

  // Into an element with this tag.
  bool enter(std::uint8_t tag) {
    const std::size_t begin = at_;
    const auto found = header();
    if (found && found->tag == tag) return true;
    at_ = begin;
    return false;
  }
  // Over an element with this tag.
  bool pass(std::uint8_t tag) {
    const std::size_t begin = at_;
    if (const auto found = header(); found && found->tag == tag && pass_content(*found)) return true;
    at_ = begin;
    return false;
  }

  // What is there of so many bytes.
  std::string_view take(std::size_t length) {
    const std::string_view found = bytes_.substr(at_, length);
    at_ += found.size();
    return found;
  }
  [[nodiscard]] std::size_t left() const { return bytes_.size() - at_; }
  [[nodiscard]] std::size_t at() const { return at_; }

 private:
  std::optional<std::uint8_t> byte() {
    if constexpr (RASTEL_PLANTED(signed_data)) {
      if (at_ > bytes_.size()) return {};
      return static_cast<std::uint8_t>(planted_read(bytes_, at_++));
    }
    if (at_ == bytes_.size()) return {};
    return static_cast<std::uint8_t>(bytes_[at_++]);
  }
  std::nullopt_t failed(std::size_t begin) {
    at_ = begin;
    return std::nullopt;
  }

  // Of an indefinite one all that is in it is walked over, with a number for the depth.
  bool pass_content(const Header& header) {
    if (header.length != indefinite) return take(header.length).size() == header.length;
    for (std::size_t depth = 1; depth > 0;) {
      const auto next = this->header();
      if (!next) return false;
      if (next->ends_contents())
        --depth;
      else if (next->length == indefinite)
        ++depth;
      else if (take(next->length).size() != next->length)
        return false;
    }
    return true;
  }

  const std::string_view bytes_;
  std::size_t at_ = 0;
};

struct Row {
  std::string_view oid;
  SignedData::Kind kind;
};

constexpr std::array rows{
    Row{"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"sv, SignedData::Kind::signed_data},
    Row{"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03"sv, SignedData::Kind::encrypted},  // enveloped
    Row{"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x04"sv, SignedData::Kind::encrypted},  // and signed
    Row{"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06"sv, SignedData::Kind::encrypted},  // encrypted data
    Row{"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x09"sv, SignedData::Kind::compressed_data},
    Row{"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17"sv, SignedData::Kind::encrypted},  // RFC 5083
};

// ContentInfo: SEQUENCE { contentType, [0] EXPLICIT content }.
SignedData::Kind enter_content_info(Walker& walker) {
  if (!walker.enter(sequence)) return SignedData::Kind::none;
  const auto type = walker.header();
  if (!type || type->tag != identifier || type->length > 16) return SignedData::Kind::none;
  const std::string_view oid = walker.take(type->length);
  const auto* row = std::ranges::find(rows, oid, &Row::oid);
  return row != rows.end() && walker.enter(tagged_0) ? row->kind : SignedData::Kind::none;
}

// To the content's octet string: version, algorithms, encapContentInfo.
bool go_to_content(Walker& walker, SignedData::Kind kind) {
  const std::uint8_t algorithms = kind == SignedData::Kind::signed_data ? set : sequence;
  return walker.enter(sequence) && walker.pass(integer) && walker.pass(algorithms) &&
         walker.enter(sequence) && walker.pass(identifier) && walker.enter(tagged_0);
}

// An octet string, or the pieces of one (X.690 8.7.3). What is cut short is taken as far as it goes.
class Pieces {
 public:
  Pieces(Walker& walker, std::size_t room) : walker_(walker), room_(room) {}

  void collect(SignedData& result) {
    do {
      while (!ends_.empty() && ends_.back() != indefinite && walker_.at() >= ends_.back()) ends_.pop_back();
      if (taken_ && ends_.empty()) return;
      const auto header = walker_.header();
      if (!header) return;
      if (header->ends_contents()) {
        if (ends_.empty() || ends_.back() != indefinite) return;
        ends_.pop_back();
      } else if (!take(*header, result)) {
        return;
      }
      taken_ = true;
    } while (!ends_.empty());
  }

 private:
  bool take(const Header& header, SignedData& result) {
    if (header.tag == (octets | constructed)) {
      if (ends_.size() == SignedData::deepest) return false;
      ends_.push_back(header.length == indefinite ? indefinite
                                                  : walker_.at() + std::min(header.length, walker_.left()));
      return true;
    }
    if (header.tag != octets || header.length == indefinite) return false;
    const std::string_view piece = walker_.take(header.length);
    result.cut = piece.size() > room_ - result.content().size();
    if (result.cut) return false;
    if (result.content().empty()) {
      result.piece = piece;
    } else {
      if (result.joined.empty()) result.joined = result.piece;
      result.joined += piece;
    }
    return true;
  }

  Walker& walker_;
  const std::size_t room_;
  std::vector<std::size_t> ends_;
  bool taken_ = false;
};

}  // namespace

SignedData::Kind kind_of_signed_data(std::string_view bytes) {
  constexpr std::size_t enough = 64;
  Walker walker(bytes.substr(0, enough));
  return bytes.starts_with('\x30') ? enter_content_info(walker) : SignedData::Kind::none;
}

SignedData read_signed_data(std::string_view bytes, std::size_t room) {
  Walker walker(bytes);
  SignedData result{enter_content_info(walker)};
  if (result.kind == SignedData::Kind::none || result.kind == SignedData::Kind::encrypted) return result;
  if (go_to_content(walker, result.kind)) Pieces(walker, room).collect(result);
  if (result.kind != SignedData::Kind::compressed_data) return result;
  Inflated inflated = inflate_bounded(result.content(), room);
  result.cut = result.cut || inflated.cut;
  result.joined = std::move(inflated.bytes);
  result.piece = {};
  return result;
}

}  // namespace rastel::message
