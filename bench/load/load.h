// What the files of the load generator share. One thread, one plan, one run: state is global.
#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
  char *at;
  size_t length;
};

struct step {
  struct bytes send, expect;
  int times; // how often `expect` comes
};

struct dialect {
  bool websocket, polls;
  struct bytes id_prefix;  // what stands before ids; none: ids are not checked
  struct bytes ping, pong; // a heartbeat inside messages; the pong is a whole frame
  int publish_opcode;
  struct bytes ack;
};

// Bytes of a template that stand for what changes with each publish.
enum { SLOT_COUNT = 1, SLOT_PAYLOAD = 2 };

struct channel {
  char digits[5];         // of marks: "00017"
  uint32_t published;     // number of its newest message
  char epoch[12];         // of its ids; epoch[0] is 0 while none was seen
  int64_t offset;         // seq of an id - number of the message: the same for the whole log
  uint32_t *order;        // relay: what came at each place of the room's order, as the first member saw it
  uint32_t ordered;       // relay: how many places are filled
};

struct slot {
  struct channel *channel;
  uint32_t last;     // number of the newest message that came
  uint32_t boundary; // the number that ends the batch it is in
};

enum state { CLOSED, CONNECTING, OPENING, LIVE };

struct link {
  int fd;
  uint8_t dialect, state, client; // client: which of its room's members, in relays
  bool frozen, upgraded, awaits_id; // awaits_id: a frame has begun, and the id of its run has not come
  uint16_t slots, steps;
  uint16_t step, came; // the step it is at, and how often its `expect` came
  uint32_t skip;       // bytes of a payload that have not come yet
  uint64_t frame_left; // bytes of a frame's payload that have not come yet
  struct slot *slot;
  uint32_t *step_ids;
  struct bytes tail;  // came, and cannot be read without what follows
  struct bytes again; // long-poll: the next request
  size_t answer_left; // long-poll: of the body that is coming; 0 between answers
  size_t cursor_at;
  uint64_t since; // when it began to open, in nanoseconds
  struct relay *relay;
};

// Relay: what one member has sent and seen.
struct relay {
  uint32_t sent, acked, echoed, done, seen; // seen: places of the room's order
  uint32_t last[2];                         // count of the newest message of each member
  uint64_t sent_at[16];
  struct bytes publish; // a template with SLOT_ bytes
};

struct plan {
  char kind[16];
  int ports[16], port_count, control, cpu; // links take the ports in turn
  int store; // process of the store that servers share, one of pids; 0: none
  int pids[16], pid_count;
  uint32_t batch, window, at_once, in_flight;
  uint32_t base, missed; // number of the message that links have seen before, and how many the log has after it
  double rate;
  uint64_t warmup_ns, window_ns, limit_ns;
  bool http;           // messages are posted by the load generator
  struct bytes post;   // request with SLOT_ bytes
  struct bytes padding;
  struct dialect dialects[8];
  int dialect_count;
  struct step *steps;
  uint32_t step_count;
  struct link *links;
  uint32_t link_count;
  struct channel *channels;
  uint32_t channel_count;
};

extern struct plan plan;
extern uint64_t deliveries, received_bytes;

// plan.c
void read_plan(const char *path);

// scan.c: what is read from links, and every check of it
extern uint64_t now_of_read;
void take(struct link *link, char *from, char *end); // bytes, with what was kept put in front
void check_ids(struct channel *channel, const char *head);

// net.c
#define KEPT_MOST (512 * 1024)
void open_links(uint32_t first, uint32_t last);
void close_link(struct link *link);
void poll_network(int timeout_ms); // at most: it waits for one event
extern uint64_t waited_ns;         // of polls in vain that did not sleep
void send_all(int fd, const char *bytes, size_t length);
void send_frame(struct link *link, int opcode, const char *payload, size_t length);
void link_is_live(struct link *link);
extern uint32_t live_links;
extern void (*on_live)(struct link *link);
void publish(uint32_t first, uint32_t last, uint32_t count, bool as_it_comes);
struct server_stats {
  double rss, heap, delay_ms;
};
bool ask_stats(const char *line, struct server_stats *stats);
void sample_held(void); // its answer comes while the network is polled
extern double most_held; // bytes, of all samples; -1: the server does not know
void ask_cursor(uint32_t channel, char *id, size_t room);
void open_control(void);

// kinds.c
void run_kind(void);
void batch_reached(struct slot *slot);
void message_came(uint32_t number);
uint32_t relay_message(struct link *link, uint32_t digits, struct channel *channel);
void relay_acks(struct link *link, uint32_t count);
void relay_top_up(struct link *link);

// usage.c
struct usage {
  double cpu_s, store_s, user_s, sys_s, busy_s, wall_s, own_s;
  uint64_t deliveries, bytes;
};
uint64_t now_ns(void);
void read_usage(struct usage *usage);
double server_rss(void);
void histogram_clear(void);
void histogram_add(uint64_t ns);
uint64_t histogram_count(void);
double histogram_ms(double part);
double histogram_max_ms(void);

// load.c
_Noreturn __attribute__((format(printf, 1, 2))) void fail(const char *format, ...); // the run is void: a miss, repeat or disorder
_Noreturn __attribute__((format(printf, 1, 2))) void stop(const char *format, ...); // it could not be run
void result(const char *name, double value);

#endif
