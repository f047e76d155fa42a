/*
 * Preloaded into a real Redis so that tests can advance its clock: adds what a shared file says to the time of day, and leaves the
 * monotonic clock alone, which its event loop runs by. (libfaketime does not get along with the jemalloc of Debian's Redis.)
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const int64_t MICROSECONDS = 1000000;
static volatile const int64_t *ahead; /* microseconds */

__attribute__((constructor)) static void share(void) {
  const char *path = getenv("WALL_CLOCK_FILE");
  int file = path ? open(path, O_RDONLY) : -1;
  if (file < 0) _exit(97);
  void *page = mmap(NULL, sizeof *ahead, PROT_READ, MAP_SHARED, file, 0);
  if (page == MAP_FAILED) _exit(98);
  ahead = page;
  close(file);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  long failed = syscall(SYS_clock_gettime, clock, now);
  if (failed || clock != CLOCK_REALTIME || !ahead) return (int)failed;
  int64_t micros = now->tv_nsec / 1000 + *ahead;
  now->tv_sec += micros / MICROSECONDS;
  now->tv_nsec = (micros % MICROSECONDS) * 1000;
  return 0;
}

int gettimeofday(struct timeval *now, void *zone) {
  (void)zone;
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  now->tv_sec = time.tv_sec;
  now->tv_usec = time.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *result) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (result) *result = now.tv_sec;
  return now.tv_sec;
}
