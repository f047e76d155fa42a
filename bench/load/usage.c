// What the server used, read from /proc at both ends of the window, and a histogram of times.
#include "load.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { NS_PER_MS = 1000000, STAT_FIELDS_BEFORE_UTIME = 11 };

uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

// Exact, in nanoseconds, where the fields of `stat` are in ticks of 10 ms.
static double run_time_s(int pid) {
  char path[320];
  snprintf(path, sizeof path, "/proc/%d/task", pid);
  DIR *folder = opendir(path);
  if (!folder) stop("the server (process %d) is gone", pid);
  double sum = 0;
  struct dirent *entry;
  while ((entry = readdir(folder))) {
    if (entry->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", pid, entry->d_name);
    FILE *file = fopen(path, "r");
    if (!file) continue; // the thread has ended
    double ns = 0;
    if (fscanf(file, "%lf", &ns) == 1) sum += ns / 1e9;
    fclose(file);
  }
  closedir(folder);
  return sum;
}

static void split_s(int pid, double *user, double *sys) {
  char path[64], text[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  FILE *file = fopen(path, "r");
  if (!file) return;
  size_t length = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[length] = 0;
  char *field = strrchr(text, ')'); // names may have spaces
  if (!field) return;
  for (int i = 0; i <= STAT_FIELDS_BEFORE_UTIME && field; i++) field = strchr(field + 1, ' ');
  unsigned long utime = 0, stime = 0;
  if (field && sscanf(field, "%lu %lu", &utime, &stime) == 2) {
    double ticks = (double)sysconf(_SC_CLK_TCK);
    *user += (double)utime / ticks;
    *sys += (double)stime / ticks;
  }
}

// How long the server's CPU (without pinning: all of them) was not idle. What is idle is exact where the kernel stops its tick then; what
// is busy are samples of that tick, which a server that wakes in its rhythm (250 times a second) is always or never seen by.
static double busy_s(int cpu) {
  FILE *file = fopen("/proc/stat", "r");
  if (!file) return 0;
  char line[512], name[16] = "cpu";
  if (cpu >= 0) snprintf(name, sizeof name, "cpu%d", cpu);
  double cpus = cpu >= 0 ? 1 : (double)sysconf(_SC_NPROCESSORS_ONLN), busy = 0;
  while (fgets(line, sizeof line, file)) {
    size_t length = strcspn(line, " ");
    if (length != strlen(name) || strncmp(line, name, length) != 0) continue;
    unsigned long idle = 0, iowait = 0;
    sscanf(line + length, "%*u %*u %*u %lu %lu", &idle, &iowait);
    busy = cpus * (double)now_ns() / 1e9 - (double)(idle + iowait) / (double)sysconf(_SC_CLK_TCK);
    break;
  }
  fclose(file);
  return busy;
}

void read_usage(struct usage *usage) {
  memset(usage, 0, sizeof *usage);
  for (int i = 0; i < plan.pid_count; i++) {
    usage->cpu_s += run_time_s(plan.pids[i]);
    split_s(plan.pids[i], &usage->user_s, &usage->sys_s);
  }
  if (plan.store) usage->store_s = run_time_s(plan.store);
  struct rusage own;
  getrusage(RUSAGE_SELF, &own);
  usage->own_s = (double)(own.ru_utime.tv_sec + own.ru_stime.tv_sec) + (double)(own.ru_utime.tv_usec + own.ru_stime.tv_usec) / 1e6 - (double)waited_ns / 1e9;
  usage->busy_s = busy_s(plan.cpu);
  usage->wall_s = (double)now_ns() / 1e9;
  usage->deliveries = deliveries;
  usage->bytes = received_bytes;
}

double server_rss(void) {
  double sum = 0;
  for (int i = 0; i < plan.pid_count; i++) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/statm", plan.pids[i]);
    FILE *file = fopen(path, "r");
    unsigned long size, resident = 0;
    if (file && fscanf(file, "%lu %lu", &size, &resident) == 2) sum += (double)resident * (double)sysconf(_SC_PAGESIZE);
    if (file) fclose(file);
  }
  return sum;
}

// Buckets of 1/32 of a power of two: each time is known to 3 %.
enum { SUB_BITS = 5, SUBS = 1 << SUB_BITS, BUCKETS = 64 * SUBS };
static uint64_t buckets[BUCKETS];
static uint64_t added, most;

void histogram_clear(void) {
  memset(buckets, 0, sizeof buckets);
  added = most = 0;
}

void histogram_add(uint64_t ns) {
  int shift = ns < SUBS ? 0 : 63 - __builtin_clzll(ns) - SUB_BITS;
  buckets[shift * SUBS + (int)(ns >> shift)]++;
  added++;
  if (ns > most) most = ns;
}

uint64_t histogram_count(void) {
  return added;
}

double histogram_ms(double part) {
  uint64_t wanted = (uint64_t)(part * (double)added), sum = 0;
  for (int i = 0; i < BUCKETS; i++) {
    sum += buckets[i];
    if (sum <= wanted) continue;
    int shift = i < 2 * SUBS ? 0 : i / SUBS - 1;
    uint64_t low = (uint64_t)(i - shift * SUBS) << shift;
    return (double)(low + ((1ull << shift) >> 1)) / NS_PER_MS;
  }
  return (double)most / NS_PER_MS;
}

double histogram_max_ms(void) {
  return (double)most / NS_PER_MS;
}
