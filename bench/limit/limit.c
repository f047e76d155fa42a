// The limit: what a server in C with one thread costs that does nothing but what the exchange needs. It keeps no history and gives no promise.
//
//     limit turn | message [drop | repeat | swap | stray]
//
// `turn` collects what one turn has for a client into one send, `message` sends each message by itself. The third word is a
// deliberate fault at one message, by which the tests see that the load generator notices.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  DESCRIPTORS = 20000,
  CHANNELS = 128 * 1024,
  BACKLOG = 4096,
  EVENTS = 256,
  READ_BYTES = 64 * 1024,
  FAULTY_MESSAGE = 25, // of each channel; a small run has this many
  PAYLOAD_ROOM = 256,
};

enum kind { NONE, LISTENER, CONTROL_LISTENER, CONTROL, STDIN, HTTP, WEBSOCKET, STREAM };

struct client {
  enum kind kind;
  char *in, *out;
  size_t in_length, out_length, out_room;
  bool is_dirty, waits; // waits: for the socket to take more
};

struct channel {
  int *members;
  uint32_t count, room, published;
};

static struct client clients[DESCRIPTORS];
static struct channel channels[CHANNELS];
static int dirty[DESCRIPTORS], dirty_count = 0, epoll_fd;
static bool by_turn;
static const char *fault = "";
static uint64_t last_id = 0;
static uint32_t channels_used = 0;

static const char PADDING[] = "the quick brown fox jumps over the lazy dog and runs away into the deep green forest, where it sleeps until next morning";
enum { PADDING_BYTES = 93 };

static _Noreturn void stop(const char *what) {
  perror(what);
  exit(1);
}

// --- sending ---

static void watch(int fd, uint32_t events, int how) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  if (epoll_ctl(epoll_fd, how, fd, &event) < 0) stop("epoll");
}

static void close_client(int fd) {
  struct client *client = &clients[fd];
  for (uint32_t c = 0; c < channels_used; c++) {
    struct channel *channel = &channels[c];
    for (uint32_t i = 0; i < channel->count; i++) {
      if (channel->members[i] == fd) channel->members[i--] = channel->members[--channel->count];
    }
  }
  free(client->in);
  free(client->out);
  memset(client, 0, sizeof *client);
  close(fd);
}

static void keep(struct client *client, const char *bytes, size_t length) {
  if (client->out_length + length > client->out_room) {
    client->out_room = 2 * (client->out_length + length);
    client->out = realloc(client->out, client->out_room);
  }
  memcpy(client->out + client->out_length, bytes, length);
  client->out_length += length;
}

// How much the socket took; an error counts as all, and the end of the connection is seen by reading.
static size_t try_send(int fd, const char *bytes, size_t length) {
  ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
  if (sent < 0) return errno == EAGAIN ? 0 : length;
  return (size_t)sent;
}

static void wait_for(int fd, bool waits) {
  if (clients[fd].waits == waits) return;
  clients[fd].waits = waits;
  watch(fd, waits ? EPOLLIN | EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
}

static void flush(int fd) {
  struct client *client = &clients[fd];
  client->is_dirty = false;
  if (client->out_length == 0) return;
  size_t sent = try_send(fd, client->out, client->out_length);
  client->out_length -= sent;
  if (client->out_length) memmove(client->out, client->out + sent, client->out_length);
  wait_for(fd, client->out_length > 0);
}

static void send_now(int fd, const char *bytes, size_t length) {
  struct client *client = &clients[fd];
  size_t sent = client->out_length ? 0 : try_send(fd, bytes, length);
  if (sent == length) return;
  keep(client, bytes + sent, length - sent);
  wait_for(fd, true);
}

static void send_in_turn(int fd, const char *bytes, size_t length) {
  struct client *client = &clients[fd];
  keep(client, bytes, length);
  if (!client->is_dirty && !client->waits) dirty[dirty_count++] = fd;
  client->is_dirty = true;
}

static void end_of_turn(void) {
  for (int i = 0; i < dirty_count; i++) flush(dirty[i]);
  dirty_count = 0;
}

// --- what is sent ---

static size_t frame(char *to, const char *text, size_t length) {
  size_t head = length < 126 ? 2 : 4;
  to[0] = (char)0x81;
  to[1] = (char)(head == 2 ? length : 126);
  if (head == 4) {
    to[2] = (char)(length >> 8);
    to[3] = (char)length;
  }
  memcpy(to + head, text, length);
  return head + length;
}

static size_t wrap(enum kind kind, char *to, const char *text, size_t length) {
  if (kind == WEBSOCKET) return frame(to, text, length);
  return (size_t)sprintf(to, "data: %.*s\n\n", (int)length, text);
}

static bool is_fault(const char *name, uint32_t count) {
  return count == FAULTY_MESSAGE && !strcmp(fault, name);
}

static size_t message(enum kind kind, char *to, uint32_t channel, uint32_t count) {
  char text[PAYLOAD_ROOM];
  int length = sprintf(text, "{\"m\":\"^1%09u.%05u\",\"text\":\"%.*s\"}", count, is_fault("stray", count) ? channel + 1 : channel, PADDING_BYTES, PADDING);
  return wrap(kind, to, text, (size_t)length);
}

// The number of the message that stands at the place of `count`, and how often: faults change it.
static uint32_t faulty(uint32_t count, int *times) {
  *times = 1;
  if (is_fault("drop", count)) *times = 0;
  if (is_fault("repeat", count)) *times = 2;
  if (is_fault("swap", count)) return count + 1;
  if (is_fault("swap", count - 1)) return count - 1;
  return count;
}

// All messages of one channel and turn are made once for each form, and the same bytes go to each client.
static void publish_channel(uint32_t number, uint32_t count, bool is_alone) {
  struct channel *channel = &channels[number];
  static char *batch = NULL;
  static size_t room = 0, *ends = NULL;
  if (room < 2 * (size_t)count) {
    room = 2 * (size_t)count;
    batch = realloc(batch, room * PAYLOAD_ROOM);
    ends = realloc(ends, room * sizeof *ends);
  }
  for (enum kind kind = WEBSOCKET; kind <= STREAM; kind++) {
    size_t length = 0, made = 0;
    for (uint32_t i = 1; i <= count; i++) {
      int times;
      uint32_t said = faulty(channel->published + i, &times);
      for (; times > 0; times--) {
        length += message(kind, batch + length, number, said);
        ends[made++] = length;
      }
    }
    for (uint32_t m = 0; m < channel->count; m++) {
      int fd = channel->members[m];
      if (clients[fd].kind != kind || length == 0) continue;
      if (by_turn && is_alone) send_now(fd, batch, length);
      else if (by_turn) send_in_turn(fd, batch, length);
      else for (size_t i = 0; i < made; i++) send_now(fd, batch + (i ? ends[i - 1] : 0), ends[i] - (i ? ends[i - 1] : 0));
    }
  }
  channel->published += count;
}

// After a relayed message was dropped, nobody but its sender is read until the sender's next one: what its room misses is then seen as
// missing, and not first as another order, which a message of the other member would make of it.
static int read_alone = -1;

static void relay(int fd, char *text) {
  char *key = strstr(text, "\"k\":\""), *name = strstr(text, "\"c\":\"c"), *data = strstr(text, "\"d\":");
  if (!key || !name || !data) return;
  uint32_t number = (uint32_t)atoi(name + 6);
  if (number >= CHANNELS) return;
  key += 5;
  char id[32], out[1024], framed[1100];
  snprintf(id, sizeof id, "0limitlimit0-%08llu", (unsigned long long)++last_id % 100000000u);
  int length = snprintf(out, sizeof out, "{\"t\":\"message\",\"c\":\"c%u\",\"i\":\"%s\",\"d\":%s", number, id, data + 4);
  size_t whole = frame(framed, out, (size_t)length);
  void (*deliver)(int, const char *, size_t) = by_turn ? send_in_turn : send_now;
  uint32_t count = ++channels[number].published;
  read_alone = is_fault("drop", count) ? fd : -1;
  for (uint32_t i = 0; i < channels[number].count; i++) {
    if (i > 0 && is_fault("drop", count)) continue;
    deliver(channels[number].members[i], framed, whole);
    if (i > 0 && is_fault("repeat", count)) deliver(channels[number].members[i], framed, whole);
  }
  if (is_fault("stray", count)) deliver(channels[number > 0 ? 0 : 1].members[0], framed, whole);
  length = snprintf(out, sizeof out, "{\"t\":\"ok\",\"k\":\"%.*s\",\"i\":\"%s\"}", (int)strcspn(key, "\""), key, id);
  deliver(fd, framed, frame(framed, out, (size_t)length));
}

// --- what is read ---

static void subscribe(int fd, const char *names, const char *before) {
  for (const char *at = names; *at && *at != ']' && *at != ' '; at++) {
    if (*at != 'c' || at[1] < '0' || at[1] > '9' || !strchr(before, at[-1])) continue;
    uint32_t number = (uint32_t)atoi(at + 1);
    if (number >= CHANNELS) continue;
    if (number >= channels_used) channels_used = number + 1;
    struct channel *channel = &channels[number];
    if (channel->count == channel->room) {
      channel->room = channel->room ? 2 * channel->room : 8;
      channel->members = realloc(channel->members, channel->room * sizeof *channel->members);
    }
    channel->members[channel->count++] = fd;
  }
}

static void take_text(int fd, char *text) {
  const char *names = strstr(text, "\"channels\":[");
  char framed[64];
  if (!names) {
    relay(fd, text);
    return;
  }
  subscribe(fd, names + 12, "\"");
  static const char answer[] = "{\"t\":\"subscribed\"}";
  send_now(fd, framed, frame(framed, answer, sizeof answer - 1));
}

// Returns how many bytes were read; frames of clients are masked and here always short.
static size_t take_frame(int fd, char *at, size_t length) {
  if (length < 6) return 0;
  size_t size = (unsigned char)at[1] & 127, head = 2;
  if (size == 126) {
    size = (size_t)(unsigned char)at[2] << 8 | (unsigned char)at[3];
    head = 4;
  }
  if (length < head + 4 + size) return 0;
  char text[READ_BYTES];
  for (size_t i = 0; i < size; i++) text[i] = at[head + 4 + i] ^ at[head + (i & 3)];
  text[size] = 0;
  if ((at[0] & 15) == 1) take_text(fd, text);
  return head + 4 + size;
}

static size_t take_request(int fd, char *at, size_t length) {
  char *end = memmem(at, length, "\r\n\r\n", 4);
  if (!end) return 0;
  *end = 0;
  // Clients of this benchmark send the key of RFC 6455's example, and this is the example's answer to it.
  static const char upgraded[] = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLBMxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
  static const char stream[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n\r\n: open\n\n";
  const char *names = strstr(at, "?channels=");
  clients[fd].kind = names ? STREAM : WEBSOCKET;
  if (names) subscribe(fd, names + 10, "=,");
  send_now(fd, names ? stream : upgraded, names ? sizeof stream - 1 : sizeof upgraded - 1);
  return (size_t)(end - at) + 4;
}

static size_t take_line(int fd, char *at, size_t length) {
  char *end = memchr(at, '\n', length);
  if (!end) return 0;
  *end = 0;
  uint32_t first, last, count;
  char answer[32];
  if (sscanf(at, "publish %u %u %u", &first, &last, &count) == 3 || sscanf(at, "add %u %u %u", &first, &last, &count) == 3) {
    for (uint32_t c = first; c <= last && c < CHANNELS; c++) publish_channel(c, count, first == last);
    end_of_turn(); // each line is a turn
  } else if (!strncmp(at, "cursor", 6)) {
    send_now(fd, "\n", 1);
  } else if (!strncmp(at, "held", 4)) {
    size_t most = 0;
    for (int i = 0; i < DESCRIPTORS; i++) most = clients[i].out_length > most ? clients[i].out_length : most;
    send_now(fd, answer, (size_t)sprintf(answer, "%zu\n", most));
  } else {
    static const char stats[] = "{\"rss\":null,\"heapUsed\":null,\"delayP99Ms\":null}\n";
    send_now(fd, stats, sizeof stats - 1);
  }
  return (size_t)(end - at) + 1;
}

static void accept_all(int listener, enum kind kind) {
  int fd, on = 1;
  while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
    if (fd >= DESCRIPTORS) stop("descriptors");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    clients[fd].kind = kind;
    watch(fd, EPOLLIN, EPOLL_CTL_ADD);
  }
}

static void read_client(int fd) {
  static char buffer[2 * READ_BYTES];
  struct client *client = &clients[fd];
  if (client->in_length) memcpy(buffer, client->in, client->in_length);
  ssize_t got = recv(fd, buffer + client->in_length, READ_BYTES, 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) {
    close_client(fd);
    return;
  }
  size_t length = client->in_length + (size_t)got, read = 0;
  for (size_t taken = 1; taken > 0 && read < length; read += taken) {
    char *at = buffer + read;
    if (client->kind == CONTROL) taken = take_line(fd, at, length - read);
    else if (client->kind == HTTP) taken = take_request(fd, at, length - read);
    else if (client->kind == WEBSOCKET) taken = take_frame(fd, at, length - read);
    else taken = length - read;
  }
  client->in_length = length - read;
  if (client->in_length > READ_BYTES) stop("a request is too long");
  if (client->in_length == 0) return;
  client->in = realloc(client->in, client->in_length);
  memcpy(client->in, buffer + read, client->in_length);
}

static int listen_on_loopback(enum kind kind) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, BACKLOG) < 0) stop("listen");
  getsockname(fd, (struct sockaddr *)&address, &length);
  clients[fd].kind = kind;
  watch(fd, EPOLLIN, EPOLL_CTL_ADD);
  return ntohs(address.sin_port);
}

int main(int argc, char **argv) {
  by_turn = argc > 1 && !strcmp(argv[1], "turn");
  if (argc > 2) fault = argv[2];
  signal(SIGPIPE, SIG_IGN);
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
  setrlimit(RLIMIT_NOFILE, &limit);
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  int port = listen_on_loopback(LISTENER), control = listen_on_loopback(CONTROL_LISTENER);
  clients[STDIN_FILENO].kind = STDIN;
  watch(STDIN_FILENO, EPOLLIN, EPOLL_CTL_ADD);
  printf("{\"ports\":[%d],\"control\":%d,\"pids\":[%d]}\n", port, control, (int)getpid());
  fflush(stdout);
  for (;;) {
    static struct epoll_event events[EVENTS];
    int count = epoll_wait(epoll_fd, events, EVENTS, -1);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      char ignored[64];
      if (read_alone >= 0 && clients[fd].kind == WEBSOCKET && fd != read_alone) continue; // it is still there in the next turn
      if (clients[fd].kind == STDIN && read(fd, ignored, sizeof ignored) <= 0) return 0;
      if (clients[fd].kind == LISTENER) accept_all(fd, HTTP);
      else if (clients[fd].kind == CONTROL_LISTENER) accept_all(fd, CONTROL);
      else if (clients[fd].kind >= HTTP || clients[fd].kind == CONTROL) {
        if (events[i].events & EPOLLOUT) flush(fd);
        if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read_client(fd);
      }
    }
    end_of_turn();
  }
}
