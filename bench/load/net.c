// Sockets: opening links a few at a time, reading what is readable, writing frames, and the control line to the server.
#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

enum {
  READ_BYTES = 512 * 1024,
  EVENTS = 512,
  LINKS_PER_ADDRESS = 10000, // ports of one source address run short at 28,000
  FROZEN_BUFFER = 4096,
  FROZEN_SEGMENT = 1460, // Ethernet's: a kernel takes megabytes for a client with loopback's of 64 kB, and its server is never told to wait
  CONTROL_LINE_MOST = 4096,
  ANSWER_MS = 20000, // gc of a large heap takes seconds
};

uint32_t live_links = 0;
void (*on_live)(struct link *link) = NULL;

static char buffer[KEPT_MOST + READ_BYTES];
static int epoll_fd = -1, control_fd = -1, held_fd = -1, post_fd = -1;
static uint32_t opening = 0;

static struct sockaddr_in loopback(uint32_t host, int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(host);
  return address;
}

static int connect_blocking(int port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
  struct sockaddr_in to = loopback(INADDR_LOOPBACK, port);
  if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0) stop("no connection to port %d: %s", port, strerror(errno));
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

static void watch(int fd, uint64_t data, uint32_t events, int how) {
  struct epoll_event event = {.events = events, .data.u64 = data};
  if (epoll_ctl(epoll_fd, how, fd, &event) < 0) stop("epoll: %s", strerror(errno));
}

enum { POST_EVENT = UINT32_MAX, HELD_EVENT = UINT32_MAX - 1 }; // no link has these numbers

void open_control(void) {
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (plan.control) control_fd = connect_blocking(plan.control);
  if (!plan.http) return;
  post_fd = connect_blocking(plan.ports[0]);
  watch(post_fd, POST_EVENT, EPOLLIN, EPOLL_CTL_ADD);
}

// Another source address for each 10,000 links and for each run: ports of a closed link rest for a minute.
static uint32_t source_address(uint32_t index) {
  static uint32_t random = 0;
  if (!random) random = (uint32_t)(now_ns() / 1000) | 1;
  return 0x7f000000u | ((1 + random % 250) << 16) | ((random / 250 % 250) << 8) | (1 + index / LINKS_PER_ADDRESS % 250);
}

static void begin(struct link *link) {
  uint32_t index = (uint32_t)(link - plan.links);
  int on = 1, small = FROZEN_BUFFER, segment = FROZEN_SEGMENT;
  link->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (link->fd < 0) stop("no socket for link %u: %s", index, strerror(errno));
  setsockopt(link->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (link->frozen) {
    setsockopt(link->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    setsockopt(link->fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment);
  }
  struct sockaddr_in from = loopback(source_address(index), 0), to = loopback(INADDR_LOOPBACK, plan.ports[index % (uint32_t)plan.port_count]);
  if (bind(link->fd, (struct sockaddr *)&from, sizeof from) < 0) stop("bind: %s", strerror(errno));
  link->since = now_ns();
  if (connect(link->fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS) stop("link %u cannot connect: %s", index, strerror(errno));
  link->state = CONNECTING;
  opening++;
  watch(link->fd, index, EPOLLOUT, EPOLL_CTL_ADD);
}

static void connected(struct link *link) {
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &error, &length);
  if (error) stop("a link cannot connect: %s", strerror(error));
  link->state = OPENING;
  watch(link->fd, (uint64_t)(link - plan.links), EPOLLIN, EPOLL_CTL_MOD);
  const struct step *step = &plan.steps[link->step_ids[0]];
  send_all(link->fd, step->send.at, step->send.length);
}

void link_is_live(struct link *link) {
  link->state = LIVE;
  opening--;
  live_links++;
  if (link->frozen) epoll_ctl(epoll_fd, EPOLL_CTL_DEL, link->fd, NULL); // it never reads again
  if (on_live) on_live(link);
}

// Opens links first .. last - 1, at most plan.at_once at a time, and returns when all are live (or closed by on_live).
void open_links(uint32_t first, uint32_t last) {
  uint64_t deadline = now_ns() + plan.limit_ns;
  uint32_t next = first;
  while (next < last || opening > 0) {
    while (next < last && opening < plan.at_once) begin(&plan.links[next++]);
    poll_network(100);
    if (now_ns() > deadline) stop("%u of %u links did not become live in %llu s", opening + last - next, last - first, (unsigned long long)(plan.limit_ns / 1000000000u));
  }
}

void close_link(struct link *link) {
  close(link->fd);
  link->fd = -1;
  link->state = CLOSED;
}

static void read_link(struct link *link, uint64_t now) {
  char *to = buffer + KEPT_MOST;
  ssize_t length = recv(link->fd, to, READ_BYTES, 0);
  if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (length <= 0) fail("the server ended a link that was %s: %s", link->state == LIVE ? "live" : "opening", length < 0 ? strerror(errno) : "end of stream");
  received_bytes += (uint64_t)length;
  if (now) now_of_read = now_ns();
  char *from = to - link->tail.length;
  if (link->tail.length) memcpy(from, link->tail.at, link->tail.length);
  link->tail.length = 0;
  take(link, from, to + length);
  if (link->relay && link->state == LIVE) relay_top_up(link);
}

double most_held = -1;

// On a connection of its own: nobody waits for the answer, since what came meanwhile would be timed too late.
void sample_held(void) {
  if (control_fd < 0) return;
  if (held_fd < 0) {
    held_fd = connect_blocking(plan.control);
    watch(held_fd, HELD_EVENT, EPOLLIN, EPOLL_CTL_ADD);
  }
  send_all(held_fd, "held\n", 5);
}

static void read_held(void) {
  static char line[32];
  static size_t length = 0;
  ssize_t got = recv(held_fd, line + length, sizeof line - 1 - length, 0);
  if (got <= 0) stop("the server ended its control connection");
  length += (size_t)got;
  line[length] = 0;
  for (char *end; (end = strchr(line, '\n')); memmove(line, end + 1, length + 1)) {
    length -= (size_t)(end + 1 - line);
    if (end > line && atof(line) > most_held) most_held = atof(line);
  }
}

uint64_t waited_ns;

// On a CPU of its own this process never sleeps. Waking it would be the work of the server's next write, which no network asks of it:
// servers that are slow enough to let it fall asleep would pay for that as well (measured: up to 5 of 16 us a delivery).
void poll_network(int timeout_ms) {
  static struct epoll_event events[EVENTS];
  uint64_t before = now_ns();
  int count = epoll_wait(epoll_fd, events, EVENTS, plan.cpu < 0 ? timeout_ms : 0);
  if (count == 0 && plan.cpu >= 0) waited_ns += now_ns() - before;
  for (int i = 0; i < count; i++) {
    if (events[i].data.u64 == POST_EVENT) {
      if (recv(post_fd, buffer, sizeof buffer, 0) <= 0) fail("the server ended the connection on which messages are posted");
      continue;
    }
    if (events[i].data.u64 == HELD_EVENT) {
      read_held();
      continue;
    }
    struct link *link = &plan.links[events[i].data.u64];
    if (link->state == CONNECTING) connected(link);
    else if (link->state != CLOSED) read_link(link, now_of_read);
  }
}

void send_all(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes += sent;
      length -= (size_t)sent;
      continue;
    }
    if (errno != EAGAIN && errno != EINTR) fail("a link cannot be written to: %s", strerror(errno));
    struct pollfd wait = {.fd = fd, .events = POLLOUT};
    if (poll(&wait, 1, 5000) == 0) fail("the server did not read for 5 s");
  }
}

// A whole client frame, masked with another mask each time, as RFC 6455 wants it.
void send_frame(struct link *link, int opcode, const char *payload, size_t length) {
  static uint32_t random = 0x9e3779b9u;
  static char frame[70000];
  if (length > 65000) stop("a frame of %zu bytes", length);
  random = random * 1664525u + 1013904223u;
  char mask[4];
  uint32_t value = random | 1;
  memcpy(mask, &value, sizeof mask);
  size_t head = 0;
  frame[head++] = (char)(0x80 | opcode);
  if (length < 126) frame[head++] = (char)(0x80 | length);
  else {
    frame[head++] = (char)(0x80 | 126);
    frame[head++] = (char)(length >> 8);
    frame[head++] = (char)length;
  }
  memcpy(frame + head, mask, sizeof mask);
  head += sizeof mask;
  for (size_t i = 0; i < length; i++) frame[head + i] = payload[i] ^ mask[i & 3];
  send_all(link->fd, frame, head + length);
}

static void post(uint32_t channel, uint32_t number) {
  char request[2048], *to = request;
  for (size_t i = 0; i < plan.post.length; i++) {
    char c = plan.post.at[i];
    if (c == SLOT_COUNT) to += sprintf(to, "%u", channel);
    else if (c == SLOT_PAYLOAD) to += sprintf(to, "{\"m\":\"^1%09u.%05u\",\"text\":\"%s\"}", number, channel, plan.padding.at);
    else *to++ = c;
  }
  send_all(post_fd, request, (size_t)(to - request));
}

void publish(uint32_t first, uint32_t last, uint32_t count, bool as_it_comes) {
  if (plan.http) {
    for (uint32_t i = 1; i <= count; i++) {
      for (uint32_t c = first; c <= last; c++) post(c, plan.channels[c].published + i);
    }
  } else {
    char line[64];
    int length = snprintf(line, sizeof line, "%s %u %u %u\n", as_it_comes ? "add" : "publish", first, last, count);
    send_all(control_fd, line, (size_t)length);
  }
  for (uint32_t c = first; c <= last; c++) plan.channels[c].published += count;
}

static void ask(const char *question, char *answer, size_t room) {
  send_all(control_fd, question, strlen(question));
  size_t length = 0;
  uint64_t deadline = now_ns() + ANSWER_MS * 1000000ull;
  while (length == 0 || answer[length - 1] != '\n') {
    struct pollfd wait = {.fd = control_fd, .events = POLLIN};
    if (now_ns() > deadline || poll(&wait, 1, ANSWER_MS) <= 0) stop("the server did not answer '%.*s'", (int)strcspn(question, "\n"), question);
    ssize_t got = recv(control_fd, answer + length, room - 1 - length, 0);
    if (got <= 0) stop("the server ended its control connection");
    length += (size_t)got;
  }
  answer[length - 1] = 0;
}

static double value_of(const char *json, const char *name) {
  char wanted[32];
  snprintf(wanted, sizeof wanted, "\"%s\":", name);
  const char *found = strstr(json, wanted);
  return found ? atof(found + strlen(wanted)) : 0;
}

bool ask_stats(const char *line, struct server_stats *stats) {
  char answer[CONTROL_LINE_MOST];
  memset(stats, 0, sizeof *stats);
  stats->rss = server_rss();
  if (control_fd < 0) return false;
  ask(line, answer, sizeof answer);
  *stats = (struct server_stats){server_rss(), value_of(answer, "heapUsed"), value_of(answer, "delayP99Ms")};
  return true;
}

void ask_cursor(uint32_t channel, char *id, size_t room) {
  char question[32];
  id[0] = 0;
  if (control_fd < 0) return;
  snprintf(question, sizeof question, "cursor c%u\n", channel);
  ask(question, id, room);
}
