// SPDX-License-Identifier: GPL-2.0-only
// What TLS connections share: certificates on the server's side, whom to believe on the client's. Made once
// from bytes that somebody else has read (keys are for root to read), then used by any number of streams on
// any thread. OpenSSL; TLS 1.2 and up, no renegotiation, no compression. Not here: certificates of clients,
// revocation, DANE.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

struct ssl_ctx_st;
struct ssl_st;

namespace rastel::net {

enum class TlsVersion { v1_2, v1_3 };

// PEM: the certificate first, then what leads to a root; its key without a passphrase. The names are for
// messages.
struct CertificateAndKey {
  std::string certificate_name, certificate;
  std::string key_name, key;
};

class TlsServer {
 public:
  // The first certificate serves whoever asks for no name, or for one that none is for. `remarks`: what works
  // but is probably not meant (a certificate that has expired), a sentence each.
  [[nodiscard]] static Result<std::shared_ptr<const TlsServer>> create(
      const std::vector<CertificateAndKey>& certificates, TlsVersion lowest,
      std::vector<std::string>& remarks);
  virtual ~TlsServer() = default;
  [[nodiscard]] virtual ssl_ctx_st* context() const = 0;  // for net/stream.cpp
};

// Whom a client believes: a chain of certificates up to a root, and the name at its end.
class TlsClient {
 public:
  enum class Verification { none, chain_and_name };
  struct Roots {
    std::string name;  // of the file, for messages
    std::string pem;
  };
  // `server_name`: what must stand in the certificate, a host name or an address; also what is asked for
  // (SNI). Without `roots`: those of the system.
  [[nodiscard]] static Result<std::shared_ptr<const TlsClient>> create(Verification verification,
                                                                       std::string server_name,
                                                                       const std::optional<Roots>& roots);
  virtual ~TlsClient() = default;
  [[nodiscard]] virtual ssl_ctx_st* context() const = 0;
  [[nodiscard]] virtual bool prepare(ssl_st* connection) const = 0;  // sets the name
  [[nodiscard]] virtual bool verifies() const = 0;
};

// The oldest error that OpenSSL has noted on this thread, as a phrase; the rest is forgotten.
[[nodiscard]] std::string openssl_error();

}  // namespace rastel::net
