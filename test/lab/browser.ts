/**
 * A browser of the lab's own, without a window: Chromium, told what to do through a pipe by the DevTools protocol, in a network
 * namespace without a network. It ends when its pipe does.
 */
import { spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import type { Peer } from "./peers.ts";

/** Where the program is in its package. */
const CHROMIUM = "usr/lib/chromium/chromium-headless-shell";
/** A browser that takes longer for anything has stopped, seconds. */
const PATIENCE = 30;
/** Messages of the protocol end with it. */
const END = "\0";

/** What the browser answers, or says by itself. */
interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

/** A browser with one page. */
export class Browser {
  /** What pages complained of: exceptions, and what their policy forbids. */
  readonly complaints: string[] = [];
  readonly #input: Writable;
  readonly #waiting: Map<number, (message: Message) => void> = new Map();
  readonly #heard: Map<string, () => void> = new Map();
  readonly #end: () => Promise<void>;
  #session: string | undefined;
  #last = 0;

  private constructor(input: Writable, output: Readable, end: () => Promise<void>) {
    this.#input = input;
    this.#end = end;
    let rest = "";
    output.setEncoding("utf8").on("data", (text: string) => {
      const messages = `${rest}${text}`.split(END);
      rest = messages.pop()!;
      for (const message of messages) this.#hear(JSON.parse(message) as Message);
    });
  }

  /** @param folder where it keeps its profile */
  static async start(peer: Peer, folder: string): Promise<Browser> {
    const words = ["--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--remote-debugging-pipe"];
    const child = spawn("unshare", ["-n", peer.path(CHROMIUM), ...words, `--user-data-dir=${folder}`, "about:blank"], {
      stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
      env: { ...process.env, ...peer.env, HOME: folder },
    });
    const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
    const browser = new Browser(child.stdio[3] as Writable, child.stdio[4] as Readable, async () => {
      child.kill("SIGTERM");
      await ended;
    });
    const failed = ended.then(() => Promise.reject(new Error(`Chromium ended with ${child.exitCode}`)));
    failed.catch(() => undefined);
    await Promise.race([browser.#begin(), failed]);
    return browser;
  }

  /** Opens a page, and waits until it is whole. Another place of the same page is none. */
  async open(address: string): Promise<void> {
    await this.#loaded(async () => await this.do("Page.navigate", { url: address }));
  }

  /** Loads the page again. */
  async reload(): Promise<void> {
    await this.#loaded(async () => await this.do("Page.reload"));
  }

  /** What an expression is, in the page. */
  async value(expression: string): Promise<unknown> {
    const answer = await this.do("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true });
    const { result, exceptionDetails } = answer as { result: { value?: unknown }; exceptionDetails?: { text: string } };
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    return result.value;
  }

  /** A key is pressed and let go. */
  async press(key: string): Promise<void> {
    const text = key.length === 1 ? { text: key } : {};
    await this.do("Input.dispatchKeyEvent", { type: "keyDown", key, ...text });
    await this.do("Input.dispatchKeyEvent", { type: "keyUp", key });
  }

  /** The mouse goes from one point of the window to another with its button held. */
  async drag(from: readonly [number, number], to: readonly [number, number]): Promise<void> {
    const mouse = async (type: string, [x, y]: readonly [number, number], buttons: number): Promise<unknown> =>
      await this.do("Input.dispatchMouseEvent", { type, x, y, button: "left", buttons, clickCount: 1 });
    await mouse("mousePressed", from, 1);
    await mouse("mouseMoved", to, 1);
    await mouse("mouseReleased", to, 0);
  }

  /** The window as it looks: a PNG. */
  async picture(): Promise<Buffer> {
    const { data } = await this.do("Page.captureScreenshot", { format: "png" });
    return Buffer.from(data as string, "base64");
  }

  /** Anything else that the protocol has. */
  async do(method: string, params: Readonly<Record<string, unknown>> = {}): Promise<Readonly<Record<string, unknown>>> {
    this.#last += 1;
    const id = this.#last;
    const answer = new Promise<Message>((resolve) => this.#waiting.set(id, resolve));
    const session = this.#session === undefined ? {} : { sessionId: this.#session };
    this.#input.write(`${JSON.stringify({ id, method, params, ...session })}${END}`);
    const { result, error } = await inTime(answer, `no answer to ${method}`);
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result ?? {};
  }

  async stop(): Promise<void> {
    await this.#end();
  }

  async #loaded(begin: () => Promise<unknown>): Promise<void> {
    const whole = new Promise<void>((resolve) => this.#heard.set("Page.loadEventFired", resolve));
    await begin();
    await inTime(whole, "a page was not whole");
  }

  async #begin(): Promise<void> {
    const { targetInfos } = await this.do("Target.getTargets");
    const page = (targetInfos as readonly { type: string; targetId: string }[]).find(({ type }) => type === "page");
    const { sessionId } = await this.do("Target.attachToTarget", { targetId: page!.targetId, flatten: true });
    this.#session = sessionId as string;
    for (const domain of ["Page", "Runtime", "Log"]) await this.do(`${domain}.enable`);
  }

  #hear({ id, method, params, result, error }: Message): void {
    if (id !== undefined) {
      this.#waiting.get(id)?.({ ...(result && { result }), ...(error && { error }) });
      this.#waiting.delete(id);
      return;
    }
    if (
      method === "Runtime.exceptionThrown" ||
      method === "Log.entryAdded" ||
      method === "Page.javascriptDialogOpening"
    )
      this.complaints.push(`${method}: ${JSON.stringify(params)}`);
    this.#heard.get(method!)?.();
  }
}

async function inTime<T>(awaited: Promise<T>, fault: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${fault} within ${PATIENCE} s`)), PATIENCE * 1000);
  });
  return await Promise.race([awaited, late]).finally(() => clearTimeout(timer));
}
