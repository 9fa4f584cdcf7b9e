// SPDX-License-Identifier: GPL-2.0-only
// What a browser sends beyond what Beast reads, through the whole of the page's rules: address, query,
// cookie, host, origin, token, body. What must hold whatever comes: nothing is asked of the daemon that
// changes anything, as nobody is logged in but by the planted cookie; and a change is only asked with all
// that it needs.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "page/site.hpp"

namespace {

using namespace rastel::page;

const Clock::time_point begin = Clock::time_point(std::chrono::hours(1000));

struct World {
  World() {
    Settings settings;
    settings.hosts = {"localhost", "127.0.0.1"};
    site.emplace(settings, Users{{"anna", Role::admin, "$scrypt$"}}, std::span<const Asset>());
    log_in();
  }
  void log_in() {
    const LoginCheck check{"anna", "", "", "unix"};
    const Answer answer = site->finish_login(check, true, begin);
    cookie = answer.set_cookie.substr(0, answer.set_cookie.find(';'));
    token = boost::json::parse(answer.body).at("token").get_string();
  }
  std::optional<Site> site;
  std::string cookie, token;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World world;
  Site& site = *world.site;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  std::vector<std::string_view> parts;
  while (parts.size() < 10) {
    const std::size_t end = std::min(input.find('\x1f'), input.size());
    parts.push_back(input.substr(0, end));
    input.remove_prefix(std::min(end + 1, input.size()));
  }
  Incoming incoming;
  incoming.method = parts[0];
  incoming.target = parts[1];
  incoming.body = parts[2];
  incoming.host = parts[3];
  incoming.origin = parts[4];
  incoming.cookie = parts[5] == "c" ? std::string_view(world.cookie) : parts[5];
  incoming.token = parts[6] == "t" ? std::string_view(world.token) : parts[6];
  incoming.content_type = parts[7];
  incoming.fetch_site = parts[8];
  incoming.forwarded_for = parts[9];
  incoming.peer = "127.0.0.1";
  const Decision decision = site.decide(incoming, begin);
  const auto* question = std::get_if<Question>(&decision);
  if (question != nullptr && question->kind == Question::Kind::change) {
    const bool allowed =
        incoming.method == "POST" && incoming.cookie.find(world.cookie) != std::string_view::npos &&
        incoming.token == world.token && incoming.origin == "http://" + std::string(incoming.host) &&
        parse_body(incoming.content_type, incoming.body)->at("confirm").get_string() == question->id &&
        question->request.at("by").get_string() == "anna";
    if (!allowed) std::abort();
  }
  if (const auto* answer = std::get_if<Answer>(&decision))
    if (answer->status < 200 || answer->status > 599) std::abort();
  if (const auto* answer = std::get_if<Answer>(&decision); answer != nullptr && !answer->set_cookie.empty())
    world.log_in();  // it was a logout
  (void)cookie_named(incoming.cookie, "rastel_session");
  return 0;
}
