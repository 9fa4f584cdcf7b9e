// SPDX-License-Identifier: GPL-2.0-only
// stalwart's mail-parser tells of every header field where it begins, where its value begins and where its
// line ends, once with lines ended by LF, once by CRLF: our default reading says the same.
#include <cstdio>
#include <map>
#include <sstream>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "base/os/file.hpp"
#include "message/ascii.hpp"
#include "message/corpora_for_test.hpp"
#include "message/header_block.hpp"

namespace rastel::message {
namespace {

namespace json = boost::json;

std::string content(const std::filesystem::path& path) { return os::read_file(path, 16 << 20).value_or(""); }

std::string with_line_breaks(std::string_view text, std::string_view line_break) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    if (text[i] == '\n')
      result += line_break;
    else
      result += text[i];
  }
  return result;
}

// "content_type", or {"other": "X-Mailer"}: as "content-type", "x-mailer".
std::string name_of(const json::value& name) {
  std::string text{name.is_string() ? name.as_string() : name.at("other").as_string()};
  for (char& byte : text) byte = byte == '_' ? '-' : to_lower(byte);
  return text;
}

std::string line(std::string_view name, std::size_t begin, std::size_t value, std::size_t end) {
  std::ostringstream out;
  for (const char byte : name) out << (byte == '_' ? '-' : to_lower(byte));
  out << ' ' << begin << ' ' << value << ' ' << end << '\n';
  return out.str();
}

// What stalwart says of an entity, and what we say.
std::string expected_of(const json::value& part) {
  std::string text;
  for (const json::value& field : part.at("headers").as_array())
    text += line(name_of(field.at("name")), field.at("offset_field").to_number<std::size_t>(),
                 field.at("offset_start").to_number<std::size_t>(),
                 field.at("offset_end").to_number<std::size_t>());
  return text + "body " + std::to_string(part.at("offset_body").to_number<std::size_t>());
}

std::string found_in(std::string_view message, const json::value& part) {
  const auto begin = part.at("offset_header").to_number<std::size_t>();
  const std::string_view entity =
      message.substr(begin, part.at("offset_end").to_number<std::size_t>() - begin);
  const HeaderBlock block = read_header(entity);
  std::string text;
  for (const HeaderField& field : block.fields)
    text += line(entity.substr(field.name.begin, field.name.size()), begin + field.name.begin,
                 begin + field.value.begin, begin + field.end);
  return text + "body " + std::to_string(begin + block.bodies.front());
}

// All entities that stand undecoded in `message`. What differs is put into `differences`.
std::size_t compare(std::string_view message, const json::value& expected, std::string& differences) {
  std::size_t entities = 0;
  std::vector<const json::value*> waiting{&expected};
  while (!waiting.empty()) {
    const json::value& here = *waiting.back();
    waiting.pop_back();
    for (const json::value& part : here.at("parts").as_array()) {
      ++entities;
      const std::string theirs = expected_of(part), ours = found_in(message, part);
      if (theirs != ours) differences += "stalwart:\n" + theirs + "\nours:\n" + ours + "\n";
      const json::object& body = part.at("body").as_object();
      if (const json::value* within = body.if_contains("Message"); within != nullptr)
        if (within->at("parts").at(0).at("offset_header") == part.at("offset_body"))
          waiting.push_back(within);
    }
  }
  return entities;
}

TEST(HeaderOracle, FieldsBeginAndEndWhereStalwartSeesThem) {
  std::string folder = (std::filesystem::temp_directory_path() / "rastel-test-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const std::string why_not = unpack_for_test("stalwart-mail-parser", folder);
  std::size_t messages = 0, entities = 0;
  std::map<std::string, std::string> different;
  if (why_not.empty())
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      const std::filesystem::path& path = entry.path();
      if (path.extension() != ".eml") continue;
      for (const auto& [suffix, line_break] : {std::pair{".json", "\n"}, std::pair{".crlf.json", "\r\n"}}) {
        const std::string message = with_line_breaks(content(path), line_break);
        const json::value expected =
            json::parse(content(std::filesystem::path(path).replace_extension(suffix)));
        std::string differences;
        entities += compare(message, expected, differences);
        ++messages;
        const std::string name = path.parent_path().filename() / path.stem();
        if (!differences.empty())
          different[name + (suffix == std::string_view(".json") ? " lf" : " crlf")] = differences;
      }
    }
  std::filesystem::remove_all(folder);
  if (!why_not.empty()) GTEST_SKIP() << why_not;

  EXPECT_EQ(messages, 214U);
  std::printf("Headers as stalwart reads them: %zu of %zu messages, %zu entities\n",
              messages - different.size(), messages, entities);
  for (const auto& [name, what] : different) ADD_FAILURE() << name << '\n' << what;
}

}  // namespace
}  // namespace rastel::message
