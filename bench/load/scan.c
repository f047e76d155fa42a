// What comes from the server: borders of WebSocket frames, marks in payloads, and every check of them. The hot path of the load
// generator: one memchr a message, and one comparison of numbers.
#define _GNU_SOURCE
#include "load.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <stdio.h>

enum {
  MARK = '^',
  MARK_BYTES = 17,        // "^1000000001.00017"
  PAYLOAD_AFTER_MARK = 122, // 128 - the 6 bytes of {"m":" before it
  FIRST_NUMBER = 1000000000,
  INSIDE_MOST = 40,       // between two payloads of one run there is less than this; where there is more there has to be an id
  ID_BYTES = 21,
  HEAD_MOST = 256,        // the head of a run is shorter
};

uint64_t deliveries, received_bytes, now_of_read;

// Eight digits at once: pairs, then fours, then all; on little-endian machines.
static inline bool eight_digits(const char *at, uint32_t *value) {
  uint64_t v;
  memcpy(&v, at, 8);
  if ((v & 0xf0f0f0f0f0f0f0f0u) != 0x3030303030303030u) return false;
  v = (v & 0x0f0f0f0f0f0f0f0fu) * 2561 >> 8;
  v = (v & 0x00ff00ff00ff00ffu) * 6553601 >> 16;
  *value = (uint32_t)((v & 0x0000ffff0000ffffu) * 42949672960001u >> 32);
  return true;
}

static int base36(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'z') return c - 'a' + 10;
  return -1;
}

static bool read_seq(const char *at, int64_t *seq) {
  *seq = 0;
  for (int i = 0; i < 8; i++) {
    int digit = base36(at[i]);
    if (digit < 0) return false;
    *seq = *seq * 36 + digit;
  }
  return true;
}

static struct slot *slot_of(struct link *link, const char *digits) {
  for (int i = 0; i < link->slots; i++) {
    if (!memcmp(link->slot[i].channel->digits, digits, 5)) return &link->slot[i];
  }
  fail("a message of channel %.5s reached a link that is not subscribed to it", digits);
}

// `"i":"<epoch>-<seq>"` names the message that follows: with numbers that count up and this the same for all, ids join up too.
static void check_envelope(struct link *link, const char *head, const char *mark, struct channel *channel, uint32_t number) {
  const struct dialect *dialect = &plan.dialects[link->dialect];
  size_t length = (size_t)(mark - head);
  if (length < ID_BYTES && !link->awaits_id) return; // inside a run
  const char *prefix = NULL; // the last one: `live` has an id as well
  for (const char *at = head; (at = memmem(at, (size_t)(mark - at), dialect->id_prefix.at, dialect->id_prefix.length)); at++) prefix = at;
  if (!prefix) {
    if (length > INSIDE_MOST || link->awaits_id) fail("a run without an id before message %u of channel %.5s", number, channel->digits);
    return;
  }
  link->awaits_id = false;
  const char *id = prefix + dialect->id_prefix.length;
  int64_t seq;
  if (mark - id < ID_BYTES || id[12] != '-' || !read_seq(id + 13, &seq)) fail("no id before message %u: %.21s", number, id);
  if (!channel->epoch[0]) {
    memcpy(channel->epoch, id, sizeof channel->epoch);
    channel->offset = seq - number;
  } else if (memcmp(channel->epoch, id, sizeof channel->epoch) || seq - number != channel->offset) {
    fail("ids do not join up: message %u of channel %.5s has id %.21s, and seq should be %lld", number, channel->digits, id, (long long)(number + channel->offset));
  }
}

// Everything that came up to `end`; what cannot be judged without more is left: the return value says where it begins.
static char *scan(struct link *link, char *from, char *end, bool is_whole) {
  const struct dialect *dialect = &plan.dialects[link->dialect];
  size_t skipped = (size_t)(end - from) < link->skip ? (size_t)(end - from) : link->skip;
  link->skip -= (uint32_t)skipped;
  from += skipped;
  char *head = from, *at = from;
  for (;;) {
    char *mark = at < end ? memchr(at, MARK, (size_t)(end - at)) : NULL;
    if (!mark || end - mark < MARK_BYTES) {
      if (is_whole) return end;
      if (dialect->id_prefix.length == 0) return mark ? mark : end;
      return !mark && end - head > HEAD_MOST ? end - HEAD_MOST : head;
    }
    uint32_t low;
    if (mark[1] != '1' || mark[11] != '.' || (unsigned char)(mark[2] - '0') > 9 || !eight_digits(mark + 3, &low)) {
      at = mark + 1;
      continue;
    }
    uint32_t number = (uint32_t)(mark[2] - '0') * 100000000u + low;
    struct slot *slot = slot_of(link, mark + 12);
    if (plan.in_flight) {
      uint32_t place = relay_message(link, number, slot->channel);
      if (dialect->id_prefix.length) check_envelope(link, head, mark, slot->channel, place);
    } else {
      if (number != slot->last + 1) fail("channel %.5s: message %u came after %u", slot->channel->digits, number, slot->last);
      slot->last = number;
      if (dialect->id_prefix.length) check_envelope(link, head, mark, slot->channel, number);
      if (number == slot->boundary) batch_reached(slot);
      if (now_of_read && slot->channel == plan.channels) message_came(number);
      deliveries++;
    }
    at = mark + PAYLOAD_AFTER_MARK;
    if (at > end) {
      link->skip = (uint32_t)(at - end);
      return end;
    }
    head = at;
  }
}

static int count_of(const char *at, size_t length, const struct bytes *wanted) {
  int count = 0;
  const char *end = at + length;
  while ((at = memmem(at, (size_t)(end - at), wanted->at, wanted->length))) {
    count++;
    at += wanted->length;
  }
  return count;
}

static void send_step(struct link *link) {
  const struct step *step = &plan.steps[link->step_ids[link->step]];
  if (step->send.length) send_all(link->fd, step->send.at, step->send.length);
}

// `came` more times what the link's step waits for.
static void step_answered(struct link *link, int came) {
  while (link->state == OPENING && came > 0) {
    const struct step *step = &plan.steps[link->step_ids[link->step]];
    int missing = step->times - link->came;
    if (came < missing) {
      link->came = (uint16_t)(link->came + came);
      return;
    }
    came = 0; // bytes that came before a step was sent do not answer it
    link->came = 0;
    if (++link->step < link->steps) send_step(link);
    else link_is_live(link);
  }
}

static const struct bytes *expected(const struct link *link) {
  return &plan.steps[link->step_ids[link->step]].expect;
}

// A frame that is there as a whole: control frames, heartbeats, all frames while a link opens or relays.
static void take_frame(struct link *link, int opcode, char *payload, size_t length) {
  const struct dialect *dialect = &plan.dialects[link->dialect];
  if (opcode == 8) fail("the server closed a link: %.*s", (int)(length > 2 ? length - 2 : 0), payload + 2);
  if (opcode == 9) send_frame(link, 10, payload, length);
  if (opcode > 2) return;
  if (dialect->ping.at && length == dialect->ping.length && !memcmp(payload, dialect->ping.at, length)) {
    send_all(link->fd, dialect->pong.at, dialect->pong.length);
    return;
  }
  if (link->state == OPENING) step_answered(link, count_of(payload, length, expected(link)));
  link->awaits_id = true;
  scan(link, payload, payload + length, true);
  link->skip = 0;
  if (link->relay && dialect->ack.length) {
    int acks = count_of(payload, length, &dialect->ack);
    if (acks) relay_acks(link, (uint32_t)acks);
  }
}

// Returns where the bytes begin that need more to be read.
static char *take_frames(struct link *link, char *from, char *end) {
  const struct dialect *dialect = &plan.dialects[link->dialect];
  while (from < end) {
    if (link->frame_left == 0) {
      size_t have = (size_t)(end - from), head = 2;
      if (have < head) return from;
      int opcode = from[0] & 15;
      uint64_t length = (unsigned char)from[1] & 127;
      if ((unsigned char)from[1] & 128) fail("the server sent a masked frame");
      if (length == 126) head = 4;
      if (length == 127) head = 10;
      if (have < head) return from;
      if (head > 2) {
        length = 0;
        for (size_t i = 2; i < head; i++) length = length << 8 | (unsigned char)from[i];
      }
      bool is_beat = dialect->ping.at && length == dialect->ping.length;
      if (opcode > 2 || is_beat || link->state == OPENING || link->relay) {
        if (have < head + length) return from;
        take_frame(link, opcode, from + head, length);
        from += head + length;
        continue;
      }
      from += head;
      link->frame_left = length;
      link->awaits_id = true;
      continue;
    }
    bool is_end = (uint64_t)(end - from) >= link->frame_left;
    char *stop_at = is_end ? from + link->frame_left : end;
    char *taken = scan(link, from, stop_at, is_end);
    link->frame_left -= (uint64_t)(taken - from);
    from = taken;
    if (is_end) link->skip = 0;
    else return from;
  }
  return from;
}

static char *take_head(struct link *link, char *from, char *end) {
  char *head_end = memmem(from, (size_t)(end - from), "\r\n\r\n", 4);
  if (!head_end) return from;
  if (end - from < 12 || memcmp(from + 8, " 101", 4)) fail("the upgrade was refused: %.*s", (int)strcspn(from, "\r\n"), from);
  head_end += 4;
  link->upgraded = true;
  step_answered(link, count_of(from, (size_t)(head_end - from), expected(link)));
  return take_frames(link, head_end, end);
}

// While an event stream opens, everything is kept until all steps are done.
static char *take_opening(struct link *link, char *from, char *end) {
  if (end - from > 9 && !memcmp(from, "HTTP/1.1 ", 9) && from[9] != '2') fail("the request was refused: %.*s", (int)strcspn(from, "\r\n"), from);
  while (link->state == OPENING) {
    int before = link->step;
    step_answered(link, count_of(from, (size_t)(end - from), expected(link)) - link->came);
    if (link->step == before) return from;
    if (link->state == OPENING) return end; // the next step's answer is still to come
  }
  return from;
}

static void next_poll(struct link *link) {
  struct channel *channel = link->slot[0].channel;
  char *cursor = link->again.at + link->cursor_at;
  memcpy(cursor, channel->epoch, sizeof channel->epoch);
  cursor[12] = '-';
  int64_t seq = (int64_t)link->slot[0].last + channel->offset;
  for (int i = 20; i > 12; i--, seq /= 36) cursor[i] = "0123456789abcdefghijklmnopqrstuvwxyz"[seq % 36];
  send_all(link->fd, link->again.at, link->again.length);
}

static char *take_answers(struct link *link, char *from, char *end) {
  while (from < end) {
    if (link->answer_left == 0) {
      char *head_end = memmem(from, (size_t)(end - from), "\r\n\r\n", 4);
      if (!head_end) return from;
      if (memcmp(from, "HTTP/1.1 200", 12)) fail("a poll was refused: %.*s", (int)strcspn(from, "\r\n"), from);
      *head_end = 0;
      const char *length = strcasestr(from, "\r\ncontent-length:");
      if (!length) fail("the answer of a poll has no content-length");
      link->answer_left = strtoul(length + 17, NULL, 10);
      from = head_end + 4;
    }
    if ((size_t)(end - from) < link->answer_left) return from; // whole answers: they are small
    char *body_end = from + link->answer_left;
    if (link->state == OPENING) step_answered(link, count_of(from, link->answer_left, expected(link)));
    else scan(link, from, body_end, true);
    link->answer_left = 0;
    link->skip = 0;
    from = body_end;
    if (link->state == LIVE) next_poll(link);
  }
  return from;
}

void take(struct link *link, char *from, char *end) {
  const struct dialect *dialect = &plan.dialects[link->dialect];
  char *rest;
  if (dialect->polls) rest = take_answers(link, from, end);
  else if (dialect->websocket) rest = link->upgraded ? take_frames(link, from, end) : take_head(link, from, end);
  else {
    rest = from;
    if (link->state == OPENING) rest = take_opening(link, from, end);
    if (link->state == LIVE) rest = scan(link, rest, end, false);
  }
  link->tail.length = (size_t)(end - rest);
  if (rest == end) return;
  if (link->tail.length > KEPT_MOST / 2) fail("%zu bytes came that cannot be read", link->tail.length);
  link->tail.at = realloc(link->tail.at, link->tail.length);
  memcpy(link->tail.at, rest, link->tail.length);
}

void check_ids(struct channel *channel, const char *head) {
  if (!channel->epoch[0]) return;
  int64_t seq;
  if (strlen(head) != ID_BYTES || !read_seq(head + 13, &seq)) fail("the server says no id for the head of channel %.5s: %s", channel->digits, head);
  if (memcmp(head, channel->epoch, sizeof channel->epoch) || seq != channel->published + channel->offset) {
    fail("the cursor of channel %.5s is seq %lld at its end, and the head is %s", channel->digits, (long long)(channel->published + channel->offset), head);
  }
}
