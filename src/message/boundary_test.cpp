// SPDX-License-Identifier: GPL-2.0-only
#include "message/boundary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "message/oddities_for_test.hpp"
#include "message/parameter_readings.hpp"

namespace rastel::message {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

Boundaries read(std::string_view parameters) {
  const std::string value = "multipart/mixed" + std::string(parameters);
  return boundaries_of(value, read_structured_value(value));
}

std::vector<std::string> flags(std::string_view parameters) {
  return codes_for_test(read(parameters).oddities);
}

TEST(Boundary, OneThatIsWellFormedHasOneReading) {
  for (const std::string_view text :
       {"; boundary=b", "; boundary=\"b\"", "; charset=x; boundary=b; y=z", ";\tBoundary=b"}) {
    EXPECT_THAT(read(text).values, ElementsAre("b")) << text;
    EXPECT_TRUE(read(text).declared) << text;
    EXPECT_THAT(flags(text), IsEmpty()) << text;
  }
  EXPECT_THAT(read("; boundary=\"Boundary_(ID_x=)\"").values, ElementsAre("Boundary_(ID_x=)"));
}

// Flags: docs/ambiguity.md.
TEST(Boundary, EveryReadingOfWhatIsMalformed) {
  struct Case {
    std::string parameters;
    std::vector<std::string> wanted;  // among the values
    std::string_view flag;            // "": none of the boundary's
  };
  const std::vector<Case> cases{
      {"; boundary=good; boundary=bad", {"good", "bad"}, "DUP_BOUNDARY_PARAM"},
      {"; boundary=bad; boundary*=us-ascii''good", {"bad", "good"}, "RFC2231_BOUNDARY"},
      {"; boundary*0=go; boundary*1=od", {"good"}, "RFC2231_BOUNDARY"},
      {"; boundary*1=od; boundary*0=go", {"good", "odgo"}, "RFC2231_BOUNDARY"},
      {"; boundary*0*=us-ascii''g%6F; boundary*1*=%6fd", {"good"}, "RFC2231_BOUNDARY"},
      {"; boundary*0=go; boundary*2=od", {"go", "good"}, "RFC2231_BOUNDARY"},
      {"; boundary*2=od; boundary*0=go", {"go", "odgo", "good"}, "RFC2231_BOUNDARY"},
      {"; boundary*=utf-16le''%62%00", {"b"}, "RFC2231_BOUNDARY"},
      {"; boundary=\"b", {"b", "\"b"}, ""},
      {"; boundary=b\"", {"b", "b\""}, ""},
      {"; boundary=\"b\"c", {"b", "\"b\"c", "bc"}, ""},
      {"; boundary='b'", {"'b'", "b"}, ""},
      {"; boundary=\"\"b", {"", "b"}, "EMPTY_BOUNDARY"},
      {"; boundary=\"b\\\"c\"", {"b\"c", "b\\"}, ""},
      {" boundary=b", {"b"}, ""},
      {", boundary=b", {"b"}, ""},
      {"; foo=\"x\"boundary=b", {"b"}, "HIDDEN_PARAM"},
      {"; boundary = b", {"b"}, ""},
      {"; boundary=\"b \"", {"b ", "b"}, "WS_IN_BOUNDARY"},
      {"; boundary=\" b\"", {" b", "b"}, "WS_IN_BOUNDARY"},
      {"; boundary=b foo", {"b foo", "b"}, ""},
      {"; boundary=\"\"", {""}, "EMPTY_BOUNDARY"},
      {"", {}, "NO_BOUNDARY"},
      {"; x=\"; boundary=bad\"; boundary=good", {"good", "bad"}, "HIDDEN_PARAM"},
      {"; boundary=boundary=b", {"boundary=b", "b"}, "HIDDEN_PARAM"},
      {"; boundary=b(c)", {"b", "b(c)"}, ""},
      {"; boundary=(boundary=foo)bar", {"bar", "(boundary=foo)bar"}, "HIDDEN_PARAM"},
      {"; bound\\ary=b", {"b"}, "NO_BOUNDARY"},
      {"; bound(c)ary=b", {"b"}, ""},
      {"; boundary=\\b", {"\\b", "b"}, ""},
      {"; boundary=" + std::string(100, 'b'),
       {std::string(100, 'b'), std::string(80, 'b')},
       "BOUNDARY_TOO_LONG"}};
  for (const Case& one : cases) {
    const Boundaries found = read(one.parameters);
    for (const std::string& wanted : one.wanted)
      EXPECT_THAT(found.values, Contains(wanted)) << one.parameters;
    if (one.flag.empty())
      EXPECT_THAT(flags(one.parameters), IsEmpty()) << one.parameters;
    else
      EXPECT_THAT(flags(one.parameters), Contains(std::string(one.flag))) << one.parameters;
  }
}

TEST(Boundary, NulCutsOrIsDropped) {
  const auto values = read(std::string_view("; boundary=\"b\0x\"", 16)).values;
  EXPECT_THAT(values, testing::IsSupersetOf({"b", "bx"}));
}

TEST(Boundary, TooManyAreSaid) {
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "; boundary=b" + std::to_string(i);
  EXPECT_EQ(read(many).values.size(), ParameterReadings::most_values);
  EXPECT_THAT(flags(many), Contains("LIMIT_VIEWS"));
}

}  // namespace
}  // namespace rastel::message
