// SPDX-License-Identifier: GPL-2.0-only
#include "doors/smtp/tls.hpp"

#include <optional>

namespace rastel::doors::smtp {
namespace {

std::unexpected<Error> at_door(const SmtpDoorOptions& options, std::string_view option, const Error& error) {
  return fail(error.kind, "door \"" + options.name + "\": " + std::string(option) + ": " + error.what);
}

Result<net::CertificateAndKey> pair_of(const SmtpDoorOptions& options, std::string_view where,
                                       const std::string& certificate, const std::string& key,
                                       const ReadFile& read) {
  net::CertificateAndKey pair{certificate, {}, key, {}};
  auto first = read(certificate);
  if (!first) return at_door(options, std::string(where) + ".certificate", first.error());
  auto second = read(key);
  if (!second) return at_door(options, std::string(where) + ".key", second.error());
  pair.certificate = *std::move(first);
  pair.key = *std::move(second);
  return pair;
}

Result<std::shared_ptr<const net::TlsServer>> server_of(const SmtpDoorOptions& options, const ReadFile& read,
                                                        std::vector<std::string>& remarks) {
  std::vector<net::CertificateAndKey> pairs;
  RASTEL_TRY(auto first, pair_of(options, "tls", options.tls.certificate, options.tls.key, read));
  pairs.push_back(std::move(first));
  for (const DoorCertificateOptions& more : options.certificates) {
    RASTEL_TRY(auto next, pair_of(options, "certificates", more.certificate, more.key, read));
    pairs.push_back(std::move(next));
  }
  const auto lowest = options.tls.lowest == LowestTls::v1_3 ? net::TlsVersion::v1_3 : net::TlsVersion::v1_2;
  std::vector<std::string> said;
  auto server = net::TlsServer::create(pairs, lowest, said);
  for (const std::string& remark : said) remarks.push_back("door \"" + options.name + "\": " + remark);
  if (!server) return at_door(options, "tls", server.error());
  return server;
}

Result<net::NextHopTlsPolicy> next_hop_of(const SmtpDoorOptions& options, const ReadFile& read) {
  using Verification = net::TlsClient::Verification;
  net::NextHopTlsPolicy policy;
  Verification verification = Verification::chain_and_name;
  switch (options.next_hop_tls) {
    case NextHopTls::none:
      return policy;
    case NextHopTls::may:
      policy.mode = net::NextHopTlsPolicy::Mode::may;
      verification = Verification::none;
      break;
    case NextHopTls::require:
      policy.mode = net::NextHopTlsPolicy::Mode::require;
      break;
    case NextHopTls::implicit:
      policy.mode = net::NextHopTlsPolicy::Mode::implicit;
      break;
  }
  std::optional<net::TlsClient::Roots> roots;
  if (!options.next_hop_tls_ca.empty()) {
    auto pem = read(options.next_hop_tls_ca);
    if (!pem) return at_door(options, "next_hop_tls_ca", pem.error());
    roots = net::TlsClient::Roots{options.next_hop_tls_ca, *std::move(pem)};
  }
  const std::string& name =
      options.next_hop_tls_name.empty() ? options.next_hop.endpoint.host : options.next_hop_tls_name;
  auto client = net::TlsClient::create(verification, name, roots);
  if (!client) return at_door(options, "next_hop_tls_ca", client.error());
  policy.client = *std::move(client);
  return policy;
}

}  // namespace

Result<DoorTls> load_tls(const SmtpDoorOptions& options, const ReadFile& read,
                         std::vector<std::string>& remarks) {
  DoorTls tls;
  if (options.tls.mode != DoorTlsMode::none) {
    RASTEL_TRY(tls.server, server_of(options, read, remarks));
  }
  RASTEL_TRY(tls.next_hop, next_hop_of(options, read));
  return tls;
}

}  // namespace rastel::doors::smtp
