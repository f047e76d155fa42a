// Reads the plan that bench/lib/plan.js writes: one line a fact, bytes in hexadecimal, `-` for none.
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct plan plan;

static char *word(char **line) {
  char *found = strsep(line, " ");
  if (!found) stop("a line of the plan is too short");
  return found;
}

static uint32_t number(char **line) {
  return (uint32_t)strtoul(word(line), NULL, 10);
}

static struct bytes hex(char **line) {
  const char *text = word(line);
  struct bytes bytes = {NULL, 0};
  if (text[0] == '-') return bytes;
  size_t length = strlen(text) / 2;
  bytes.at = malloc(length + 1);
  for (size_t i = 0; i < length; i++) {
    unsigned byte;
    if (sscanf(text + 2 * i, "%2x", &byte) != 1) stop("the plan has bytes that are no hexadecimal");
    bytes.at[i] = (char)byte;
  }
  bytes.at[length] = 0;
  bytes.length = length;
  return bytes;
}

// Grows by doubling; `count` is how many there are now.
static void *room_for_one(void *array, uint32_t count, size_t size) {
  if (count & (count - 1)) return array;
  return realloc(array, (count ? 2 * (size_t)count : 1) * size);
}

static uint16_t list(char *text, uint32_t **numbers) {
  uint16_t count = 0;
  for (char *c = text; *c; c++) count += *c == ',';
  *numbers = malloc((count + 1u) * sizeof **numbers);
  count = 0;
  for (char *item; (item = strsep(&text, ","));) (*numbers)[count++] = (uint32_t)strtoul(item, NULL, 10);
  return count;
}

static void read_channels(uint32_t count) {
  plan.channels = calloc(count, sizeof *plan.channels);
  plan.channel_count = count;
  for (uint32_t i = 0; i < count; i++) {
    char digits[12];
    snprintf(digits, sizeof digits, "%05u", i % 100000u);
    memcpy(plan.channels[i].digits, digits, 5);
    plan.channels[i].published = plan.base + plan.missed;
  }
}

static void read_dialect(char **line) {
  if (plan.dialect_count == 8) stop("the plan has more than 8 dialects");
  struct dialect *dialect = &plan.dialects[plan.dialect_count++];
  dialect->websocket = number(line);
  dialect->polls = number(line);
  dialect->id_prefix = hex(line);
  dialect->ping = hex(line);
  dialect->pong = hex(line);
  dialect->publish_opcode = (int)number(line);
  dialect->ack = hex(line);
}

static void read_step(char **line) {
  plan.steps = room_for_one(plan.steps, plan.step_count, sizeof *plan.steps);
  struct step *step = &plan.steps[plan.step_count++];
  step->send = hex(line);
  step->expect = hex(line);
  step->times = (int)number(line);
}

static void read_link(char **line) {
  plan.links = room_for_one(plan.links, plan.link_count, sizeof *plan.links);
  struct link *link = &plan.links[plan.link_count++];
  memset(link, 0, sizeof *link);
  link->fd = -1;
  link->dialect = (uint8_t)number(line);
  link->frozen = number(line);
  link->client = (uint8_t)number(line);
  uint32_t *channels;
  link->slots = list(word(line), &channels);
  link->slot = calloc(link->slots, sizeof *link->slot);
  for (int i = 0; i < link->slots; i++) {
    if (channels[i] >= plan.channel_count) stop("the plan has no channel %u", channels[i]);
    link->slot[i] = (struct slot){&plan.channels[channels[i]], plan.base, plan.base + plan.batch};
  }
  free(channels);
  link->steps = list(word(line), &link->step_ids);
  struct bytes publish = hex(line);
  if (publish.at) {
    link->relay = calloc(1, sizeof *link->relay);
    link->relay->publish = publish;
  }
  link->again = hex(line);
  link->cursor_at = number(line);
}

static void read_epoch(char **line) {
  struct channel *channel = &plan.channels[number(line)];
  memcpy(channel->epoch, word(line), sizeof channel->epoch);
  channel->offset = (int64_t)number(line) - plan.base; // the seq of the message at which links begin
}

void read_plan(const char *path) {
  FILE *file = fopen(path, "r");
  if (!file) stop("no plan at %s", path);
  char *text = NULL;
  size_t room = 0;
  ssize_t length;
  while ((length = getline(&text, &room, file)) > 0) {
    if (text[length - 1] == '\n') text[length - 1] = 0;
    char *line = text;
    const char *name = word(&line);
    if (!strcmp(name, "kind")) snprintf(plan.kind, sizeof plan.kind, "%s", word(&line));
    else if (!strcmp(name, "port") && plan.port_count < 16) plan.ports[plan.port_count++] = (int)number(&line);
    else if (!strcmp(name, "control")) plan.control = (int)number(&line);
    else if (!strcmp(name, "cpu")) plan.cpu = atoi(word(&line)); // -1: not pinned
    else if (!strcmp(name, "pid") && plan.pid_count < 16) plan.pids[plan.pid_count++] = (int)number(&line);
    else if (!strcmp(name, "store")) plan.store = (int)number(&line);
    else if (!strcmp(name, "batch")) plan.batch = number(&line);
    else if (!strcmp(name, "window")) plan.window = number(&line);
    else if (!strcmp(name, "at-once")) plan.at_once = number(&line);
    else if (!strcmp(name, "base")) plan.base = number(&line);
    else if (!strcmp(name, "missed")) plan.missed = number(&line);
    else if (!strcmp(name, "in-flight")) plan.in_flight = number(&line);
    else if (!strcmp(name, "rate")) plan.rate = atof(word(&line));
    else if (!strcmp(name, "warmup")) plan.warmup_ns = number(&line) * 1000000ull;
    else if (!strcmp(name, "time")) plan.window_ns = number(&line) * 1000000ull;
    else if (!strcmp(name, "limit")) plan.limit_ns = number(&line) * 1000000ull;
    else if (!strcmp(name, "padding")) plan.padding = hex(&line);
    else if (!strcmp(name, "post")) plan.post = hex(&line), plan.http = true;
    else if (!strcmp(name, "channels")) read_channels(number(&line));
    else if (!strcmp(name, "epoch")) read_epoch(&line);
    else if (!strcmp(name, "dialect")) read_dialect(&line);
    else if (!strcmp(name, "step")) read_step(&line);
    else if (!strcmp(name, "link")) read_link(&line);
    else stop("the plan has an unknown line: %s", name);
  }
  free(text);
  fclose(file);
  if (plan.link_count == 0) stop("the plan has no links");
}
