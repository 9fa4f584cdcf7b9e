// SPDX-License-Identifier: GPL-2.0-only
// One TLS connection over a non-blocking descriptor, without waiting: each call does what can be done now and
// says what it lacks. For net/stream.cpp, which waits. Not thread-safe; never calls the descriptor once it
// was destroyed.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "net/tls.hpp"

namespace rastel::net {

class TlsEngine {
 public:
  enum class Step {
    done,
    wants_read,   // more bytes of the peer are needed
    wants_write,  // the socket must become writable
    ended,        // the peer has ended its side in order (close_notify)
    failed,       // cut off, broken or not believed: error() says which
  };
  struct Outcome {
    Step step = Step::failed;
    std::size_t length = 0;
  };

  [[nodiscard]] static Result<std::unique_ptr<TlsEngine>> server(std::shared_ptr<const TlsServer> with,
                                                                 int descriptor);
  [[nodiscard]] static Result<std::unique_ptr<TlsEngine>> client(std::shared_ptr<const TlsClient> with,
                                                                 int descriptor);
  ~TlsEngine();
  TlsEngine(const TlsEngine&) = delete;
  TlsEngine& operator=(const TlsEngine&) = delete;

  [[nodiscard]] Outcome handshake();
  [[nodiscard]] Outcome read(char* into, std::size_t most);
  [[nodiscard]] Outcome write(std::string_view bytes);
  // Looks whether anything to read has come, and takes nothing: `done` there is, `wants_read` not yet.
  [[nodiscard]] Outcome look();
  void say_end();  // close_notify, if it can be written at once

  [[nodiscard]] const std::string& error() const { return error_; }  // of the last `failed`
  [[nodiscard]] std::string version() const;                         // "TLSv1.3"
  [[nodiscard]] bool verified() const { return verified_; }          // chain and name, as a client

 private:
  TlsEngine() = default;
  [[nodiscard]] Result<> open(ssl_ctx_st* context, int descriptor);
  [[nodiscard]] Outcome outcome_of(int returned, std::size_t length);

  std::shared_ptr<const TlsServer> server_;
  std::shared_ptr<const TlsClient> client_;
  ssl_st* connection_ = nullptr;
  int descriptor_ = -1;  // not ours to close; OpenSSL's callbacks look here
  bool verified_ = false;
  bool broken_ = false;  // nothing more may be said on it
  std::string error_;
};

}  // namespace rastel::net
