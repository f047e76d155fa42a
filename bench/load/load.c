// Load generator of the benchmark: opens links by the steps of a plan, plays one scenario, checks every message, and prints
// one JSON object. Exit code 3: a message was missing, doubled or out of order, and the run is void. 1: it could not be run.
#include "load.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { EXIT_STOPPED = 1, EXIT_VOID = 3, DESCRIPTORS = 20000 };

static bool has_results = false;

static void on_signal(int signal) {
  (void)signal;
  _exit(EXIT_STOPPED); // the kernel closes the links; the server is not ours to end
}

int main(int argc, char **argv) {
  if (argc != 2) stop("give the path of a plan");
  signal(SIGTERM, on_signal);
  signal(SIGINT, on_signal);
  signal(SIGPIPE, SIG_IGN);
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
  setrlimit(RLIMIT_NOFILE, &limit);
  read_plan(argv[1]);
  if (plan.link_count + 16 > limit.rlim_cur) stop("%u links need more than the %lu descriptors of this process", plan.link_count, (unsigned long)limit.rlim_cur);
  open_control();
  run_kind();
  printf(has_results ? "}\n" : "{}\n");
  return 0;
}

void result(const char *name, double value) {
  printf("%s\"%s\":%.9g", has_results ? "," : "{", name, value);
  has_results = true;
}

static _Noreturn void end(int code, const char *name, const char *format, va_list values) {
  char why[512], quoted[1024];
  vsnprintf(why, sizeof why, format, values);
  char *to = quoted;
  for (const char *from = why; *from && to < quoted + sizeof quoted - 8; from++) {
    if (*from == '"' || *from == '\\') *to++ = '\\';
    if ((unsigned char)*from < ' ' || (unsigned char)*from > '~') to += sprintf(to, "\\u%04x", (unsigned char)*from);
    else *to++ = *from;
  }
  *to = 0;
  printf("%s\"%s\":\"%s\"}\n", has_results ? "," : "{", name, quoted);
  fflush(stdout);
  _exit(code);
}

void fail(const char *format, ...) {
  va_list values;
  va_start(values, format);
  end(EXIT_VOID, "void", format, values);
}

void stop(const char *format, ...) {
  va_list values;
  va_start(values, format);
  end(EXIT_STOPPED, "stopped", format, values);
}
