// SPDX-License-Identifier: GPL-2.0-only
#include "message/tnef.hpp"

#include <algorithm>
#include <optional>

#include "message/byte_reader.hpp"
#include "message/charset.hpp"
#include "message/compressed_rtf.hpp"

namespace rastel::message {
namespace {

constexpr std::string_view magic = "\x78\x9f\x3e\x22";

// Attributes, MS-OXTNEF 2.1.3.2.
enum class Attribute : std::uint32_t {
  mapi_properties = 0x00069003,  // of the message
  body = 0x0002800c,
  attachment_begins = 0x00069002,  // attAttachRenddata
  attachment_title = 0x00018010,
  attachment_data = 0x0006800f,
  attachment_properties = 0x00069005,  // attAttachment
};

// Properties, MS-OXPROPS.
enum class Property : std::uint16_t {
  body_text = 0x1000,
  compressed_rtf = 0x1009,
  body_html = 0x1013,
  attach_data = 0x3701,
  attach_filename = 0x3704,
  attach_long_filename = 0x3707,
  display_name = 0x3001,
};

// Types of properties, MS-OXCDATA 2.11.1.
enum class Type : std::uint16_t {
  int16 = 0x0002,
  int32 = 0x0003,
  float32 = 0x0004,
  float64 = 0x0005,
  currency = 0x0006,
  application_time = 0x0007,
  error = 0x000a,
  boolean = 0x000b,
  object = 0x000d,
  int64 = 0x0014,
  string8 = 0x001e,
  unicode = 0x001f,
  system_time = 0x0040,
  guid = 0x0048,
  binary = 0x0102,
};
constexpr std::uint16_t several = 0x1000;  // a flag of the type
constexpr std::uint16_t first_named = 0x8000;

struct Value {
  Property property;
  Type type;
  std::string_view bytes;
};

std::size_t padded(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

std::optional<std::size_t> fixed_size(Type type) {
  switch (type) {
    case Type::int16:
    case Type::int32:
    case Type::float32:
    case Type::error:
    case Type::boolean:
      return 4;
    case Type::float64:
    case Type::currency:
    case Type::application_time:
    case Type::int64:
    case Type::system_time:
      return 8;
    case Type::guid:
      return 16;
    case Type::object:
    case Type::string8:
    case Type::unicode:
    case Type::binary:
      return {};
  }
  return {};
}

bool is_known(Type type) {
  return fixed_size(type) || type == Type::object || type == Type::string8 || type == Type::unicode ||
         type == Type::binary;
}

// The properties of MS-OXTNEF 2.1.3.4, one after the other.
class PropertyReader {
 public:
  explicit PropertyReader(std::string_view bytes) : reader_(bytes), left_(reader_.u32()) {}

  template <class Take>
  void read(Take take) {
    while (left_-- > 0 && reader_.left() > 0 && !broken_) {
      const std::uint16_t type_word = reader_.u16();
      const std::uint16_t id = reader_.u16();
      if (id >= first_named) pass_name();
      const auto type = static_cast<Type>(type_word & ~several);
      if (!is_known(type)) broken_ = true;  // how long its value is, nobody knows
      const bool counted = (type_word & several) != 0 || !fixed_size(type);
      const std::uint32_t count = counted ? reader_.u32() : 1;
      for (std::uint32_t i = 0; i < count && !broken_; ++i) {
        const auto size = fixed_size(type);
        const std::size_t length = size ? *size : reader_.u32();
        const std::string_view bytes = reader_.block(length);
        (void)reader_.block(std::min(padded(length) - length, reader_.left()));
        broken_ = reader_.failed();
        take(Value{static_cast<Property>(id), type, bytes});
      }
    }
  }
  [[nodiscard]] bool broken() const { return broken_ || reader_.failed(); }

 private:
  void pass_name() {
    (void)reader_.block(16);  // a GUID
    if (reader_.u32() == 0) {
      (void)reader_.u32();
      return;
    }
    const std::uint32_t length = reader_.u32();
    (void)reader_.block(length);
    (void)reader_.block(std::min(padded(length) - length, reader_.left()));
  }

  ByteReader reader_;
  std::uint32_t left_;
  bool broken_ = false;
};

std::string text_of(const Value& value) {
  std::string text = value.type == Type::unicode ? to_utf8(value.bytes, "utf-16le").value_or(std::string())
                                                 : std::string(value.bytes);
  return text.substr(0, text.find('\0'));
}

// A text's bytes end with a NUL, which isn't one of them (MS-OXTNEF 2.1.3.3). Others within it stay.
std::string_view without_end(std::string_view text) {
  return text.ends_with('\0') ? text.substr(0, text.size() - 1) : text;
}

class TnefReader {
 public:
  TnefReader(std::string_view bytes, std::size_t room) : reader_(bytes), room_(room) {}

  Tnef read() {
    (void)reader_.u32();                          // the magic
    (void)reader_.u16();                          // a key that nobody needs
    constexpr std::size_t frame = 1 + 4 + 4 + 2;  // level, attribute, length, checksum
    while (reader_.left() >= frame && !result_.cut) {
      (void)reader_.u8();
      const auto attribute = static_cast<Attribute>(reader_.u32());
      const std::uint32_t length = reader_.u32();
      take(attribute, reader_.block(length));
      if (reader_.left() >= 2) (void)reader_.u16();
    }
    result_.broken = result_.broken || reader_.failed() || reader_.left() > 0;
    std::erase_if(result_.files,
                  [](const TnefFile& file) { return file.bytes.empty() && file.unpacked.empty(); });
    return std::move(result_);
  }

 private:
  void take(Attribute attribute, std::string_view bytes) {
    switch (attribute) {
      case Attribute::attachment_begins:
        (void)begin();
        return;
      case Attribute::attachment_title:
        return name(std::string(bytes.substr(0, bytes.find('\0'))));
      case Attribute::attachment_data:
        return data(bytes);
      case Attribute::body:
        return text(without_end(bytes));
      case Attribute::attachment_properties:
        return properties(bytes, [this](const Value& value) { take_of_attachment(value); });
      case Attribute::mapi_properties:
        return properties(bytes, [this](const Value& value) { take_of_message(value); });
    }
  }

  template <class Take>
  void properties(std::string_view bytes, Take take) {
    PropertyReader reader(bytes);
    reader.read(take);
    result_.broken = result_.broken || reader.broken();
  }

  TnefFile* begin() {
    if (result_.files.size() == Tnef::most_files) {
      result_.cut = true;
      return nullptr;
    }
    result_.files.emplace_back();
    begun_ = true;
    return &result_.files.back();
  }

  // Some write an attachment's data before its beginning.
  TnefFile* current() { return begun_ && !result_.files.empty() ? &result_.files.back() : begin(); }

  void name(std::string name) {
    if (TnefFile* file = current(); file != nullptr && !name.empty()) file->names.push_back(std::move(name));
  }

  // A second one for the same attachment is a file of its own, with the first one's names.
  void data(std::string_view bytes) {
    TnefFile* file = current();
    if (file == nullptr || bytes.empty()) return;
    if (!file->bytes.empty()) {
      std::vector<std::string> names = file->names;
      file = begin();
      if (file == nullptr) return;
      file->names = std::move(names);
    }
    file->bytes = bytes;
  }

  void text(std::string_view bytes) {
    if (TnefFile* file = begin()) file->bytes = bytes;
    begun_ = false;
  }

  void take_of_attachment(const Value& value) {
    constexpr std::size_t interface_id = 16;  // before an object's bytes
    switch (value.property) {
      case Property::attach_filename:
      case Property::attach_long_filename:
      case Property::display_name:
        return name(text_of(value));
      case Property::attach_data:
        if (value.type == Type::object) data(value.bytes.substr(std::min(interface_id, value.bytes.size())));
        if (value.type == Type::binary) data(value.bytes);
        return;
      case Property::body_text:
      case Property::compressed_rtf:
      case Property::body_html:
        return;
    }
  }

  void take_of_message(const Value& value) {
    switch (value.property) {
      case Property::compressed_rtf: {
        UnpackedRtf rtf = unpack_rtf(value.bytes, room_);
        room_ -= rtf.text.size();
        result_.broken = result_.broken || rtf.broken;
        result_.cut = result_.cut || rtf.cut;
        if (TnefFile* file = begin()) file->unpacked = std::move(rtf.text);
        begun_ = false;
        return;
      }
      case Property::body_html:
      case Property::body_text:
        return text(value.bytes);
      case Property::attach_data:
      case Property::attach_filename:
      case Property::attach_long_filename:
      case Property::display_name:
        return;
    }
  }

  ByteReader reader_;
  std::size_t room_;
  bool begun_ = false;  // an attachment
  Tnef result_;
};

}  // namespace

bool is_tnef(std::string_view bytes) { return bytes.starts_with(magic); }

Tnef read_tnef(std::string_view bytes, std::size_t room) { return TnefReader(bytes, room).read(); }

}  // namespace rastel::message
