/*
 * Gives one process (and all that share its state file) a CLOCK_REALTIME of its own, by LD_PRELOAD.
 *
 *   NTPKIT_LAB_CLOCK          the state file, made by the lab (test/lab/clock.ts); without it the real time is shown
 *   NTPKIT_LAB_CLOCK_REFUSE   if set, every setter fails with EPERM, as without CAP_SYS_TIME
 *
 * The process reads  real + offset + progress of slews, of the frequency and of the crystal since the last setting,  from
 * every reader of the clock and from the kernel's packet timestamps alike: a daemon that mixes the two (chronyd's T2 is
 * the kernel's stamp, its T3 its own reading) serves the wanted offset exactly. Setters change the state file and nothing
 * else: NONE IS EVER PASSED ON TO THE KERNEL, not even when the state file is missing.
 *
 * A leap second that is told of (STA_INS, STA_DEL) is carried out at the end of the day that the clock shows, with
 * the states of the kernel: TIME_INS, TIME_OOP while 23:59:59 runs a second time, TIME_WAIT until the bits are taken back.
 *
 * Rates are the kernel's: 500 ppm for ADJ_OFFSET_SINGLESHOT and adjtime, at most 500 ppm of ADJ_FREQUENCY, 100 ppm a
 * unit of ADJ_TICK, and the phase-locked loop of ADJ_OFFSET. CLOCK_MONOTONIC and CLOCK_BOOTTIME run as fast as the clock
 * does and know no steps, as the kernel's do; sleeps until an absolute time are not translated, and a timerfd is not
 * cancelled by a step.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#define BILLION 1000000000LL
#define MAGIC 0x316b6c634b50544eULL /* "NTPKclk1" in the file */
#define SLEW_RATE 500e-6            /* of adjtime(3) */
#define MAX_FREQUENCY (500L << 16)  /* ppm with 16 fraction bits, adjtimex(2) */
#define MAX_PHASE 500000000LL       /* of ADJ_OFFSET, ns */
#define PHASE_LIMIT 16000000        /* maximum error of a clock that was just stepped, us */

/* The state file: 64-bit words in this order; test/lab/clock.ts reads and writes them by number. */
struct clock_state {
	uint64_t magic;
	uint64_t sequence;    /* odd while a setter writes */
	int64_t base;         /* real time at which the following hold, ns */
	int64_t offset;       /* ns */
	int64_t slew;         /* still to be slewed, ns */
	int64_t frequency;    /* ppm << 16 */
	int64_t tick;         /* us; 10000 is nominal */
	int64_t phase;        /* left to the phase-locked loop, ns */
	int64_t time_constant;
	int64_t phase_set_at; /* real time, ns; 0 is never */
	int64_t status;
	int64_t max_error, est_error; /* us */
	int64_t tai;
	int64_t steps, slews, frequency_sets, refusals; /* counters for the lab */
	int64_t leap_at;    /* end of the day that a leap second was told of on, by this clock, ns; 0 is never */
	int64_t leap;       /* what it adds to the clock: -BILLION, BILLION */
	int64_t leapt;      /* it has come, and nobody has taken the bits back since */
	int64_t crystal;    /* how fast it runs by itself, which no setter knows: ppm << 16 */
	int64_t stepped;    /* the part of the offset that came at once, ns */
	pthread_mutex_t writers; /* zero as made; process-shared by the first to come */
	int64_t writers_ready;
};

static struct clock_state *state;
static int (*real_clock_gettime)(clockid_t, struct timespec *);

/* ---- state ---------------------------------------------------------------------------------------------------------- */

__attribute__((constructor)) static void open_state(void)
{
	if (!real_clock_gettime)
		real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
	const char *path = getenv("NTPKIT_LAB_CLOCK");
	if (state || !path)
		return;
	int fd = open(path, O_RDWR | O_CLOEXEC);
	void *map = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(struct clock_state), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	if (map == MAP_FAILED || ((struct clock_state *)map)->magic != MAGIC) {
		fprintf(stderr, "clock shim: %s is not a clock state file\n", path);
		_exit(127);
	}
	struct clock_state *opened = map;
	if (__sync_bool_compare_and_swap(&opened->writers_ready, 0, 1)) {
		pthread_mutexattr_t shared;
		pthread_mutexattr_init(&shared);
		pthread_mutexattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
		pthread_mutexattr_setrobust(&shared, PTHREAD_MUTEX_ROBUST);
		pthread_mutex_init(&opened->writers, &shared);
		__atomic_store_n(&opened->writers_ready, 2, __ATOMIC_RELEASE);
	}
	while (__atomic_load_n(&opened->writers_ready, __ATOMIC_ACQUIRE) != 2)
		;
	__atomic_store_n(&state, opened, __ATOMIC_RELEASE);
}

static struct clock_state *get_state(void)
{
	if (!real_clock_gettime || !state)
		open_state();
	return state;
}

static int64_t real_now(void)
{
	struct timespec now;
	get_state();
	real_clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * BILLION + now.tv_nsec;
}

/* What a slew has done after `elapsed` ns. */
static int64_t slewed(const struct clock_state *s, int64_t elapsed)
{
	int64_t reach = elapsed > 0 ? (int64_t)(elapsed * SLEW_RATE) : 0;
	if (s->slew < 0)
		return -reach < s->slew ? s->slew : -reach;
	return reach > s->slew ? s->slew : reach;
}

/* What the phase-locked loop has done: each second it takes 1/2^(2 + time constant) of what is left. */
static int64_t phased(const struct clock_state *s, int64_t elapsed)
{
	if (!s->phase || elapsed <= 0)
		return 0;
	double left = pow(1 - ldexp(1, -(2 + (int)s->time_constant)), elapsed / 1e9);
	return (int64_t)(s->phase * (1 - left));
}

static double rate(const struct clock_state *s)
{
	return (s->frequency + s->crystal) / 65536e6 + (s->tick - 10000) * 100e-6;
}

/* The offset of this clock when the real one reads `real`. */
static int64_t offset_at(const struct clock_state *s, int64_t real)
{
	int64_t elapsed = real - s->base;
	return s->offset + (int64_t)(rate(s) * elapsed) + slewed(s, elapsed) + phased(s, elapsed);
}

/* What a leap second that has come by `now`, which is the clock as if there were none, adds to it. */
static int64_t leapt_by(const struct clock_state *s, int64_t now)
{
	if (!s->leap_at || s->leapt)
		return 0;
	return now >= s->leap_at - (s->leap > 0 ? BILLION : 0) ? s->leap : 0;
}

/* The state between two settings; 0 if there is none. */
static int settled(struct clock_state *copy)
{
	struct clock_state *s = get_state();
	if (!s)
		return 0;
	uint64_t before, after;
	do {
		before = __atomic_load_n(&s->sequence, __ATOMIC_ACQUIRE);
		memcpy(copy, s, offsetof(struct clock_state, writers));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		after = __atomic_load_n(&s->sequence, __ATOMIC_ACQUIRE);
	} while (before != after || (before & 1));
	return 1;
}

static int64_t shown(int64_t real)
{
	struct clock_state copy;
	if (!settled(&copy))
		return real;
	int64_t now = real + offset_at(&copy, real);
	return now + leapt_by(&copy, now);
}

/* What the clocks that are never stepped are ahead of the machine's by. */
static int64_t glided(void)
{
	struct clock_state copy;
	return settled(&copy) ? offset_at(&copy, real_now()) - copy.stepped : 0;
}

/* The kernel's second_overflow(): the maximum error grows by 500 us a second, up to where the clock counts as lost. */
static void age(struct clock_state *s, int64_t elapsed)
{
	if (elapsed > 0)
		s->max_error += elapsed / 2000000;
	if (s->max_error < PHASE_LIMIT)
		return;
	s->max_error = PHASE_LIMIT;
	s->status |= STA_UNSYNC;
}

/* Takes the state for writing, with all progress so far folded into the offset. */
static struct clock_state *begin_setting(int64_t real)
{
	struct clock_state *s = get_state();
	if (pthread_mutex_lock(&s->writers) == EOWNERDEAD)
		pthread_mutex_consistent(&s->writers);
	s->sequence |= 1;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	int64_t elapsed = real - s->base, slew = slewed(s, elapsed), phase = phased(s, elapsed);
	s->offset = offset_at(s, real);
	int64_t leap = leapt_by(s, real + s->offset);
	if (leap) {
		s->offset += leap;
		s->stepped += leap;
		s->tai += leap < 0 ? 1 : -1;
		s->leapt = 1;
	}
	age(s, elapsed);
	s->slew -= slew;
	s->phase -= phase;
	s->base = real;
	return s;
}

static void end_setting(struct clock_state *s)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	__atomic_store_n(&s->sequence, s->sequence + 1, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&s->writers);
}

static int refused(void)
{
	struct clock_state *s = get_state();
	if (s && !getenv("NTPKIT_LAB_CLOCK_REFUSE"))
		return 0;
	if (s)
		__atomic_add_fetch(&s->refusals, 1, __ATOMIC_RELAXED);
	errno = EPERM;
	return 1;
}

/* ---- readers -------------------------------------------------------------------------------------------------------- */

static struct timespec to_timespec(int64_t ns)
{
	struct timespec t = { ns / BILLION, ns % BILLION };
	if (t.tv_nsec < 0) {
		t.tv_nsec += BILLION;
		t.tv_sec--;
	}
	return t;
}

static struct timeval to_timeval(int64_t ns)
{
	struct timespec t = to_timespec(ns);
	return (struct timeval){ t.tv_sec, t.tv_nsec / 1000 };
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
	get_state();
	int tai = clock == CLOCK_TAI && state;
	int result = real_clock_gettime(tai ? CLOCK_REALTIME : clock, out);
	if (!result && (clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE || clock == CLOCK_BOOTTIME))
		*out = to_timespec(out->tv_sec * BILLION + out->tv_nsec + glided());
	if (result || !(tai || clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_REALTIME_ALARM))
		return result;
	*out = to_timespec(shown(out->tv_sec * BILLION + out->tv_nsec) + (tai ? state->tai * BILLION : 0));
	return 0;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
	*out = to_timeval(shown(real_now()));
	if (zone)
		memset(zone, 0, sizeof(struct timezone));
	return 0;
}

time_t time(time_t *out)
{
	time_t now = to_timespec(shown(real_now())).tv_sec;
	if (out)
		*out = now;
	return now;
}

int timespec_get(struct timespec *out, int base)
{
	return base == TIME_UTC && !clock_gettime(CLOCK_REALTIME, out) ? base : 0;
}

/* ---- setters -------------------------------------------------------------------------------------------------------- */

/* A step, after which the kernel forgets every correction under way (ntp_clear). */
static void step_to(struct clock_state *s, int64_t offset)
{
	s->leap_at = s->leapt = 0;
	s->stepped += offset - s->offset;
	s->offset = offset;
	s->slew = s->phase = 0;
	s->status |= STA_UNSYNC;
	s->max_error = s->est_error = PHASE_LIMIT;
	s->steps++;
}

static int set_time(int64_t wanted)
{
	if (refused())
		return -1;
	int64_t real = real_now();
	struct clock_state *s = begin_setting(real);
	step_to(s, wanted - real);
	end_setting(s);
	return 0;
}

int clock_settime(clockid_t clock, const struct timespec *wanted)
{
	if (clock != CLOCK_REALTIME || wanted->tv_nsec < 0 || wanted->tv_nsec >= BILLION || wanted->tv_sec < 0) {
		errno = EINVAL;
		return -1;
	}
	return set_time(wanted->tv_sec * BILLION + wanted->tv_nsec);
}

int settimeofday(const struct timeval *wanted, const struct timezone *zone)
{
	(void)zone;
	if (!wanted)
		return refused() ? -1 : 0;
	return set_time(wanted->tv_sec * BILLION + wanted->tv_usec * 1000);
}

int stime(const time_t *wanted)
{
	return set_time(*wanted * BILLION);
}

/* ADJ_OFFSET: hands the phase to the loop and corrects the frequency by it, as the kernel does in PLL mode. */
static void set_phase(struct clock_state *s, int64_t real, int64_t phase)
{
	if (!(s->status & STA_PLL))
		return;
	phase = phase > MAX_PHASE ? MAX_PHASE : phase < -MAX_PHASE ? -MAX_PHASE : phase;
	double since = s->phase_set_at && !(s->status & STA_FREQHOLD) ? (real - s->phase_set_at) / 1e9 : 0;
	double longest = ldexp(1, 3 + (int)s->time_constant);
	double gain = ldexp(1, -2 * (4 + (int)s->time_constant));
	if (since >= 256 && ((s->status & STA_FLL) || since > 2048)) /* after long intervals by the frequency-locked loop, too */
		s->frequency += (int64_t)(phase * 1e-9 / (4 * since) * 65536e6);
	s->frequency += (int64_t)(phase * 1e-9 * (since < longest ? since : longest) * gain * 65536e6);
	s->phase = phase;
	s->phase_set_at = real;
	s->slews++;
}

static void clamp_frequency(struct clock_state *s)
{
	if (s->frequency > MAX_FREQUENCY)
		s->frequency = MAX_FREQUENCY;
	if (s->frequency < -MAX_FREQUENCY)
		s->frequency = -MAX_FREQUENCY;
}

static int invalid(const struct timex *t)
{
	long unit = t->modes & ADJ_NANO ? BILLION : 1000000;
	return ((t->modes & ADJ_SETOFFSET) && (t->time.tv_usec < 0 || t->time.tv_usec >= unit)) ||
	       ((t->modes & ADJ_TICK) && (t->tick < 9000 || t->tick > 11000));
}

/* The status has told of a leap second at the end of this day, or has taken it back. */
static void tell_leap(struct clock_state *s, int64_t now)
{
	int64_t day = 86400 * BILLION;
	if (!(s->status & (STA_INS | STA_DEL)))
		s->leap_at = s->leapt = 0;
	else if (!s->leap_at) {
		s->leap_at = (now / day + 1) * day;
		s->leap = s->status & STA_INS ? -BILLION : BILLION;
	}
}

static void apply(struct clock_state *s, int64_t real, const struct timex *t)
{
	unsigned modes = t->modes;
	if (modes & ADJ_STATUS)
		s->status = (s->status & STA_NANO) | (t->status & ~STA_RONLY);
	tell_leap(s, real + s->offset);
	if (modes & ADJ_NANO)
		s->status |= STA_NANO;
	if (modes & ADJ_MICRO)
		s->status &= ~STA_NANO;
	if (modes & ADJ_SETOFFSET)
		step_to(s, s->offset + t->time.tv_sec * BILLION + t->time.tv_usec * (modes & ADJ_NANO ? 1 : 1000));
	if (modes & ADJ_FREQUENCY) {
		s->frequency = t->freq;
		s->frequency_sets++;
	}
	if (modes & ADJ_TICK)
		s->tick = t->tick;
	if (modes & ADJ_TIMECONST)
		s->time_constant = t->constant + (s->status & STA_NANO ? 0 : 4);
	if (modes & ADJ_OFFSET)
		set_phase(s, real, t->offset * (s->status & STA_NANO ? 1 : 1000));
	if (modes & ADJ_MAXERROR)
		s->max_error = t->maxerror;
	if (modes & ADJ_ESTERROR)
		s->est_error = t->esterror;
	if (modes & ADJ_TAI)
		s->tai = t->constant;
	clamp_frequency(s);
}

static int clock_word(const struct clock_state *s, int64_t now)
{
	if (s->status & (STA_UNSYNC | STA_CLOCKERR))
		return TIME_ERROR;
	if (!s->leap_at)
		return TIME_OK;
	if (!s->leapt)
		return s->leap < 0 ? TIME_INS : TIME_DEL;
	return s->leap < 0 && now < s->leap_at ? TIME_OOP : TIME_WAIT;
}

static void report(const struct clock_state *s, int64_t real, struct timex *t)
{
	int64_t now = real + s->offset;
	int nano = !!(s->status & STA_NANO);
	t->offset = nano ? s->phase : s->phase / 1000;
	t->freq = s->frequency;
	t->maxerror = s->max_error;
	t->esterror = s->est_error;
	t->status = (int)s->status;
	t->constant = s->time_constant;
	t->precision = 1;
	t->tolerance = MAX_FREQUENCY;
	t->tick = s->tick;
	t->tai = (int)s->tai;
	t->time = to_timeval(now);
	if (nano)
		t->time.tv_usec = to_timespec(now).tv_nsec;
}

int adjtimex(struct timex *t)
{
	int64_t real = real_now();
	if (!state) { /* no clock of our own: nothing but a report, and nothing of the kernel's */
		errno = EPERM;
		return -1;
	}
	if ((t->modes & ADJ_OFFSET_SINGLESHOT & ~ADJ_OFFSET) && !(t->modes & ADJ_OFFSET)) {
		errno = EINVAL;
		return -1;
	}
	int single = t->modes & ADJ_OFFSET_SINGLESHOT & ~ADJ_OFFSET; /* the kernel's ADJ_ADJTIME */
	int read_only = !t->modes || (single && t->modes == ADJ_OFFSET_SS_READ);
	if (!read_only && refused())
		return -1;
	if (!single && invalid(t)) {
		errno = EINVAL;
		return -1;
	}
	struct clock_state *s = begin_setting(real);
	int64_t before = s->slew;
	if (single && !read_only) {
		s->slew = t->offset * 1000LL;
		s->slews++;
	} else if (!single) {
		apply(s, real, t);
	}
	report(s, real, t);
	if (single)
		t->offset = before / 1000;
	int word = clock_word(s, real + s->offset);
	end_setting(s);
	return word;
}

int ntp_adjtime(struct timex *t)
{
	return adjtimex(t);
}

int clock_adjtime(clockid_t clock, struct timex *t)
{
	if (clock != CLOCK_REALTIME) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return adjtimex(t);
}

int adjtime(const struct timeval *delta, struct timeval *left)
{
	struct timex t = { .modes = delta ? ADJ_OFFSET_SINGLESHOT : ADJ_OFFSET_SS_READ };
	if (delta)
		t.offset = delta->tv_sec * 1000000L + delta->tv_usec;
	if (adjtimex(&t) < 0)
		return -1;
	if (left)
		*left = (struct timeval){ t.offset / 1000000, t.offset % 1000000 };
	return 0;
}

/* ---- the kernel's packet timestamps ----------------------------------------------------------------------------------- */

#define NEW_TIMESTAMP 63 /* the names for a 64-bit time_t: SO_TIMESTAMP_NEW and its two followers */
#define NEW_TIMESTAMPNS 64
#define NEW_TIMESTAMPING 65

static void shift_timespec(struct timespec *t)
{
	if (t->tv_sec || t->tv_nsec)
		*t = to_timespec(shown(t->tv_sec * BILLION + t->tv_nsec));
}

static void shift_timeval(struct timeval *t)
{
	*t = to_timeval(shown(t->tv_sec * BILLION + t->tv_usec * 1000LL));
}

static void shift_control(struct msghdr *message)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SO_TIMESTAMP || c->cmsg_type == NEW_TIMESTAMP)
			shift_timeval((struct timeval *)CMSG_DATA(c));
		else if (c->cmsg_type == SO_TIMESTAMPNS || c->cmsg_type == NEW_TIMESTAMPNS || c->cmsg_type == SO_TIMESTAMPING ||
			 c->cmsg_type == NEW_TIMESTAMPING)
			shift_timespec((struct timespec *)CMSG_DATA(c)); /* of SO_TIMESTAMPING the first of three: software */
	}
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	static ssize_t (*real)(int, struct msghdr *, int);
	if (!real)
		real = dlsym(RTLD_NEXT, "recvmsg");
	ssize_t length = real(fd, message, flags);
	if (length >= 0)
		shift_control(message);
	return length;
}

int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout)
{
	static int (*real)(int, struct mmsghdr *, unsigned, int, struct timespec *);
	if (!real)
		real = dlsym(RTLD_NEXT, "recvmmsg");
	int received = real(fd, messages, count, flags, timeout);
	for (int i = 0; i < received; i++)
		shift_control(&messages[i].msg_hdr);
	return received;
}

int ioctl(int fd, unsigned long request, ...)
{
	static int (*real)(int, unsigned long, void *);
	if (!real)
		real = dlsym(RTLD_NEXT, "ioctl");
	va_list rest;
	va_start(rest, request);
	void *argument = va_arg(rest, void *);
	va_end(rest);
	int result = real(fd, request, argument);
	if (!result && (request == SIOCGSTAMP_OLD || request == SIOCGSTAMP_NEW))
		shift_timeval(argument);
	if (!result && (request == SIOCGSTAMPNS_OLD || request == SIOCGSTAMPNS_NEW))
		shift_timespec(argument);
	return result;
}

/* ---- the way round libc's own functions --------------------------------------------------------------------------------- */

long syscall(long number, ...)
{
	static long (*real)(long, ...);
	if (!real)
		real = dlsym(RTLD_NEXT, "syscall");
	va_list rest;
	va_start(rest, number);
	long a = va_arg(rest, long), b = va_arg(rest, long), c = va_arg(rest, long);
	long d = va_arg(rest, long), e = va_arg(rest, long), f = va_arg(rest, long);
	va_end(rest);
	switch (number) {
	case SYS_clock_gettime:
		return clock_gettime((clockid_t)a, (struct timespec *)b);
	case SYS_clock_settime:
		return clock_settime((clockid_t)a, (const struct timespec *)b);
	case SYS_gettimeofday:
		return gettimeofday((struct timeval *)a, (void *)b);
	case SYS_settimeofday:
		return settimeofday((const struct timeval *)a, (const struct timezone *)b);
	case SYS_adjtimex:
		return adjtimex((struct timex *)a);
	case SYS_clock_adjtime:
		return clock_adjtime((clockid_t)a, (struct timex *)b);
	default:
		return real(number, a, b, c, d, e, f);
	}
}
