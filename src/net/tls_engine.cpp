// SPDX-License-Identifier: GPL-2.0-only
#include "net/tls_engine.hpp"

#include <cerrno>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

namespace rastel::net {
namespace {

// OpenSSL's own socket BIO would raise SIGPIPE in programs that don't ignore it.
int descriptor_of(BIO* bio) { return *static_cast<const int*>(BIO_get_data(bio)); }

template <class Call>
int transfer(BIO* bio, int retry_flag, Call call) {
  BIO_clear_retry_flags(bio);
  ssize_t done;
  do done = call();
  while (done < 0 && errno == EINTR);
  if (done < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
    BIO_set_flags(bio, retry_flag | BIO_FLAGS_SHOULD_RETRY);
  return static_cast<int>(done);
}

int write_bytes(BIO* bio, const char* bytes, int length) {
  return transfer(bio, BIO_FLAGS_WRITE, [&] {
    return send(descriptor_of(bio), bytes, static_cast<std::size_t>(length), MSG_NOSIGNAL);
  });
}

int read_bytes(BIO* bio, char* into, int length) {
  const int got = transfer(bio, BIO_FLAGS_READ, [&] {
    return recv(descriptor_of(bio), into, static_cast<std::size_t>(length), 0);
  });
  if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return got;
}

long control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return 0;
}

const BIO_METHOD* socket_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without SIGPIPE");
    BIO_meth_set_write(made, write_bytes);
    BIO_meth_set_read(made, read_bytes);
    BIO_meth_set_ctrl(made, control);
    return made;
  }();
  return method;
}

}  // namespace

Result<> TlsEngine::open(ssl_ctx_st* context, int descriptor) {
  ERR_clear_error();
  connection_ = SSL_new(context);
  BIO* bio = BIO_new(socket_method());
  if (connection_ == nullptr || bio == nullptr) {
    BIO_free(bio);
    return fail(ErrorKind::ours, "no TLS connection can be made: " + openssl_error());
  }
  descriptor_ = descriptor;
  BIO_set_data(bio, &descriptor_);
  BIO_set_init(bio, 1);
  SSL_set_bio(connection_, bio, bio);
  return {};
}

Result<std::unique_ptr<TlsEngine>> TlsEngine::server(std::shared_ptr<const TlsServer> with, int descriptor) {
  std::unique_ptr<TlsEngine> engine(new TlsEngine);
  RASTEL_CHECK(engine->open(with->context(), descriptor));
  SSL_set_accept_state(engine->connection_);
  engine->server_ = std::move(with);
  return engine;
}

Result<std::unique_ptr<TlsEngine>> TlsEngine::client(std::shared_ptr<const TlsClient> with, int descriptor) {
  std::unique_ptr<TlsEngine> engine(new TlsEngine);
  RASTEL_CHECK(engine->open(with->context(), descriptor));
  SSL_set_connect_state(engine->connection_);
  if (!with->prepare(engine->connection_))
    return fail(ErrorKind::ours, "the TLS server's name can't be set: " + openssl_error());
  engine->client_ = std::move(with);
  return engine;
}

TlsEngine::~TlsEngine() {
  SSL_free(connection_);
  ERR_clear_error();
}

TlsEngine::Outcome TlsEngine::outcome_of(int returned, std::size_t length) {
  if (returned == 1) return {Step::done, length};
  switch (SSL_get_error(connection_, returned)) {
    case SSL_ERROR_WANT_READ:
      return {Step::wants_read, 0};
    case SSL_ERROR_WANT_WRITE:
      return {Step::wants_write, 0};
    case SSL_ERROR_ZERO_RETURN:
      return {Step::ended, 0};
    case SSL_ERROR_SYSCALL:
      error_ = "the peer reset the connection";
      break;
    default:
      error_ = ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING
                   ? "the peer cut the connection"
                   : openssl_error();
  }
  ERR_clear_error();
  broken_ = true;
  return {Step::failed, 0};
}

TlsEngine::Outcome TlsEngine::handshake() {
  ERR_clear_error();
  const Outcome outcome = outcome_of(SSL_do_handshake(connection_), 0);
  if (outcome.step == Step::failed && client_ && client_->verifies()) {
    const long problem = SSL_get_verify_result(connection_);
    if (problem != X509_V_OK)
      error_ = std::string("its certificate is not trusted: ") + X509_verify_cert_error_string(problem);
  }
  if (outcome.step == Step::done && client_)
    verified_ = client_->verifies() && SSL_get0_peer_certificate(connection_) != nullptr &&
                SSL_get_verify_result(connection_) == X509_V_OK;
  return outcome;
}

TlsEngine::Outcome TlsEngine::read(char* into, std::size_t most) {
  ERR_clear_error();
  std::size_t got = 0;
  const int returned = SSL_read_ex(connection_, into, most, &got);
  return outcome_of(returned, got);
}

TlsEngine::Outcome TlsEngine::write(std::string_view bytes) {
  ERR_clear_error();
  std::size_t sent = 0;
  const int returned = SSL_write_ex(connection_, bytes.data(), bytes.size(), &sent);
  return outcome_of(returned, sent);
}

TlsEngine::Outcome TlsEngine::look() {
  ERR_clear_error();
  char byte;
  std::size_t got = 0;
  const int returned = SSL_peek_ex(connection_, &byte, 1, &got);
  return outcome_of(returned, got);
}

void TlsEngine::say_end() {
  // After a failure OpenSSL allows no more words, and within a handshake there is no end to be said.
  if (broken_ || SSL_is_init_finished(connection_) == 0) return;
  ERR_clear_error();
  (void)SSL_shutdown(connection_);
  ERR_clear_error();
}

std::string TlsEngine::version() const { return SSL_get_version(connection_); }

}  // namespace rastel::net
