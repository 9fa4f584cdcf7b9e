// SPDX-License-Identifier: GPL-2.0-only
#include "net/tls.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace rastel::net {
namespace {

template <auto release>
struct Releases {
  template <class Type>
  void operator()(Type* thing) const {
    release(thing);
  }
};
using ContextPointer = std::unique_ptr<SSL_CTX, Releases<SSL_CTX_free>>;
using CertificatePointer = std::unique_ptr<X509, Releases<X509_free>>;
using KeyPointer = std::unique_ptr<EVP_PKEY, Releases<EVP_PKEY_free>>;
using BioPointer = std::unique_ptr<BIO, Releases<BIO_free_all>>;

// What the client's name is matched with may be any wildcard of a whole label; nobody needs "f*o.example".
constexpr unsigned name_flags = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
constexpr std::size_t longest_name = 255;

BioPointer reader(std::string_view bytes) {
  return BioPointer(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

// Nobody is there to type a passphrase: OpenSSL would ask at the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

ContextPointer new_context(const SSL_METHOD* method, TlsVersion lowest) {
  ContextPointer context(SSL_CTX_new(method));
  if (!context) return context;
  SSL_CTX_set_min_proto_version(context.get(), lowest == TlsVersion::v1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // Buffers only while something is in them: most connections are idle most of the time.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // Tickets resume a session without memory of ours.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  return context;
}

std::string day_of(const ASN1_TIME* time) {
  tm parts{};
  char text[16] = "?";
  if (ASN1_TIME_to_tm(time, &parts) == 1) strftime(text, sizeof text, "%Y-%m-%d", &parts);
  return text;
}

void remark_on_time(const X509* certificate, const std::string& name, std::vector<std::string>& remarks) {
  const ASN1_TIME* end = X509_get0_notAfter(certificate);
  if (X509_cmp_current_time(end) < 0)
    remarks.push_back(name + ": the certificate expired on " + day_of(end) + ": renew it");
  else if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0)
    remarks.push_back(name + ": the certificate is valid only from " +
                      day_of(X509_get0_notBefore(certificate)));
}

Result<CertificatePointer> load_certificate(SSL_CTX* context, const CertificateAndKey& given) {
  ERR_clear_error();
  const auto wrong = [&](const std::string& what) {
    return fail(ErrorKind::invalid_input, given.certificate_name + ": " + what);
  };
  const BioPointer source = reader(given.certificate);
  CertificatePointer first(PEM_read_bio_X509(source.get(), nullptr, no_passphrase, nullptr));
  if (!first)
    return wrong("no certificate in PEM (\"-----BEGIN CERTIFICATE-----\") in it: " + openssl_error());
  if (SSL_CTX_use_certificate(context, first.get()) != 1)
    return wrong("the certificate can't be used: " + openssl_error());
  while (CertificatePointer more{PEM_read_bio_X509(source.get(), nullptr, no_passphrase, nullptr)}) {
    if (SSL_CTX_add0_chain_cert(context, more.get()) != 1)
      return wrong("a certificate of the chain can't be used: " + openssl_error());
    (void)more.release();
  }
  // At the end of the file there is no further one; anything else is a damaged chain.
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
    return wrong("the chain behind the first certificate is damaged: " + openssl_error());
  ERR_clear_error();
  return first;
}

Result<> load_key(SSL_CTX* context, const CertificateAndKey& given) {
  ERR_clear_error();
  const auto wrong = [&](const std::string& what) {
    return fail(ErrorKind::invalid_input, given.key_name + ": " + what);
  };
  const BioPointer source = reader(given.key);
  const KeyPointer key(PEM_read_bio_PrivateKey(source.get(), nullptr, no_passphrase, nullptr));
  if (!key) {
    if (given.key.find("ENCRYPTED") != std::string::npos)
      return wrong("the key has a passphrase, and nobody is there to type it: store it without one");
    return wrong("no private key in PEM in it: " + openssl_error());
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    ERR_clear_error();
    return wrong("the key doesn't belong to the certificate " + given.certificate_name +
                 ": give the pair that was made together");
  }
  return {};
}

class Server final : public TlsServer {
 public:
  struct Choice {
    CertificatePointer certificate;
    ContextPointer context;
  };

  Result<> add(const CertificateAndKey& given, TlsVersion lowest, std::vector<std::string>& remarks) {
    ContextPointer context = new_context(TLS_server_method(), lowest);
    if (!context) return fail(ErrorKind::ours, "OpenSSL: " + openssl_error());
    SSL_CTX_set_dh_auto(context.get(), 1);
    constexpr unsigned char id[] = "rastel";
    SSL_CTX_set_session_id_context(context.get(), id, sizeof id - 1);
    RASTEL_TRY(CertificatePointer certificate, load_certificate(context.get(), given));
    RASTEL_CHECK(load_key(context.get(), given));
    remark_on_time(certificate.get(), given.certificate_name, remarks);
    choices_.push_back({std::move(certificate), std::move(context)});
    return {};
  }

  void choose_by_name() {
    SSL_CTX_set_tlsext_servername_callback(choices_.front().context.get(), choose);
    SSL_CTX_set_tlsext_servername_arg(choices_.front().context.get(), this);
  }

  ssl_ctx_st* context() const override { return choices_.front().context.get(); }

 private:
  // A name that no certificate is for isn't refused: the client judges what it gets.
  static int choose(SSL* connection, int*, void* self) {
    const char* name = SSL_get_servername(connection, TLSEXT_NAMETYPE_host_name);
    if (name == nullptr) return SSL_TLSEXT_ERR_OK;
    const std::string_view asked(name);
    if (asked.empty() || asked.size() > longest_name) return SSL_TLSEXT_ERR_OK;
    for (const Choice& choice : static_cast<const Server*>(self)->choices_) {
      if (X509_check_host(choice.certificate.get(), asked.data(), asked.size(), name_flags, nullptr) != 1)
        continue;
      SSL_set_SSL_CTX(connection, choice.context.get());
      break;
    }
    ERR_clear_error();
    return SSL_TLSEXT_ERR_OK;
  }

  std::vector<Choice> choices_;
};

bool is_address(const std::string& name) {
  const std::unique_ptr<ASN1_OCTET_STRING, Releases<ASN1_OCTET_STRING_free>> address(
      a2i_IPADDRESS(name.c_str()));
  ERR_clear_error();
  return address != nullptr;
}

Result<> trust(SSL_CTX* context, const TlsClient::Roots& roots) {
  ERR_clear_error();
  const BioPointer source = reader(roots.pem);
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  std::size_t count = 0;
  while (const CertificatePointer root{PEM_read_bio_X509(source.get(), nullptr, no_passphrase, nullptr)}) {
    if (X509_STORE_add_cert(store, root.get()) != 1)
      return fail(ErrorKind::invalid_input, roots.name + ": a certificate can't be used: " + openssl_error());
    ++count;
  }
  if (count == 0)
    return fail(ErrorKind::invalid_input, roots.name +
                                              ": no certificate in PEM (\"-----BEGIN CERTIFICATE-----\") in "
                                              "it: " +
                                              openssl_error());
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
    return fail(ErrorKind::invalid_input, roots.name + ": a certificate is damaged: " + openssl_error());
  ERR_clear_error();
  return {};
}

class Client final : public TlsClient {
 public:
  Client(ContextPointer context, Verification verification, std::string server_name)
      : context_(std::move(context)),
        verification_(verification),
        server_name_(std::move(server_name)),
        name_is_address_(is_address(server_name_)) {}

  ssl_ctx_st* context() const override { return context_.get(); }
  bool verifies() const override { return verification_ == Verification::chain_and_name; }

  bool prepare(ssl_st* connection) const override {
    if (!server_name_.empty() && !name_is_address_ &&
        SSL_set_tlsext_host_name(connection, server_name_.c_str()) != 1)
      return false;
    if (!verifies()) return true;
    // Without a name any certificate of any root would do.
    if (server_name_.empty()) return false;
    X509_VERIFY_PARAM* parameters = SSL_get0_param(connection);
    X509_VERIFY_PARAM_set_hostflags(parameters, name_flags);
    return name_is_address_
               ? X509_VERIFY_PARAM_set1_ip_asc(parameters, server_name_.c_str()) == 1
               : X509_VERIFY_PARAM_set1_host(parameters, server_name_.data(), server_name_.size()) == 1;
  }

 private:
  ContextPointer context_;
  Verification verification_;
  std::string server_name_;
  bool name_is_address_;
};

}  // namespace

Result<std::shared_ptr<const TlsServer>> TlsServer::create(const std::vector<CertificateAndKey>& certificates,
                                                           TlsVersion lowest,
                                                           std::vector<std::string>& remarks) {
  if (certificates.empty()) return fail(ErrorKind::invalid_input, "TLS needs a certificate");
  auto server = std::make_shared<Server>();
  for (const CertificateAndKey& given : certificates) RASTEL_CHECK(server->add(given, lowest, remarks));
  server->choose_by_name();
  return server;
}

Result<std::shared_ptr<const TlsClient>> TlsClient::create(Verification verification, std::string server_name,
                                                           const std::optional<Roots>& roots) {
  ContextPointer context = new_context(TLS_client_method(), TlsVersion::v1_2);
  if (!context) return fail(ErrorKind::ours, "OpenSSL: " + openssl_error());
  SSL_CTX_set_verify(context.get(), verification == Verification::none ? SSL_VERIFY_NONE : SSL_VERIFY_PEER,
                     nullptr);
  if (roots)
    RASTEL_CHECK(trust(context.get(), *roots));
  else
    SSL_CTX_set_default_verify_paths(context.get());  // none at all: then nobody is believed
  return std::make_shared<Client>(std::move(context), verification, std::move(server_name));
}

std::string openssl_error() {
  const unsigned long number = ERR_get_error();
  const char* reason = number == 0 ? nullptr : ERR_reason_error_string(number);
  ERR_clear_error();
  return reason == nullptr ? "unknown reason" : reason;
}

}  // namespace rastel::net
