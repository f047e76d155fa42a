// The kinds of load, each from opening its links to its last check.
#define _GNU_SOURCE
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
  BATCHES_AT_ONCE = 64, // ring of batches on their way; the window is far smaller
  QUIET_MS = 50,        // after the last message: what comes twice would come now
  FINISH_S = 15,
  CURSORS_CHECKED = 20,
  RELAY_MOST = 16,
  HELD_EVERY_MS = 250,
  ROOM_ORDER = 4096, // how far one member may be ahead of the other
};

// --- shared ends ---

static void print_usage(const struct usage *from, const struct usage *to) {
  double cpu = to->cpu_s - from->cpu_s, ticks = to->user_s - from->user_s + to->sys_s - from->sys_s;
  double user = ticks > 0 ? (to->user_s - from->user_s) / ticks * cpu : 0;
  double wall = to->wall_s - from->wall_s, own = to->own_s - from->own_s;
  double others = to->busy_s - from->busy_s - cpu - (plan.cpu < 0 ? own : 0);
  result("deliveries", (double)(to->deliveries - from->deliveries));
  result("bytes", (double)(to->bytes - from->bytes));
  result("wallS", wall);
  result("cpuS", cpu);
  if (plan.store) result("storeS", to->store_s - from->store_s);
  result("userS", user);
  result("sysS", cpu - user);
  result("otherPercent", others > 0 && wall > 0 ? 100 * others / wall : 0);
  result("loadPercent", own > 0 && wall > 0 ? 100 * own / wall : 0); // on a contended CPU polls in vain wait longer than they work
}

static void print_times(void) {
  if (histogram_count() == 0) return;
  result("p50Ms", histogram_ms(0.5));
  result("p99Ms", histogram_ms(0.99));
  result("p999Ms", histogram_ms(0.999));
  result("maxMs", histogram_max_ms());
}

static uint32_t links_behind(void) {
  uint32_t behind = 0;
  for (uint32_t i = 0; i < plan.link_count; i++) {
    const struct link *link = &plan.links[i];
    for (int s = 0; s < link->slots && !link->frozen; s++) behind += link->slot[s].last != link->slot[s].channel->published;
  }
  return behind;
}

static void listen_for(int ms) {
  uint64_t until = now_ns() + (uint64_t)ms * 1000000u, now;
  while ((now = now_ns()) < until) poll_network((int)((until - now) / 1000000u) + 1);
}

// For logs with ids: the cursor of their readers is the head of the log.
static void check_cursors(void) {
  for (uint32_t c = 0; c < plan.channel_count && c < CURSORS_CHECKED; c++) {
    if (!plan.channels[c].epoch[0]) {
      if (plan.dialects[0].id_prefix.length && plan.channels[c].published > plan.base) fail("no id of channel %u was seen", c);
      continue;
    }
    char id[256];
    ask_cursor(c, id, sizeof id);
    check_ids(&plan.channels[c], id);
  }
}

// Everybody has everything, and nothing comes twice.
static void finish(void) {
  uint64_t deadline = now_ns() + FINISH_S * 1000000000ull;
  while (links_behind() > 0) {
    poll_network(10);
    if (now_ns() > deadline) fail("%u subscriptions did not get the newest message of their channel", links_behind());
  }
  listen_for(QUIET_MS);
  check_cursors();
}

// --- burst: closed loop ---

static uint32_t reached[BATCHES_AT_ONCE], all_slots, batches_done, batches_sent;

void batch_reached(struct slot *slot) {
  uint32_t batch = (slot->boundary - plan.base) / plan.batch - 1;
  slot->boundary += plan.batch;
  if (++reached[batch % BATCHES_AT_ONCE] < all_slots) return;
  reached[batch % BATCHES_AT_ONCE] = 0;
  batches_done++;
}

static void count_slots(void) {
  all_slots = 0;
  for (uint32_t i = 0; i < plan.link_count; i++) all_slots += plan.links[i].frozen ? 0 : plan.links[i].slots;
}

static void burst_until(uint64_t end) {
  while (now_ns() < end) {
    while (batches_sent - batches_done < plan.window) {
      publish(0, plan.channel_count - 1, plan.batch, false);
      batches_sent++;
    }
    poll_network(100);
  }
}

static void play_burst(void) {
  struct usage from, to;
  struct server_stats stats;
  count_slots();
  open_links(0, plan.link_count);
  burst_until(now_ns() + plan.warmup_ns);
  ask_stats("stats\n", &stats); // the delay from here on
  read_usage(&from);
  burst_until(now_ns() + plan.window_ns);
  read_usage(&to);
  finish();
  if (to.deliveries == from.deliveries) stop("nothing was delivered in the window");
  print_usage(&from, &to);
}

// --- steady: open loop ---

static uint64_t first_due, between_ns;
static uint32_t first_number;
static bool is_measuring = false;

void message_came(uint32_t number) {
  if (!is_measuring || number < first_number) return;
  uint64_t due = first_due + (uint64_t)(number - first_number) * between_ns;
  histogram_add(now_of_read > due ? now_of_read - due : 0);
}

static void steady_until(uint64_t end) {
  uint64_t due = now_ns(), sample_due = due, now;
  first_due = due;
  first_number = plan.channels[0].published + 1;
  while ((now = now_ns()) < end) {
    for (; due <= now; due += between_ns) publish(0, plan.channel_count - 1, 1, true);
    for (; is_measuring && sample_due <= now; sample_due += HELD_EVERY_MS * 1000000ull) sample_held();
    uint64_t ms = (due - now) / 1000000u;
    poll_network(ms > 100 ? 100 : (int)ms);
  }
}

static void play_steady(void) {
  struct usage from, to;
  struct server_stats before, after;
  between_ns = (uint64_t)(1e9 / plan.rate);
  now_of_read = 1; // every read is timed from here on
  count_slots();
  open_links(0, plan.link_count);
  steady_until(now_ns() + plan.warmup_ns);
  ask_stats("stats\n", &before);
  histogram_clear();
  is_measuring = true;
  read_usage(&from);
  steady_until(now_ns() + plan.window_ns);
  read_usage(&to);
  bool has_stats = ask_stats("stats\n", &after);
  finish();
  print_usage(&from, &to);
  print_times();
  if (has_stats) result("delayP99Ms", after.delay_ms);
  if (most_held >= 0) result("held", most_held);
}

// --- relay: every client publishes to its room of two ---

static bool is_publishing = false;

static void relay_publish(struct link *link) {
  struct relay *relay = link->relay;
  char frame[2048], *to = frame;
  uint32_t count = ++relay->sent;
  for (size_t i = 0; i < relay->publish.length; i++) {
    char c = relay->publish.at[i];
    if (c == SLOT_COUNT) to += sprintf(to, "%u", count);
    else if (c == SLOT_PAYLOAD) to += sprintf(to, "{\"m\":\"^1%u%08u.%.5s\",\"text\":\"%s\"}", link->client, count, link->slot[0].channel->digits, plan.padding.at);
    else *to++ = c;
  }
  relay->sent_at[count % RELAY_MOST] = now_ns();
  send_frame(link, plan.dialects[link->dialect].publish_opcode, frame, (size_t)(to - frame));
}

void relay_top_up(struct link *link) {
  struct relay *relay = link->relay;
  uint32_t done = relay->acked < relay->echoed ? relay->acked : relay->echoed;
  uint64_t now = is_measuring ? now_ns() : 0;
  while (relay->done < done) {
    relay->done++;
    deliveries++;
    if (now) histogram_add(now - relay->sent_at[relay->done % RELAY_MOST]);
  }
  while (is_publishing && relay->sent - relay->done < plan.in_flight) relay_publish(link);
}

void relay_acks(struct link *link, uint32_t count) {
  link->relay->acked += count;
  if (link->relay->acked > link->relay->sent) fail("%u acknowledgements of %u messages of one client", link->relay->acked, link->relay->sent);
}

// `digits`: the sender's own, then its count. Returns the place of the message in the room's order, from 1.
uint32_t relay_message(struct link *link, uint32_t digits, struct channel *channel) {
  struct relay *relay = link->relay;
  uint32_t sender = digits / 100000000u, count = digits % 100000000u;
  if (sender > 1) fail("room %.5s: a message of member %u", channel->digits, sender);
  if (count != relay->last[sender] + 1) fail("room %.5s: message %u of member %u came after %u", channel->digits, count, sender, relay->last[sender]);
  relay->last[sender] = count;
  if (sender == link->client) relay->echoed++;
  if (!channel->order) channel->order = calloc(ROOM_ORDER, sizeof *channel->order);
  uint32_t place = relay->seen++;
  if (place == channel->ordered) channel->order[channel->ordered++ % ROOM_ORDER] = digits;
  else if (channel->ordered - place >= ROOM_ORDER) fail("room %.5s: one member is %u messages ahead of the other", channel->digits, channel->ordered - place);
  else if (channel->order[place % ROOM_ORDER] != digits) fail("room %.5s: its members do not see one order", channel->digits);
  return place + 1;
}

static void relay_until(uint64_t end) {
  while (now_ns() < end) poll_network(100);
}

static bool relay_is_done(void) {
  for (uint32_t i = 0; i < plan.link_count; i++) {
    const struct relay *own = plan.links[i].relay;
    if (own->done < own->sent || own->seen < plan.links[i].slot[0].channel->ordered) return false;
  }
  return true;
}

static void play_relay(void) {
  struct usage from, to;
  open_links(0, plan.link_count);
  is_publishing = true;
  for (uint32_t i = 0; i < plan.link_count; i++) relay_top_up(&plan.links[i]);
  relay_until(now_ns() + plan.warmup_ns);
  is_measuring = true;
  read_usage(&from);
  relay_until(now_ns() + plan.window_ns);
  read_usage(&to);
  is_publishing = is_measuring = false;
  uint64_t deadline = now_ns() + FINISH_S * 1000000000ull;
  while (!relay_is_done()) {
    poll_network(10);
    if (now_ns() > deadline) fail("some publishes were not acknowledged, or did not reach both members");
  }
  listen_for(QUIET_MS);
  uint64_t rooms = 0, sent = 0;
  for (uint32_t c = 0; c < plan.channel_count; c++) rooms += plan.channels[c].published = plan.channels[c].ordered;
  for (uint32_t i = 0; i < plan.link_count; i++) sent += plan.links[i].relay->sent;
  if (rooms != sent) fail("%llu messages were published and %llu delivered", (unsigned long long)sent, (unsigned long long)rooms);
  check_cursors();
  print_usage(&from, &to);
  print_times();
}

// --- idle: links that only live ---

static void play_idle(void) {
  struct usage from, to;
  struct server_stats before, after;
  bool has_stats = ask_stats("gc\n", &before);
  open_links(0, plan.link_count);
  listen_for((int)(plan.warmup_ns / 1000000u));
  ask_stats("gc\n", &after);
  read_usage(&from);
  listen_for((int)(plan.window_ns / 1000000u));
  read_usage(&to);
  print_usage(&from, &to);
  result("links", live_links);
  result("rssPerLink", (after.rss - before.rss) / live_links);
  if (has_stats) result("heapPerLink", (after.heap - before.heap) / live_links);
}

// --- storm and resume: what opening costs ---

static void opened(struct link *link) {
  deliveries++;
  histogram_add(now_ns() - link->since);
}

static void opened_and_closed(struct link *link) {
  opened(link);
  close_link(link);
}

// A warm-up share first, then the others, which count: half of a storm, as servers have run for long when one comes; a tenth of a
// resume, whose server has just started.
static void play_opening(bool closes) {
  struct usage from, to;
  struct server_stats stats;
  uint32_t warm = plan.link_count / (closes ? 2 : 10);
  on_live = closes ? opened_and_closed : opened;
  open_links(0, warm);
  listen_for((int)(plan.warmup_ns / 1000000u));
  bool has_stats = ask_stats("stats\n", &stats);
  histogram_clear();
  deliveries = 0;
  read_usage(&from);
  open_links(warm, plan.link_count);
  if (!closes) {
    uint64_t deadline = now_ns() + FINISH_S * 1000000000ull;
    while (links_behind() > 0 && now_ns() < deadline) poll_network(10);
  }
  uint64_t counted = plan.link_count - warm;
  deliveries = counted;
  read_usage(&to);
  has_stats = has_stats && ask_stats("stats\n", &stats);
  if (!closes) finish();
  print_usage(&from, &to);
  print_times();
  if (has_stats) result("delayP99Ms", stats.delay_ms);
}

void run_kind(void) {
  if (!strcmp(plan.kind, "burst")) play_burst();
  else if (!strcmp(plan.kind, "steady")) play_steady();
  else if (!strcmp(plan.kind, "relay")) play_relay();
  else if (!strcmp(plan.kind, "idle")) play_idle();
  else if (!strcmp(plan.kind, "storm")) play_opening(true);
  else if (!strcmp(plan.kind, "resume")) play_opening(false);
  else stop("there is no kind of load '%s'", plan.kind);
}
