// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox/worker.hpp"

#include <new>

#include <unistd.h>

#include "sandbox/seqpacket.hpp"
#include "sandbox/wire.hpp"

namespace rastel::sandbox {
namespace {

void send_or_die(int socket, FrameKind kind, std::string_view body) {
  FrameHeader header;
  header.kind = kind;
  if (!send_packet(socket, encode_frame(header, body), {}, 0))
    _exit(0);  // the daemon has gone: nobody wants the rest
}

void send_report(int socket, const Report& report) {
  const std::string bytes = encode_report(report);
  constexpr std::size_t piece = largest_frame - sizeof(FrameHeader);
  std::string_view rest = bytes;
  for (; rest.size() > piece; rest.remove_prefix(piece))
    send_or_die(socket, FrameKind::report_part, rest.substr(0, piece));
  send_or_die(socket, FrameKind::report_end, rest);
}

}  // namespace

void run_worker(FileDescriptor socket, Scanner& scanner, const Circumstances& circumstances) {
  // Out of memory is one message's misfortune and has a name of its own (unscanned(memory)), unlike a crash.
  std::set_new_handler([] { _exit(exit_out_of_memory); });
  const auto confined = confine(Process::worker, circumstances, socket.get());
  if (!confined) _exit(exit_not_confined);
  if (!scanner.prove(confined->scratch)) _exit(exit_canary_failed);
  send_or_die(socket.get(), FrameKind::worker_ready, {});
  for (;;) {
    auto packet = receive_packet(socket.get(), largest_frame, 1, 0);
    if (!packet || packet->end) _exit(0);
    const auto frame = decode_frame(packet->bytes);
    if (!frame || frame->header.kind != FrameKind::scan || packet->descriptors.size() != 1) _exit(0);
    const Report report = scanner.scan(packet->descriptors[0].get(), frame->header.size, confined->scratch);
    if (!scanner.answers_itself_for_test(socket.get())) send_report(socket.get(), report);
  }
}

}  // namespace rastel::sandbox
