// SPDX-License-Identifier: GPL-2.0-only
// Every rule of who may do what, without a socket. The same over real ones: tests/test_page_api.py.
#include "page/site.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rastel::page {
namespace {

using testing::HasSubstr;

const Clock::time_point begin = Clock::time_point(std::chrono::hours(1000));
constexpr std::array<Asset, 1> assets{Asset{"/index.html", "text/html", "the page"}};
const std::string id = "0123456789abcdef";

Users users() {
  static const std::string hash = *hash_password("password");
  return {{"vera", Role::view, hash}, {"rolf", Role::release, hash}, {"anna", Role::admin, hash}};
}

class SiteTest : public testing::Test {
 protected:
  SiteTest() {
    incoming_.host = "127.0.0.1:8025";
    incoming_.origin = "http://127.0.0.1:8025";
    incoming_.content_type = "application/json";
    incoming_.peer = "127.0.0.1";
  }

  static Settings settings() {
    Settings settings;
    settings.hosts = {"127.0.0.1", "localhost"};
    return settings;
  }

  Decision ask(std::string_view method, std::string_view target, std::string_view body = "{}",
               Clock::time_point now = begin) {
    incoming_.method = method;
    incoming_.target = target;
    incoming_.body = body;
    return site_.decide(incoming_, now);
  }
  static unsigned status(const Decision& decision) {
    const auto* answer = std::get_if<Answer>(&decision);
    return answer == nullptr ? 0 : answer->status;
  }
  static boost::json::object request(const Decision& decision) {
    const auto* question = std::get_if<Question>(&decision);
    return question == nullptr ? boost::json::object() : question->request;
  }

  void log_in(const std::string& name) {
    const Decision decision =
        ask("POST", "/api/login", R"({"name":")" + name + R"(","password":"password"})");
    ASSERT_TRUE(std::holds_alternative<LoginCheck>(decision));
    const Answer answer = site_.finish_login(std::get<LoginCheck>(decision), true, begin);
    ASSERT_EQ(answer.status, 200U);
    cookie_ = answer.set_cookie.substr(0, answer.set_cookie.find(';'));
    token_ = boost::json::parse(answer.body).at("token").get_string();
    incoming_.cookie = cookie_;
    incoming_.token = token_;
  }

  std::string cookie_, token_;
  Incoming incoming_;
  Site site_{settings(), users(), assets};
};

TEST_F(SiteTest, ThePageItselfIsForEverybodyWhoCallsItByItsName) {
  EXPECT_EQ(std::get<Answer>(ask("GET", "/")).body, "the page");
  EXPECT_EQ(status(ask("GET", "/x")), 404U);
  incoming_.host = "evil.example";
  EXPECT_EQ(status(ask("GET", "/")), 421U);
  EXPECT_EQ(status(ask("GET", "/health")), 0U);  // asked of the daemon
}

TEST_F(SiteTest, EachRoleMayWhatItMayAndNoMore) {
  const std::string body = R"({"confirm":")" + id + R"("})";
  struct Row {
    std::string name;
    unsigned release, raw, remove;
  };
  for (const Row& row : {Row{"vera", 403, 403, 403}, Row{"rolf", 0, 0, 403}, Row{"anna", 0, 0, 0}}) {
    log_in(row.name);
    EXPECT_EQ(status(ask("GET", "/api/history")), 0U);
    EXPECT_EQ(status(ask("GET", "/api/held")), 0U);
    EXPECT_EQ(status(ask("POST", "/api/held/" + id + "/release", body)), row.release) << row.name;
    EXPECT_EQ(status(ask("GET", "/api/held/" + id + "/raw")), row.raw) << row.name;
    EXPECT_EQ(status(ask("POST", "/api/held/" + id + "/delete", body)), row.remove) << row.name;
  }
}

TEST_F(SiteTest, WhatGoesToTheDaemonIsMadeOfKnownMembers) {
  log_in("rolf");
  EXPECT_EQ(request(ask("GET", "/api/history?text=%22%7D&limit=99999&class=clean&since=5&would=1")),
            boost::json::parse(
                R"({"verb":"history","text":"\"}","limit":500,"class":"clean","since":5,"would":true})")
                .as_object());
  EXPECT_EQ(request(ask("POST", "/api/held/" + id + "/release",
                        R"({"confirm":")" + id + R"(","to":["a@x.example"],"by":"anna","verb":"drain"})")),
            boost::json::parse(R"({"verb":"quarantine release","id":")" + id +
                               R"(","by":"rolf","to":["a@x.example"]})")
                .as_object());
  EXPECT_EQ(status(ask("GET", "/api/history?verb=drain")), 400U);
}

TEST_F(SiteTest, APostNeedsOriginTokenAndConfirmation) {
  log_in("anna");
  const std::string path = "/api/held/" + id + "/release";
  const std::string body = R"({"confirm":")" + id + R"("})";
  EXPECT_EQ(status(ask("POST", path, body)), 0U);
  EXPECT_EQ(status(ask("POST", path, "{}")), 400U);
  EXPECT_EQ(status(ask("POST", path, R"({"confirm":"fedcba9876543210"})")), 400U);
  for (const std::string_view origin :
       {"", "null", "https://127.0.0.1:8025", "http://127.0.0.1", "http://127.0.0.1:80255"}) {
    incoming_.origin = origin;
    EXPECT_EQ(status(ask("POST", path, body)), 403U) << origin;
  }
  incoming_.origin = "http://127.0.0.1:8025";
  for (const std::string_view wrong : {std::string_view(), std::string_view(token_).substr(1)}) {
    incoming_.token = wrong;
    EXPECT_EQ(status(ask("POST", path, body)), 403U);
  }
  incoming_.token = token_;
  incoming_.fetch_site = "cross-site";
  EXPECT_EQ(status(ask("POST", path, body)), 403U);
  EXPECT_EQ(status(ask("GET", "/api/held")), 403U);
  incoming_.fetch_site = "same-origin";
  EXPECT_EQ(status(ask("POST", path, body)), 0U);
  EXPECT_EQ(status(ask("GET", path)), 405U);
}

TEST_F(SiteTest, ASessionEndsByTimeAndByLogout) {
  log_in("vera");
  EXPECT_EQ(status(ask("GET", "/api/session", "", begin + std::chrono::minutes(29))), 200U);
  EXPECT_EQ(status(ask("GET", "/api/session", "", begin + std::chrono::hours(1))), 401U);
  log_in("vera");
  EXPECT_EQ(status(ask("POST", "/api/logout")), 200U);
  EXPECT_EQ(status(ask("GET", "/api/session")), 401U);
}

TEST_F(SiteTest, AnUnknownNameIsCheckedLikeAKnownOne) {
  const Decision unknown = ask("POST", "/api/login", R"({"name":"nobody","password":"x"})");
  const Decision known = ask("POST", "/api/login", R"({"name":"vera","password":"x"})");
  const LoginCheck check = std::get<LoginCheck>(unknown);
  EXPECT_THAT(check.hash, HasSubstr("$scrypt$ln=15,"));
  EXPECT_EQ(check.hash.size(), std::get<LoginCheck>(known).hash.size());
  // Even if it matched: there is nobody of that name.
  EXPECT_EQ(site_.finish_login(check, true, begin).status, 401U);
  EXPECT_EQ(site_.finish_login(check, false, begin).body,
            site_.finish_login(std::get<LoginCheck>(known), false, begin).body);
}

TEST_F(SiteTest, GuessingIsSlowedDown) {
  for (std::uint32_t i = 0; i < LoginLimits::most_of_address; ++i)
    EXPECT_NE(status(ask("POST", "/api/login", R"({"name":"vera","password":"x"})")), 429U);
  const Decision refused = ask("POST", "/api/login", R"({"name":"anna","password":"password"})");
  ASSERT_EQ(status(refused), 429U);
  EXPECT_GT(std::get<Answer>(refused).retry_after, 0U);
}

}  // namespace
}  // namespace rastel::page
