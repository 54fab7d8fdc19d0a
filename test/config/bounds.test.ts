/** What a program may give as the options of a one-shot. */
import { describe, expect, it } from "vitest";
import { checkOnceOptions } from "../../src/config/bounds.ts";
import { query, sync } from "../../src/index.ts";

describe("options given as numbers", () => {
  it.each([
    [{}],
    [
      {
        samples: 1,
        port: 65_535,
        deadline: Infinity,
        panic: Infinity,
        accuracy: 1e-6,
        maxStep: { forward: Infinity, backward: 0 },
      },
    ],
  ])("%j are taken", (options) => {
    expect(() => checkOnceOptions(options)).not.toThrow();
  });

  it.each([
    [{ samples: 0 }, "samples: 0 is not a whole number from 1 to 64"],
    [{ samples: 1.5 }, "samples: 1.5 is not a whole number from 1 to 64"],
    [{ samples: "3" }, 'samples: "3" is not a whole number from 1 to 64'],
    [{ port: 65_536 }, "port: 65536 is not a whole number from 1 to 65535"],
    [{ timeout: Number.NaN }, "timeout: NaN is not a number of seconds, from 0.001 to 300"],
    [{ timeout: Infinity }, "timeout: Infinity is not a number of seconds, from 0.001 to 300"],
    [{ deadline: -1 }, "deadline: -1 is not a number of seconds, from 0.001 to 3155760000, or Infinity"],
    [{ panic: Number.NaN }, "panic: NaN is not a number of seconds, from 0 to 3155760000, or Infinity"],
    [
      { maxStep: { forward: -1, backward: 1 } },
      "maxStep.forward: -1 is not a number of seconds, from 0 to 3155760000, or Infinity",
    ],
  ])("%j are a mistake", (options, message) => {
    expect(() => checkOnceOptions(options as object)).toThrow(
      expect.objectContaining({ name: "UsageError", message, hint: expect.any(String) }),
    );
  });

  it("are looked at by the library, before anything is sent", async () => {
    await expect(query("127.0.0.1:1", { samples: 0 })).rejects.toThrow("samples: 0 is not a whole number from 1 to 64");
  });
});

describe("a setting that is none", () => {
  it.each([
    [() => query("127.0.0.1:1", { sampels: 3 } as object), 'query: there is no setting "sampels"'],
    [() => query("127.0.0.1:1", { step: true } as object), 'query: there is no setting "step"'],
    [() => query("127.0.0.1:1", { panic: 3 } as object), 'query: there is no setting "panic"'],
  ])("is refused by name", async (ask, message) => {
    await expect(ask()).rejects.toThrow(message);
  });

  it.each([
    [{ family: 5 }, "family: 5 is not 4 or 6"],
    [{ family: "4" }, 'family: "4" is not 4 or 6'],
    [{ keys: 5 }, "keys: 5 is not the path of a file"],
    [{ config: {} }, "config: an object is not the path of a file"],
    [{ keysFormat: "z" }, 'keysFormat: "z" is not auto, ntp or chrony'],
    [{ interface: null }, "interface: null is not the name of an interface"],
    [{ signal: 5 }, "signal: 5 is not an AbortSignal"],
    [{ forget: "yes" }, 'forget: "yes" is not true or false'],
    [{ onNotes: "x" }, 'onNotes: "x" is not a function'],
    [{ dryRun: 1 }, "dryRun: 1 is not true or false"],
    [{ method: "jump" }, 'method: "jump" is not step or slew'],
    [{ maxStep: 5 }, "maxStep: 5 is not { forward, backward }"],
    [{ state: 5 }, "state: 5 is not the path of a file, true or false"],
    [null, "sync: the settings are not an object"],
    [[], "sync: the settings are not an object"],
  ])("or not what it may be, as %j, is a mistake", async (settings, message) => {
    const dry = settings === null || Array.isArray(settings) ? settings : { dryRun: true, ...settings };
    await expect(sync("127.0.0.1:1", dry as object)).rejects.toThrow(
      expect.objectContaining({ name: "UsageError", message }),
    );
  });

  it.each([[null], [5], [[5]], [["127.0.0.1:1", null]], [{}]])(
    "servers that are no text, as %j, are a mistake",
    async (servers) => {
      await expect(query(servers as string[])).rejects.toThrow("servers: they are named by text");
    },
  );

  it("that was ended by its caller says so", async () => {
    const { error } = await query("127.0.0.1:1", { signal: AbortSignal.abort() });
    expect(error).toMatchObject({ code: "interrupted", message: "ended by its AbortSignal" });
  });
});
