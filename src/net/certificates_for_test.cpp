// SPDX-License-Identifier: GPL-2.0-only
#include "net/certificates_for_test.hpp"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace rastel::net::for_test {
namespace {

constexpr long day = 24 * 3600;

EVP_PKEY* new_key() { return EVP_EC_gen("P-256"); }

std::string pem_of(X509* certificate) {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, certificate);
  char* bytes = nullptr;
  const long length = BIO_get_mem_data(bio, &bytes);
  std::string text(bytes, static_cast<std::size_t>(length));
  BIO_free(bio);
  return text;
}

std::string pem_of(EVP_PKEY* key) {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  char* bytes = nullptr;
  const long length = BIO_get_mem_data(bio, &bytes);
  std::string text(bytes, static_cast<std::size_t>(length));
  BIO_free(bio);
  return text;
}

void extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

X509* new_certificate(const std::string& subject, EVP_PKEY* key, long from, long until) {
  static long serial = 1;
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate), from);
  X509_gmtime_adj(X509_getm_notAfter(certificate), until);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(subject.c_str()), -1, -1, 0);
  X509_set_pubkey(certificate, key);
  return certificate;
}

}  // namespace

struct Authority::State {
  EVP_PKEY* key = new_key();
  X509* certificate = nullptr;
};

Authority::Authority() : state_(std::make_unique<State>()) {
  state_->certificate = new_certificate("Test Authority", state_->key, -day, 365 * day);
  X509* own = state_->certificate;
  X509_set_issuer_name(own, X509_get_subject_name(own));
  extend(own, own, NID_basic_constraints, "critical,CA:TRUE");
  extend(own, own, NID_key_usage, "critical,keyCertSign,cRLSign");
  X509_sign(own, state_->key, EVP_sha256());
}

Authority::~Authority() {
  X509_free(state_->certificate);
  EVP_PKEY_free(state_->key);
}

CertificateAndKey Authority::issue(const Wanted& wanted) const {
  EVP_PKEY* key = new_key();
  X509* leaf = new_certificate(wanted.names.front(), key, wanted.valid_from_days * day,
                               (wanted.valid_from_days + wanted.valid_days) * day);
  X509_set_issuer_name(leaf, X509_get_subject_name(state_->certificate));
  std::string alternatives;
  for (const std::string& name : wanted.names)
    alternatives += (alternatives.empty() ? "DNS:" : ",DNS:") + name;
  if (!wanted.address.empty()) alternatives += ",IP:" + wanted.address;
  extend(leaf, state_->certificate, NID_subject_alt_name, alternatives);
  X509_sign(leaf, state_->key, EVP_sha256());
  CertificateAndKey made{wanted.names.front() + ".pem", pem_of(leaf), wanted.names.front() + ".key",
                         pem_of(key)};
  X509_free(leaf);
  EVP_PKEY_free(key);
  return made;
}

TlsClient::Roots Authority::roots() const { return {"roots.pem", pem_of(state_->certificate)}; }

}  // namespace rastel::net::for_test
