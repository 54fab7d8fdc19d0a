/**
 * The surroundings of the campaign: what a sandbox, a container, a full disk, a supervisor or an old habit does to a process.
 * Each is made in a mount namespace of the row's own, so nothing of it touches the machine.
 */

/** One surrounding. */
export interface Environment {
  /** System calls that the kernel refuses, in the words of `lab/programs/refuse.py`; `ERROR` stands for the row's error. */
  readonly refusing?: readonly string[];
  /** Words of the shell that come first, as root, in the row's mount namespace; `$WORK` is the row's folder. */
  readonly before?: string;
  /** Words before the command: they become it. */
  readonly through?: readonly string[];
  /** What is redirected, in the words of the shell. */
  readonly redirect?: string;
  /** Variables of the environment; null: not set. */
  readonly variables?: Readonly<Record<string, string | null>>;
  /** Runs as this user. */
  readonly user?: number;
  /** The package without its native library. */
  readonly withoutKoffi?: true;
  /** Both streams are a terminal of so many columns. */
  readonly columns?: number;
  /** The program that runs it, where it is not this Node; by its name under `NTPKIT_NODES`. */
  readonly node?: string;
  /** It takes something away that a command may need: then it may end with any code of the table but `internal`. */
  readonly takes?: true;
  /** It takes names away: a server that is named by one may be not found. */
  readonly takesNames?: true;
  /** What Node itself says there on standard error, whatever runs. */
  readonly noise?: RegExp;
  /** A stream that is not seen, and so not judged. */
  readonly unseen?: "out" | "err" | "both";
}

/** The errors with which calls are refused. */
export const ERRORS = ["EPERM", "ENOSYS", "EACCES", "EAFNOSUPPORT"] as const;

const taken = (environment: Environment): Environment => ({ ...environment, takes: true });

const resolvedBy = (server: string): string =>
  `echo nameserver ${server} > $WORK/resolv.conf; mount --bind $WORK/resolv.conf /etc/resolv.conf`;

const tmpfs = (place: string): string => `mount -t tmpfs tmpfs ${place}`;

const nodeOptions = (words: string): Environment => ({ variables: { NODE_OPTIONS: words } });

/** Every surrounding. What only "plain" has is there in all that do not say otherwise. */
export const ENVIRONMENTS: Readonly<Record<string, Environment>> = {
  plain: {},

  // Families of system calls.
  netlink: { refusing: ["socket(16)=ERROR"] },
  "netlink-bind": { refusing: ["bind(,,12)=ERROR"] },
  "unix-sockets": { refusing: ["socket(1)=ERROR"] },
  "ipv4-sockets": taken({ refusing: ["socket(2)=ERROR"] }),
  "ipv6-sockets": taken({ refusing: ["socket(10)=ERROR"] }),
  sockets: taken({ refusing: ["socket=ERROR"] }),
  stamps: { refusing: [37, 65, 35, 64].map((option) => `setsockopt(,1,${option})=ERROR`) },
  "socket-options": taken({ refusing: ["setsockopt=ERROR"] }),
  "socket-questions": taken({ refusing: ["getsockopt=ERROR"] }),
  "own-address": taken({ refusing: ["getsockname=ERROR"] }),
  // The C library asks name servers by sendmmsg.
  batches: { refusing: ["recvmmsg=ERROR", "sendmmsg=ERROR"], takesNames: true },
  "receiving-batches": { refusing: ["recvmmsg=ERROR"] },
  "sending-batches": { refusing: ["sendmmsg=ERROR"], takesNames: true },
  sending: taken({ refusing: ["sendto=ERROR", "sendmsg=ERROR", "sendmmsg=ERROR"] }),
  receiving: taken({ refusing: ["recvmsg=ERROR", "recvmmsg=ERROR"] }),
  connecting: taken({ refusing: ["connect=ERROR"] }),
  binding: taken({ refusing: ["bind=ERROR"] }),
  clock: { refusing: ["clock_adjtime=ERROR", "adjtimex=ERROR", "clock_settime=ERROR", "settimeofday=ERROR"] },
  "clock-resolution": { refusing: ["clock_getres=ERROR"] },
  privileges: { refusing: ["prctl=ERROR", "capset=ERROR", "capget=ERROR"] },
  users: { refusing: ["setuid=ERROR", "setgid=ERROR", "setgroups=ERROR", "setresuid=ERROR", "setresgid=ERROR"] },
  epoll: taken({ refusing: ["epoll_create1=ERROR"] }),
  eventfd: taken({ refusing: ["eventfd2=ERROR"] }),
  uring: { refusing: ["io_uring_setup=ERROR"] },
  threads: taken({ refusing: ["clone3=ERROR"] }),
  processors: { refusing: ["sched_setaffinity=ERROR", "sched_getaffinity=ERROR", "getcpu=ERROR"] },
  chance: taken({ refusing: ["getrandom=ERROR"] }),
  uname: taken({ refusing: ["uname=ERROR"] }),
  ioctl: taken({ refusing: ["ioctl=ERROR"] }),
  statx: { refusing: ["statx=ERROR"] },
  flock: taken({ refusing: ["flock=ERROR"] }),
  fsync: taken({ refusing: ["fsync=ERROR", "fdatasync=ERROR"] }),
  renaming: taken({ refusing: ["rename=ERROR", "renameat=ERROR", "renameat2=ERROR"] }),
  folders: taken({ refusing: ["mkdir=ERROR", "mkdirat=ERROR"] }),
  modes: taken({ refusing: ["chmod=ERROR", "fchmod=ERROR", "fchown=ERROR"] }),
  "memory-maps": taken({ refusing: ["mlockall=ERROR", "madvise=ERROR"] }),
  children: { refusing: ["fork=ERROR", "vfork=ERROR", "execveat=ERROR"] },
  scheduling: { refusing: ["sched_setscheduler=ERROR", "setpriority=ERROR", "sched_setparam=ERROR"] },

  // What is not there.
  "no-proc": taken({ before: tmpfs("/proc") }),
  "no-sys": { before: tmpfs("/sys") },
  "no-dev": taken({ before: tmpfs("/dev") }),
  "no-urandom": taken({ before: "for d in random urandom; do mount --bind /dev/null /dev/$d; done" }),
  "no-etc": { before: tmpfs("/etc"), takesNames: true },
  "no-run": { before: tmpfs("/run") },
  "no-interfaces": taken({ through: ["unshare", "--net"] }),
  "read-only": taken({
    before: "mount --bind / / && mount -o remount,ro,bind /; cd $WORK; mount -o remount,ro,bind / ",
  }),
  "full-disk": taken({
    before:
      "for d in state run tmp; do mount -t tmpfs -o size=4k tmpfs $WORK/$d; head -c 8192 /dev/zero > $WORK/$d/full || :; done 2>&-",
  }),
  "no-state-folder": taken({ before: "rmdir $WORK/state $WORK/run" }),
  "state-is-a-file": taken({ before: "rmdir $WORK/state; touch $WORK/state" }),
  "state-is-garbage": { before: "head -c 5000 /dev/urandom > $WORK/state/known" },
  "state-is-a-pipe": taken({ before: "mkfifo $WORK/state/known" }),
  "state-is-a-folder": taken({ before: "mkdir $WORK/state/known" }),
  "config-is-a-folder": taken({ before: "rm $WORK/ntp.conf; mkdir $WORK/ntp.conf" }),
  "config-is-a-pipe": taken({ before: "rm $WORK/ntp.conf; mkfifo $WORK/ntp.conf" }),
  "config-is-garbage": taken({ before: "head -c 5000 /dev/urandom > $WORK/ntp.conf" }),
  "config-with-mark": { before: "printf '\\xef\\xbb\\xbf# a mark of the order of octets\\r\\n' > $WORK/ntp.conf" },
  "no-folder": { before: "mkdir $WORK/gone; cd $WORK/gone; rmdir $WORK/gone" },

  // Streams.
  "no-stdin": { redirect: "0<&-" },
  "no-stdout": { redirect: "1>&-", unseen: "out" },
  "no-stderr": { redirect: "2>&-", unseen: "err" },
  "no-streams": { redirect: "0<&- 1>&- 2>&-", unseen: "both" },
  "full-stdout": taken({ redirect: "1>/dev/full", unseen: "out" }),
  "full-stderr": taken({ redirect: "2>/dev/full", unseen: "err" }),
  "stdin-is-full": { redirect: "0</dev/full" },
  "stdin-is-a-folder": { redirect: "0</" },
  "reader-gone": taken({ redirect: "1> >(exec true)", unseen: "out" }),

  // Limits.
  "few-descriptors": { through: ["prlimit", "--nofile=20", "--"] },
  "little-memory": { through: ["prlimit", "--data=134217728", "--"] },
  "no-core": { through: ["prlimit", "--core=0", "--fsize=0", "--"], takes: true },
  "one-processor": { through: ["taskset", "-c", "0"] },
  "nice-19": { through: ["nice", "-n", "19"] },
  ignored: { before: "trap '' HUP PIPE CHLD USR1 USR2" },

  // Who, where, in which words.
  nobody: { user: 65_534 },
  nameless: { user: 4242 },
  "no-home": { variables: { HOME: null, TMPDIR: null } },
  "home-is-nowhere": { variables: { HOME: "/nonexistent", TMPDIR: "/nonexistent" } },
  "no-variables": { through: ["env", "-i"], takes: true },
  "c-locale": { variables: { LC_ALL: "C", LANG: null } },
  // Not by `variables`: the shell would have a word to say to it.
  "odd-locale": { through: ["env", "LC_ALL=tr_TR.ISO-8859-9", "LANGUAGE=\u001b[31m"] },
  "leap-zone": { variables: { TZ: "right/UTC" } },
  "odd-zone": { variables: { TZ: "\u001b[31m:nowhere" } },
  "far-zone": { variables: { TZ: "Pacific/Chatham" } },
  "narrow-terminal": { columns: 60 },
  "tiny-terminal": { columns: 10 },
  "colours-forced": { variables: { FORCE_COLOR: "1" } },
  "colours-refused": { variables: { NO_COLOR: "1", FORCE_COLOR: "0" } },

  // Names.
  "silent-names": { before: resolvedBy("127.0.0.3"), takesNames: true },
  "lying-names": { before: resolvedBy("127.0.0.4"), takesNames: true },
  "failing-names": { before: resolvedBy("127.0.0.5"), takesNames: true },
  "absent-names": { before: resolvedBy("127.0.0.9"), takesNames: true },

  // Node.
  "no-koffi": { withoutKoffi: true },
  "no-addons": nodeOptions("--no-addons"),
  "no-compiler": { ...nodeOptions("--jitless"), noise: /^Warning: disabling flag --expose_wasm .*\n/m },
  "deprecations-throw": nodeOptions("--throw-deprecation --pending-deprecation"),
  "small-heap": nodeOptions("--max-old-space-size=48"),
  "one-pool-thread": { variables: { UV_THREADPOOL_SIZE: "1" } },
  "node-22": { node: "22" },
  "node-24": { node: "24" },
  "node-newest": { node: "newest" },
  arm64: { node: "arm64" },
};
