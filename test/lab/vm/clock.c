/*
 * What the clock of the virtual machine reads, for the lab, which knows the truth; and what nothing else there can do to it.
 *
 *   told             answers on UDP port 1123 as a time server would, from the clock as it is
 *   told step S      steps the clock by S seconds
 *   told watch S O   has the kernel glide by O seconds (ADJ_OFFSET_SINGLESHOT), and prints for S seconds, each 10 ms, how long
 *                    that is ago and by how much the clock has gained on the raw one since
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <time.h>

#define PORT 1123
#define UNIX_EPOCH 2208988800u

static void put_time(unsigned char *at) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  uint32_t seconds = htonl((uint32_t)now.tv_sec + UNIX_EPOCH);
  uint32_t fraction = htonl((uint32_t)(((uint64_t)now.tv_nsec << 32) / 1000000000u));
  memcpy(at, &seconds, 4);
  memcpy(at + 4, &fraction, 4);
}

static int answer(void) {
  int s = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(PORT)};
  if (s < 0 || bind(s, (struct sockaddr *)&here, sizeof here) != 0) return 1;
  for (;;) {
    unsigned char request[48];
    struct sockaddr_in client;
    socklen_t length = sizeof client;
    if (recvfrom(s, request, sizeof request, 0, (struct sockaddr *)&client, &length) != sizeof request) continue;
    unsigned char reply[48] = {0x24, 1, 6, 0xe8};
    put_time(reply + 32);
    memcpy(reply + 12, "TOLD", 4);
    memcpy(reply + 16, reply + 32, 8);
    memcpy(reply + 24, request + 40, 8);
    put_time(reply + 40);
    sendto(s, reply, sizeof reply, 0, (struct sockaddr *)&client, length);
  }
}

static int step(double by) {
  struct timex t = {.modes = ADJ_SETOFFSET | ADJ_NANO};
  t.time.tv_sec = (long)by - (by < 0);
  t.time.tv_usec = (long)((by - (double)t.time.tv_sec) * 1e9);
  return adjtimex(&t) < 0;
}

static double clock_of(clockid_t id) {
  struct timespec t;
  clock_gettime(id, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The processor may be taken away between two readings: of some, those that are closest together. */
static double gained(void) {
  double gain = 0, least = 1;
  for (int i = 0; i < 8; i++) {
    struct timespec raw, real, after;
    clock_gettime(CLOCK_MONOTONIC_RAW, &raw);
    clock_gettime(CLOCK_REALTIME, &real);
    clock_gettime(CLOCK_MONOTONIC_RAW, &after);
    double apart = (double)(after.tv_sec - raw.tv_sec) + (double)(after.tv_nsec - raw.tv_nsec) / 1e9;
    if (apart >= least) continue;
    least = apart;
    gain = (double)(real.tv_sec - raw.tv_sec) + (double)(real.tv_nsec - raw.tv_nsec) / 1e9 - apart / 2;
  }
  return gain;
}

static int watch(double seconds, double offset) {
  struct timex t = {.modes = ADJ_OFFSET_SINGLESHOT, .offset = (long)(offset * 1e6)};
  double before = gained();
  double start = clock_of(CLOCK_MONOTONIC_RAW), second = clock_of(CLOCK_REALTIME);
  if (adjtimex(&t) < 0) return 1;
  printf("%.6f\n", second - (double)(long)second);
  for (double now = start; now < start + seconds; now = clock_of(CLOCK_MONOTONIC_RAW)) {
    printf("%.6f %.9f\n", now - start, gained() - before);
    nanosleep(&(struct timespec){0, 10000000}, NULL);
  }
  return 0;
}

int main(int count, char **words) {
  if (count == 3 && strcmp(words[1], "step") == 0) return step(atof(words[2]));
  if (count == 4 && strcmp(words[1], "watch") == 0) return watch(atof(words[2]), atof(words[3]));
  return answer();
}
