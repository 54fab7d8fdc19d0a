/**
 * The system's resolver, and how to leave while it is silent.
 *
 * `getaddrinfo` holds a thread of this process for as long as no name server answers: half a minute and more. Node waits for its
 * threads when it ends, so the process ends by libc's `_exit`, which waits for nobody. Where libc cannot be
 * called, names are looked up in a process of their own, which can be killed.
 */
import type { ChildProcessByStdio } from "node:child_process";
import type { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import { libc, loadedLibc } from "./libc.ts";
import { LOADER } from "./loader.ts";

/** What a resolver finds: `dns.lookup` with `all`. */
export type Lookup = (
  name: string,
  family: 0 | 4 | 6,
  done: (error: NodeJS.ErrnoException | null, addresses: readonly { readonly address: string }[]) => void,
) => void;

/** What a resolver says of an address: `dns.lookupService`. */
type ReverseLookup = (
  address: string,
  done: (error: NodeJS.ErrnoException | null, hostname: string | undefined) => void,
) => void;

/** Names to addresses and addresses to names. */
interface Resolver {
  readonly lookup: Lookup;
  readonly reverse: ReverseLookup;
}

/** getaddrinfo(3): the hosts file, DNS, and whatever else this system is set up for. */
export function systemLookup(...[name, family, done]: Parameters<Lookup>): void {
  resolver().lookup(name, family, done);
}

/** getnameinfo(3). */
export function systemReverse(...[address, done]: Parameters<ReverseLookup>): void {
  resolver().reverse(address, done);
}

/**
 * Ends the process, whatever is still being looked up. Everything that is to be written has been written.
 * @param code of the end
 */
export function leave(code: number): never {
  apart?.end();
  // The last to hear of the end. What is left would wait: Node for a lookup's thread, and koffi syncs what standard output is
  // redirected to, on a slow disk for long and for ever where that fails.
  process.once("exit", (last) => loadedLibc()?._exit(last));
  process.exit(code);
}

function resolver(): Resolver {
  if (apart !== null) return apart;
  return libc() === null ? (apart = new ResolverApart()) : OWN_THREADS;
}

/** On threads of this process. node:dns is loaded only for names: a server given by address needs no resolver. */
const OWN_THREADS: Resolver = {
  lookup(name, family, done) {
    const dns = process.getBuiltinModule("node:dns");
    dns.lookup(name, { all: true, family, order: "verbatim" }, (error, found) => {
      done(error, found ?? []);
    });
  },
  reverse(address, done) {
    const dns = process.getBuiltinModule("node:dns");
    dns.lookupService(address, 123, done);
  },
};

/** A question to the process apart, and its answer: each a line of JSON. */
interface Question {
  readonly id: number;
  readonly method: "lookup" | "lookupService";
  readonly args: readonly unknown[];
}

interface Reply {
  readonly id: number;
  readonly code: string | null;
  readonly found: unknown;
}

/** What the process apart runs. It ends with whoever asks it, by a signal, since it would wait for its threads, too. */
const PROGRAM = `
const dns = require("node:dns");
let text = "";
process.stdin.on("data", (more) => {
  const lines = (text + more).split("\\n");
  text = lines.pop();
  for (const line of lines) {
    const { id, method, args } = JSON.parse(line);
    const tell = (error, found) =>
      process.stdout.write(JSON.stringify({ id, code: error ? error.code : null, found: error ? null : found }) + "\\n");
    try {
      dns[method](...args, tell);
    } catch (error) {
      tell(error);
    }
  }
});
process.stdin.on("end", () => process.kill(process.pid, "SIGKILL"));
`;

/** The word by which an executable that is no Node runs it, as a command that nobody else needs. */
const APART = "resolver-apart";

/** Whether this process was started by another to be the one apart; it is, then. */
export function isApart(argv: readonly string[]): boolean {
  if (LOADER.isAlone !== true || argv[0] !== APART) return false;
  // oxlint-disable-next-line no-implied-eval, no-new-func -- the text above, which Node runs elsewhere
  new Function("require", PROGRAM)((name: string) => process.getBuiltinModule(name));
  return true;
}

type Child = ChildProcessByStdio<Writable, Readable, null>;

/** In a process of its own. Where none can be started, what is asked fails. */
class ResolverApart implements Resolver {
  readonly #asked: Map<number, (reply: Reply) => void> = new Map();
  #process: Child | null = null;
  #next = 0;
  #text = "";

  lookup(...[name, family, done]: Parameters<Lookup>): void {
    this.#ask("lookup", [name, { all: true, family, order: "verbatim" }], ({ code, found }) =>
      done(failed(code), (found ?? []) as readonly { readonly address: string }[]),
    );
  }

  reverse(...[address, done]: Parameters<ReverseLookup>): void {
    this.#ask("lookupService", [address, 123], ({ code, found }) =>
      done(failed(code), (found ?? undefined) as string | undefined),
    );
  }

  /** Ends it, with whatever it was asked. */
  end(): void {
    this.#process?.kill("SIGKILL");
  }

  #ask(method: Question["method"], args: readonly unknown[], done: (reply: Reply) => void): void {
    const id = (this.#next += 1);
    this.#asked.set(id, done);
    this.#process ??= this.#start();
    this.#hold(true);
    this.#process.stdin.write(`${JSON.stringify({ id, method, args } satisfies Question)}\n`);
  }

  #start(): Child {
    const { spawn } = process.getBuiltinModule("node:child_process");
    const child = spawn(process.execPath, LOADER.isAlone === true ? [APART] : ["-e", PROGRAM], {
      stdio: ["pipe", "pipe", "ignore"],
      windowsHide: true,
      // Ctrl-C at a terminal is for whoever asks, who ends this.
      detached: process.platform !== "win32",
    });
    child.stdout.setEncoding("utf8").on("data", (more: string) => this.#hear(more));
    child.stdin.on("error", () => {}); // told by the end of the process
    child.on("error", (error: NodeJS.ErrnoException) => this.#lost(error.code ?? "ECHILD"));
    child.on("exit", () => this.#lost("ECHILD"));
    return child;
  }

  #hear(more: string): void {
    const lines = (this.#text + more).split("\n");
    this.#text = lines.pop()!;
    for (const line of lines) this.#settle(JSON.parse(line) as Reply);
  }

  #settle(reply: Reply): void {
    const done = this.#asked.get(reply.id);
    this.#asked.delete(reply.id);
    if (this.#asked.size === 0) this.#hold(false);
    done?.(reply);
  }

  /** While an answer is awaited it keeps this process alive, as a lookup on a thread does. */
  #hold(awaited: boolean): void {
    const child = this.#process;
    if (child === null) return;
    for (const part of [child, child.stdin as Socket, child.stdout as Socket])
      if (awaited) part.ref();
      else part.unref();
  }

  #lost(code: string): void {
    this.#process = null;
    const asked = [...this.#asked.keys()];
    for (const id of asked) this.#settle({ id, code, found: null });
  }
}

/** Once there is one, it is asked. */
let apart: ResolverApart | null = null;

function failed(code: string | null): NodeJS.ErrnoException | null {
  return code === null ? null : Object.assign(new Error(code), { code });
}
