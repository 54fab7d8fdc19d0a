/**
 * The C library, as far as ntpkit needs it: clocks, and sockets whose packets the kernel stamps.
 *
 * Everything goes through koffi, and always through `koffi.load(null)`, the symbols of this very process: opened by its
 * file name, libc would bypass an LD_PRELOAD shim, and a test that means to set a pretended clock would set the real one.
 * koffi is loaded on first use and each function declared on its first call, since a one-shot's time is mostly its start.
 *
 * Functions take and fill typed arrays; {@link layout.ts} knows the structures. `long` and pointers are taken as 64 bits:
 * {@link libc} is `null` on 32-bit machines, where koffi is missing, and on Windows.
 */
import { existsSync } from "node:fs";

/** What a function may be given where C has a pointer. */
type Memory = NodeJS.ArrayBufferView | null;

/** What a function gave that C has a pointer to, to be given to others; `null`: NULL. */
export type Pointer = { readonly pointer: unique symbol } | null;

/** C functions by name; each returns as in C, with −1 for failure and the reason in {@link Libc.errno}. */
interface Functions {
  // Clocks
  clock_gettime(clock: number, time: Memory): number;
  clock_settime(clock: number, time: Memory): number;
  clock_adjtime(clock: number, timex: Memory): number;
  settimeofday(time: Memory, zone: Memory): number;
  adjtime(delta: Memory, old: Memory): number;
  // Chance
  getrandom(words: Memory, length: number, flags: number): number;
  // Sockets
  socket(family: number, type: number, protocol: number): number;
  setsockopt(fd: number, level: number, option: number, value: Memory, length: number): number;
  bind(fd: number, address: Memory, length: number): number;
  connect(fd: number, address: Memory, length: number): number;
  sendto(fd: number, bytes: Memory, length: number, flags: number, to: Memory, toLength: number): number;
  recv(fd: number, bytes: Memory, length: number, flags: number): number;
  recvmsg(fd: number, message: Memory, flags: number): number;
  sendmsg(fd: number, message: Memory, flags: number): number;
  recvmmsg(fd: number, messages: Memory, count: number, flags: number, timeout: Memory): number;
  sendmmsg(fd: number, messages: Memory, count: number, flags: number): number;
  close(fd: number): number;
  epoll_create1(flags: number): number;
  epoll_ctl(epoll: number, operation: number, fd: number, event: Memory): number;
  epoll_wait(epoll: number, events: Memory, count: number, milliseconds: number): number;
  if_nametoindex(name: string): number;
  if_indextoname(index: number, name: Memory): string | null;
  // Privileges, of the calling thread: Node's main one
  prctl(option: number, value: number, third: number, fourth: number, fifth: number): number;
  capget(header: Memory, sets: Memory): number;
  capset(header: Memory, sets: Memory): number;
  // The process: ends at once, and waits for no thread
  _exit(code: number): never;
  // Files
  flock(fd: number, operation: number): number;
  // OpenSSL's, which Node carries with it: not every Node shows it, and then asking for it throws
  MD5(octets: Memory, length: number, digest: Memory): unknown;
  EVP_CIPHER_fetch(context: null, algorithm: string, properties: null): Pointer;
  EVP_CIPHER_CTX_new(): Pointer;
  EVP_CIPHER_CTX_set_padding(context: Pointer, pad: number): number;
  EVP_EncryptInit_ex2(context: Pointer, cipher: Pointer, key: Memory, iv: Memory, parameters: null): number;
  EVP_EncryptUpdate(context: Pointer, out: Memory, written: Memory, octets: Memory, length: number): number;
}

const DECLARATIONS: { readonly [name in keyof Functions]: string } = {
  clock_gettime: "int clock_gettime(int clock, void *time)",
  clock_settime: "int clock_settime(int clock, const void *time)",
  clock_adjtime: "int clock_adjtime(int clock, void *timex)",
  settimeofday: "int settimeofday(const void *time, const void *zone)",
  adjtime: "int adjtime(const void *delta, void *old)",
  getrandom: "int64_t getrandom(void *words, size_t length, uint32_t flags)",
  socket: "int socket(int family, int type, int protocol)",
  setsockopt: "int setsockopt(int fd, int level, int option, const void *value, uint32_t length)",
  bind: "int bind(int fd, const void *address, uint32_t length)",
  connect: "int connect(int fd, const void *address, uint32_t length)",
  sendto: "int64_t sendto(int fd, const void *bytes, size_t length, int flags, const void *to, uint32_t toLength)",
  recv: "int64_t recv(int fd, void *bytes, size_t length, int flags)",
  recvmsg: "int64_t recvmsg(int fd, void *message, int flags)",
  sendmsg: "int64_t sendmsg(int fd, const void *message, int flags)",
  recvmmsg: "int recvmmsg(int fd, void *messages, uint32_t count, int flags, void *timeout)",
  sendmmsg: "int sendmmsg(int fd, void *messages, uint32_t count, int flags)",
  close: "int close(int fd)",
  epoll_create1: "int epoll_create1(int flags)",
  epoll_ctl: "int epoll_ctl(int epoll, int operation, int fd, void *event)",
  epoll_wait: "int epoll_wait(int epoll, void *events, int count, int milliseconds)",
  if_nametoindex: "uint32_t if_nametoindex(const char *name)",
  if_indextoname: "const char *if_indextoname(uint32_t index, void *name)",
  prctl: "int prctl(int option, uint64_t value, uint64_t third, uint64_t fourth, uint64_t fifth)",
  capget: "int capget(void *header, void *sets)",
  capset: "int capset(void *header, const void *sets)",
  _exit: "void _exit(int code)",
  flock: "int flock(int fd, int operation)",
  MD5: "void *MD5(const void *octets, size_t length, void *digest)",
  EVP_CIPHER_fetch: "void *EVP_CIPHER_fetch(void *context, const char *algorithm, const char *properties)",
  EVP_CIPHER_CTX_new: "void *EVP_CIPHER_CTX_new()",
  EVP_CIPHER_CTX_set_padding: "int EVP_CIPHER_CTX_set_padding(void *context, int pad)",
  EVP_EncryptInit_ex2:
    "int EVP_EncryptInit_ex2(void *context, const void *cipher, const void *key, const void *iv, const void *parameters)",
  EVP_EncryptUpdate: "int EVP_EncryptUpdate(void *context, void *out, void *written, const void *octets, int length)",
};

/** A descriptor watched by Node's own event loop. */
export interface Watch {
  close(): void;
}

/** The C library. */
export interface Libc extends Functions {
  /** errno of the last call that failed, e.g. 1. */
  errno(): number;
  /** Where an array lies in memory, for structures that hold pointers; keep the array referenced as long as it is used. */
  address(memory: NodeJS.ArrayBufferView): bigint;
  /** Calls back from Node's event loop whenever a descriptor is readable; keeps the process alive until closed. */
  watch(fd: number, readable: () => void): Watch;
}

/** The part of koffi that is used here. */
interface Koffi {
  load(path: null): { func(declaration: string): unknown };
  errno(): number;
  address(memory: NodeJS.ArrayBufferView): bigint;
  readonly node: { poll(fd: number, what: { readable: boolean }, callback: () => void): Watch };
}

let loaded: Libc | null | undefined;

/** The C library of this process; `null` where it cannot be called. */
export function libc(): Libc | null {
  loaded ??= is64BitPosix() ? load() : null;
  return loaded;
}

/** The C library if something has called for it, `null` otherwise: nothing is loaded for the question. */
export function loadedLibc(): Libc | null {
  return loaded ?? null;
}

/** Why the C library cannot be called, and what to do about it; `null`: it can. */
export function libcFault(): string | null {
  return libc() !== null ? null : libcFaultOn(`${process.platform}-${process.arch}`, is64BitPosix());
}

/**
 * The same of a platform on which it cannot be called. No option is named: a message keeps only those of its own command.
 * @param hasBinaries koffi has binaries for such platforms
 */
export function libcFaultOn(platform: string, hasBinaries: boolean): string {
  return hasBinaries
    ? `koffi, by which the C library is called, has no binary for ${platform} here: \`npm rebuild koffi\`, or install with the optional packages`
    : `the C library cannot be called on ${platform}: ntpkit knows 64-bit Linux, macOS and the BSDs`;
}

function nothing(): void {
  // what matters is that it is called
}

function is64BitPosix(): boolean {
  return process.platform !== "win32" && ["x64", "arm64", "ppc64", "riscv64", "loong64"].includes(process.arch);
}

/**
 * koffi, by `require`: as an ES module it takes some 7 ms longer to load. Of its package for this platform the binary is all
 * that is needed, and takes 3 ms less than the package's own search for it and 7 ms less than koffi's; where there is none of
 * that name, or C is another than GNU's, they find it.
 */
function loadKoffi(): Koffi | null {
  // In the bundled command there is a `require` at hand; making one takes half a millisecond.
  const load =
    typeof require === "function" ? require : process.getBuiltinModule("node:module").createRequire(import.meta.url);
  const ours = `@koromix/koffi-${process.platform}-${process.arch}`;
  const binary = existsSync(MUSL) ? [] : [`${ours}/${process.platform}_${process.arch}/koffi.node`];
  for (const name of [...binary, ours, "koffi"]) {
    try {
      return load(name) as Koffi;
    } catch {
      // the next one, or none
    }
  }
  return null;
}

/** The loader of musl, a C library that binaries for GNU's do not run with. */
const MUSL = `/lib/ld-musl-${process.arch === "x64" ? "x86_64" : "aarch64"}.so.1`;

function load(): Libc | null {
  const koffi = loadKoffi();
  if (koffi === null) return null;
  const library = koffi.load(null);
  const functions = {
    errno: () => koffi.errno(),
    address: (memory: NodeJS.ArrayBufferView) => koffi.address(memory),
    watch: (fd: number, readable: () => void) =>
      koffi.node.poll(fd, { readable: true }, () => {
        readable();
        // Node 26 runs no promise's continuation after a callback of koffi; it does after one of its own.
        setImmediate(nothing);
      }),
  };
  for (const [name, declaration] of Object.entries(DECLARATIONS)) {
    Object.defineProperty(functions, name, {
      configurable: true,
      get() {
        const value = library.func(declaration);
        Object.defineProperty(functions, name, { value });
        return value;
      },
    });
  }
  return functions as Libc;
}
