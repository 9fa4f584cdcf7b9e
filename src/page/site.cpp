// SPDX-License-Identifier: GPL-2.0-only
#include "page/site.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/identifier.hpp"
#include "base/log.hpp"
#include "base/utf8.hpp"

namespace rastel::page {

namespace json = boost::json;

namespace {

constexpr std::string_view cookie_name = "rastel_session";
// Only https may set a cookie with this prefix, and only for this very host.
constexpr std::string_view secure_cookie_name = "__Host-rastel_session";

std::string text_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

Answer json_answer(const json::object& object) {
  Answer answer;
  answer.body = json::serialize(object) + "\n";
  return answer;
}

}  // namespace

Answer error_answer(unsigned status, std::string_view what) {
  Answer answer = json_answer({{"error", printable(what)}});
  answer.status = status;
  return answer;
}

enum class Access { anybody, view, release, admin };

// One row a thing that can be asked for. `{id}` stands for a message's id. POST: the row's origin and, where
// there is a session, its token are checked before anything else is looked at.
struct Site::Route {
  std::string_view method, path;
  Access access;
  Decision (*act)(Site& site, const Call& call);
};

struct Site::Call {
  const Incoming& incoming;
  Clock::time_point now;
  Target target;
  std::string id;
  std::string_view cookie;
  const Session* session = nullptr;
  json::object body;  // of a POST
  const Route* route = nullptr;
};

namespace {

// Whether `path` is of that form; then `id` is what stood for {id}.
bool fits(std::string_view form, std::string_view path, std::string& id) {
  const std::size_t hole = form.find("{id}");
  if (hole == std::string_view::npos) return form == path;
  const std::string_view before = form.substr(0, hole);
  const std::string_view after = form.substr(hole + 4);
  if (path.size() <= before.size() + after.size() || !path.starts_with(before) || !path.ends_with(after))
    return false;
  const std::string_view between = path.substr(before.size(), path.size() - before.size() - after.size());
  if (!is_message_id(between)) return false;
  id = between;
  return true;
}

bool may(const Session* session, Access access) {
  if (access == Access::anybody) return true;
  if (session == nullptr) return false;
  return static_cast<int>(session->role) + 1 >= static_cast<int>(access);
}

Result<json::object> filter(const Target& target, json::object request,
                            std::initializer_list<std::string_view> texts,
                            std::initializer_list<std::string_view> flags) {
  for (const auto& [name, value] : target.query) {
    std::int64_t number = 0;
    const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), number);
    const bool is_number = code == std::errc() && end == value.data() + value.size() && number >= 0;
    if (std::ranges::find(texts, name) != texts.end()) {
      request[name] = value;
    } else if (std::ranges::find(flags, name) != flags.end()) {
      request[name] = value == "1";
    } else if (name == "since" && is_number) {
      request[name] = number;
    } else if (name == "limit" && is_number && number > 0) {
      request[name] = std::min<std::int64_t>(number, Site::most_rows);
    } else {
      return fail(ErrorKind::invalid_input, "a member of the query is unknown or wrong");
    }
  }
  if (!request.contains("limit")) request["limit"] = 100;
  return request;
}

Question question(json::object request, Question::Kind kind, std::string id = {}, std::string what = {}) {
  Question asked;
  asked.request = std::move(request);
  asked.kind = kind;
  asked.id = std::move(id);
  asked.what = std::move(what);
  return asked;
}

}  // namespace

Site::Site(Settings settings, Users users, std::span<const Asset> assets)
    : settings_(std::move(settings)),
      users_(std::move(users)),
      assets_(assets),
      sessions_(settings_.idle, settings_.longest) {
  if (auto hash = hash_password(new_secret())) nobodys_hash_ = *std::move(hash);
}

bool Site::host_is_ours(std::string_view text) const {
  const auto host = parse_host(text);
  return host && std::ranges::any_of(settings_.hosts, [&](const std::string& ours) {
           return ours == host->name || ours == host->name + ":" + host->port;
         });
}

bool Site::origin_is_ours(const Incoming& incoming) const {
  const std::string_view scheme = settings_.tls == Settings::Tls::by_proxy ? "https://" : "http://";
  return incoming.origin.starts_with(scheme) && incoming.origin.substr(scheme.size()) == incoming.host;
}

std::string Site::cookie(std::string_view value, Clock::duration age) const {
  const bool secure = settings_.tls == Settings::Tls::by_proxy;
  return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}{}",
                     secure ? secure_cookie_name : cookie_name, value,
                     std::chrono::duration_cast<std::chrono::seconds>(age).count(), secure ? "; Secure" : "");
}

Decision Site::decide(const Incoming& incoming, Clock::time_point now) {
  auto target = parse_target(incoming.target);
  if (!target) return error_answer(400, target.error().what);
  static constexpr std::array routes{
      Route{"GET", "/health", Access::anybody,
            [](Site&, const Call&) -> Decision {
              return question({{"verb", "health"}}, Question::Kind::health);
            }},
      Route{"GET", "/metrics", Access::anybody,
            [](Site&, const Call&) -> Decision {
              return question({{"verb", "metrics"}}, Question::Kind::metrics);
            }},
      Route{"POST", "/api/login", Access::anybody, [](Site& site, const Call& c) { return site.login(c); }},
      Route{"POST", "/api/logout", Access::view, [](Site& site, const Call& c) { return site.logout(c); }},
      Route{"GET", "/api/session", Access::view, [](Site& site, const Call& c) { return site.session(c); }},
      Route{"GET", "/api/status", Access::view, [](Site& site, const Call& c) { return site.status(c); }},
      Route{"GET", "/api/history", Access::view, [](Site& site, const Call& c) { return site.history(c); }},
      Route{"GET", "/api/held", Access::view, [](Site& site, const Call& c) { return site.held(c); }},
      Route{"GET", "/api/held/{id}", Access::view, [](Site& site, const Call& c) { return site.message(c); }},
      Route{"GET", "/api/held/{id}/raw", Access::release,
            [](Site& site, const Call& c) { return site.raw(c); }},
      Route{"POST", "/api/held/{id}/release", Access::release,
            [](Site& site, const Call& c) { return site.release(c); }},
      Route{"POST", "/api/held/{id}/delete", Access::admin,
            [](Site& site, const Call& c) { return site.remove(c); }},
  };
  Call call{incoming, now, *std::move(target), {}, {}, nullptr, {}, nullptr};
  std::string_view method = incoming.method == "HEAD" ? "GET" : incoming.method;
  std::string_view other;
  for (const Route& route : routes) {
    if (!fits(route.path, call.target.path, call.id)) continue;
    if (route.method == method) call.route = &route;
    other = route.method;
  }
  if (call.route == nullptr && !other.empty()) {
    Answer answer = error_answer(405, "another method is wanted");
    answer.allow = other;
    return answer;
  }
  return this->call(call);
}

Decision Site::call(Call& call) {
  const Incoming& incoming = call.incoming;
  const bool for_programs =
      call.route != nullptr && call.route->access == Access::anybody && call.route->method == "GET";
  // Against DNS rebinding: a name of the attacker's that points to us is none of ours.
  if (!for_programs && !host_is_ours(incoming.host))
    return error_answer(421, "this page isn't known by that name: see [http] hosts");
  if (call.route == nullptr) return asset(call.target.path);
  call.cookie = cookie_named(incoming.cookie,
                             settings_.tls == Settings::Tls::by_proxy ? secure_cookie_name : cookie_name);
  // An anonymous request costs no more than this look-up.
  if (!call.cookie.empty() && !for_programs) call.session = sessions_.find(call.cookie, call.now);
  if (auto refused = refusal(call)) return *std::move(refused);
  if (call.route->method == "POST") {
    auto body = parse_body(incoming.content_type, incoming.body);
    if (!body) return error_answer(400, body.error().what);
    call.body = *std::move(body);
  }
  return call.route->act(*this, call);
}

std::optional<Answer> Site::refusal(const Call& call) const {
  const Incoming& incoming = call.incoming;
  const bool foreign = !incoming.fetch_site.empty() && incoming.fetch_site != "same-origin";
  const bool for_browsers = call.route->access != Access::anybody || call.route->method == "POST";
  if (for_browsers && foreign && incoming.fetch_site != "none")
    return error_answer(403, "another site must not ask this");
  if (call.route->method == "POST" && (!origin_is_ours(incoming) || foreign))
    return error_answer(403, "the request doesn't come from this page (Origin)");
  if (call.route->access == Access::anybody) return std::nullopt;
  if (call.session == nullptr) return error_answer(401, "log in first");
  if (call.route->method == "POST" && !same_secret(incoming.token, call.session->token))
    return error_answer(403, "the request lacks the session's token");
  if (!may(call.session, call.route->access)) {
    log::warning("page: {} may not {} {}", call.session->name, call.route->method, call.target.path);
    return error_answer(403, "your role doesn't allow this");
  }
  return std::nullopt;
}

Decision Site::login(const Call& call) {
  const std::string name = text_of(call.body, "name");
  const std::string password = text_of(call.body, "password");
  const bool proxied = settings_.tls == Settings::Tls::by_proxy;
  const std::string_view forwarded =
      proxied ? last_forwarded(call.incoming.forwarded_for) : std::string_view();
  const std::string address = network_of(forwarded.empty() ? call.incoming.peer : std::string(forwarded));
  const bool possible = is_user_name(name) && !password.empty() && password.size() <= longest_password;
  // Names that can't be anybody's are one to the limits.
  const std::string counted = is_user_name(name) ? name : "";
  if (!limits_.charge(address, counted, call.now)) {
    log::warning("page: too many wrong passwords for {} from {}", printable(name.substr(0, 64)), address);
    Answer answer = error_answer(429, "too many attempts: wait a few minutes");
    answer.retry_after = static_cast<std::uint32_t>(std::chrono::seconds(LoginLimits::window).count());
    return answer;
  }
  if (!possible) return error_answer(401, "name or password is wrong");
  const auto user = std::ranges::find(users_, name, &User::name);
  return LoginCheck{name, password, user == users_.end() ? nobodys_hash_ : user->password, address};
}

Answer Site::finish_login(const LoginCheck& check, bool matches, Clock::time_point now) {
  const auto user = std::ranges::find(users_, check.name, &User::name);
  if (!matches || user == users_.end()) {
    log::warning("page: wrong name or password for {} from {}", printable(check.name), check.address);
    return error_answer(401, "name or password is wrong");
  }
  limits_.give_back(check.address, check.name);
  log::info("page: {} ({}) logged in from {}", user->name, to_string(user->role), check.address);
  const std::string value = sessions_.begin(*user, now);
  const Session* session = sessions_.find(value, now);
  Answer answer =
      json_answer({{"name", session->name}, {"role", to_string(session->role)}, {"token", session->token}});
  answer.set_cookie = cookie(value, settings_.longest);
  return answer;
}

Decision Site::logout(const Call& call) {
  log::info("page: {} logged out", call.session->name);
  sessions_.end(call.cookie);
  Answer answer = json_answer({{"done", "logged out"}});
  answer.set_cookie = cookie("", {});
  return answer;
}

Decision Site::session(const Call& call) const {
  return json_answer({{"name", call.session->name},
                      {"role", to_string(call.session->role)},
                      {"token", call.session->token}});
}

Decision Site::status(const Call&) const { return question({{"verb", "status"}}, Question::Kind::object); }

Decision Site::history(const Call& call) const {
  auto request = filter(call.target, {{"verb", "history"}}, {"text", "class"}, {"would"});
  if (!request) return error_answer(400, request.error().what);
  return question(*std::move(request), Question::Kind::rows);
}

Decision Site::held(const Call& call) const {
  auto request = filter(call.target, {{"verb", "quarantine list"}}, {"recipient", "sender"}, {"all"});
  if (!request) return error_answer(400, request.error().what);
  return question(*std::move(request), Question::Kind::rows);
}

Decision Site::message(const Call& call) const {
  return question({{"verb", "quarantine show"}, {"id", call.id}}, Question::Kind::object, call.id);
}

Decision Site::raw(const Call& call) const {
  // Whoever reads somebody's mail is named in the log.
  log::info("{}: page: {} takes the message as it came", call.id, call.session->name);
  return question({{"verb", "quarantine raw"}, {"id", call.id}}, Question::Kind::raw, call.id);
}

namespace {

// What is to be changed is named twice: in the address, and in the body as what the person has confirmed.
std::optional<Answer> unconfirmed(const json::object& body, const std::string& id) {
  if (text_of(body, "confirm") == id) return std::nullopt;
  return error_answer(400, "not confirmed: \"confirm\" must be the message's id");
}

}  // namespace

Decision Site::release(const Call& call) const {
  if (auto refused = unconfirmed(call.body, call.id)) return *std::move(refused);
  json::object request{{"verb", "quarantine release"}, {"id", call.id}, {"by", call.session->name}};
  if (const json::value* to = call.body.if_contains("to")) {
    const json::array* addresses = to->if_array();
    const bool good = addresses != nullptr && !addresses->empty() && addresses->size() <= 1000 &&
                      std::ranges::all_of(*addresses, [](const json::value& address) {
                        return address.is_string() && !address.get_string().empty();
                      });
    if (!good) return error_answer(400, "\"to\" must be a list of addresses");
    request["to"] = *addresses;
  }
  return question(std::move(request), Question::Kind::change, call.id,
                  fmt::format("release of {} by {}", call.id, call.session->name));
}

Decision Site::remove(const Call& call) const {
  if (auto refused = unconfirmed(call.body, call.id)) return *std::move(refused);
  return question({{"verb", "quarantine delete"}, {"id", call.id}, {"by", call.session->name}},
                  Question::Kind::change, call.id,
                  fmt::format("deletion of {} by {}", call.id, call.session->name));
}

Decision Site::asset(std::string_view path) const {
  const auto found = std::ranges::find(assets_, path == "/" ? "/index.html" : path, &Asset::path);
  if (found == assets_.end()) return error_answer(404, "there is no such thing here");
  Answer answer;
  answer.type = found->type;
  answer.body = found->bytes;
  return answer;
}

}  // namespace rastel::page
